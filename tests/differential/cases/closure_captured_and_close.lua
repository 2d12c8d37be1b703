-- To-be-closed variables that closures capture, in loops and with a captured value after the close.
local function closing(name, action)
  return setmetatable({ name = name }, { __close = function(self, e) print("close", self.name, e) action() end })
end
local kept = {}
for i = 1, 2 do
  local count = i
  local held <close> = closing("c" .. i, function() count = count + 100 end)
  kept[i] = function() return count, held.name end
  print(kept[i]())
end
print(kept[1]()) print(kept[2]())
local function leave()
  local value = "before"
  local held <close> = closing("return", function() value = "closed" end)
  return value, function() return value end
end
local value, later = leave()
print(value, later())
