-- debug.sethook and gethook (Lua manual §6.10): call, return, line and count events.
print(debug.gethook())
local function traced(mask, f, count, ...)
  local events = {}
  debug.sethook(function(event, line)
    local info = debug.getinfo(2, "nSt")
    events[#events + 1] = event .. (line and ":" .. line or "") .. (event ~= "line" and event ~= "count" and "(" .. info.what .. " " .. tostring(info.name) .. ")" or "")
  end, mask, count)
  f(...)
  debug.sethook()
  print(mask, table.concat(events, " "))
end
local function lines(source) traced("l", load(source, "=chunk")) end
lines "if\nmath.sin(1)\nthen\n a=1\nelse\n a=2\nend\n"
lines "--\nif nil then\n a=1\nelse\n a=2\nend\n"
lines "a=1\nrepeat\n a=a+1\nuntil a==3\n"
lines " do\n return\nend\n"
lines "local a\na=1\nwhile a<=3 do\n a=a+1\nend\n"
lines "while math.sin(1) do\n if math.sin(1)\n then break\n end\nend\na=1"
lines "for i=1,3 do\n a=i\nend\n"
lines "for i,v in pairs{'a','b'} do\n a=tostring(i) .. v\nend\n"
lines "for i=1,4 do a=1 end"
lines "local x = 1 local f = function() x = x + 1\n return x\nend\nf()\nf()"
lines "local t = {\n1,\n2,\nf = 3}\nlocal s = 'a' ..\n'b' .. tostring(1)\n.. 'c'"
lines "goto l1\n::l2::\na = 1\ndo return end\n::l1::\ngoto l2"
lines "for i = 1, 3 do\nlocal c = i\nlocal f = function() return c end\nif i == 2 then goto continue end\nf()\n::continue::\nend"
lines "local function f(...)\nlocal a = ...\nreturn a\nend\nf(1)\nlocal x = f(2) + f(3)"
lines "do local c <close> = setmetatable({}, {__close = function()\nlocal x = 1\nend})\nlocal y = 2\nend\nlocal z = 3"
lines "local a = 1 and\n2 or\n3\nlocal b = a == 1 and\nnil"
lines "return 1"
lines ""
lines "local function f()\nerror('x')\nend\nlocal ok = pcall(f)\nlocal y = ok"
lines "local x\nlocal y = x and x.y\nlocal z = not (x == y) or x\nif x or y then\nz = 1\nend"

local function leaf(x) return x end
local function tail(x) return leaf(x) end
local function calls(x) tail(x) leaf(x) return x end
traced("c", calls, nil, 1)
traced("r", calls, nil, 1)
traced("cr", calls, nil, 1)
traced("cr", function() pcall(leaf) pcall(error, "x") xpcall(leaf, print) end)
traced("cr", function() table.sort({3, 1, 2}, function(a, b) return a < b end) end)
traced("cr", function() return tostring(setmetatable({}, {__tostring = function() return "x" end})) end)
traced("cr", function() return setmetatable({}, {__index = function(_, k) return k end}).key end)
traced("cr", function() for _ in pairs {1} do end end)
traced("cr", function() for _ in ipairs {1, 2} do end end)
traced("cr", function() return string.format("%d", 1), math.max(1, 2) end)
traced("cr", function() return select("#", table.unpack {1, 2, 3}) end)
traced("cr", function() local c <close> = setmetatable({}, {__close = leaf}) return 1 end)
traced("cr", function() ("x"):gsub("x", leaf) end)
traced("cr", function() load("return 1")() end)
traced("cr", function() return pcall(leaf, 1) end)
traced("crl", function() leaf(1) return 2 end)

-- counts: about one event for so many instructions
local count = 0
debug.sethook(function() count = count + 1 end, "", 1)
count = 0 for i = 1, 1000 do end
debug.sethook()
print(1000 < count and count < 1012)
debug.sethook(function() count = count + 1 end, "", 4)
count = 0 for i = 1, 1000 do end
print(250 < count and count < 255)
print(select(2, debug.gethook()))
debug.sethook(function() count = count + 1 end, "", 4000)
count = 0 for i = 1, 1000 do end
debug.sethook()
print(count)
-- an endless loop is stopped
debug.sethook(function() error("enough", 0) end, "", 10000)
print(pcall(function() while true do end end))
debug.sethook()
-- what the hook sees
local function parameters(a, b, ...)
  local c = a
  return b, c, ...
end
local function transfer(event)
  local info = debug.getinfo(2, "rnS")
  if info.name ~= "parameters" and info.name ~= "max" then return end
  local values = {}
  for index = info.ftransfer, info.ftransfer + info.ntransfer - 1 do
    values[#values + 1] = tostring((select(2, debug.getlocal(2, index))))
  end
  print(event, info.ntransfer, table.concat(values, ","))
end
debug.sethook(transfer, "cr")
parameters(1, 2, 3, 4)
parameters()
local _ = math.max(3, 7, 5)
debug.sethook()
print(debug.getinfo(1, "r").ftransfer, debug.getinfo(1, "r").ntransfer)
-- a hook is a level of its own
debug.sethook(function()
  local info = debug.getinfo(1, "nS")
  print(info.name, info.namewhat, info.what)
  debug.sethook()
end, "l")
local x = 1
-- wrong arguments
print(pcall(debug.sethook, print))
print(pcall(debug.sethook, 1, "l"))
print(pcall(debug.sethook, print, "l", "x"))
print(pcall(debug.sethook, print, {}))
debug.sethook(print, "")
print(debug.gethook())
debug.sethook(print, "xyz", 0)
print(debug.gethook())
local function hook() end
debug.sethook(hook, "lrc", 7)
local got, mask, n = debug.gethook()
debug.sethook()
print(got == hook, mask, n)
-- an error in a hook is one of the instruction that runs
print(pcall(function()
  debug.sethook(function() debug.sethook() error("in the hook") end, "l")
  local y = 1
end))
print(pcall(function()
  debug.sethook(function() debug.sethook() local z = nil + 1 end, "c")
  leaf()
end))
print(pcall(function()
  debug.sethook(function() debug.sethook() error("in a return", 0) end, "r")
end))
print(pcall(function()
  debug.sethook(function() debug.sethook() error("for a native", 0) end, "c")
  math.max(1)
end))
print(pcall(function()
  debug.sethook(function(event) if debug.getinfo(2, "n").name == "pcall" then debug.sethook() error("for pcall", 0) end end, "c")
  pcall(leaf)
  print("not reached")
end))
print(pcall(function()
  debug.sethook(function(event) if event == "return" and debug.getinfo(2, "n").name == "pcall" then debug.sethook() error("for a return of pcall", 0) end end, "r")
  pcall(leaf)
  print("not reached")
end))
debug.sethook()
-- locals in a return hook
debug.sethook(function()
  if debug.getinfo(2, "n").name ~= "returns" then return end
  local names = {}
  for index = 1, 10 do names[#names + 1] = debug.getlocal(2, index) end
  print(table.concat(names, " "))
end, "r")
local function returns(a, b)
  do local x, y, z end
  local c, d = 10, 20
  return
end
returns(100, 200)
debug.sethook()
-- a hook changes a variable
local changed = 1
debug.sethook(function()
  local index = 1
  while true do
    local name = debug.getlocal(2, index)
    if not name then break end
    if name == "changed" then debug.setlocal(2, index, 2) debug.sethook() break end
    index = index + 1
  end
end, "l")
local _ = 1
print(changed)
-- nothing is told while a hook runs
local depth, deepest = 0, 0
debug.sethook(function()
  depth = depth + 1
  deepest = math.max(deepest, depth)
  local z = tostring(1)
  leaf(z)
  depth = depth - 1
end, "crl")
calls(1)
debug.sethook()
print(deepest)
