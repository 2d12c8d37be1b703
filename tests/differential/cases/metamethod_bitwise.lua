-- Bitwise events; numbers without an integer representation only fail when no operand has the event.
local function with(event) return setmetatable({}, { [event] = function(a, b)
  return (type(a) == "table" and "o" or tostring(a)) .. "," .. (type(b) == "table" and "o" or tostring(b)) end }) end
print(with("__band") & 1.5, 1.5 | with("__bor"), with("__bxor") ~ "s", with("__shl") << 2, 2 >> with("__shr"))
print(~with("__bnot"))
print(pcall(function() return with("__band") | 1 end))
print(pcall(function() return 1.5 & 1 end))
print(pcall(function() return "a" & 1 end))
print(pcall(function() return "3" & 1 end))
print(pcall(function() return ~"0" end))
print(pcall(function() return 1.5 | "x" end))
print(2.0 ~ 1, 2.0 | 2^40)
