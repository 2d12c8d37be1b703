-- A captured variable at the head of a while body is fresh after break, continue and a normal end.
local kept = {}
local n = 0
while n < 6 do
  local mine = n
  kept[#kept + 1] = function() mine = mine + 0.5 return mine end
  n = n + 1
  if n == 2 then goto continue end
  if n == 5 then break end
  mine = -n
  ::continue::
end
for i = 1, #kept do print(kept[i](), kept[i]()) end
