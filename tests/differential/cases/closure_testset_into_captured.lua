-- The value of and/or assigned to a captured local.
local a, b, c = nil, false, "c"
local get = function() return a, b, c end
a = a or c
print(get())
b = a and b
print(get())
b = b or a and c
print(get())
a = a and nil
c = not a and c or b
print(get())
local d = a or b
local e = function() return d end
d = d and a
print(d, e())
local f <const> = a or c
print((function() return f end)())
local function pick(x, y)
  local z = x and y
  local set = function(v) z = v end
  if z == nil then set("was nil") end
  z = z or "default"
  return z
end
print(pick(), pick(1, false), pick(1, 2))
