-- What goes in and out of coroutines: numbers of values, kinds of values, states.
local function show(...) print(select("#", ...), ...) end

local co = coroutine.create(function(...)
  show("begun", ...)
  show("first", coroutine.yield())
  show("second", coroutine.yield(1, nil, nil))
  show("third", coroutine.yield(nil))
  return 7, nil
end)
print(coroutine.status(co))
show(coroutine.resume(co))
show(coroutine.resume(co, nil, nil))
show(coroutine.resume(co, "a", "b", "c"))
print(coroutine.status(co))
show(coroutine.resume(co, 2.5))
print(coroutine.status(co))
show(coroutine.resume(co))
show(coroutine.resume(co))

-- Calls that want some values, none, and all of them.
local function three() return coroutine.yield(1, 2, 3) end
co = coroutine.wrap(function()
  local a, b = three()
  print("two of three", a, b)
  coroutine.yield()
  print("all", three())
  local t = {three()}
  print("in a table", #t, t[1], t[3])
  local u = {(three())}
  print("one", #u)
  return three()
end)
co() show(co("x", "y", "z")) co() show(co("x", "y", "z")) show(co("p", "q", "r")) show(co("o", "n")) show(co("e", "n", "d"))

-- Integers and floats of every size stay what they are.
co = coroutine.wrap(function(...)
  local values = {...}
  while true do values = {coroutine.yield(table.unpack(values))} end
end)
show(co(math.maxinteger, math.mininteger, 1 << 55, -(1 << 55), 0.5, -0.0, 1e300, 2^53))
local wide = math.maxinteger - 1
co = coroutine.wrap(function(x) while true do x = coroutine.yield(x + 1) end end)
print(co(wide), co(wide - 5), co(7), co(1 << 60))

-- Many values at once.
local many = {}
for i = 1, 3000 do many[i] = i end
co = coroutine.wrap(function(...)
  local n = select("#", ...)
  n = n + select("#", coroutine.yield(table.unpack(many)))
  coroutine.yield(n)
  return table.unpack(many, 1, 2000)
end)
print(select("#", co(table.unpack(many))), co(table.unpack(many, 1, 1000)), select("#", co()))

-- Extra arguments, tail calls and recursion inside.
co = coroutine.wrap(function(...)
  local function deep(n, ...) if n == 0 then return coroutine.yield(...) end return deep(n - 1, n, ...) end
  local function deeper(n) if n == 0 then return coroutine.yield("bottom") end return 1 + deeper(n - 1) end
  show(deep(10, ...))
  return deeper(1000)
end)
show(co("a", "b")) show(co("c")) show(co(5))

-- Coroutines are values.
local c1, c2 = coroutine.create(print), coroutine.create(print)
print(type(c1), c1 == c1, c1 == c2, c1 ~= c2, rawequal(c1, c1))
local set = {[c1] = "one", [c2] = "two"}
print(set[c1], set[c2], set[coroutine.create(print)])
print((tostring(c1):gsub("0x%x+", "ADDRESS")), tostring(c1) == tostring(c1), tostring(c1) == tostring(c2))
print(string.format("%s", c1) == tostring(c1), (string.format("%p", c1):gsub("0x%x+", "ADDRESS")))
print(getmetatable(c1), pcall(function() return c1.field end))
print(pcall(function() return #c1 end))
print(pcall(function() return c1 .. "x" end))
print(pcall(function() return c1 < c2 end))
print(pcall(function() return c1() end))

-- Native functions as bodies.
show(coroutine.resume(coroutine.create(math.max), 3, 9, 4))
show(coroutine.resume(coroutine.create(error), "plain"))
show(coroutine.resume(coroutine.create(pcall), error, "caught"))
co = coroutine.create(coroutine.yield)
show(coroutine.resume(co, 1, 2)) show(coroutine.resume(co, 3, 4)) show(coroutine.resume(co))
co = coroutine.wrap(coroutine.wrap(function(a) local b = coroutine.yield(a * 2) return b * 3 end))
print(co(5)) print(pcall(co, 6))
co = coroutine.create(coroutine.resume)
show(coroutine.resume(co, coroutine.create(function(x) return x, x end), "inner"))
