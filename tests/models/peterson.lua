-- Peterson's lock for two threads (Myths About the Mutual Exclusion Problem, 1981). What it guards is an addition, a load and
-- a store: once both threads are inside, some order loses one, so the counter is 2 in all orders just if the lock excludes.
--
--   no word    the lock
--   broken     without its first line: a thread does not say that it wants to go in
--   no_turn    without turns: who sees that the other one wants, too, waits until it does not
--
-- The loop ends when the other thread does something. As a run may go round for ever, what is checked is: every round
-- that sees nothing new is left out, and all threads in such rounds at once are a deadlock (a livelock, strictly).
local variant = arg[1]

return experiment {
  name = "peterson",
  setup = function() wants, turn, counter = {false, false}, 1, 0 end,
  worker = function(i)
    local other = 3 - i
    if variant ~= "broken" then wants[i] = true end
    turn = other
    while wants[other] and (variant == "no_turn" or turn == other) do end
    counter = counter + 1
    wants[i] = false
  end,
  observe = function() return counter end,
  expect = function() return 2 end,
}
