-- Solution of the exercise of the lesson cost_of_creation.
-- Run: gilvm run docs/lessons/exercises/cost_of_creation.solution.lua
--
-- run_all(jobs) runs each function of the list and returns a list of their results, in the order of the jobs. It starts
-- a thread for each. There are two thousand jobs, and each is small: making the threads costs more than the work.
-- Change it so that four threads do all the jobs, and each takes the next one when it is done with its last.
-- Change run_all() only. You are done when the script prints "solved".
local threading = require "threading"
local queue = require "queue"

local function run_all(jobs)
  local results, threads = {}, {}
  for i, job in ipairs(jobs) do results[i] = false end
  local waiting = queue.Queue()
  for i = 1, #jobs do waiting:put(i) end
  for _ = 1, 4 do waiting:put(nil) end  -- one sign to stop for each thread
  for i = 1, 4 do
    threads[i] = threading.Thread{target = function()
      for number in function() return waiting:get() end do results[number] = jobs[number]() end
    end}
    threads[i]:start()
  end
  for _, thread in ipairs(threads) do thread:join() end
  return results
end

-- Python has that ready-made, and so have we: concurrent.futures.ThreadPoolExecutor(4).

-- The check.
local N = 2000
local lock, used, count = threading.Lock(), {}, 0
local all_busy = threading.Barrier(4)  -- the first four jobs wait for each other: one thread alone cannot do them
local jobs = {}
for i = 1, N do
  jobs[i] = function()
    do
      local held <close> = lock:hold()
      local me = threading.get_ident()
      if not used[me] then used[me], count = true, count + 1 end
    end
    if i <= 4 then all_busy:wait() end
    return i * i
  end
end
local results = run_all(jobs)
assert(#results == N, N .. " results are expected, and there are " .. #results)
for i = 1, N do assert(results[i] == i * i, "the result of job " .. i .. " is " .. tostring(results[i])) end
assert(count == 4, "four threads are to do the jobs, and " .. count .. " did")
assert(not used[threading.get_ident()], "the main thread did a job itself")
print "solved"
