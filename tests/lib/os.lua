-- The os library. Run by gilvm and by lua5.4: the output is the same.
local function try(f, ...) print(pcall(f, ...)) end
local function fields(t)
  local names = {}
  for name, value in pairs(t) do names[#names + 1] = name .. "=" .. tostring(value) end
  table.sort(names)
  return table.concat(names, " ")
end

-- time and date
print(math.type(os.time()), os.time() > 1600000000, math.type(os.clock()), os.clock() >= 0)
print(os.date("!%c", 0), os.date("!%Y-%m-%d %H:%M:%S", 86400), os.date("!%A %B %d", 1e9), os.date("!%j %U %w %y %%", 1e9), os.date("!%p %I", 3600))
print(os.date("!%x %X", 0), os.date("!%D %e %F %g %G %h %n %R %t %T %u %V", 1e9), os.date("!%Ec %EC %Od %OH", 0), #os.date(), #os.date("%c"))
print(fields(os.date("!*t", 0))) print(fields(os.date("!*t", 1234567890))) print(fields(os.date("*t", 86400 * 365)))
print(os.date("", 0), os.date("!", 0), os.date("plain", 0), os.date("!%H\0%M", 0) == "00\0" .. "00", os.date("!%d", "86400"), os.date("!%d", 86400.0))
for _, t in ipairs {{2000, 1, 1}, {2024, 2, 29}, {1970, 1, 2}, {2038, 1, 19}, {2100, 12, 31}} do
  io.write(os.time {year = t[1], month = t[2], day = t[3]}, " ", os.time {year = t[1], month = t[2], day = t[3], hour = 0, min = 30, sec = 15, isdst = false}, " ")
end print()
local t = {year = 2024, month = 14, day = -3, hour = 25, min = 61, sec = 61}
print(os.time(t), fields(t))
print(os.time(os.date("*t", 1e9)), os.time {year = "2000", month = 1.0, day = "1", hour = "5"}, os.time {year = 2000, month = 1, day = 1, isdst = true} ~= nil)
print(os.time(setmetatable({}, {__index = {year = 2001, month = 2, day = 3}})))
print(os.difftime(5, 3), os.difftime(3, 5), os.difftime(5.0, "3"))
try(function() return os.time {year = 2000} end)
try(function() return os.time {year = 2000, month = 1} end)
try(function() return os.time {month = 1, day = 1} end)
try(function() return os.time {year = 2000, month = "x", day = 1} end)
try(function() return os.time {year = 2000, month = 1.5, day = 1} end)
try(function() return os.time {year = 2000, month = {}, day = 1} end)
try(function() return os.time {year = 1 << 40, month = 1, day = 1} end)
try(function() return os.time {year = 2000, month = -(1 << 40), day = 1} end)
try(function() return os.time {year = 2000, month = 1, day = 1, hour = "x"} end)
try(function() return os.time {year = 2000, month = 1, day = 1, sec = true} end)
try(function() return os.time {year = (1 << 31) + 1899, month = 1, day = 1} end)
try(function() return os.time {year = (1 << 31) + 1900, month = 1, day = 1} end)
try(function() return os.time(5) end)
try(function() return os.time("x") end)
try(function() return os.date("%Ez", 0) end)
try(function() return os.date("%", 0) end)
try(function() return os.date("%E", 0) end)
try(function() return os.date("%Q", 0) end)
try(function() return os.date("ab%Oc", 0) end)
try(function() return os.date("%d", "x") end)
try(function() return os.date("%d", 1.5) end)
try(function() return os.date("%d", {}) end)
try(function() return os.date({}) end)
try(function() return os.date("*t", 1 << 60) end)
try(function() return os.date("!%c", math.maxinteger) end)
try(function() return os.date("!%c", math.mininteger) end)
try(function() return os.difftime() end)
try(function() return os.difftime(1) end)
try(function() return os.difftime(1, "x") end)
try(function() return os.difftime(1.5, 1) end)

-- the environment and processes
print(os.getenv("HOME") ~= nil, os.getenv("NO_SUCH_VARIABLE_HERE"), os.getenv("PATH") == os.getenv("PATH"))
print(os.execute()) print(os.execute("true")) print(os.execute("false")) print(os.execute("exit 7")) print(os.execute("kill -15 $$")) print(os.execute("exit 0 ")) print(os.execute(nil))
try(function() return os.getenv() end)
try(function() return os.getenv({}) end)
try(function() return os.execute({}) end)

-- files
local name = os.tmpname()
print(name:match("^/tmp/lua_%w+$") ~= nil, io.open(name) ~= nil)
print(os.rename(name, name .. ".x")) print(io.open(name)  == nil, os.remove(name .. ".x")) print(select("#", os.remove(name)), (select(2, os.remove(name)):gsub("lua_%w+", "NAME")))
print(os.remove("/nonexistent/file")) print(os.rename("/nonexistent/file", "/x")) print(os.remove("/proc"))
try(function() return os.remove() end)
try(function() return os.remove({}) end)
try(function() return os.rename("x") end)
try(function() return os.rename({}, "x") end)

-- the locale
print(os.setlocale(), os.setlocale(nil), os.setlocale("C"), os.setlocale(nil, "all"), os.setlocale("C", "numeric"), os.setlocale("no such locale"), os.setlocale(nil, "collate"))
try(function() return os.setlocale("C", "x") end)
try(function() return os.setlocale({}) end)
try(function() return os.setlocale("C", {}) end)
local names = {}
for n in pairs(os) do  -- but for Python's
  if not n:find("^get%l*pid$") and not n:find("cpu_count$") and not n:find("^sched_") then names[#names + 1] = n end
end
table.sort(names)
print(table.concat(names, " "))
try(function() os.exit("x") end)
try(function() os.exit({}) end)
print(pcall(function() os.exit(true) end), "is not reached")
