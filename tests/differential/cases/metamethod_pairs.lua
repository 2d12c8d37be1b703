-- __pairs replaces pairs; ipairs respects __index and stops at nil.
local t = setmetatable({}, { __pairs = function(t) return function(_, k) if not k then return 1, "only" end end, t, nil end })
for k, v in pairs(t) do print(k, v) end
local proxy = setmetatable({}, { __index = function(_, i) if i <= 3 then return i * i end end })
for i, v in ipairs(proxy) do io.write(i, "=", v, " ") end
print()
for i, v in ipairs({ 1, 2, nil, 4 }) do io.write(i, " ") end
print()
print(next({}), next({ 10 }), pcall(next, {}, "absent"))
print(rawequal(next, (pairs({}))))
