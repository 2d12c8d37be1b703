-- find, match, gmatch and gsub with patterns. Run by gilvm and by lua5.4: the output is the same.
local function try(f, ...) print(pcall(f, ...)) end
local long = {}
for i = 1, 200 do long[i] = "key" .. i .. "=value" .. i * i end
long = table.concat(long, ";")

-- find
print(("hello"):find("l+"), ("hello"):find("(l)(l)"), ("hello"):find("()ll()"), ("hello"):find("^h"), ("hello"):find("^e"))
print(("hello"):find("o$"), ("hello"):find("[^a-h]", 2), ("a.b"):find("%."), ("a\0b"):find("%z"), ("a\0b"):find("[\0]"))
print(("hello"):find("l", 4), ("hello"):find("^l", 3), ("hello"):find("x*", 6), ("hello"):find("x*", 7), (""):find("^$"))
print(("x = 12"):find("(%w+)%s*=%s*(%d+)"), ("  x"):find("%S"), ("THE (quick) fox"):find("%((%a+)%)"))
print(("f(a(b)c)d"):find("%b()"), ("THE quick"):find("%f[%a]%a+%f[%A]", 2), ("aXb"):find("%u"), ("axb"):find("%u"))
print(long:find("key150=(%w+)"), long:find("key150", 1, true), long:find("value40000$"))

-- match
print(("2024-01-31"):match("(%d+)-(%d+)-(%d+)"), ("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("abc"):match("b"))
print(("abc"):match("()b()"), ("abc"):match("x"), ("abc"):match(".-"), ("abc"):match(".-$"), ("abc"):match("", 10))
print(("  trim  "):match("^%s*(.-)%s*$") .. "|", ("abcabc"):match("(a)b(c)%1"), ("xyzxyz"):match("(xyz)%1"))
print(("0x1F"):match("^0[xX](%x+)$"), ("a,b"):match("([^,]*),([^,]*)"), ("abc"):match("[]]"), ("a]c"):match("[]]"))
print(("a-z"):match("[a%-z]+"), ("^x"):match("[%^x]+"), ("abc123"):match("%a+", 2), ("abc123"):match("%d", -2))
print(long:match("key7=(%w+);key8=(%w+)"), #long:match(".*"), long:match("(%w+)=(%w+)$"))
print(string.match(12345, "%d%d"), ("x"):match("x", "1"), select("#", ("abc"):match("((a)(b))")))

-- gmatch
for word in ("one two  three"):gmatch("%a+") do io.write(word, ";") end print()
for key, value in ("a=1, b=2, c=3"):gmatch("(%w+)=(%w+)") do io.write(key, ":", value, ";") end print()
for position in ("abc"):gmatch("()") do io.write(position, ";") end print()
for empty in ("abc"):gmatch("x*") do io.write("[", empty, "]") end print()
for part in ("a,,b,"):gmatch("([^,]*)") do io.write("[", part, "]") end print()
for caret in ("^a^a"):gmatch("^a") do io.write(caret, ";") end print()
for caret in ("^^b"):gmatch("^*") do io.write("[", caret, "]") end print()
for word in ("one two three"):gmatch("%a+", 5) do io.write(word, ";") end print()
for word in ("one two three"):gmatch("%a+", -3) do io.write(word, ";") end print()
for word in ("one"):gmatch("%a*", 4) do io.write("[", word, "]") end print()
for word in ("one"):gmatch("%a*", 40) do io.write("[", word, "]") end print()
for a, b in ("abcd"):gmatch("()(.)") do io.write(a, b, ";") end print()
for frontier in ("THE (quick) fox"):gmatch("%f[%a]%a+") do io.write(frontier, ";") end print()
local count, sum = 0, 0
for key, value in long:gmatch("(%w+)=value(%d+)") do count, sum = count + 1, sum + value end
print(count, sum)
local step = ("ab"):gmatch(".")
print(step(), step(), step(), step())
step = ("x"):gmatch("")
print(step(), step(), step())
-- iterators over long strings that take turns
local steps, texts = {}, {}
for i = 1, 6 do texts[i] = (tostring(i) .. " "):rep(200) steps[i] = texts[i]:gmatch("%d+") end
for round = 1, 3 do for i = 1, 6 do io.write(steps[i](), " ") end end print()
for line in (("x y\n"):rep(3)):gmatch("[^\n]+") do for word in line:gmatch("%a") do io.write(word, ".") end end print()

-- gsub with a string
print(("hello"):gsub("l", "L"), ("hello"):gsub("l", "L", 1), ("hello"):gsub("x", "y"), ("hello"):gsub("", "-"))
print(("hello world"):gsub("(%w+)", "<%1>"), ("hello"):gsub(".", "%0%0"), ("abc"):gsub("(a)(b)", "%2%1"), ("a"):gsub("a", "%%"))
print(("abc"):gsub("^a", "x"), ("aaa"):gsub("^a", "x"), ("abc"):gsub("$", "!"), ("abc"):gsub("%w", "%0", 0), ("abc"):gsub("b*", "-"))
print(("abc"):gsub("b", 7), ("abc"):gsub("b", 1.5), string.gsub(121, 1, 2), ("x"):gsub("x", ""), ("abc"):gsub("", "", 2))
print(#long:gsub("value", "v"), select(2, long:gsub("value", "v")))

-- gsub with a function
print(("hello"):gsub("l", function(c) return c:upper() end), ("hello"):gsub("l", function() end))
print(("hello"):gsub("(h)(e)", function(a, b) return b .. a end), ("hello"):gsub("()l", function(p) return p end))
print(("abc"):gsub("%w", function(c) return c == "b" and false or nil end), ("abc"):gsub(".", function(c) return c:byte() end))
print(("abc"):gsub("", function() return "-" end), ("abc"):gsub("x*", function(e) return "<" .. e .. ">" end))
print(("aaa"):gsub("^a", function() return "x" end), ("abc"):gsub("b*", function(s) return "[" .. s .. "]" end))
print(("aaa"):gsub("a", function() return "b" end, 2), ("aaa"):gsub("a", function() return "b" end, 0), ("aaa"):gsub("a", function() return 1.5 end, -1))
print(("a b"):gsub("%a", function(c) return (c .. c):gsub(c, function(d) return d:upper() end) end))
print((long:gsub("%d+", function(d) return d + 1 end)):sub(1, 60))
print(("x"):gsub("x", string.upper), ("one two"):gsub("%w+", string.reverse), ("65 66"):gsub("%d+", string.char))

-- gsub with a table
print(("$name is $age"):gsub("%$(%w+)", {name = "Ana", age = 12}), ("abc"):gsub("%w", {a = 1, b = true and "B", c = false}))
print(("abc"):gsub("()%w", {[1] = "x", [3] = "z"}), ("abc"):gsub("%w", setmetatable({}, {__index = function(_, k) return k .. k end})))
print(("k"):gsub("k", setmetatable({}, {__index = string})), ("ab"):gsub("(a)(b)", {a = "x"}))

-- errors
try(function() return ("x"):find("[a") end)
try(function() return ("x"):find("%") end)
try(function() return ("x"):find("(x") end)
try(function() return ("x"):find("x)") end)
try(function() return ("x"):find("%f") end)
try(function() return ("x"):find("%b") end)
try(function() return ("x"):find("%1") end)
try(function() return ("xx"):match("(x)%2") end)
try(function() return ("x"):match("((x)%1)") end)
try(function() return ("x"):gsub("x", "%2") end)
try(function() return ("x"):gsub("x", "%x") end)
try(function() return ("x"):gsub("x", "%") end)
try(function() return ("x"):gsub("x") end)
try(function() return ("x"):gsub("x", nil) end)
try(function() return ("x"):gsub("x", true) end)
try(function() return ("x"):gsub("x", "y", {}) end)
try(function() return ("x"):gsub("x", true, {}) end)
try(function() return ("x"):gsub({}, "y") end)
try(function() return ("x"):gsub("x", function() return {} end) end)
try(function() return ("x"):gsub("x", {x = {}}) end)
try(function() return ("x"):gsub("x", {x = print}) end)
try(function() return ("x"):gsub("x", {x = true}) end)
try(function() return ("x"):gsub("x", function() error("inside") end) end)
try(function() return ("x"):gsub("(x", function() return "" end) end)
try(function() return ("x"):gsub("x", setmetatable({}, {__index = function() error("index", 0) end})) end)
print(select(2, pcall(function() return ("x"):gsub("x", function() error({code = 7}) end) end)).code)
try(function() return ("x"):gmatch() end)
try(function() return ("x"):gmatch("x", {}) end)
try(function() for _ in ("x"):gmatch("[") do end end)
try(function() for _ in ("x"):gmatch("(") do end end)
try(function() return ("x"):match({}) end)
try(function() return string.gmatch(nil, "x") end)
try(function() return (("x"):rep(300000)):match((".-"):rep(300) .. "b") end)
try(function() return ("x"):find(("(x?)"):rep(33)) end)
try(function() return (("x"):rep(40)):find(("(x)"):rep(32)) end)
-- a pattern that fails leaves nothing behind
print(("hello"):find("l+"), ("hello"):gsub("l", function(c) pcall(string.find, "x", "[") return "L" end))
