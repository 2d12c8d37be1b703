-- load, string.dump, loadfile, dofile (Lua manual §6.1, §6.4): text and binary chunks.
print(load("return 1")(), load("syntax error"), load("", "=name") ~= nil)
print(load("x =", "=name"), load("x =", "@file.lua"), load("x =", "text"), load("x =\n", "long text " .. ("x"):rep(80)))
print(load("return ...", "=c", "t")(1, 2))
print(load("return 1", "=c", "b"))
print(load("return 1", "=c", ""))
print(load("return 1", "=c", "x"))
print(load(string.dump(function() end), "=c", "t"))
print(load(string.dump(load "return 1"), "=c", "b")())
print(load("return x", "=c", "bt", {x = "environment"})())
print(pcall(load("return x", "=c", "bt", nil)))
print(load("local a <const> = 1; return a", "=c", nil, nil)())
print(pcall(load))
print(pcall(load, {}))
print(pcall(load, "x", {}))
print(pcall(load, "x", "n", {}))
print(pcall(load, true))
print(load(12))
local pieces = {"return ", "1", " + 2", nil, "never"}
local at = 0
print(load(function() at = at + 1 return pieces[at] end)())
at = 0
print(load(function() at = at + 1 return ({"return 'empty ends'", "", "x"})[at] end)())
at = 0
print(load(function() at = at + 1 return ({"return ", 1, 2})[at] end)())
print(pcall(load, function() return {} end))
print(pcall(function() return load(function() return {} end) end))
print(pcall(load, function() error("in the reader") end))
print(pcall(function() return load(function() error("in the reader") end) end))
print(select("#", pcall(load, function() error({}) end)))
print(type(load(function() return nil end)))
at = 0
print(load(function() at = at + 1 return ({"x", "=", "=", "1"})[at] end, "=reader"))
at = 0
print(load(function() at = at + 1 return ({"x == ", "1"})[at] end))
-- dump and load
local function add(a, b) return a + b end
print(load(string.dump(add))(1, 2))
print(load(string.dump(add, true))(1, 2))
local up = 5
local function counter() up = up + 1 return up end
local loaded = load(string.dump(counter))
print(pcall(loaded))
print(debug.setupvalue(loaded, 1, 10), loaded(), loaded(), up)
print(debug.getupvalue(load(string.dump(counter)), 1) == "up", (debug.getupvalue(load(string.dump(counter, true)), 1)))
local function closures(n)
  local list = {}
  for i = 1, n do local c = i * 2 list[i] = function(x) c = c + x return c, i, n end end
  while true do local w = n list.w = function() w = w + 1 return w end break end
  local function recursive(k) return k == 0 and "end" or recursive(k - 1) end
  list.r = recursive
  return list
end
for _, strip in ipairs {false, true} do
  local again = load(string.dump(closures, strip))
  local list = again(3)
  print(list[1](1), list[1](1), list[2](5), list.w(), list.w(), list.r(5))
  local twice = load(string.dump(again, strip))
  print(twice(2)[2](7))
  print(debug.getinfo(again, "S").source == debug.getinfo(closures, "S").source, debug.getinfo(again, "S").linedefined == debug.getinfo(closures, "S").linedefined)
end
local stripped = load(string.dump(load("local a = 1 \n error('message') ", "=named"), true))
print(pcall(stripped))
print(pcall(load(string.dump(load("local a \n a.b = 1 ", "=named"), true))))
print(pcall(load(string.dump(load("local a \n a.b = 1 ", "=named")))))
print(pcall(load(string.dump(load("return function() undefined() end"), true))()))
local info = debug.getinfo(stripped)
print(info.source, info.short_src, info.currentline, info.linedefined, info.what)
print(pcall(load(string.dump(load [[
local n, v = debug.getlocal(1, 1) print(n, v)
local a, b = 1, 2
print(debug.getlocal(1, 3))
print(debug.getinfo(1, "l").currentline)
print((debug.traceback("tb"):gsub("\n.*C.*$", "")))
]], true))))
print(debug.getlocal(load(string.dump(add, true)), 1), debug.getlocal(load(string.dump(add)), 1))
-- constants of every kind survive
local function constants() return nil, true, false, 1, -1, 0.5, -0.0, 1e308, math.huge, "", "s", ("long"):rep(1), 0x7FFFFFFFFFFFFFFF, 1 << 62, "zero\0inside",
  "a string that is longer than forty bytes, so that it is a long one", 3.0, 100000, 123456789012 end
print(load(string.dump(constants))())
print(load(string.dump(constants, true))())
local big = {}
for i = 1, 1000 do big[i] = "local v" .. i % 150 .. " = " .. i .. ("\n"):rep(i % 300) .. " do" end
local source = "local total = 0 " .. table.concat({"for i = 1, 3 do total = total + i end" , ("\n"):rep(200), "return total, debug.getinfo(1, 'l').currentline"}, " ")
print(load(source)())
print(load(string.dump(load(source)))())
print(pcall(string.dump, print))
print(pcall(string.dump))
print(pcall(string.dump, 1))
-- the header
local dumped = string.dump(function() return 1 end)
local header = string.pack("c4BBc6BBB", "\27Lua", 0x54, 0, "\x19\x93\r\n\x1a\n", 4, 8, 8)
print(dumped:sub(1, #header) == header, string.unpack("jn", dumped, #header + 1))
for i = 2, #header + 16 do
  local changed = dumped:sub(1, i - 1) .. string.char((dumped:byte(i) + 1) % 256) .. dumped:sub(i + 1)
  local f, message = load(changed, "=changed")
  print(i, f, i > 1 and message or "")
end
for i = 1, #header + 16 do print(i, load(dumped:sub(1, i))) end
print(load(dumped:sub(1, 20), "@name"), load(dumped:sub(1, 20), "=name"), load(dumped:sub(1, 20), "name"))
local complete = true
for i = 1, #dumped - 1 do
  local f, message = load(dumped:sub(1, i))
  complete = complete and not f and message:find("truncated") ~= nil
end
print(complete)
-- files
local name = os.tmpname()
local function write(text) local file = assert(io.open(name, "wb")) file:write(text) file:close() end
local function without_name(...)
  local list = table.pack(...)
  for i = 1, list.n do list[i] = tostring(list[i]):gsub(name, "NAME", 1):gsub("0x%x+", "ADDRESS") end
  return table.unpack(list, 1, list.n)
end
for _, text in ipairs {"return 1, ...", "#comment\nreturn 2", "#comment", "#comment\r\nreturn debug.getinfo(1, 'l').currentline", "\xEF\xBB\xBFreturn 3", "\xEF\xBB\xBF#x\nreturn 4",
  "return x", dumped, "# comment\n" .. dumped, "syntax error here", "", "\xEF\xBBx", "error('in file')", "\n\n#not a comment"} do
  write(text)
  print(without_name(loadfile(name)))
  print(without_name(pcall(dofile, name)))
  local f = loadfile(name)
  if f then print(without_name(pcall(f, "a", "b"))) end
end
write("return x")
print(loadfile(name, "t", {x = "env"})())
print(without_name(loadfile(name, "b")))
write(dumped)
print(without_name(loadfile(name, "t")))
print(loadfile(name, "b")())
write("return 1, 2, 3")
print(dofile(name))
os.remove(name)
print(without_name(loadfile(name)))
print(without_name(pcall(dofile, name)))
print(pcall(loadfile, {}))
print(pcall(dofile, {}))
print(loadfile("/"))
