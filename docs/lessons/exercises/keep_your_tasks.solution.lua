-- Solution of the exercise of the lesson keep_your_tasks.
-- Run: gilvm run docs/lessons/exercises/keep_your_tasks.solution.lua
--
-- run_all(jobs, seconds) is to run each function of the list in a process of its own, all at the same time. It waits
-- for `seconds` at most, for all of them together, and stops those that are not done by then. It returns a list with a
-- word for each job: "done" if it ended with the exit code 0, "failed" with any other, "stopped" if it was stopped.
-- Change run_all() only. You are done when the script prints "solved".
local time = require "time"
local Process = require("multiprocessing").Process

local function run_all(jobs, seconds)
  local processes, words = {}, {}
  for i, job in ipairs(jobs) do
    processes[i] = Process{target = job}
    processes[i]:start()
  end
  local deadline = time.monotonic() + seconds
  for i, process in ipairs(processes) do
    process:join(math.max(0, deadline - time.monotonic()))  -- what is left of the time, and not all of it again
    if process:is_alive() then
      process:terminate()
      process:join()  -- ending takes a moment too
      words[i] = "stopped"
    else
      words[i] = process.exitcode == 0 and "done" or "failed"
    end
  end
  return words
end

-- The check.
local function quick() time.sleep(0.1) end
local function wrong() os.exit(3) end
local function slow() time.sleep(4) end

local start = time.monotonic()
local words = table.concat(run_all({slow, quick, slow, wrong, slow, slow, quick, slow}, 0.6), " ")
local seconds = time.monotonic() - start
local expected = "stopped done stopped failed stopped stopped done stopped"
assert(words == expected, "the answer is to be\n  " .. expected .. "\nand is\n  " .. words)
assert(seconds < 2, "that took " .. seconds .. " seconds: did each job have 0.6 seconds for itself?")
print "solved"
