-- Yields in every metamethod, in the middle of the instruction that called it.
local yield = coroutine.yield
local object = {}
local metatable = {}
local function event(name, result)
  metatable[name] = function(a, b)
    local which = (rawequal(a, object) and "left" or tostring(a):gsub("0x%x+", "ADDRESS")) .. " " .. (rawequal(b, object) and "right" or tostring(b):gsub("0x%x+", "ADDRESS"))
    local got = yield(name, which)
    if result ~= nil then return result end
    return got
  end
end
for _, name in ipairs{"__add", "__sub", "__mul", "__div", "__mod", "__pow", "__unm", "__idiv", "__band", "__bor",
                      "__bxor", "__shl", "__shr", "__bnot", "__concat", "__len", "__eq", "__lt", "__le"} do
  event(name)
end
setmetatable(object, metatable)
local other = setmetatable({}, metatable)

-- Runs `f` to its end; every yield is answered by the next number, or by what `answer` says.
local function drive(f, answer)
  local co, value, n = coroutine.create(f), nil, 0
  while true do
    local results = table.pack(coroutine.resume(co, value))
    for i = 1, results.n do results[i] = rawequal(results[i], object) and "object" or tostring(results[i]):gsub("0x%x+", "ADDRESS") end
    print(coroutine.status(co), table.concat(results, " ", 1, results.n))
    if coroutine.status(co) == "dead" then return end
    n = n + 1
    if answer ~= nil then value = answer else value = n end
  end
end

drive(function() return object + 1, 1 + object, object - 2, 2.5 - object, object * 3, object / 4, object % 5, object ^ 6 end)
drive(function() return object // 7, object & 8, 9 | object, object ~ 10, object << 11, 1 << object, object >> 12, ~object, -object end)
drive(function() local a, b = 5, object; local c = a + b; local d = b + a; return c, d, a - b end)
drive(function() return #object end)
drive(function() return object .. "x", "x" .. object, 1 .. 2 .. object .. 3 .. 4, object .. object .. object end)
drive(function() local s = "a" .. "b" .. object .. "c" .. object .. "d" return s end, "text")

for _, answer in ipairs{true, false} do
  drive(function() return object == other, object ~= other, object < other, object <= other, object > 1, 1 >= object end, answer)
  drive(function()
    local taken = {}
    if object == other then taken[#taken + 1] = "eq" end
    if object ~= other then taken[#taken + 1] = "ne" end
    if object < 5 then taken[#taken + 1] = "lt" end
    if 5 <= object then taken[#taken + 1] = "ge" end
    if not (object > other) then taken[#taken + 1] = "not gt" end
    local n = 0
    while object < other and n < 2 do n = n + 1 end
    repeat n = n + 1 until object == other or n > 4
    return table.concat(taken, ","), n, object < other and "yes" or "no"
  end, answer)
end

-- __index, __newindex, __call.
local proxy = setmetatable({}, {
  __index = function(t, k) return yield("index", tostring(k)) end,
  __newindex = function(t, k, v) yield("newindex", tostring(k), tostring(v)) rawset(t, k, v) end,
  __call = function(self, ...) return yield("call", ...) end,
})
drive(function()
  proxy.field = proxy.other
  proxy[1] = proxy[2]
  local k = "key"
  proxy[k .. "s"] = proxy[k]
  return proxy.field, proxy[1], proxy.keys, proxy(1, 2), (proxy()), proxy:method()
end, "answer")
drive(function()
  local a, b, c = proxy.a, proxy.b, {proxy.c, proxy.d; e = proxy.e}
  return a, b, c[1], c[2], c.e
end)
drive(function() return proxy("tail") end)
drive(function() global_of_proxy = proxy.x; return global_of_proxy end)
local chained = setmetatable({}, {__index = setmetatable({}, {__index = proxy})})
drive(function() return chained.deep, chained[7] end)
local environment = setmetatable({}, {__index = function(_, k) return yield("global", k) end})
drive(load("x = a + b; return x, c", "chunk", "t", environment))

-- __lt for sorting in Lua code, __eq inside of table code, in a deep call.
drive(function()
  local function smallest(a, b, c) local m = a; if b < m then m = b end if c < m then m = c end return m == other end
  return smallest(object, other, object)
end, false)

-- yield itself, and functions of wrap, as metamethods.
local direct = setmetatable({}, {__index = yield, __add = yield, __concat = yield, __eq = yield, __lt = yield, __len = yield,
                                 __call = yield, __newindex = yield, __unm = yield, __close = yield})
drive(function() return rawequal(direct.x, "v"), direct + 1 end, "v")
drive(function() direct.y = 1; return direct .. "s", direct < direct, #direct, direct(1), -direct end, 0)
local wrapped = setmetatable({}, {__index = coroutine.wrap(function(t, k) while true do t, k = yield(k .. "!") end end)})
print(wrapped.a, wrapped.b, wrapped.c)

-- Errors after the yield name the operand as usual.
drive(function() local up = proxy.nothing; return up.field end, false)
drive(function() local up = {}; up.x = proxy.nothing; return up.x .. "s" end, nil)

-- pairs with a metamethod that yields.
local paired = setmetatable({}, {__pairs = function(t) return yield("pairs"), 4, 5, 6, 7 end})
drive(function() return pairs(paired) end)
drive(function() local a, b, c, d = pairs(paired) return a, b, c, d end)
drive(function()
  local sum = 0
  for k, v in pairs(setmetatable({}, {__pairs = function(t) yield("begin") return next, {10, 20, 30}, nil end})) do
    sum = sum + v
    yield("in the loop", k)
  end
  return sum
end)
