-- The math library (Lua manual §6.7): arguments, integers and floats, random numbers with their sequence.
local function print(...)
  local list = table.pack(...)
  for i = 1, list.n do list[i] = tostring(list[i]):gsub("0x%x+", "ADDRESS") end
  io.write(table.concat(list, "\t"), "\n")
end
local function try(f, ...) print(pcall(f, ...)) end
local names = {} for name, f in pairs(math) do if type(f) == "function" and name ~= "atan2" then names[#names + 1] = name end end table.sort(names) print(table.concat(names, " "))
local values = {0, 1, -1, 2, 7, -7, 0.0, -0.0, 0.5, -0.5, 1.5, -1.5, 2.5, 1e15, 1e100, -1e100, 1 / 0, -1 / 0, math.maxinteger, math.mininteger, 2 ^ 53, 2 ^ 63, -2 ^ 63, "10", "0x10", "1.5", " 3 "}
for _, name in ipairs(names) do
  local f = math[name]
  if name ~= "random" and name ~= "randomseed" then
    if name ~= "atan" then try(f) try(f, nil) try(f, {}) try(f, "x") try(f, 1, "x") try(f, 1, {}) try(f, true) end
    for _, v in ipairs(values) do
      local line = {name, tostring(v)}
      local function add(ok, ...) local l = table.pack(...) for i = 1, l.n do line[#line + 1] = tostring(l[i]) .. (math.type(l[i]) == "float" and "f" or "") end end
      add(pcall(f, v)) add(pcall(f, v, 2)) add(pcall(f, v, -3)) add(pcall(f, v, 0.5)) add(pcall(f, v, 0)) add(pcall(f, v, 1 / 0))
      print((table.concat(line, " "):gsub("%-?nanf?", "nan")))
    end
  end
end
print(math.max(1, 2.5, -1), math.max(2, 2.0), math.min(2.0, 2), math.max("a", "b"), pcall(math.max, 1, "x"), pcall(math.min, {}), pcall(math.max))
print(math.pi, math.huge, -math.huge, math.maxinteger, math.mininteger, math.maxinteger + 1 == math.mininteger)
print(math.type(1), math.type(1.0), math.type("1"), math.type(nil), pcall(math.type))
print(math.tointeger(3.0), math.tointeger(3.5), math.tointeger("8"), math.tointeger("x"), math.tointeger({}), math.tointeger(2 ^ 63), pcall(math.tointeger), math.tointeger("3.0"), math.tointeger(-0.0))
print(math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.fmod(7.5, 2), math.fmod(-7.5, 2), pcall(math.fmod, 1, 0), math.fmod(1, 0.0) ~= math.fmod(1, 0.0), math.fmod(math.mininteger, -1), math.fmod(1e308, 3))
print(math.ult(1, -1), math.ult(-1, 1), math.ult(1, 1), pcall(math.ult, 1.5, 2), math.abs(math.mininteger), math.abs(-0.0))
print(math.floor(-3.5), math.ceil(-3.5), math.floor(2 ^ 70) == 2 ^ 70, math.floor(1e308), math.ceil(-0.5), math.floor(-0.0), math.sqrt(2), math.exp(1), math.log(8, 2), math.log(100, 10), math.log(27, 3), math.log(0), math.log(-1) ~= math.log(-1))
-- random
for _, seed in ipairs {0, 1, 42, -1, math.maxinteger, 123456789} do
  math.randomseed(seed)
  print(seed, math.random(), math.random(0), math.random(10), math.random(5, 15), math.random(-10, 10), math.random(math.mininteger, math.maxinteger), math.random(1 << 40), math.random(3, 3), math.random())
end
math.randomseed(1, 2) print(math.random(0), math.random(0)) math.randomseed(1.0) print(math.random(0))
print(pcall(math.randomseed, 1.5)) print(math.random(0)) print(pcall(math.randomseed, "x"), pcall(math.randomseed, {}), pcall(math.randomseed, "5")) print(math.random(0))
print(math.randomseed(7, 8)) print(select("#", math.randomseed()))
try(math.random, 0, -1) try(math.random, 2, 1) try(math.random, -5) try(math.random, 1, 2, 3) try(math.random, 1.5) try(math.random, "x") try(math.random, {}) try(math.random, nil) try(math.random, 1, nil) try(math.random, math.maxinteger, math.mininteger)
math.randomseed(5) local counts = {} for _ = 1, 1000 do local n = math.random(6) counts[n] = (counts[n] or 0) + 1 end print(table.concat(counts, " "))
math.randomseed(5) local sum = 0 for _ = 1, 1000 do sum = sum + math.random() end print(sum)
-- arithmetic: the manual's §3.4.1 to §3.4.3
for _, a in ipairs {7, -7, 7.5, -7.5, 0, math.maxinteger, math.mininteger, 1 / 0} do
  for _, b in ipairs {2, -2, 2.5, -2.5, 1, -1, math.maxinteger, math.mininteger, 1 / 0, -1 / 0} do
    print((table.concat({tostring(a), tostring(b), tostring(a + b), tostring(a - b), tostring(a * b), tostring(a / b), tostring(a // b), tostring(a % b), tostring(a ^ b), tostring(a < b), tostring(a <= b), tostring(a == b)}, " "):gsub("%-?nan", "nan")))
  end
end
print(pcall(function() return 1 // 0 end)) print(pcall(function() return 1 % 0 end)) print((1 // 0.0), (-1 // 0.0), 1 % math.huge, -1 % math.huge, 5.5 % -math.huge)
print(pcall(function() return 2 ^ 53 | 0 end)) print(pcall(function() return 1.5 | 0 end)) print(pcall(function() return 2 ^ 64 | 0 end)) print(pcall(function() return 1 << 64, 1 << 63, 1 << -1, -1 >> 1, -1 >> 63, -1 >> 64, 1 >> -62, 1 << math.mininteger end))
print(pcall(function() local t = {} return t | 1 end)) print(pcall(function() local s = "x" return s & 1 end)) print(pcall(function() return 1 < "2" end)) print(pcall(function() return {} < {} end)) print(pcall(function() return nil < 1 end)) print(pcall(function() return print <= print end))
print(1 == 1.0, "1" == 1, 0.0 == -0.0, math.maxinteger + 0.0 == math.maxinteger, math.maxinteger < math.maxinteger + 0.0, 2 ^ 53 == 2 ^ 53 + 1)
