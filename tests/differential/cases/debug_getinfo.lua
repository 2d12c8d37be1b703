-- debug.getinfo (Lua manual §6.10): every letter, functions and levels, native functions, wrong arguments.
local function show(info)
  if not info then return print(info) end
  local names = {}
  for name in pairs(info) do names[#names + 1] = name end
  table.sort(names)
  local parts = {}
  for _, name in ipairs(names) do
    local value = info[name]
    if name == "func" then value = type(value) end
    if name == "activelines" then
      local lines = {}
      for line, truth in pairs(value) do lines[#lines + 1] = line assert(truth == true) end
      table.sort(lines)
      value = "{" .. table.concat(lines, ",") .. "}"
    end
    parts[#parts + 1] = name .. "=" .. tostring(value)
  end
  print(table.concat(parts, " "))
end

local up1, up2 = 1, 2
local function two(a, b, ...)
  local c = a + up1

  if c then return up2 end
  return c
end
show(debug.getinfo(two))
show(debug.getinfo(two, "S"))
show(debug.getinfo(two, "L"))
show(debug.getinfo(function(a) return a end, "LSu"))
show(debug.getinfo(function() end, "LSu"))
show(debug.getinfo(print))
show(debug.getinfo(print, "SL"))
show(debug.getinfo(string.gmatch("x", "x"), "u").nups > 0 and {} or nil)
show(debug.getinfo(1))
show(debug.getinfo(1, "LS"))
show(debug.getinfo(0))
show(debug.getinfo(2, "S"))
show(debug.getinfo(3))
show(debug.getinfo(-1))
show(debug.getinfo(1 << 40))
for _, letter in ipairs {"S", "l", "n", "u", "t", "r", "f", "L", "", "nSl", "SSS"} do show(debug.getinfo(1, letter)) end
print(pcall(debug.getinfo, 1, "X"))
print(pcall(debug.getinfo, 1, ">S"))
print(pcall(debug.getinfo, print, "Sx"))
print(pcall(debug.getinfo))
print(pcall(debug.getinfo, "x"))
print(pcall(debug.getinfo, {}))
print(pcall(debug.getinfo, 1, {}))
print(pcall(debug.getinfo, 1.5))
print(debug.getinfo("1", "l").currentline)

-- names
local function name() local info = debug.getinfo(2, "n") return tostring(info.name) .. "/" .. info.namewhat end
local function called() return (name()) end
function global_called() return (name()) end
local t = {field = called, [1] = called, ["with space"] = called}
function t:method() return (name()) end
print((called()))
print((global_called()))
print((t.field()))
print((t[1]()))
print((t["with space"]()))
print((t:method()))
print((select(2, pcall(called))))
do
  local up = called
  print((function() return (up()) end)())
end
local key = "field"
print((t[key]()))
print(((function() return (name()) end)()))
print((setmetatable({}, {__index = function() return (name()) end}).x))
print((setmetatable({}, {__add = function() return (name()) end}) + 1))
print((1 .. setmetatable({}, {__concat = function() return (name()) end})))
print((#setmetatable({}, {__len = function() return (name()) end})))
print((-setmetatable({}, {__unm = function() return (name()) end})))
print((~setmetatable({}, {__bnot = function() return (name()) end})))
print((2 // setmetatable({}, {__idiv = function() return (name()) end})))
print((setmetatable({}, {__shl = function() return (name()) end}) << 3))
print((setmetatable({}, {__sub = function() return (name()) end}) - 3))
local compared = {__lt = function() print((name())) end, __le = function() print((name())) end, __eq = function() print((name())) end}
local x, y = setmetatable({}, compared), setmetatable({}, compared)
local _ = x < y, x <= y, x == y, x > y, x ~= y, x < 1, x >= 2
setmetatable({}, {__newindex = function() print((name())) end}).x = 1
print((setmetatable({}, {__call = function() return (name()) end})()))
do
  local closed <close> = setmetatable({}, {__close = function() print((name())) end})
end
for _ in function(_, done) if not done then print((name())) return 1 end end do end
print((tostring(setmetatable({}, {__tostring = function() return (name()) end}))))
table.sort({2, 1}, function() print((name())) end)
print((string.gsub("x", "x", function() return (name()) end)))

-- levels of native functions that call back
table.sort({2, 1}, function()
  for level = 0, 5 do
    local info = debug.getinfo(level, "Snlf")
    if not info then print(level, nil) break end
    print(level, info.what, info.short_src, info.currentline, info.name, info.namewhat)
  end
end)
local function levels(...)
  for level = 0, 8 do
    local info = debug.getinfo(level, "Snlt")
    if not info then print(level, nil) break end
    print(level, info.what, info.short_src, info.currentline, info.name, info.namewhat, info.istailcall)
  end
end
levels()
pcall(levels)
xpcall(levels, print)
pcall(pcall, levels)
string.gsub("x", "x", levels)
print(tostring(setmetatable({}, {__tostring = function() levels() return "text" end})))
print(#table.concat(setmetatable({}, {__len = function() return 1 end, __index = function() levels() return "text" end})))
local function tail() return levels() end
tail()
local function tail2() return tail() end
tail2()
local function tail_to_native() return pcall(levels) end
tail_to_native()
xpcall(function() local z = nil + 1 end, function(message) print(message) levels() end)
xpcall(function() error("object") end, function(message) print(message) levels() end)
xpcall(function() local z = nil z() end, function(message) print(message) levels() end)
xpcall(function() local z = nil z.x = 1 end, function(message) print(message) levels() end)
load("levels = ... levels()", "=chunk")(levels)
assert(load("local levels = ... \n\n return levels()", "@file.lua"))(levels)
levels = nil
