-- __lt and __le; `>` swaps the operands; no __le from __lt in 5.4; results become booleans.
local order = {}
local meta = {
  __lt = function(a, b) order[#order + 1] = "lt" return (type(a) == "table" and a.v or a) < (type(b) == "table" and b.v or b) end,
  __le = function(a, b) order[#order + 1] = "le" return nil end,
}
local a, b = setmetatable({ v = 1 }, meta), setmetatable({ v = 2 }, meta)
print(a < b, a > b, a <= b, a >= b, a < 5, 5 < a, a > 0, 1 >= b)
print(table.concat(order, " "))
local only_lt = setmetatable({}, { __lt = function() return 1 end })
print(only_lt < 1, 1 < only_lt, only_lt > "x")
print(pcall(function() return only_lt <= 1 end))
print(pcall(function() return {} < {} end))
print(pcall(function() return 1 < "2" end))
print(pcall(function() return nil > 1 end))
print("a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c", "10" < "9")
