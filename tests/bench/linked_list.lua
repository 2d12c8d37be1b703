-- Lists of small tables that live for a while: built, walked, dropped.
local size = tonumber((...)) or 400000

local total = 0
for _ = 1, 10 do
  local list = nil
  for i = 1, size do list = { value = i, next = list } end
  local node = list
  while node do
    total = (total + node.value) % 1000003
    node = node.next
  end
end
print(total)
