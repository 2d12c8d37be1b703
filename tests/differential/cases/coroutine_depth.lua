-- How deep coroutines, calls, protected calls and metamethods may stand inside one another.
local depth
local function resumes(n) depth = n local ok, e = coroutine.resume(coroutine.create(resumes), n + 1) if not ok then error(e, 0) end end
print(pcall(resumes, 1)) print(depth)
local function wraps(n) depth = n return (coroutine.wrap(wraps)(n + 1)) end
print(#select(2, pcall(wraps, 1)), depth)
local function protects(n) depth = n local ok, e = pcall(protects, n + 1) if not ok then error(e, 0) end end
local function indexes(n) depth = n return setmetatable({}, {__index = function() return indexes(n + 1) end}).x end
local function both(n) depth = n local ok, e = pcall(coroutine.wrap(both), n + 1) if not ok then error(e, 0) end end
local function sorts(n) depth = n table.sort({1, 2}, function() sorts(n + 1) end) end
local function sorts_in(n) depth = n table.sort({1, 2}, function() coroutine.wrap(sorts_in)(n + 1) end) end
print(pcall(both, 1)) print(depth)
print(pcall(sorts, 1)) print(depth)
print(#select(2, pcall(sorts_in, 1)), depth)
local function inside(k, f, ...)
  if k == 0 then return f(...) end
  local ok, e = coroutine.resume(coroutine.create(inside), k - 1, f, ...)
  if not ok then error(e, 0) end
end
for _, k in ipairs{0, 1, 50, 190, 195, 197, 198, 199} do
  depth = 0 print(k, pcall(inside, k, protects, 1)) print(depth)
  depth = 0 print(k, pcall(inside, k, indexes, 1)) print(depth)
end
-- A refused resume leaves the coroutine as it was.
local spare = coroutine.create(function() return "still good" end)
local function refused(n)
  local co = coroutine.create(refused)
  local ok, e = coroutine.resume(co, n + 1)
  if not ok then print(coroutine.status(co), coroutine.resume(spare)) end
end
refused(1)
print(coroutine.status(spare)) print(coroutine.resume(spare))

-- Depth is that of who resumes, not of who made it or resumed it before.
local function deep(n, co) if n == 0 then return coroutine.resume(co) end return select(2, coroutine.resume(coroutine.create(deep), n - 1, co)) end
local co = coroutine.create(function() for i = 1, 3 do pcall(pcall, coroutine.yield, i) end return "end" end)
print(deep(190, co)) print(coroutine.resume(co)) print(deep(100, co)) print(deep(5, co))

-- The stack overflows in the coroutine alone.
local function endless() return 1 + endless() end
local ok, message = coroutine.resume(coroutine.create(endless))
print(ok, message:match("stack overflow"))
co = coroutine.wrap(function() local ok, message = pcall(endless) coroutine.yield(ok, message:match("stack overflow")) return "alive" end)
print(co()) print(co())
local function wide() local t = {} for i = 1, 300000 do t[i] = i end return table.unpack(t) end
co = coroutine.wrap(function() return select("#", wide()), coroutine.yield(select("#", wide())) end)
print(co()) print(co())
print(select("#", coroutine.resume(coroutine.create(function(...) return ... end), wide())))
