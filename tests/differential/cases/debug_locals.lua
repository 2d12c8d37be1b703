-- debug.getlocal and debug.setlocal (Lua manual §6.10): names, values, extra arguments, temporaries.
local function locals(level)
  local index = 1
  while true do
    local name, value = debug.getlocal(level + 1, index)
    if not name then break end
    print(index, name, type(value) == "function" and "function" or type(value) == "table" and "table" or value)
    index = index + 1
  end
end
local function plain(a, b)
  local c = a + b
  do local hidden = 1 end
  local d
  locals(1)
end
plain(1, 2)
local function extra(a, ...)
  local b = 2
  for index = 1, select("#", ...) + 2 do print(debug.getlocal(1, -index)) end
  print(debug.setlocal(1, -1, "set"), debug.setlocal(1, -9, "x"))
  print(...)
end
extra(1, "x", "y", nil)
extra(1)
extra()
local function not_vararg() return debug.getlocal(1, -1) end
print(not_vararg(1))
local function captured(a, b)
  local c = 3
  local function inner() a = a + 1 return a + c end
  locals(1)
  print(debug.setlocal(1, 1, 10), inner(), a)
  print(debug.setlocal(1, 3, 100), inner(), c)
end
captured(1, 2)
for i = 1, 2 do
  for name, value in pairs {10} do
    local index = 1
    while true do
      local n, v = debug.getlocal(1, index)
      if not n then break end
      if index > 4 then print(index, n, type(v) == "number" and v or type(v)) end
      index = index + 1
    end
  end
end
for i = 10, 1, -4 do
  local names = {}
  for index = 1, 20 do names[#names + 1] = debug.getlocal(1, index) end
  print(i, table.concat(names, " "))
end
for i = 1.5, 2 do print(select(2, debug.getlocal(1, 9))) end
-- changing a loop's variable does not change the loop
local turns = 0
for i = 1, 3 do
  turns = turns + 1
  local index = 1
  while debug.getlocal(1, index) ~= "i" do index = index + 1 end
  debug.setlocal(1, index, 30)
  io.write(i, " ")
end
print(turns)
print(debug.getlocal(plain, 1), debug.getlocal(plain, 2), debug.getlocal(plain, 3), debug.getlocal(plain, 0))
print(debug.getlocal(extra, 1), debug.getlocal(extra, 2), debug.getlocal(extra, -1))
print(debug.getlocal(print, 1))
print(debug.getlocal(0, 1))
print(debug.getlocal(0, 2))
print(debug.getlocal(0, 3))
print(debug.getlocal(0, 0))
print(debug.getlocal(0, -1))
print(pcall(debug.getlocal, 20, 1))
print(pcall(debug.getlocal, -1, 1))
print(pcall(debug.setlocal, 20, 1, 1))
print(pcall(debug.setlocal, 1, 1))
print(pcall(debug.setlocal, 1))
print(pcall(debug.setlocal, "x", 1, 1))
print(pcall(debug.getlocal, "x", 1))
print(pcall(debug.getlocal, 1))
print(pcall(debug.getlocal, 1, "x"))
print(debug.setlocal(1, 1000, 1))
print(debug.setlocal(1, 0, 1))
-- temporaries: an operand that waits while the other one is computed
local function change()
  print(debug.getlocal(2, 3))
  print(debug.getlocal(2, 4))
  print(debug.setlocal(2, 3, 100))
  return 1
end
local function waits(a, b) return (a + 1) + change() end
print(waits(1, 2))
-- big integers, floats
local function wide(a) return debug.getlocal(1, 1) end
print(wide(math.maxinteger), wide(math.mininteger), wide(0.5), wide(-0.0))
do
  local big = 1
  local index = 1
  while debug.getlocal(1, index) ~= "big" do index = index + 1 end
  debug.setlocal(1, index, math.maxinteger)
  print(big, math.type(big))
end
local function shadow(a)
  local a = 2
  local a = 3
  locals(1)
end
shadow(1)
print(pcall(function() local a <const> = 1 local b <const> = {} local c <close> = nil locals(1) end))
string.gsub("subject", "(s)(u)", function(a, b) locals(1) print(debug.getlocal(2, 1)) print(debug.getlocal(2, 2)) end)
