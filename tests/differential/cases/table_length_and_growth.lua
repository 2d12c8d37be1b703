-- # of sequences that grow, shrink and start from constructors; nil fields.
local t = {}
for i = 1, 1000 do t[i] = i end
print(#t)
for i = 1000, 501, -1 do t[i] = nil end
print(#t)
t[#t + 1] = "x" t[#t + 1] = "y"
print(#t, t[501], t[502])
print(#{ 1, 2, 3 }, #{ n = 1 }, #{ [1] = 1, [2] = 2, [3] = 3 }, #{ 1, 2, 3, x = 1 }, #{}, #"")
local backwards = {}
for i = 10, 1, -1 do backwards[i] = i end
print(#backwards)
local sum = 0
for _, v in pairs({ 10, 20, 30, x = 40 }) do sum = sum + v end
print(sum)
local removed = { a = 1, b = 2, c = 3, d = 4 }
for k in pairs(removed) do removed[k] = nil end -- assigning nil to existing fields is allowed while traversing
print(next(removed))
local keys = {}
for k in pairs({ "x", "y", z = 1, [3.5] = 2, [true] = 3 }) do keys[#keys + 1] = tostring(k) end
table.sort(keys) print(table.concat(keys, " "))
