-- All right sides are evaluated before any assignment; surplus values are dropped, missing ones are nil.
local a, b, c = 1, 2
print(a, b, c)
a, b = b, a
print(a, b)
local i, t = 1, {}
i, t[i] = i + 1, 20
print(i, t[1], t[2])
local function two() return 1, 2 end
local x, y, z = two(), two()
print(x, y, z)
x, y, z = (two())
print(x, y, z)
local log = {}
local function note(name, value) log[#log + 1] = name return value end
local target = setmetatable({}, { __newindex = function(_, k, v) log[#log + 1] = "set " .. k .. v end })
note("t1", target)[note("k1", "a")], note("t2", target)[note("k2", "b")] = note("v1", 1), note("v2", 2), note("v3")
print(table.concat(log, ","))
local s = { 1, 2, 3 }
s[1], s[2], s[3] = s[3], s[1], s[2]
print(s[1], s[2], s[3])
do local a = a local b = { a, a + 1 } a = b print(#a) end
