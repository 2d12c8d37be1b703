-- <const> locals: folded, captured, and refused as targets.
local size <const>, name <const> = 10, "n"
local computed <const> = size * 2 + #name
local list <const> = {}
list[1] = size
print(size, name, computed, list[1], (function() return size + computed end)())
for i = 1, 2 do local each <const> = i * size list[#list + 1] = function() return each end end
print(list[2](), list[3]())
local none <const> = nil
print(none, none == nil, size == 10, size < 11, -size, size .. name)
print(load("local x <const> = 1; x = 2")) print(load("local x <const> = 1; local function f() x = 2 end"))
