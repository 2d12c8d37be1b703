-- __eq: two different tables only; the result is a boolean; never for rawequal, primitive kinds or ~= of sames.
local calls = 0
local meta = { __eq = function(a, b) calls = calls + 1 return a.v == b.v and "yes" or nil end }
local function make(v) return setmetatable({ v = v }, meta) end
local a, b, c = make(1), make(1), make(2)
print(a == b, a ~= b, a == c, a == a, calls)
print(a == 1, a == "1", nil == a, rawequal(a, b), calls)
print(a == { v = 1 }, { v = 1 } == a, calls)
local t = { [a] = "found" }
print(t[a], t[b])
print(1 == 1.0, "1" == 1, 0 == -0.0, 0/0 == 0/0)
