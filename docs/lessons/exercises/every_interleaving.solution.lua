-- Solution of the exercise of the lesson every_interleaving.
-- Run: gilvm run docs/lessons/exercises/every_interleaving.solution.lua
--
-- Two workers, A and B, add 1 to the counter three times each. An addition is two steps: load, then store what was
-- loaded plus 1. `order` says who takes the next step; each worker has six. Find the order that ends with the least.
-- Change `order` only. You are done when the script prints "solved".
--
-- A loads the 0 and stops. B adds twice, to 2. A stores 1, B loads that 1, and A adds twice more, to 3. Then B stores the
-- 2 that comes of its old 1. Less is not possible: every store leaves 1 at least, and whoever stores last has loaded
-- after a store of its own.
local order = "ABBBBABAAAAB"

-- The check: the workers are coroutines, so that nobody but `order` decides who goes on.
local counter = 0
local function worker()
  for _ = 1, 3 do
    local seen = counter
    coroutine.yield()
    counter = seen + 1
    coroutine.yield()
  end
end
local workers = {A = coroutine.wrap(worker), B = coroutine.wrap(worker)}
for name in pairs(workers) do
  local _, steps = order:gsub(name, name)
  assert(steps == 6, name .. " takes " .. steps .. " steps instead of 6")
end
assert(#order == 12, "there are only the workers A and B")
for name in order:gmatch "." do workers[name]() end
assert(counter == 2, "the counter is " .. counter .. ", and that is not the least it can be")
print "solved"
