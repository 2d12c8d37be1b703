-- A jump that the compiler threads through other jumps lands inside a captured variable's scope: it must still
-- get a fresh cell there.
local kept = {}
local i = 0
while i < 4 do
  local captured
  i = i + 1
  if i % 2 == 0 then
    if i == 4 then captured = "four" else captured = "even" end
  else
    captured = "odd" .. i
  end
  kept[#kept + 1] = function(value) if value then captured = value end return captured end
end
kept[1]("changed")
for n = 1, #kept do print(n, kept[n]()) end

for n = 1, 3 do
  while true do
    local inner = n
    local read = function() inner = inner + 1 return inner end
    if n == 2 then break end
    if read() > 2 then break else print("again", inner) break end
  end
end

local function search(list, wanted)
  for n = 1, #list do
    do
      local item = list[n]
      local is = function() return item == wanted end
      if not is() then goto continue end
      if wanted then return n, is end
    end
    ::continue::
  end
end
local at, is = search({ 5, 6, 7 }, 6)
print(at, is(), search({ 1 }, 2))
