-- A label at a block's end: the block's captured locals are out of scope there.
local kept = {}
for i = 1, 3 do
  do
    local first = i
    kept[#kept + 1] = function() return first end
    if i == 2 then goto skip end
    local second = i * 2
    kept[#kept + 1] = function() second = second + 1 return second end
    ::skip::
  end
  ::continue::
end
for i = 1, #kept do io.write(kept[i](), " ") end
print()
do
  goto finish
  local never
  local function capture() return never end
  ::finish:: ; ;
end
print("after")
