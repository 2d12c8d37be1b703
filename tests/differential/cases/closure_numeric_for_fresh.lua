-- Each iteration of a numeric for has its own variable; assigning to it does not disturb the loop.
local kept = {}
for i = 1, 3 do
  kept[#kept + 1] = function() i = i + 10 return i end
  i = i * 100
end
for n = 1, 3 do print(kept[n](), kept[n]()) end
for i = 3, 1, -1 do
  local get = function() return i end
  i = nil
  print(get())
end
for x = 1.0, 2.0, 0.5 do
  local add = function(step) x = x + step return x end
  print(add(0.25), x)
end
