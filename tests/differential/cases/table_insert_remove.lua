-- insert and remove at both ends and in the middle, with their error.
local t = { 1, 2, 3 }
table.insert(t, 4) table.insert(t, 1, 0) table.insert(t, 3, 1.5)
print(table.concat(t, " "), #t)
print(table.remove(t), table.remove(t, 1), table.remove(t, 2), table.concat(t, " "))
print(table.remove({}), table.remove({}, 0), #t, table.remove(t, #t + 1))
print(pcall(table.insert, t, 10, 1)) print(pcall(table.insert, t, 0, 1)) print(pcall(table.remove, t, 10)) print(pcall(table.insert, t)) 
local u = {}
for i = 1, 100 do u[#u + 1] = i end
for i = 1, 50 do table.remove(u, 1) end
print(#u, u[1], u[50], u[51])
print(table.concat(table.move({ 1, 2, 3 }, 1, 3, 2), ","), table.concat(table.move({ 1, 2, 3 }, 2, 3, 1), ","), #table.move({ 1, 2 }, 1, 2, 1, {}))
local proxy = setmetatable({}, { __len = function() return 2 end, __index = function(_, i) return i * 10 end })
print(table.concat(proxy, " "), table.unpack(proxy))
