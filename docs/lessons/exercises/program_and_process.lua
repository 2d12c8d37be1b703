-- Exercise of the lesson program_and_process.
-- Run: gilvm run docs/lessons/exercises/program_and_process.lua
--
-- PROGRAM is a small program: it prints the number of its process and then works for a while. run_at_once(n) is to run
-- it n times, all at the same time, and to return a list of the n numbers.
--
--   io.popen(PROGRAM)    starts a process, and gives a file to read what it prints
--   file:read("n")       reads a number; waits until it is there
--   file:close()         waits until the process has ended
--
-- Change run_at_once() only. You are done when the script prints "solved".
local time = require "time"

local PROGRAM = "echo $$; exec sleep 0.4"

local function run_at_once(n)
  local numbers = {}
  for i = 1, n do
    local file = io.popen(PROGRAM)
    numbers[i] = file:read("n")
    file:close()
  end
  return numbers
end

-- The check.
local start = time.monotonic()
local numbers = run_at_once(5)
local seconds = time.monotonic() - start
assert(#numbers == 5, "5 numbers are expected, and there are " .. #numbers)
local seen = {[os.getpid()] = true}
for _, number in ipairs(numbers) do
  assert(not seen[number], "process " .. number .. " is there twice, or is this one: the program is to run 5 times")
  seen[number] = true
end
assert(seconds < 1.2, string.format("that took %.1f seconds: the processes ran one after the other", seconds))
assert(seconds > 0.3, "nobody waited for the processes to end")
print "solved"
