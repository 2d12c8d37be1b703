-- Solution of the exercise of the lesson lost_update.
-- Run: gilvm run docs/lessons/exercises/lost_update.solution.lua
--
-- add(times) adds 1 to the counter that many times. Change it so that no update is lost, whoever runs beside it.
-- Change add() only. You are done when the script prints "solved".
local Thread, Lock = require("threading").Thread, require("threading").Lock
require("sys").setswitchinterval(0.0001)  -- the GIL changes hands often, so that a mistake shows

local counter = 0
local lock = Lock()

local function add(times)
  for _ = 1, times do
    local held <close> = lock:hold()  -- Python: with lock:
    counter = counter + 1
  end
end

-- Much cheaper, and as right: count in a local, which no other thread can reach, and store under the lock once.
--
--   local sum = 0
--   for _ = 1, times do sum = sum + 1 end
--   local held <close> = lock:hold()
--   counter = counter + sum

-- The check: several rounds, because a lost update is a matter of bad luck, and one round may have none.
for round = 1, 5 do
  counter = 0
  local first = Thread{target = add, args = {2000000}}
  local second = Thread{target = add, args = {2000000}}
  first:start()
  second:start()
  first:join()
  second:join()
  assert(counter == 4000000, "round " .. round .. ": the counter is " .. counter .. " instead of 4000000")
end
print "solved"
