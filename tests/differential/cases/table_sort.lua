-- sort: the default order, comparators, strings, and what it refuses.
local t = { 5, 2, 8, 1, 9, 3 }
table.sort(t) print(table.concat(t, " "))
table.sort(t, function(a, b) return a > b end) print(table.concat(t, " "))
local words = { "pear", "Apple", "fig", "apple", "" }
table.sort(words) print(table.concat(words, ","))
local mixed = { 3, 1.5, 2, -1, 2.5 }
table.sort(mixed) print(table.concat(mixed, " "))
print(pcall(table.sort, { 1, "x", 2 })) print(pcall(table.sort, { {}, {} })) print(pcall(table.sort, { 1, 2 }, 5))
print(pcall(table.sort, { 3, 1, 2 }, function() error("in comparator", 0) end))
local objects = {}
local meta = { __lt = function(a, b) return a.v < b.v end }
for i, v in ipairs({ 4, 2, 3, 1 }) do objects[i] = setmetatable({ v = v }, meta) end
table.sort(objects)
for i = 1, 4 do io.write(objects[i].v, " ") end print()
local comparisons = 0
local big = {} for i = 1, 500 do big[i] = (i * 7919) % 1009 end
table.sort(big, function(a, b) comparisons = comparisons + 1 return a < b end)
for i = 2, #big do assert(big[i - 1] <= big[i]) end
print(comparisons > 500, big[1], big[500])
table.sort({}) table.sort({ 1 })
