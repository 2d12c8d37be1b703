-- Dekker's lock for two threads (Dijkstra, Over de sequentialiteit van procesbeschrijvingen, EWD 35): who sees that both want
-- to go in steps back unless it has the turn. What it guards is an addition, as in peterson.lua.
--
--   no word    the lock
--   broken     without its first line: a thread does not say that it wants to go in
local broken = arg[1] == "broken"

return experiment {
  name = "dekker",
  setup = function() wants, turn, counter = {false, false}, 1, 0 end,
  worker = function(i)
    local other = 3 - i
    if not broken then wants[i] = true end
    while wants[other] do
      if turn == other then
        wants[i] = false
        while turn == other do end
        wants[i] = true
      end
    end
    counter = counter + 1
    turn = other
    wants[i] = false
  end,
  observe = function() return counter end,
  expect = function() return 2 end,
}
