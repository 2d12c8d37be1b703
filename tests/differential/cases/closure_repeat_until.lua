-- The condition of repeat sees the body's locals, captured ones too.
local kept = {}
local n = 0
repeat
  local done = n >= 2
  local value = n
  kept[#kept + 1] = function() value = value + 1 return value end
  n = n + 1
until done or (function() value = value + 100 return false end)()
for i = 1, #kept do print(kept[i]()) end

local count = 0
repeat
  local x = count
  local get = function() return x end
  count = count + 1
until get() == 2
print(count)
