-- Solution of the exercise of the lesson parallelism.
-- Run: gilvm run docs/lessons/exercises/parallelism.solution.lua
--
-- run_all(jobs) is to run each function of the list in a process of its own, all at the same time, and to return a list
-- of their exit statuses in the order of the jobs. A Process has start(), join() and exitcode.
-- Change run_all() only. You are done when the script prints "solved".
local time = require "time"
local Process = require("multiprocessing").Process

local function run_all(jobs)
  local processes, statuses = {}, {}
  for i, job in ipairs(jobs) do
    processes[i] = Process{target = job}
    processes[i]:start()
  end
  for i, process in ipairs(processes) do
    process:join()
    statuses[i] = process.exitcode
  end
  return statuses
end

-- The check.
touched = false
local function wait() time.sleep(0.2) touched = true end
local function fail() time.sleep(0.1) touched = true os.exit(3) end

local start = time.monotonic()
local statuses = run_all{wait, wait, wait, wait}
local seconds = time.monotonic() - start
assert(not touched, "a job ran in this process: what it stored is here")
assert(seconds < 0.7, "the jobs ran one after the other: that took " .. seconds .. " seconds")
assert(table.concat(statuses, " ") == "0 0 0 0", "0 0 0 0 was expected, not " .. table.concat(statuses, " "))
statuses = run_all{wait, fail, wait}
assert(table.concat(statuses, " ") == "0 3 0", "0 3 0 was expected, not " .. table.concat(statuses, " "))
print "solved"
