-- Backtracking: recursion, upvalue tables, early returns.
local size = tonumber((...)) or 11

local columns, solutions, positions_tried = {}, 0, 0

local function is_safe(row, column)
  for earlier = 1, row - 1 do
    local other = columns[earlier]
    if other == column or other - earlier == column - row or other + earlier == column + row then
      return false
    end
  end
  return true
end

local function place(row)
  if row > size then
    solutions = solutions + 1
    return
  end
  for column = 1, size do
    positions_tried = positions_tried + 1
    if is_safe(row, column) then
      columns[row] = column
      place(row + 1)
    end
  end
end

for _ = 1, 3 do place(1) end
print(solutions, positions_tried)
