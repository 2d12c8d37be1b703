-- Arithmetic on strings is what the metamethods of strings do (Lua manual §3.4.3): a script may take them away.
local strings = getmetatable("")
local saved = {}
for _, event in ipairs { "__add", "__sub", "__mul", "__mod", "__pow", "__div", "__idiv", "__unm" } do
  saved[event] = strings[event]
end
local one, ten, x = 1, "10", "x"
print(ten + one, one - ten, ten * "0x10", ten % 3, "2" ^ ten, ten / 4, "7" // "2", -ten, -"0x7fffffffffffffff" - "2")
for _, operation in ipairs {
  function() return ten // "0" end, function() return "1" % 0 end, function() return x + one end,
  function() return one + x end, function() return x .. {} end, function() return {} - ten end,
  function() return ten - {} end, function() return -x end, function() return nil * x end,
} do
  print(pcall(operation))
end
for event, method in pairs(saved) do
  strings[event] = nil
  print(select("#", method("3", "2")), pcall(method, 1, {}) == false)
end
for _, operation in ipairs {
  function() return ten + one end, function() return one + ten end, function() return ten + ten end,
  function() return x + one end, function() return {} + x end, function() return x + {} end,
  function() return -x end, function() return -ten end, function() return ten * 2 end,
  function() return 2 - ten end, function() return x // nil end, function() return ten | 1 end,
} do
  print(pcall(operation))
end
function strings.__add(a, b) return "added " .. tostring(a) .. " " .. tostring(b) end
print(ten + one, one + ten, x + ten, ten + 1, 1 + ten, ten + 1.5)
debug.setmetatable(0, { __add = function(a, b) return "numbers' " .. tostring(a) .. " " .. tostring(b) end })
print(ten + one, one + ten, one + one)
debug.setmetatable(0, nil)
-- The loops of numerals need none.
print(pcall(function() for i = 1, "2" do print(i) end end))
for event, method in pairs(saved) do strings[event] = method end
print(ten + one, pcall(saved.__add, 1, 2), pcall(saved.__add, "1", {}), pcall(saved.__div, {}, 1))
-- Operators of bits convert floats only.
local three, text = 3.0, "7"
print(~three, pcall(function() return ~text end), pcall(function() return ~2.5 end), pcall(function() return ~x end))
-- Who calls such a metamethod is told of in the traceback.
local object = setmetatable({}, { __add = function() error("from below", 2) end })
print(pcall(function() return "a" + object end))
print(pcall(function() return object + "a" end))
