-- Patterns (Lua manual §6.4.1): find, match, gmatch, gsub, and what is malformed.
local function try(f, ...) print(pcall(f, ...)) end
local subjects = {"", "a", "hello world", "  key = value  ", "THE (quick) fox", "a.b-c", "x=1, y=22, z=333", "((nested) (parens))", "aaa", "a\0b\0c", "\xE4\xF6", "line1\nline2\n", "[]", "%d", "f(a(b)c)d)"}
local patterns = {"", "a", ".", "a*", "a+", "a-", "a?", "^a", "a$", "^$", "^", "$", "%a+", "%d+", "%s*", "%w+", "%p", "%u+", "%l+", "%c", "%x+", "%g+", "%z", "%A", "%D+", "%S+", "%W", "[abc]", "[^abc]", "[a-c]+", "[%a_]+", "[%d.]", "[]]", "[^]]", "[]-a]", "[a-]", "[a%-z]", "[^%s]+",
  "(a)", "(a)(b)", "()", "()a()", "(%w+)%s*=%s*(%w+)", "%b()", "%b[]", "%f[%w]%w+", "%f[%a]", "%f[^%w]", "%f[%z]", "(h)(.)%2", "(.)%1", "(%w)%1", "((%w)(%w))", ".-b", "^%s*(.-)%s*$", "%%", "%.", "a.-c", "[[]", "[%]]", "%f[%S]", "b*$", "(a*(.)%w(%s*))", ".*", ".+", "(.-)=", "\0", "[\0-\1]", "%b%%", "[\x80-\xff]", "%bxx", "%w%w%w?", "a-b-c-$"}
for _, pattern in ipairs(patterns) do
  for _, subject in ipairs(subjects) do
    local line = {pattern, subject}
    local function add(ok, ...)
      local list = table.pack(...)
      for i = 1, list.n do list[i] = tostring(list[i]) end
      line[#line + 1] = table.concat(list, ",")
    end
    add(pcall(string.find, subject, pattern))
    add(pcall(string.match, subject, pattern))
    add(pcall(string.gsub, subject, pattern, "<%0>"))
    add(pcall(string.gsub, subject, pattern, "%1", 2))
    add(pcall(string.find, subject, pattern, 3))
    add(pcall(string.match, subject, pattern, -2))
    local all = {}
    add(pcall(function() for a, b in subject:gmatch(pattern) do all[#all + 1] = tostring(a) .. "/" .. tostring(b) end return table.concat(all, ";") end))
    print((table.concat(line, " | "):gsub("%c", "?")))
  end
end
for _, pattern in ipairs {"[", "[^", "[a", "[]", "[^]", "[%", "[a-", "[a-%", "%", "(", ")", "(()", "())", "%b", "%ba", "%f", "%fa", "%1", "(%1)", "(a)%2", "%0", "a%", "(.", ".)", "[a-]", "%f[", "%f[a", "((a)", "%bx", "(a)(%1", "[[:alpha:]", "*", "+", "?", "-", "^*", "a**", "a^", "a$b"} do
  try(string.find, "abc(x)", pattern)
  try(string.match, "abc(x)", pattern)
  try(string.gsub, "abc(x)", pattern, "x")
  try(function() return string.gmatch("abc(x)", pattern)() end)
end
-- plain search, init
for init = -8, 8 do print(init, ("hello"):find("l", init), ("hello"):find("l", init, true), ("hello"):find("", init), ("hello"):match("()", init), ("hello"):find("", init, true), ("hello"):match(".", init)) end
print(("a.b"):find(".", 1, true), ("a.b"):find("%.", 1, true), ("a+b"):find("+", 1, true), ("a\0b"):find("\0", 1, true), ("abc"):find("abcd", 1, true), ("abc"):find("c", 1, 0))
print(("x"):find("x", math.maxinteger), ("x"):find("x", math.mininteger), ("x"):find("", 10), ("x"):find("", 2), ("x"):find("", 3))
-- gmatch: init, anchors, captures of positions
for _, init in ipairs {1, 3, 6, 7, -1, -3, 0, 100} do
  local all = {}
  for a in ("abcabc"):gmatch("[ac]", init) do all[#all + 1] = a end
  print(init, table.concat(all))
end
for a, b in ("k1=v1;k2=v2"):gmatch("(%w+)=(%w+)") do io.write(a, b, " ") end
for p in ("abc"):gmatch("()") do io.write(p, " ") end
for w in ("^a^b"):gmatch("^a") do io.write(w, " ") end
for w in ("aXbXc"):gmatch("%u*") do io.write("<", w, ">") end
print()
try(string.gmatch, "x")
try(string.gmatch, "x", {})
try(string.gmatch, "x", "x", {})
local iterator = ("abc"):gmatch(".")
print(iterator(), iterator("ignored"), iterator(), iterator(), iterator())
-- gsub: every kind of replacement
print(("hello"):gsub("l", "L"), ("hello"):gsub("l", "L", 1), ("hello"):gsub("l", "L", 0), ("hello"):gsub("l", "L", -1), ("hello"):gsub("", "-"), ("hello"):gsub("x*", "-"))
print(("hello"):gsub("(l)(l)", "%2%1%0%%"), ("abc"):gsub("%w", "%0%0"), ("abc"):gsub("%w", "%1"))
print(("hello"):gsub("l", {l = "T"}), ("hello"):gsub(".", {h = 1, e = "E", l = false, o = nil}))
print(pcall(string.gsub, "hello", ".", {h = true}), pcall(string.gsub, "hello", ".", {h = {}}))
print(("hello"):gsub("l", function(c) return c:upper() end), ("hello"):gsub("(h)(e)", function(a, b) return b .. a end), ("hello"):gsub("l", function() end), ("hello"):gsub("l", function() return false end), ("hello"):gsub("l", function() return 1 end))
print(pcall(string.gsub, "hello", "l", function() return {} end))
print(pcall(string.gsub, "hello", "l", function() return true end))
print(pcall(string.gsub, "hello", "l", function() error("in the function") end))
print(pcall(string.gsub, "hello", "l", "%"), pcall(string.gsub, "hello", "l", "%2"), pcall(string.gsub, "hello", "l", "%x"), pcall(string.gsub, "hello", "(l)", "%1%2"), pcall(string.gsub, "x", "y", "%"))
print(pcall(string.gsub, "hello", "l"), pcall(string.gsub, "hello", "l", nil), pcall(string.gsub, "hello", "l", true), pcall(string.gsub, "hello"), pcall(string.gsub, "hello", "l", "x", "y"))
print(("abc"):gsub("b", 5), ("abc"):gsub("b", 5.5), ("abc"):gsub("^a", "x"), ("aaa"):gsub("^a", "x"), ("abc"):gsub("c$", "x"), ("abc"):gsub("$", "x"), ("abc"):gsub("^", "x"))
print(("abc"):gsub("()", "%1"), ("abc"):gsub("(b)()", "%2"), ("x y z"):gsub("%s", "%%"), ("abc"):gsub(".", {a = 1, b = 2.5}), ("hello world"):gsub("o", "0", 1.0))
print(pcall(string.gsub, "x", "x", "x", 1.5))
print(("abc"):gsub(".", setmetatable({}, {__index = function(_, k) return k .. k end})))
print(pcall(string.gsub, "abc", ".", setmetatable({}, {__index = function(_, k) error("index " .. k) end})))
-- many captures, deep patterns
print(("a"):rep(32):find(("(a)"):rep(32)))
print(pcall(string.find, ("a"):rep(33), ("(a)"):rep(33)))
print(pcall(string.find, ("a"):rep(300000), ("a?"):rep(300000) .. "b"))
print(pcall(string.match, ("x"):rep(300000), ("(x)"):rep(1) .. (".-"):rep(250) .. "b"))
print(pcall(string.rep, "x", -1), #("a"):rep(100000):match(".-b?$"), ("a"):rep(1000):find(".-b"))
print(("("):rep(300):find("%b()"), (("("):rep(300) .. (")"):rep(300)):find("%b()"))
print(("alo xyzK"):gsub("(%w+)(%p*)", "%2%1"), ("abc=xyz"):gsub("(%w*)(%p)(%w+)", "%3%2%1"), ("   alo aalo allo"):find("%f[%S].-%f[%s].-%f[%S]"))
print(string.find("THE (quick) fox", "%((%a+)%)"), string.find("a\nb", "a.b"), string.match("2024-01-31", "(%d+)-(%d+)-(%d+)"), string.match("  x", "^%s+"), ("x"):match("y"), ("key"):match("(k)(e)(y)()"))
