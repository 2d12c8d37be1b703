-- Each iteration of a generic for has its own variables, whatever the iterator keeps.
local kept = {}
for index, value in ipairs({ "a", "b", "c" }) do
  kept[#kept + 1] = function(suffix) value = value .. suffix return index, value end
  index = index + 100
end
for n = 1, 3 do print(kept[n]("x")) print(kept[n]("y")) end

-- Assigning to the first variable does not change the control variable.
local function iterate(limit, at) if at < limit then return at + 1 end end
for i in iterate, 3, 0 do
  local change = function() i = 99 end
  change()
  io.write(i, " ")
end
print()
