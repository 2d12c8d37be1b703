-- Solution of the exercise of the lesson order_of_execution.
-- Run: gilvm run docs/lessons/exercises/order_of_execution.solution.lua
--
-- C, B and A are started in this order, and each writes its name once. The names are to come as A, B, C all the same,
-- whatever the threads' order is: B waits until A has written, and C until B has.
-- Change `wait_for_turn` only. You are done when the script prints "solved".
local threading = require "threading"

local before = {B = "A", C = "B"}
local written = {A = threading.Event(), B = threading.Event(), C = threading.Event()}

local function wait_for_turn(name)
  if before[name] then written[before[name]]:wait() end
end

-- The check.
local order = {}
local function work(name)
  wait_for_turn(name)
  order[#order + 1] = name
  written[name]:set()
end
local threads = {}
for index, name in ipairs {"C", "B", "A"} do
  threads[index] = threading.Thread{target = work, args = {name}}
  threads[index]:start()
  written[name]:wait(0.5)  -- who does not wait for its turn has written by then
end
for _, thread in ipairs(threads) do thread:join() end
local result = table.concat(order, " ")
if result ~= "A B C" then
  print("not yet: the order is " .. result)
  os.exit(1)
end
print("solved")
