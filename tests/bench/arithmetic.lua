-- Integers and floats mixed in every operation; all values stay exact, so each Lua prints the same.
local size = tonumber((...)) or 22000000

local integer, float, remainder = 1, 0.5, 0
for i = 1, size do
  integer = (integer * 3 + i) % 65537
  float = float * 0.5 + integer / 4
  remainder = remainder + integer - i % 7
  if float > 1000 then float = float - 1000.25 end
end
print(string.format("%d %.6f %d", integer, float, remainder))
