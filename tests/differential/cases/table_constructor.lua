-- Positional and named fields, trailing calls, separators, more items than one batch.
local function two() return "p", "q" end
local t = { 1, 2; x = 3, [10] = "ten", "three", two() }
print(#t, t[3], t[4], t[5], t.x, t[10])
local u = { two(), two(), x = two(), [two()] = 1 }
print(#u, u.x, u.p)
local parts = {}
for i = 1, 120 do parts[i] = tostring(i) end
local big = load("return {" .. table.concat(parts, ",") .. "}")()
print(#big, big[50], big[51], big[120])
local nested = { { 1, { 2, { 3 } } }, f = function() return { "deep" } end }
print(nested[1][2][2][1], nested.f()[1])
print(#{ nil }, #{ nil, 2 }, #{ n = nil })
