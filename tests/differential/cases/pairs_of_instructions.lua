-- Instructions that often follow each other, on every kind of operand: quick, slow, with metamethods, in error.
local object = setmetatable({}, {
  __add = function(left, right) return "add" end,
  __mul = function(left, right) return "mul" end,
  __mod = function(left, right) return "mod" end,
  __len = function() return 41.5 end,
  __index = function(self, key) return key end,
  __call = function(self, ...) return "called", select("#", ...) end,
})
local operands = {
  0, 1, -1, 7, 2 ^ 49, 2251799813685247, 2251799813685248, -2251799813685248, math.maxinteger, math.mininteger, 0.5, -0.0,
  1 / 0, 0 / 0, "10", "0x10", "word", true, object, {},
}

local function show(name, ...)
  local shown = table.pack(...)
  for index = 1, shown.n do
    local value = shown[index]
    if value ~= value then
      value = "nan"
    elseif type(value) == "table" then
      value = "table"
    end
    shown[index] = tostring(value):gsub("table: %w+", "table")
  end
  print(name, table.concat(shown, " "))
end
local function try(name, body, ...) show(name, pcall(body, ...)) end

local captured
local function read() return captured end
shared = 0
for position, operand in ipairs(operands) do
  show("operand", position, type(operand))
  try("captured", function()
    local counter = operand
    local function get() return counter end
    counter = counter + 1
    return get()
  end)
  try("global", function()
    shared = operand
    shared = shared + 1
    return shared
  end)
  try("field", function()
    local fields = {name = operand}
    local next_one = fields.name + 1
    return next_one
  end)
  try("length", function()
    local last = #operand + 1
    return last
  end)
  try("call of a global's field", function()
    local fields = {call = operand}
    return (fields.call())
  end)
  try("method", function() return (operand:len()) end)
  try("truth", function()
    local fields = {is = operand, nothing = false}
    local found = 0
    if fields.is then found = found + 1 end
    if not fields.is then found = found + 2 end
    if fields.nothing then found = found + 4 end
    if fields[1] then found = found + 8 end
    return found
  end)
  try("argument one less", function()
    local function same(number) return number end
    return (same(operand - 1))
  end)
  for _, other in ipairs(operands) do
    try("product and sum", function()
      local sum = 1
      sum = sum + operand * other
      return sum
    end)
    try("product with a constant and sum", function()
      local sum = operand * 3.5 + other
      return sum, operand * 3 + other
    end)
    try("remainder of a sum", function()
      local sum = (operand + other) % 1000
      return sum, (operand + other) % 0.75
    end)
  end
end
try("remainder by zero", function()
  local sum = 1
  return (sum + sum) % 0
end)

-- At the end of a loop.
local list, sum = {}, 0
for index = 1, 10 do list[index] = index end
for index = 1, 10 do list[index] = true end
for index = 1, 10 do shared = index end
for index = 1, 10 do captured = index end
local last
for index = 1, 10 do last = index end
for index = 1.5, 4 do list[1] = index end
for index = math.maxinteger - 2, math.maxinteger do list[2] = index end
show("loops", list[1], list[2], list[10], shared, read(), last, sum)

-- A jump between the two.
local function jump(flag)
  local first, second = 1, 2
  if flag then first = second end
  local copy, other = first, second
  ::again::
  copy = copy + 1
  if copy < 5 then goto again end
  return copy, other
end
show("jumps", jump(true), jump(false))

-- A hook is told of each line, whatever the instructions become.
local lines = 0
debug.sethook(function() lines = lines + 1 end, "l")
local total = 0
for index = 1, 3 do
  total = total + index * 2
  shared = shared + 1
end
debug.sethook()
show("lines", lines, total, shared)
