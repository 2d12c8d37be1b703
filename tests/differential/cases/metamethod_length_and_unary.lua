-- __len, __unm, __bnot; # of a string never asks.
local o = setmetatable({ 1, 2 }, { __len = function() return "long" end, __unm = function(x, y) return rawequal(x, y) end, __bnot = function() return "not" end })
print(#o, rawlen(o), -o, ~o, #"abc")
print(pcall(function() return #5 end))
print(pcall(function() return -{} end))
print(pcall(function() return ~1.5 end))
print(pcall(function() return -"abc" end), -"2", -"0x10", - "1.5")
print(-math.mininteger == math.mininteger, -(-0.0), -0)
