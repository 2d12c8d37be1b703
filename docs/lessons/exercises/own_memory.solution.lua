-- Solution of the exercise of the lesson own_memory.
-- Run: gilvm run docs/lessons/exercises/own_memory.solution.lua
--
-- A process that crashes harms nobody else, so one can simply try again. run_until_done(jobs) is to run each function
-- of the list in a process of its own. A job whose process does not end with the exit code 0 is to be run again, in a
-- new process, but no more than four times altogether. It returns a list: how often each job was run.
-- Change run_until_done() only. You are done when the script prints "solved".
local time = require "time"
local Process = require("multiprocessing").Process

local function run_until_done(jobs)
  local attempts = {}
  for i, job in ipairs(jobs) do
    attempts[i] = 0
    local process
    repeat
      process = Process{target = job}  -- a new one: a process is started once
      process:start()
      process:join()
      attempts[i] = attempts[i] + 1
    until process.exitcode == 0 or attempts[i] == 4
  end
  return attempts
end

-- The check. A process cannot remember how often it was run before: what it knows dies with it. So it is in a file.
local files = {}
local function crashes(times)
  local name = os.tmpname()
  files[#files + 1] = name
  return function()
    local file = assert(io.open(name, "a+"))
    file:write("x")
    file:close()
    file = assert(io.open(name))
    local runs = #file:read("a")
    file:close()
    if runs <= times then
      os.execute("kill -s ABRT " .. os.getpid())
      time.sleep(1)
    end
  end
end

local attempts = run_until_done{crashes(0), crashes(2), crashes(1), crashes(100)}
local runs = {}
for i, name in ipairs(files) do
  local file = assert(io.open(name))
  runs[i] = #file:read("a")
  file:close()
  os.remove(name)
end
local said, done = table.concat(attempts, " "), table.concat(runs, " ")
assert(done == "1 3 2 4", "the jobs are to be run 1 3 2 4 times, and were run " .. done .. " times")
assert(said == done, "the jobs were run " .. done .. " times, and the answer says " .. said)
print "solved"
