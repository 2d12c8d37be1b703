-- One big table of small tables, a part of which is replaced again and again.
local size = tonumber((...)) or 300000

local rows = {}
for i = 1, size do rows[i] = { i, i + 1, name = "row" .. i % 100 } end
local total = 0
for repetition = 1, 8 do
  for i = repetition, size, 3 do rows[i] = { i, repetition, name = "row" .. i % 100 } end
  for i = 1, size, 7 do total = (total + rows[i][1] + rows[i][2]) % 1000003 end
end
print(total, #rows)
