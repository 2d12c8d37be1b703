-- Generators in for loops, generators inside one another, resume with values both ways, and short-lived coroutines.
local size = tonumber((...)) or 3000000

local function range(n)
  return coroutine.wrap(function()
    for i = 1, n do coroutine.yield(i) end
  end)
end

local sum = 0
for i in range(size) do sum = (sum + i) % 1000003 end

-- A tree is walked in order; each level hands on what the one below it yields.
local function tree(depth, value)
  if depth == 0 then return nil end
  return { value = value, left = tree(depth - 1, value * 2), right = tree(depth - 1, value * 2 + 1) }
end
local function walk(node)
  if not node then return end
  walk(node.left)
  coroutine.yield(node.value)
  walk(node.right)
end
local root = tree(10, 1)
local walked = 0
for _ = 1, size / 5000 do
  for value in coroutine.wrap(function() walk(root) end) do walked = (walked + value) % 1000003 end
end

local resume, yield = coroutine.resume, coroutine.yield
local accumulator = coroutine.create(function(value)
  local total = 0
  while true do
    total = (total + value) % 1000003
    value = yield(total, value)
  end
end)
local last
for i = 1, size do
  local _, total = resume(accumulator, i)
  last = total
end

local made = 0
for i = 1, size / 5 do
  local once = coroutine.wrap(function(a) made = made + yield(a) end)
  once(i)
  once(1)
end
print(sum, walked, last, made)
