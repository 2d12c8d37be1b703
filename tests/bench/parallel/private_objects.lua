-- Each worker makes trees, strings, closures and coroutines of its own, and drops them: what two threads cost each other
-- by allocating, by interning strings, and by collecting. The work of a worker does not depend on how many there are.
local rounds = tonumber(arg and arg[1]) or 500

local function tree(depth)
  if depth == 0 then return {} end
  return {tree(depth - 1), tree(depth - 1)}
end

local function size(node) return node[1] and 1 + size(node[1]) + size(node[2]) or 1 end

local function counter()
  local count = 0
  return function(amount)
    count = count + amount
    return count
  end
end

local function numbers(limit)
  return coroutine.wrap(function() for k = 1, limit do coroutine.yield(k) end end)
end

local function work(name)
  local total = 0
  for round = 1, rounds do
    total = total + size(tree(12))  -- 8191 nodes
    local texts = {}
    -- Half of the texts are the same in every round, half are new.
    for k = 1, 2000 do texts[k] = name .. (k % 2 == 0 and k or k + round * 2000) end
    total = total + #texts
    for _ = 1, 2000 do total = total + counter()(1) end
    for _ = 1, 100 do
      for k in numbers(10) do total = total + k end
    end
  end
  return total
end

return experiment {
  name = "private_objects",
  setup = function() end,
  -- The worker checks itself, since a process's results are not to be seen from here.
  worker = function(i, n)
    local total = work("worker " .. i .. ": ")
    local right = rounds * (8191 + 2000 + 2000 + 100 * 55)
    if total ~= right then error("worker " .. i .. " computed " .. total .. " instead of " .. right) end
  end,
  observe = function() return "checked by each worker" end,
  expect = function(n) return "checked by each worker" end,
}
