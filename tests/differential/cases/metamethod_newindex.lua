-- __newindex: a function, a table, a chain; present keys are assigned directly.
local log = {}
local store = {}
local t = setmetatable({ present = 1 }, { __newindex = function(t, k, v) log[#log + 1] = tostring(k) .. "=" .. tostring(v) end })
t.present, t.absent, t[1], t[2.0] = 2, 3, 4, 5
print(t.present, t.absent, t[1], table.concat(log, " "))
local u = setmetatable({}, { __newindex = setmetatable(store, { __newindex = function(s, k, v) rawset(s, k, v .. "!") end }) })
u.a = "x"
u.a = "y"
print(rawget(u, "a"), store.a)
rawset(t, "absent", 9)
t.absent = 10
print(t.absent, #log)
print(pcall(function() setmetatable({}, { __newindex = 1 }).x = 1 end))
print(pcall(function() local t = {} t[nil] = 1 end))
print(pcall(function() local t = {} t[0/0] = 1 end))
print(pcall(rawset, {}, nil, 1))
