-- The modes of io.open, buffers, seeking and reading formats (manual §6.8).
local name = os.tmpname()
for _, mode in ipairs { "r", "w", "a", "r+", "w+", "a+", "rb", "wb", "ab", "r+b", "w+b", "a+b", "", "x", "rw", "+", "rb+", "r++", "rbb", "br", "wx", "r " } do
  local f = assert(io.open(name, "w")) f:write "12345\n" f:close()
  local ok, file = pcall(io.open, name, mode)
  if not ok then print(mode, file) else
    local text, message, code = file:read(2)
    print(mode, text, message, code)
    file:seek("set", 1)
    print(pcall(file.write, file, "AB"), (file:seek "cur"), (file:seek "end"))
    file:close()
    print((io.open(name):read "a"))
  end
end
print(select(2, io.open("no such file")), select(2, io.open("/", "w")))
print(select("#", io.open "no such file"), (select(3, io.open "no such file")))
local f = assert(io.open(name, "w+"))
print(f:setvbuf "no", f:setvbuf("full", 1024), f:setvbuf("line"), pcall(f.setvbuf, f, "none"))
print(f:write("line one\n", 2, " ", 3.5, " ", -0.0, "\n\nlast") == f, pcall(f.write, f, {}), pcall(f.write, f, nil))
print(f:seek(), f:seek("set"), f:seek("cur", 4), f:seek("end", -4), pcall(f.seek, f, "middle"), pcall(f.seek, f, "set", 1.5))
print(f:seek("set", -1))
for _, formats in ipairs { { "l" }, { "L" }, { "a" }, { "n" }, { 0 }, { 5 }, { "l", "n", "n", "n" }, { "l", "n", "l", "L", "a", "a" }, { "*l", "*L", "*n" },
  { "a", "l" }, { "a", 0 }, { "l", "l", "l", "l", "l" }, { 4, 100, 1 } } do
  f:seek "set"
  local values = table.pack(f:read(table.unpack(formats)))
  for i = 1, values.n do values[i] = ("%q"):format(values[i]) end
  print(values.n, table.concat(values, " "))
end
print(pcall(f.read, f, "x"), pcall(f.read, f, {}), pcall(f.read, f, "*"))
-- Numbers as read "n" takes them.
for _, text in ipairs { "12", " \n\t 12", "-12", "+12", "0x1F", "-0x1F", "1e5", "1e", "1e+", ".5", "5.", ".", "-", "0x", "0x.8p1", "0x1p", "12abc", "1 2", "nan", "inf",
  ("9"):rep(30), ("9"):rep(250), "1..2", "1.5.5", "--1", "0b1", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1_000", "" } do
  f:close()
  f = assert(io.open(name, "w+"))
  f:write(text)
  f:seek "set"
  print(("%q"):format(text):sub(1, 40), f:read "n", f:read "a")
end
-- lines: formats, ends, errors, and who closes the file.
f:close()
f = assert(io.open(name, "w")) f:write "a 1\nb 2\n\nlast" f:close()
for line in io.lines(name) do io.write("[", line, "]") end
for line in io.lines(name, "L") do io.write("[", line, "]") end
for a, b in io.lines(name, 1, "l") do io.write("[", a, "|", tostring(b), "]") end
for all in io.lines(name, "a") do io.write("[", #all, "]") break end
print()
f = io.open(name)
for line in f:lines() do io.write(line, ";") end
print(io.type(f), f:read "a", f:read "l", f:close(), io.type(f), io.type(12))
print(pcall(io.lines, "no such file"))
print(pcall(io.lines(name, "l"), nil), pcall(f.lines, f), pcall(f.read, f), pcall(f.close, f), tostring(f))
local lines = io.lines(name)
for _ = 1, 4 do lines() end
print(lines(), pcall(lines))
print(select("#", io.lines(name)), select(2, io.lines(name)), select(3, io.lines(name)), io.type((select(4, io.lines(name)))))
-- The default files.
local before = io.output()
io.output(name)
print(io.output() == before, io.write("through the default") == io.output())
io.close()
print(pcall(io.write, "closed"))
io.output(before)
local input = io.input()
print(io.input(name) ~= input, io.read(7), io.read "l", io.read "l", io.read(0))
for line in io.lines() do print(line) end
print(io.close(io.input()), pcall(io.read))
io.input(input)
print(pcall(io.input, "no such file"), pcall(io.output, "/"))
do local scoped <close> = io.open(name) f = scoped end
print(io.type(f))
print(os.remove(name), select("#", os.remove(name)), io.open(name) == nil)
