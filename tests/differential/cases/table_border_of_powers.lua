-- The border of a table whose keys are powers of two: the search goes as far as integers do.
local t = {}
for i = 0, 62 do t[1 << i] = i end
print(#t)
t[math.maxinteger] = 1
print(#t)
t[math.maxinteger] = nil
t[(1 << 62) + 1] = 1
print(#t)
local u = setmetatable({}, { __index = function() return 1 end })
print(#u)
