-- Metamethods (Lua manual §2.4): every event, operand orders, arguments, results adjusted to one.
local log = {}
local function event(name) return function(...) local n = select("#", ...) log[#log + 1] = name .. n return "r:" .. name, "second" end end
local mt = {}
for _, name in ipairs {"add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr", "bnot", "concat", "len", "eq", "lt", "le", "index", "newindex", "call", "close"} do mt["__" .. name] = event(name) end
local a, b = setmetatable({}, mt), setmetatable({}, mt)
print(a + 1, 1 + a, a + b, a - 1, 1 - a, a * 2, 2 * a, a / 2, 2 / a, a % 2, 2 % a, a ^ 2, 2 ^ a, -a, a // 2, 2 // a)
print(a & 1, 1 & a, a | 1, 1 | a, a ~ 1, 1 ~ a, a << 1, 1 << a, a >> 1, 1 >> a, ~a, a .. 1, 1 .. a, a .. "x", "x" .. a, #a)
print(a == b, a ~= b, a == 1, a < b, a < 1, 1 < a, a <= b, a > b, a >= 1, 1 >= a, a == a, rawequal(a, b))
print(a.x, a[1], a(1, 2), (a()))
a.x = 1 a[1] = 2
do local c <close> = a end
print(table.concat(log, " "))
print(a + "x", "x" + a, a + nil, nil + a, a .. nil, nil .. a, a & "x", 1.5 & a, "abc" | a)
print("1" .. 2 .. a, a .. 2 .. "1", ("x"):rep(3) .. a)
-- inherited fields are no metamethods; raw access
local parent = {__add = function() return "inherited" end}
print(pcall(function() return setmetatable({}, setmetatable({}, {__index = parent})) + 1 end))
-- __index chains
local base = {k = "base"} local middle = setmetatable({}, {__index = base}) local top = setmetatable({}, {__index = middle}) print(top.k, top.absent, rawget(top, "k"))
local calls = 0 local f = setmetatable({}, {__index = function(t, k) calls = calls + 1 return k end}) print(f.a, f[1], f[nil], f[f] == f, calls, f[0 / 0] ~= f[0 / 0])
print(setmetatable({}, {__index = "string"}).len == ("x").len, pcall(function() return setmetatable({}, {__index = 5}).x end))
-- __newindex
local store = {} local proxy = setmetatable({}, {__newindex = store}) proxy.a = 1 proxy[1] = 2 print(rawget(proxy, "a"), store.a, store[1]) proxy = setmetatable({present = 1}, {__newindex = function(t, k, v) rawset(t, k, v * 2) end}) proxy.present = 5 proxy.absent = 5 print(proxy.present, proxy.absent) proxy.present = nil proxy.present = 3 print(proxy.present)
print(pcall(function() local t = setmetatable({}, {__newindex = function(t, k) error("no " .. tostring(k)) end}) t[nil] = 1 end), pcall(function() local t = setmetatable({}, {}) t[nil] = 1 end))
-- __eq only for two tables or two userdata; results become booleans
local always = {__eq = function() return "yes" end} print(setmetatable({}, always) == setmetatable({}, always), setmetatable({}, always) == setmetatable({}, {}), setmetatable({}, {}) == setmetatable({}, always), setmetatable({}, always) == 1, setmetatable({}, always) ~= setmetatable({}, always))
print(setmetatable({}, {__lt = function() return nil end}) < 1, setmetatable({}, {__lt = function() return 0 end}) < 1, setmetatable({}, {__le = function() return false end}) <= 1, not (setmetatable({}, {__lt = function() return 1 end}) > 5))
-- __call
local callable = setmetatable({}, {__call = function(self, ...) return select("#", ...), ... end}) print(callable(), callable(nil), callable(1, 2), pcall(callable, "x")) print((select(2, pcall(setmetatable({}, {__call = callable}), "y")))) for i in setmetatable({}, {__call = function(_, _, i) i = (i or 0) + 1 if i < 4 then return i end end}) do io.write(i, " ") end print()
-- __len, __concat, __unm, __bnot with their arguments
print(#setmetatable({1, 2}, {__len = function(t) return rawlen(t) * 10 end}), pcall(function() return #setmetatable({}, {__len = function() return "any", 1 end}) end)) print(-setmetatable({}, {__unm = function(x, y) return rawequal(x, y) end}), ~setmetatable({}, {__bnot = function(x, y) return rawequal(x, y) end})) local order = setmetatable({}, {__concat = function(x, y) return type(x) .. "," .. type(y) end}) print(order .. 1, 1 .. order, order .. order, "a" .. "b" .. order, order .. "a" .. "b", 1 .. order .. 2)
-- __close
do local log = {} local function closer(n) return setmetatable({}, {__close = function(self, e) log[#log + 1] = n .. ":" .. tostring(e) end}) end do local x <close> = closer("x") local y <close> = closer("y") local z <close> = nil local w <close> = false end print(table.concat(log, " ")) log = {} print(pcall(function() local x <close> = closer("x") local y <close> = closer("y") error("E", 0) end)) print(table.concat(log, " ")) log = {} print((function() local x <close> = closer("x") return "value", "second" end)()) for i = 1, 2 do local x <close> = closer(i) if i == 1 then goto continue end break ::continue:: end print(table.concat(log, " ")) log = {} for k in next, {1}, nil, closer("for") do end print(table.concat(log, " ")) print(pcall(function() local x <close> = 5 end)) print(pcall(function() local x <close> = {} end)) print(pcall(function() local x <close> = setmetatable({}, {__close = function(_, e) error("second " .. tostring(e), 0) end}) error("first", 0) end)) end
-- __metatable, __name, __pairs, __tostring together
local full = setmetatable({}, {__metatable = "hidden", __name = "Full", __tostring = function() return "full!" end, __pairs = function(t) return function(_, k) if not k then return 1, 2 end end, t, nil end}) print(getmetatable(full), tostring(full), pcall(setmetatable, full, nil)) for k, v in pairs(full) do print(k, v) end
print(pcall(function() return full + 1 end)) print(pcall(function() return full < full end)) print(pcall(function() return full < 1 end)) print(pcall(function() return #nil .. full end)) print(pcall(function() return full() end)) print(pcall(string.rep, full)) print(pcall(ipairs)) print(pcall(math.floor, full))
-- metatable changed between operations
local changing = setmetatable({}, {__index = function(t, k) setmetatable(t, {__index = function() return "second" end}) return "first" end}) print(changing.x, changing.x) local removed = setmetatable({}, {__add = function() return 1 end}) print(removed + 1) getmetatable(removed).__add = nil print(pcall(function() return removed + 1 end))
