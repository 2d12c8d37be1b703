-- Exercise of the lesson switch_interval.
-- Run: gilvm run docs/lessons/exercises/switch_interval.lua
--
-- compute(n) is a long computation, and the switch interval is so long that nobody can interrupt it. Make it polite:
-- it is to give the GIL up by itself now and then, so that another thread gets it in much less time than the whole
-- computation takes. The result stays the same.
-- Change compute() only. You are done when the script prints "solved".
local threading = require "threading"
local time = require "time"
require("sys").setswitchinterval(60)

local function compute(n)
  local sum = 0
  for k = 1, n do sum = (sum + k) % 9973 end
  return sum
end

-- The check: how long does the main thread wait for the GIL, after a sleep that is over soon?
local N = 40000000
local expected = 0
for k = 1, N do expected = (expected + k) % 9973 end

local result
local thread = threading.Thread{target = function() result = compute(N) end}
local start = time.perf_counter()
local before, late, waits = start, 0, 0
thread:start()
repeat
  time.sleep(0.001)
  local now = time.perf_counter()
  before, late, waits = now, math.max(late, now - before), waits + 1
until not thread:is_alive()
local total = time.perf_counter() - start
print(string.format("it computed for %.0f ms; the longest wait was %.0f ms", total * 1000, late * 1000))
assert(result == expected, "the result is " .. tostring(result) .. " instead of " .. expected)
assert(late < total / 2, "one wait took more than half of all the time")
assert(waits >= 5, "the main thread had the GIL only " .. waits .. " times")
print "solved"
