-- Without __le, a <= b is not (b < a): the __lt of b comes before that of a (a compatibility of 5.3 in Debian's Lua).
local function make(name, answer)
  return setmetatable({name = name}, {__lt = function(a, b) print(name, a.name, b.name) return answer end})
end
local a, b = make("A", true), make("B", false)
print(a <= b, b <= a, a >= b, b >= a)
print(a <= {name = "plain"}, {name = "plain"} <= a)
print(pcall(function() return {} <= {} end))
