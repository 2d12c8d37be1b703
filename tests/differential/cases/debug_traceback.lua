-- debug.traceback (Lua manual §6.10): arguments, names of functions, long stacks, tail calls.
print(debug.traceback())
print(debug.traceback("message"))
print(debug.traceback("message", 0))
print(debug.traceback("message", 1))
print(debug.traceback("message", 2))
print(debug.traceback("message", 40))
print(debug.traceback("message", -1))
print(debug.traceback(nil, 1))
print(debug.traceback(12))
print(debug.traceback(1.5, 1))
print(debug.traceback(print) == print, debug.traceback({}, 1) ~= nil, debug.traceback(false), debug.traceback(true))
print(pcall(debug.traceback, "x", {}))
local function inner() print(debug.traceback("inner")) end
local function middle() inner() end
local function tail() return inner() end
function global_function() inner() end
local t = {field = middle}
function t.nested() inner() end
function t:method() inner() end
middle()
tail()
global_function()
t.field()
t.nested()
t:method()
pcall(inner)
pcall(pcall, inner)
xpcall(middle, print)
table.sort({1, 2}, function(a, b) print(debug.traceback()) return false end)
string.gsub("a", "a", inner)
print((string.gsub("a", "a", function() return debug.traceback("in gsub") end)))
local object = setmetatable({}, {__index = function() print(debug.traceback()) end, __add = inner, __call = inner, __tostring = function() inner() return "" end,
  __lt = inner, __concat = inner, __newindex = inner, __len = inner, __close = inner})
local _ = object.x
local _ = object + 1
object()
tostring(object)
local _ = object < object
local _ = object .. "x"
object.y = 1
local _ = #object
do local c <close> = object end
for _ in inner do end
load("local f = ... f()", "=chunk name")(inner)
load("local f = ... return f()", "some text\nsecond line")(inner)
load("local f = ... f()", "@a/file.lua")(inner)
xpcall(error, function(m) print(debug.traceback(m)) end, "message")
xpcall(function() local x = nil; x() end, function(m) print(debug.traceback(m)) end)
xpcall(function() local x = nil; return x.y end, function(m) print(debug.traceback(m)) end)
xpcall(function() local x = nil + 1 end, debug.traceback)
print(xpcall(function() local x = nil + 1 end, debug.traceback))
print(xpcall(function() error("msg") end, debug.traceback))
print(xpcall(function() error("msg") end, debug.traceback, 1))
print(xpcall(function() string.rep() end, debug.traceback))
print(xpcall(function() return string.rep() end, debug.traceback))
print(xpcall(string.rep, debug.traceback))
print(xpcall(function() local t = setmetatable({}, {__index = function(t, k) error(k) end}) return t.key end, debug.traceback))
local function deep(level, n)
  if level == 0 then return (debug.traceback("deep", n)) end
  return (deep(level - 1, n))
end
for _, depth in ipairs {1, 5, 17, 18, 19, 20, 21, 22, 23, 30, 100} do print(deep(depth)) end
for _, from in ipairs {0, 1, 2, 5, 10, 20, 24, 25} do print(deep(24, from)) end
local function deep_tail(level)
  if level == 0 then return (debug.traceback("tail")) end
  return deep_tail(level - 1)
end
print(deep_tail(5))
local recursive_with_tail
function recursive_with_tail(level)
  if level == 0 then return (debug.traceback()) end
  if level % 2 == 0 then return (recursive_with_tail(level - 1)) end
  return recursive_with_tail(level - 1)
end
print(recursive_with_tail(60))
print((select(2, xpcall(function() local function f() return f() + 1 end f() end, function(m) return (debug.traceback(m):gsub("skipping %d+", "skipping N")) end))))
