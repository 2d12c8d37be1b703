-- Globals are fields of _ENV, which may be a local, a parameter or an upvalue.
x = 1
print(_G.x, _ENV.x, _G == _ENV, rawget(_G, "undefined"))
local function with(_ENV) return x, y end
print(with({ x = "inner x", y = "inner y" }))
do
  local print = print
  local _ENV = { z = 5 }
  z = z + 1
  print(z, x)
  local function nested() z = z * 2 return z end
  print(nested(), _ENV.z)
end
print(x, z)
local chunk = load("a = 1; b = (b or 0) + 1; return a + b", "=chunk", "t", { b = 41 })
print(chunk(), chunk(), a, b)
setmetatable(_G, { __index = function(_, k) return "default " .. k end, __newindex = function(t, k, v) rawset(t, k, v * 2) end })
print(missing) doubled = 21 print(doubled)
setmetatable(_G, nil)
print(pcall(function() local _ENV = nil; return x end))
print(pcall(function() local _ENV = {}; return x.y end))
