-- A ticket lock (Mellor-Crummey and Scott, 1991): who wants to go in takes the next number and waits until it is called. What it
-- guards is an addition, as in peterson.lua.
--
-- To take a number is one atomic step on a real machine (fetch-and-add). Lua has none, so a threading.Lock is around it.
--
--   no word    the lock
--   broken     a number is taken in two steps
local threading = require "threading"
local broken = arg[1] == "broken"

return experiment {
  name = "ticket_lock",
  setup = function() next_number, called, counter, one_step = 0, 0, 0, threading.Lock() end,
  worker = function()
    if not broken then one_step:acquire() end
    local number = next_number
    next_number = number + 1
    if not broken then one_step:release() end
    while called ~= number do end
    counter = counter + 1
    called = number + 1
  end,
  observe = function() return counter end,
  expect = function(n) return n end,
}
