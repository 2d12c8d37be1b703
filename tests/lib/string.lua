-- The string library without patterns, format and pack. Run by gilvm and by lua5.4: the output is the same.
local function try(f, ...) print(pcall(f, ...)) end
local long = ("0123456789"):rep(10)

-- byte
print(("abc"):byte(), ("abc"):byte(2), ("abc"):byte(-1), ("abc"):byte(1, -1))
print(select("#", ("abc"):byte(4)), select("#", ("abc"):byte(0)), select("#", (""):byte()))
print(("abc"):byte(0, 2), ("abc"):byte(-10, 10), ("abc"):byte(3, 1))
print(("\0\xff"):byte(1, 2), string.byte(12345, 1, 3))
print(#{long:byte(1, -1)}, select(50, long:byte(1, -1)))
print(("x"):byte(math.maxinteger), ("x"):byte(math.mininteger, math.maxinteger))
try(function() return ("abc"):byte({}) end)
try(function() return string.byte() end)
try(function() return ("abc"):byte(1.5) end)
try(function() return ("abc"):byte("x") end)
try(function() return ("abc"):byte("2") end)

-- char
print(string.char(), #string.char(), string.char(72, 105), #string.char(0, 255))
print(#string.char(long:byte(1, -1)), string.char(long:byte(1, -1)) == long, string.char("65", 66.0))
try(function() return string.char(256) end)
try(function() return string.char(1, -1) end)
try(function() return string.char("x") end)
try(function() return string.char(65.5) end)
try(function() return string.char(65, nil) end)

-- len, lower, upper, reverse
print(#"", ("abc"):len(), string.len("a\0b"), string.len(12), long:len())
print(("aBcZ[`{é"):lower(), ("aBcz[`{é"):upper(), (long .. "Ab"):upper(), (long .. "Ab"):lower())
print(("abc"):reverse(), (""):reverse(), ("a\0b"):reverse() == "b\0a", long:reverse())
try(function() return string.len() end)
try(function() return string.len(nil) end)
try(function() return string.upper({}) end)
try(function() return string.lower(true) end)
try(function() return string.reverse(print) end)

-- sub
print(("hello"):sub(2), ("hello"):sub(2, 3), ("hello"):sub(-3), ("hello"):sub(-3, -2), ("hello"):sub(2, -2))
print(("hello"):sub(0), ("hello"):sub(6), ("hello"):sub(4, 2), ("hello"):sub(-100, 100), ("hello"):sub(1, 0))
print(("hello"):sub(math.mininteger, math.maxinteger), ("hello"):sub(math.maxinteger), ("hello"):sub("2", "4"))
print(long:sub(10, 60), long:sub(10, 60) == long:sub(10, 60), #long:sub(2), long:sub(1, -1) == long)
print(string.sub(123456, 2, 4), ("x"):sub(1.0, 1.0))
try(function() return ("x"):sub() end)
try(function() return ("x"):sub({}) end)
try(function() return ("x"):sub(1.5) end)
try(function() return string.sub() end)

-- rep
print(("ab"):rep(3), ("ab"):rep(3, ","), ("ab"):rep(0), ("ab"):rep(-1), ("ab"):rep(1, ","), (""):rep(100))
print(("x"):rep(50), ("x"):rep(3, ""), (""):rep(3, "-"), #("abc"):rep(1000, "--"), ("-"):rep(2.0))
print(#(""):rep(1e9), string.rep(12, 3), ("\0"):rep(3):byte(1, -1))
try(function() return ("x"):rep(1e10) end)
try(function() return ("x"):rep(1 << 40) end)
try(function() return ("xx"):rep(math.maxinteger) end)
try(function() return ("x"):rep(1e9, long) end)
try(function() return ("x"):rep() end)
try(function() return ("x"):rep(1.5) end)
try(function() return ("x"):rep(2, {}) end)

-- find without a pattern
print(("hello world"):find("o"), ("hello world"):find("o", 6), ("hello world"):find("xyz"), ("hello"):find(""))
print(("hello"):find("", 6), ("hello"):find("", 7), ("hello"):find("l", -2), ("hello"):find("h", -100))
print(("a.b"):find(".", 1, true), ("a.b"):find(".", 2, true), ("a+b"):find("+", 1, true), ("a\0b"):find("\0", 1, true))
print((""):find(""), (""):find("", 2), ("abc"):find("abcd"), ("aab"):find("ab"), long:find("789012"))
print(("abc"):find("b", nil, true), ("abc"):find("b", 1, false), ("a.c"):find("a.c", 1, nil))
try(function() return ("x"):find() end)
try(function() return ("x"):find({}) end)
try(function() return ("x"):find("x", {}) end)
try(function() return string.find() end)

-- concatenation, comparison and length beside the library
print("a" .. 1 .. 2.0 .. "b", "10" + 5, "0x10" * "2", 10 .. "", -"2", "3" // 1, "7" % "4", "2" ^ 2, "1" / 2)
print("a" < "b", "a" < "B", "" < "a", "a\0b" > "a", "Z" < "a", "a" <= "a", long < long .. "x")

-- the metatable of strings
local metatable = getmetatable("")
print(metatable == getmetatable("x"), metatable.__index == string, metatable.__name, metatable.__len)
local names = {}
for name in pairs(metatable) do names[#names + 1] = name end
table.sort(names)
print(table.concat(names, " "))
print(metatable.__add("10", 5), metatable.__sub(1, "2"), metatable.__mul("0x10", "2"), metatable.__mod(7, "4"))
print(metatable.__pow("2", 3), metatable.__div(1, "2"), metatable.__idiv("7", 2), metatable.__unm("3", "3"))
print(metatable.__add("10"))
try(function() return "abc" + 1 end)
try(function() return 1 - "abc" end)
try(function() return "a" * "b" end)
try(function() return {} / "1" end)
try(function() return "10" % {} end)
try(function() return -"x" end)
try(function() return "x" ^ nil end)
try(metatable.__add, {}, "x")
try(metatable.__add, 1, {})
local other = setmetatable({}, {__add = function(a, b) return type(a) .. type(b) end, __unm = function() return "neg" end})
print("10" + other, "x" + other, other + "x", pcall(metatable.__add, "x", other))
try(function() return ("x"):nothing() end)
print(pcall(function() return ("x").y end), ("x").len == string.len, #"abc" == ("abc"):len())
try(function() ("x").y = 1 end)

-- dump is left out on purpose: compiled code of one program is no use to the other
try(function() return string.dump(print) end)
try(function() return string.dump(5) end)

names = {}
for name in pairs(string) do names[#names + 1] = name end
table.sort(names)
print(table.concat(names, " "))
