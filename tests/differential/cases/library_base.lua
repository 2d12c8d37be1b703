-- The basic functions (Lua manual §6.1): arguments, results, messages.
local function show(...)
  local list = table.pack(...)
  for i = 1, list.n do list[i] = tostring(list[i]):gsub("0x%x+", "ADDRESS") end
  io.write(table.concat(list, "\t"), "\n")
end
local function try(f, ...) show(pcall(f, ...)) end
for _, name in ipairs {"assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen", "rawset", "select", "setmetatable", "tonumber", "type", "xpcall"} do
  local f = _G[name]
  try(f) try(f, nil) try(f, {}) try(f, 1, {}) try(f, {}, nil) try(f, {}, 1) try(f, {}, 1, 2) try(f, "x", "y")
end
-- tonumber
for _, text in ipairs {"0", "-0", " 10 ", "1e1", "1e", "0x", "0x10", "-0x10", "0xA.8p1", "0x.1", "0x1p", "1.", ".5", ".", "5.e1", "", " ", "1 2", "1_0", "inf", "nan", "0b1", "1e400", "-1e400", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "0xffffffffffffffff", "0x1ffffffffffffffff", "1\0", "\0001", "+1", "+-1", "- 1", "1-", "1e+5", "1e-5", "1E5", "0X1P-2", "infinity", "0x1.8", "\t\n\v\f\r1\t\n", "1e5000000000", "00012", "0x00012", "1.5.5", "1,5", ("1"):rep(300), "0." .. ("0"):rep(300) .. "1"} do
  local n = tonumber(text)
  show((("%q"):format(text):sub(1, 40):gsub("\n", "?")), n, math.type(n))
end
for _, case in ipairs {{"10", 2}, {"12", 2}, {"ff", 16}, {"FF", 16}, {"zz", 36}, {"-zz", 36}, {" 11 ", 2}, {"1 1", 2}, {"", 10}, {"-", 10}, {"7fffffffffffffff", 16}, {"ffffffffffffffff", 16}, {"10000000000000000", 16}, {"9", 8}, {"1.0", 10}, {"1e1", 10}, {"1e1", 16}, {"+5", 10}, {"0x10", 16}, {"\t7\n", 8}, {"1\0", 10}, {"99999999999999999999", 10}} do
  show(case[1], case[2], tonumber(case[1], case[2]))
end
try(tonumber, "10", 1) try(tonumber, "10", 37) try(tonumber, 10, 10) try(tonumber, "10", "x") try(tonumber, {}, 10) try(tonumber, "10", 2.5) try(tonumber, "10", nil) try(tonumber, nil, 10) try(tonumber) try(tonumber, {}) try(tonumber, true)
-- tostring
show(tostring(nil), tostring(true), tostring(1), tostring(-0.0), tostring("x"), tostring(1e100))
show((tostring(print):gsub("0x%x+", "ADDRESS")), (tostring({}):gsub("0x%x+", "ADDRESS")), (tostring(setmetatable({}, {__name = "Name"})):gsub("0x%x+", "ADDRESS")), (tostring(setmetatable({}, {__name = 1})):gsub("0x%x+", "ADDRESS")))
try(tostring) try(tostring, setmetatable({}, {__tostring = function() return 1 end})) try(tostring, setmetatable({}, {__tostring = function() return {} end})) try(tostring, setmetatable({}, {__tostring = 1})) try(tostring, setmetatable({}, {__tostring = function(...) return select("#", ...) .. "" end}))
try(print, setmetatable({}, {__tostring = function() return nil end}))
print(nil, setmetatable({}, {__tostring = function() return "in print" end}), 1, 1.0)
show(pcall(print, setmetatable({}, {__tostring = function() error("failed") end})))
-- select
show(select("#"), select("#", nil, nil), select(1, "a", "b"), select(-1, "a", "b"), select(-2, "a", "b"))
show((select(2, "a", "b", "c")), select(5, "a"), select("2", "a", "b"), select(2.0, "a", "b"))
try(select, 0) try(select, -3, 1, 2) try(select, "x") try(select, 1.5, 1) try(select, "##", 1) try(select, math.mininteger, 1) try(select, math.maxinteger, 1)
-- next, pairs, ipairs
show(next({}), next({10}), next({10}, 1), next({a = 1}))
try(next, {}, "absent") try(next, {}, 1) try(next, {1, 2}, 3) try(next, {1, 2}, 2) try(next, {1}, 1.0) try(next, {1}, 0 / 0) try(next, nil)
show(pairs({}) == next, select("#", pairs({})), select(3, pairs({})), pcall(pairs), pcall(pairs, nil), pcall(ipairs), pcall(ipairs, nil))
show(pairs(setmetatable({}, {__pairs = function(t) return 1, 2, 3, 4 end})))
try(pairs, setmetatable({}, {__pairs = function() error("in pairs") end})) try(pairs, setmetatable({}, {__pairs = 1}))
for i, v in ipairs(setmetatable({}, {__index = function(_, i) if i < 4 then return i * i end end})) do io.write(i, "=", v, " ") end
for i, v in ipairs {1, nil, 3} do io.write(i, "=", v, " ") end
for i, v in ipairs("abc") do io.write("never") end
show(pcall(function() for i in ipairs(5) do end end))
show(pcall(function() for i in pairs(5) do end end))
show(pcall(function() for i in 5 do end end), pcall(function() for i in nil do end end), pcall(function() for i in {} do end end))
-- raw access
show(rawequal("a", "a"), rawequal({}, {}), rawequal(1, 1.0), rawequal(0 / 0, 0 / 0), rawequal("a", 1), rawlen({1, 2}), rawlen("abc"))
local t = setmetatable({}, {__index = function() return "meta" end, __newindex = function() error("never") end, __len = function() return 42 end})
show(t.x, rawget(t, "x"), rawset(t, "x", 1) == t, t.x, #t, rawlen(t))
try(rawset, {}, nil, 1) try(rawset, {}, 0 / 0, 1) try(rawlen, 5) try(rawlen) try(rawget, "x", 1) try(rawset, 1, 2, 3) try(rawget, {}, nil)
try(rawset, {}, 1) try(rawequal, 1)
-- metatables
show(getmetatable("x").__index == string, getmetatable({}), getmetatable(setmetatable({}, {__metatable = "locked"})), getmetatable(setmetatable({}, {__metatable = false})))
try(setmetatable, setmetatable({}, {__metatable = 1}), {}) try(setmetatable, 1, {}) try(setmetatable, {}) try(setmetatable, {}, 1) try(setmetatable, {}, true) try(setmetatable, nil, nil)
-- assert, error
try(assert, false) try(assert, nil, "message") try(assert, false, {1}) try(assert, nil, nil) try(assert, 1, 2, 3) try(assert, false, 12) try(assert) try(assert, nil, false)
try(error) try(error, nil) try(error, "m", 0) try(error, "m", 1) try(error, "m", 2) try(error, {}, 1) try(error, 12) try(error, 12.5, 2) try(error, true) try(error, "m", "x") try(error, "m", {}) try(error, "m", 3) try(error, "m", 100) try(error, "m", -1) try(error, "m", 1.5)
local function level(n) error("level " .. n, n) end
for n = 0, 6 do show(pcall(function() level(n) end)) end
show(pcall(function() local ok, m = pcall(level, 2) show(ok, m) level(2) end))
local co = {pcall(pcall)} show(co[1], co[2])
show(pcall(pcall, error, "x"), pcall(pcall, pcall, error, "x"), pcall(error, "x", 0))
-- xpcall
show(xpcall(error, function(m) return m .. " handled" end, "message"), xpcall(function(...) return select("#", ...), ... end, print, 1, nil, 3))
show(xpcall(error, function(m) error("in the handler") end, "x"))
show(select("#", xpcall(error, function() return 1, 2, 3 end)))
show(xpcall(error, function() end, "x"))
show(xpcall(error, error, "x"))
show(pcall(xpcall, error, 1, "x"))
show(pcall(xpcall, error, nil, "x"))
show(pcall(xpcall)) show(pcall(xpcall, print)) show(pcall(xpcall, print, nil))
show(xpcall(nil, function(m) return "h:" .. m end)) show(xpcall(5, function(m) return "h:" .. m end)) show(pcall(nil)) show(pcall({}))
show(xpcall(function() local x = nil; x.y = 1 end, function(m) return (m:gsub("^.-:%d+: ", "")) end))
show(xpcall(function() error({code = 5}) end, function(e) return e.code end))
show(xpcall(function() error(setmetatable({}, {__tostring = function() return "object" end})) end, tostring))
show(select(2, xpcall(function() xpcall(error, function(m) error(m) end, "inner") error("outer") end, function(m) return m end)))
local depth = 0
show(xpcall(function() error("first") end, function(m) depth = depth + 1 if depth < 5 then error("again " .. depth) end return "finally " .. tostring(m) end), depth)
show(type(_VERSION), _VERSION, _G._G == _G, type(_G), _ENV == _G)
-- type
for _, v in ipairs {1, 1.5, "x", true, {}, print, io.stdout} do io.write(type(v), " ") end show(type(nil), pcall(type))
local names = {} for name in pairs(_G) do names[#names + 1] = name end table.sort(names)
for _, name in ipairs(names) do if not ({warn = 1, coroutine = 1, arg = 1, experiment = 1})[name] then io.write(name, " ") end end show()
