-- Solution of the exercise of the lesson concurrency_on_one_core.
-- Run: gilvm run docs/lessons/exercises/concurrency_on_one_core.solution.lua
--
-- Be the operating system: you have one core, and several jobs that all want to advance. A job is a function that calls
-- coroutine.yield() after each of its steps. run_all(jobs) is to give each job one step in turn, again and again, and
-- to return when all have ended. A job that has ended gets no further turn.
-- Change run_all() only. You are done when the script prints "solved".
local function run_all(jobs)
  local ready = {}  -- those that want to advance, the next one first
  for i, job in ipairs(jobs) do ready[i] = coroutine.create(job) end
  while #ready > 0 do
    local thread = table.remove(ready, 1)
    assert(coroutine.resume(thread))
    if coroutine.status(thread) ~= "dead" then table.insert(ready, thread) end
  end
end

-- The check.
local trace = {}
local function job(letter, steps)
  return function()
    for step = 1, steps do
      table.insert(trace, letter .. step)
      if step < steps then coroutine.yield() end
    end
  end
end
local function check(jobs, expected)
  trace = {}
  run_all(jobs)
  local happened = table.concat(trace, " ")
  assert(happened == expected, "what is to happen:  " .. expected .. "\nwhat did happen:    " .. happened)
end
check({job("A", 3), job("B", 3)}, "A1 B1 A2 B2 A3 B3")
check({job("A", 2), job("B", 1), job("C", 4)}, "A1 B1 C1 A2 C2 C3 C4")
check({}, "")
print "solved"
