-- Each arithmetic event is found in the left operand first, then in the right one.
local function with(name, event) return setmetatable({ name = name }, { [event] = function(a, b)
  return (type(a) == "table" and a.name or tostring(a)) .. "," .. (type(b) == "table" and b.name or tostring(b)) end }) end
local l, r = with("l", "__add"), with("r", "__add")
print(l + r, r + l, l + 1, 1 + l, r + 2.5, "x" + l)
print(with("l", "__sub") - 3, with("l", "__mul") * 3, with("l", "__div") / 3, with("l", "__mod") % 3)
print(with("l", "__pow") ^ 3, with("l", "__idiv") // 3, -with("l", "__unm"))
print(pcall(function() return with("l", "__sub") + 1 end))
