-- Exercise of the lesson one_at_a_time.
-- Run: gilvm run docs/lessons/exercises/one_at_a_time.lua
--
-- How many threads run at the same time? Measure it: running_at_a_time(n, job) is to run job() in n threads and to
-- return the processor time that all the threads have used, divided by the time that went by meanwhile.
--
--   time.thread_time()    seconds of processor time that the calling thread has used
--   time.perf_counter()   seconds, of a clock on the wall
--
-- Change running_at_a_time() only. You are done when the script prints "solved". Then run it with --no-gil.
local time = require "time"
local sys = require "sys"
local threading = require "threading"
local Thread, Lock = threading.Thread, threading.Lock

local function running_at_a_time(n, job)
  return 0
end

-- The check.
local lock = Lock()

for _, n in ipairs{1, 2, 4} do
  local threads = {}
  local ratio = running_at_a_time(n, function()
    local sum = 0
    for k = 1, 10000000 do sum = (sum + k) % 9973 end
    local held <close> = lock:hold()
    table.insert(threads, threading.get_ident())
  end)
  print(n .. " threads, running at a time: " .. string.format("%.2f", ratio))
  assert(#threads == n, "job() is to run in " .. n .. " threads, and ran " .. #threads .. " times")
  for i = 2, n do assert(threads[i] ~= threads[i - 1], "job() ran twice in the same thread") end
  assert(ratio > 0.01, "the threads are said to have used no processor time")
  assert(not sys.is_gil_enabled() or ratio < 1.2, "under the GIL it cannot be more than one at a time")
end
print "solved"
