-- debug.getupvalue, setupvalue, upvalueid, upvaluejoin (Lua manual §6.10).
local a, b, c = 1, 2, 3
local function first() b = a return c end
local function second(x) a = x return c + b end
for index = 0, 4 do print(index, debug.getupvalue(first, index)) end
for index = 1, 3 do print(index, debug.getupvalue(second, index)) end
print(debug.setupvalue(first, 1, "new"), b)
print(select("#", debug.getupvalue(first, 9)), select("#", debug.setupvalue(first, 9, 1)))
print(debug.getupvalue(print, 1))
print(debug.getupvalue(string.gmatch("x", "x"), 1) == "")
print(debug.getupvalue(load("x = 1"), 1) == "_ENV", select(2, debug.getupvalue(load("x = 1"), 1)) == _G)
print(debug.getupvalue(load("local x = 1 return x"), 1) == "_ENV", debug.getupvalue(load("local x = 1"), 2))
print(pcall(debug.getupvalue, 1, 1))
print(pcall(debug.getupvalue, first))
print(pcall(debug.getupvalue, first, "x"))
print(pcall(debug.setupvalue, first, 1))
print(pcall(debug.setupvalue, 1, 1, 1))

-- changing the environment of a chunk
local chunk = load("return x")
debug.setupvalue(chunk, 1, {x = "inside"})
print(chunk())

-- identity: the same exactly when the variable is the same
print(type(debug.upvalueid(first, 1)))
print(debug.upvalueid(first, 1) == debug.upvalueid(second, 3), debug.upvalueid(first, 1) == debug.upvalueid(second, 1))
print(debug.upvalueid(first, 9), debug.upvalueid(first, 0), debug.upvalueid(print, 1))
print(type(debug.upvalueid(string.gmatch("x", "x"), 1)))
local fresh = {}
for i = 1, 3 do fresh[i] = function() return i end end
print(debug.upvalueid(fresh[1], 1) == debug.upvalueid(fresh[2], 1), debug.upvalueid(fresh[1], 1) == debug.upvalueid(fresh[1], 1))
local function make() local n = 0 return function() n = n + 1 return n end, function() return n end end
local inc1, get1 = make()
local inc2, get2 = make()
print(debug.upvalueid(inc1, 1) == debug.upvalueid(get1, 1), debug.upvalueid(inc1, 1) == debug.upvalueid(inc2, 1))
inc1() inc1() inc2()
debug.upvaluejoin(get2, 1, get1, 1)
print(get1(), get2(), inc2(), get2(), inc1(), get2())
print(debug.upvalueid(get2, 1) == debug.upvalueid(get1, 1))
print(pcall(debug.upvaluejoin, get1, 9, get2, 1))
print(pcall(debug.upvaluejoin, get1, 1, get2, 9))
print(pcall(debug.upvaluejoin, print, 1, get2, 1))
print(pcall(debug.upvaluejoin, get1, 1, print, 1))
print(pcall(debug.upvaluejoin, string.gmatch("x", "x"), 1, get2, 1))
print(pcall(debug.upvaluejoin, get1, 1, string.gmatch("x", "x"), 1))
print(pcall(debug.upvaluejoin, {}, 1, get2, 1))
print(pcall(debug.upvaluejoin, get1, 1))
print(pcall(debug.upvalueid, {}, 1))
print(pcall(debug.upvalueid, get1))

-- a variable seen as a local and as an upvalue is one
local function outer()
  local shared = 1
  local function inner() return shared end
  local index = 1
  while debug.getlocal(1, index) ~= "shared" do index = index + 1 end
  debug.setlocal(1, index, 5)
  print(inner(), shared)
  debug.setupvalue(inner, 1, 6)
  print(inner(), shared, select(2, debug.getlocal(1, index)))
end
outer()
-- an upvalue of an upvalue, and one that is never assigned
local constant = "never assigned"
local function level1() return function() return function() return constant end end end
local deep = level1()()
print(debug.getupvalue(deep, 1))
print(debug.upvalueid(deep, 1) == debug.upvalueid(level1, 1))
debug.setupvalue(deep, 1, "assigned")
print(constant, deep())
-- a recursive function
local function recursive(n) return n == 0 and 0 or recursive(n - 1) end
print(debug.getupvalue(recursive, 1) == "recursive", select(2, debug.getupvalue(recursive, 1)) == recursive)
debug.setupvalue(recursive, 1, function() return "replaced" end)
print(recursive(1))
-- joined variables live on their own
do
  local function f1() return a end
  local g
  do local lonely = "lonely" g = function() return lonely end end
  debug.upvaluejoin(f1, 1, g, 1)
  g = nil
  collectgarbage()
  print(f1())
end
-- identities as keys
local keys = {}
for _, f in ipairs {inc1, get1, inc2, get2, deep} do keys[debug.upvalueid(f, 1)] = true end
local n = 0
for _ in pairs(keys) do n = n + 1 end
print(n)
