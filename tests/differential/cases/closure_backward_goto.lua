-- A local declared after a label is fresh every time a backward goto passes.
local kept = {}
do
  local n = 0
  ::again::
  local fresh = n * 10
  kept[#kept + 1] = function() fresh = fresh + 1 return fresh end
  n = n + 1
  if n < 3 then goto again end
end
for round = 1, 2 do
  for n = 1, #kept do io.write(kept[n](), " ") end
  print(round)
end

-- Without an initial value it is nil each time.
local seen = {}
do
  local n = 0
  ::again::
  local empty
  seen[#seen + 1] = function(value) local old = empty empty = value return old end
  print(seen[#seen]("set"))
  n = n + 1
  if n < 3 then goto again end
end
print(seen[1](), seen[2](), seen[3]())
