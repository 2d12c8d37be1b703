-- `x - 1` compiles to an addition, and constants may stand on either side: the event and the order of the
-- operands are the source's.
local function event(name)
  return function(a, b) return name .. " " .. (type(a) == "table" and "object" or tostring(a)) .. " " .. (type(b) == "table" and "object" or tostring(b)) end
end
local names = { "add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr", "concat" }
local meta = {}
for _, name in ipairs(names) do meta["__" .. name] = event(name) end
local x = setmetatable({}, meta)
print(x + 1, 1 + x, x - 1, 1 - x, x - -1, x + 1000000, 1000000 + x, x - 1000000)
print(x * 2, 2 * x, x / 2, 2 / x, x % 2, 2 % x, x ^ 2, 2 ^ x, x // 2, 2 // x)
print(x & 1, 1 & x, x | 1, 1 | x, x ~ 1, 1 ~ x)
print(x << 1, 1 << x, x >> 1, 1 >> x, x << -1, x >> -1, x << 1000, 1000 >> x)
print(x .. "s", "s" .. x, x .. 1, 1 .. x, x .. x, "a" .. "b" .. x, x .. "a" .. "b")
print(x + 1.5, 1.5 - x, x * 0.5, x + "2", "2" + x)
