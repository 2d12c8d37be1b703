-- Generators in for loops, and iterators that yield by themselves.
local function range(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i, i * i) end end) end
for i, square in range(4) do print(i, square) end
for i in range(0) do print("never", i) end
local sum = 0
for i in range(1000) do sum = sum + i end
print(sum)

local function permutations(list)
  local function permute(n)
    if n == 0 then coroutine.yield(table.concat(list, " ")) return end
    for i = 1, n do
      list[n], list[i] = list[i], list[n]
      permute(n - 1)
      list[n], list[i] = list[i], list[n]
    end
  end
  return coroutine.wrap(function() permute(#list) end)
end
for line in permutations{"a", "b", "c"} do print(line) end

-- Left early, with break, goto and return; generators inside of generators.
for i in range(10) do if i == 3 then break end print(i) end
local function first() for i in range(10) do return i end end
print(first())
local function filter(keep, source)
  return coroutine.wrap(function() for x in source do if keep(x) then coroutine.yield(x) end end end)
end
local function numbers() return coroutine.wrap(function() local n = 2 while true do coroutine.yield(n) n = n + 1 end end) end
local sieve, primes = numbers(), {}
for _ = 1, 25 do
  local prime = sieve()
  primes[#primes + 1] = prime
  sieve = filter(function(x) return x % prime ~= 0 end, sieve)
end
print(table.concat(primes, " "))

-- An iterator function that yields to whoever runs the loop.
local function loop()
  for i, v in function(limit, i) coroutine.yield("asked", i) if i < limit then return i + 1, coroutine.yield("value") end end, 3, 0 do
    coroutine.yield("body", i, v)
  end
  return "end"
end
local co = coroutine.create(loop)
local n = 0
repeat
  n = n + 1
  print(coroutine.resume(co, n))
until coroutine.status(co) == "dead"

-- yield itself as the iterator; captured loop variables; a value to be closed.
co = coroutine.wrap(function()
  local kept = {}
  for a, b in coroutine.yield, "state", "control" do kept[#kept + 1] = function() return a, b end end
  for i = 1, #kept do coroutine.yield(kept[i]()) end
end)
print(co()) print(co(1, 2)) print(co(3, 4)) print(co(nil)) print(co()) print(co())
co = coroutine.wrap(function()
  for i in range(2), nil, nil, setmetatable({}, {__close = function(_, e) print("closed", e, coroutine.yield("closing")) end}) do
    coroutine.yield(i)
  end
  return "after"
end)
print(co()) print(co()) print(co()) print(co("x")) print(pcall(co))

-- Producer, filter, consumer.
local function producer() return coroutine.create(function() for _, w in ipairs{"one", "two", "three"} do coroutine.yield(w) end end) end
local function numbered(source)
  return coroutine.create(function()
    for line = 1, math.huge do
      local _, w = coroutine.resume(source)
      if not w then return end
      coroutine.yield(string.format("%d %s", line, w))
    end
  end)
end
local source = numbered(producer())
while true do
  local _, w = coroutine.resume(source)
  if not w then break end
  print(w)
end

-- A scheduler: round-robin over tasks.
local tasks, log = {}, {}
for id = 1, 3 do
  tasks[id] = coroutine.create(function() for step = 1, id do log[#log + 1] = id .. ":" .. step coroutine.yield() end end)
end
while #tasks > 0 do
  for i = #tasks, 1, -1 do
    coroutine.resume(tasks[i])
    if coroutine.status(tasks[i]) == "dead" then table.remove(tasks, i) end
  end
end
print(table.concat(log, " "))
