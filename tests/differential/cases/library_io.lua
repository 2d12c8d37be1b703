-- The io library (Lua manual §6.8): opening, reading, writing, positions, closing, messages.
local name = os.tmpname()
local function print(...)
  local list = table.pack(...)
  for i = 1, list.n do list[i] = tostring(list[i]):gsub("0x%x+", "ADDRESS"):gsub(name, "NAME", nil) end
  io.stdout:write(table.concat(list, "\t"), "\n")
end
local function try(f, ...) print(pcall(f, ...)) end
local function write(text) local f = assert(io.open(name, "wb")) assert(f:write(text)) assert(f:close()) end
for _, n in ipairs {"close", "input", "lines", "open", "output", "popen", "read", "type", "write"} do try(io[n], {}) if n ~= "close" and n ~= "input" and n ~= "output" and n ~= "lines" and n ~= "read" and n ~= "write" then try(io[n]) end end
for _, mode in ipairs {"r", "w", "a", "r+", "w+", "a+", "rb", "wb", "r+b", "rb+", "", "x", "rw", "+", "r++", "rbb", "R", "w+b", "rt", "r b"} do local ok, f, m = pcall(io.open, name, mode) print(mode, ok, ok and io.type(f) or f, m) if ok and f then f:close() end end
try(io.open, "/no/such/file") try(io.open, "/no/such/file", "w") try(io.open, "/", "w") try(io.open, name, {}) try(io.open, nil)
-- reading: every format
local contents = {"", "\n", "one", "one\n", "one\ntwo", "one\r\ntwo\n\nthree\n", "12 -3 0x1F 1e2 .5 5. 0x.8p1 nan 1e 7", "  42abc", "+-5", "0x", "-", "99999999999999999999 1", "1e+ 5", "0xg", "\0a\0\n\0", ("x"):rep(5000) .. "\n" .. ("y"):rep(3), "1.5.5", "- 5", "0x1p", "1,5", ("9"):rep(250) .. " 8", "1e999 x", "  \n\n 7", "00012 0b1", "inf 1", "4e3e2"}
for i, text in ipairs(contents) do
  write(text)
  for _, formats in ipairs {{}, {"l"}, {"L"}, {"a"}, {"n"}, {0}, {1}, {3}, {10000}, {"l", "l"}, {"n", "n"}, {"n", "l"}, {"n", "n", "n", "n", "n", "n", "n", "n"}, {"a", "a"}, {"L", "a"}, {1, "l", 0}, {"*l"}, {"*n"}, {"*a"}, {"*L", "*l"}, {"l", "n", "a"}, {2.0, "a"}, {"n", 1, "a"}} do
    local f = io.open(name, "rb")
    local l = table.pack(pcall(f.read, f, table.unpack(formats)))
    for j = 1, l.n do l[j] = type(l[j]) == "string" and (#l[j] > 30 and #l[j] or ("%q"):format(l[j]):gsub("\n", "n")) or tostring(l[j]) .. (math.type(l[j]) or "") end
    print(i, table.concat(formats, ","), table.concat(l, " "), (f:read("a") or ""):sub(1, 20):gsub("%c", "?"))
    f:close()
  end
  local l = {} for line in io.lines(name) do l[#l + 1] = #line end print(table.concat(l, " "))
  l = {} for line in io.lines(name, "L") do l[#l + 1] = #line end print(table.concat(l, " "))
  l = {} for a, b in io.lines(name, 1, "n") do l[#l + 1] = ("%q"):format(a):gsub("\n", "n") .. tostring(b) if #l > 20 then break end end print(table.concat(l, " "))
end
write("some text\n")
do local f = io.open(name) for _, wrong in ipairs {"x", "", "*", "*x", {}, true, -1, 1.5, "1", "ll", "nl", "lx"} do print(tostring(wrong):gsub("0x%x+", ""), pcall(f.read, f, wrong)) end try(f.read, f, nil) try(f.read) try(f.read, 1) try(f.lines, f, "x") try(f.lines) f:close() end
-- closed files
do local f = io.open(name) print(io.type(f), f) print(f:close()) print(io.type(f), f, io.type(1), io.type({}), io.type(nil)) for _, m in ipairs {"read", "write", "lines", "seek", "flush", "close", "setvbuf"} do try(f[m], f) try(f[m], f, "no") end try(io.close, f) try(io.input, f) try(io.output, f) try(io.lines, f) print(getmetatable(f).__name, type(getmetatable(f).__gc), type(getmetatable(f).__close), type(getmetatable(f).__index)) try(getmetatable(f).__tostring) try(getmetatable(f).__gc, f) try(getmetatable(f).__close, f) try(tostring, f) end
-- lines
try(io.lines, "/no/such/file") try(io.lines, name, "x") try(io.lines, name, -1) try(io.lines, nil, "x")
do local n = 0 for _ in io.lines(name) do n = n + 1 end print(n) local it, a, b, f = io.lines(name) print(type(it), a, b, io.type(f)) print(it()) print(it()) print(io.type(f)) try(it) local f2 = io.open(name) local it2 = f2:lines() print(it2(), it2(), io.type(f2)) f2:close() try(it2) end
do local f for line in io.lines(name, 4) do f = line break end print(f) end
try(function() for a in io.lines(name, table.unpack((function() local t = {} for i = 1, 251 do t[i] = "l" end return t end)())) do end end)
print(pcall(function() for a, b, c in io.lines(name, 1, 2, 3) do print(a, b, c) end end))
-- writing
do local f = io.open(name, "w") print(f:write("a", 1, 2.5, -0.0, 1e100, math.mininteger, 2 ^ 63) == f, f:write() == f) try(f.write, f, nil) try(f.write, f, {}) try(f.write, f, "x", true) try(f.write) print(f:seek()) f:close() print(io.open(name):read("a")) end
do local f = io.open(name, "r") print(f:write("x")) print(f:read("a")) f:close() f = io.open(name, "a") print(f:write("appended")) print(f:seek("cur")) print(f:read(1)) f:close() print(io.open(name):read("a")) end
-- seek, setvbuf
do local f = io.open(name, "w+") f:write("0123456789") print(f:seek("set"), f:read(3), f:seek("cur"), f:seek("cur", 2), f:read(1), f:seek("end"), f:seek("end", -2), f:read("a"), f:seek("set", 20), f:read(1), f:seek("set", -1)) try(f.seek, f, "x") try(f.seek, f, "set", "x") try(f.seek, f, "set", 1.5) try(f.seek, f, 5) try(f.seek, f, nil, nil) for _, mode in ipairs {"no", "full", "line"} do print(f:setvbuf(mode), f:setvbuf(mode, 100)) end try(f.setvbuf, f) try(f.setvbuf, f, "x") try(f.setvbuf, f, "full", "x") print(f:flush() == f, io.flush() == io.stdout or io.flush()) f:close() end
-- default files
write("line 1\nline 2\n5 6\nrest") io.input(name) print(io.type(io.input()), io.read()) print(io.read("L")) print(io.read("n", "n")) print(io.read(1), io.read("a"), io.read("a"), io.read("l"), io.read(0)) print(io.close(io.input())) try(io.read) try(io.lines) try(io.input().read, io.input()) io.input(io.stdin)
do local f = io.open(name, "w") io.output(f) io.write("through io.write ", 1) print(io.output() == f) io.close() try(io.write, "x") try(io.close) try(io.flush) io.output(io.stdout) print(io.open(name):read("a")) end
try(io.input, "/no/such/file") try(io.output, "/no/such/file") try(io.input, 1) print(io.input() == io.stdin, io.output() == io.stdout)
-- standard files, processes, temporary files
print(io.stdin, io.stdout ~= io.stderr, io.type(io.stderr)) print(io.stdout:seek() == nil or true)
do local p = io.popen("echo out; exit 3") print(io.type(p), p:read("a"), p:close()) p = io.popen("cat > " .. name, "w") print(p:write("to cat") == p, p:close()) print(io.open(name):read("a")) p = io.popen("kill -15 $$") print(p:close()) try(io.popen, "true", "x") try(io.popen, "true", "rw") try(io.popen) for l in io.popen("printf 'a\\nb\\n'"):lines() do io.write(l, " ") end end
do local f = io.tmpfile() print(io.type(f)) f:write("temporary") f:seek("set") print(f:read("a")) f:close() end
do local kept do local f <close> = io.open(name) kept = f print(io.type(f)) end print(io.type(kept)) end
try(function() local f <close> = io.open(name) error("left") end)
os.remove(name) local names = {} for n in pairs(io) do names[#names + 1] = n end table.sort(names) print(table.concat(names, " ")) names = {} for n in pairs(getmetatable(io.stdout).__index) do names[#names + 1] = n end table.sort(names) print(table.concat(names, " "))
