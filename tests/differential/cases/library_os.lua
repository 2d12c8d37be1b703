-- The os library (Lua manual §6.9): dates, time normalisation, files, environment, messages.
local function print(...)
  local list = table.pack(...)
  for i = 1, list.n do list[i] = tostring(list[i]):gsub("0x%x+", "ADDRESS") end
  io.write(table.concat(list, "\t"), "\n")
end
local function try(f, ...) print(pcall(f, ...)) end
for _, name in ipairs {"date", "difftime", "execute", "getenv", "remove", "rename", "setlocale", "time"} do
  if name ~= "execute" and name ~= "date" and name ~= "time" and name ~= "setlocale" then try(os[name]) end
  try(os[name], {}) try(os[name], true)
  if name ~= "remove" and name ~= "getenv" and name ~= "execute" then try(os[name], "x", {}) end
end
-- date
local t = 1706702709 -- 2024-01-31 12:05:09 UTC
for letter in ("aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%"):gmatch(".") do print(letter, os.date("!%" .. letter, t)) end
for _, two in ipairs {"Ec", "EC", "Ex", "EX", "Ey", "EY", "Od", "Oe", "OH", "OI", "Om", "OM", "OS", "Ou", "OU", "OV", "Ow", "OW", "Oy"} do print(two, os.date("!%" .. two, t)) end
for _, wrong in ipairs {"%", "%E", "%O", "%Ea", "%Oa", "%k", "%f", "%i", "%L", "%1", "%J", "%N", "%o", "%P", "%q", "%s", "%v", "%K", "%Q", "%5d", "%-d", "x%", "%EO", "%\0"} do try(os.date, wrong, t) try(os.date, "!" .. wrong, t) end
local function show(d) local l = {} for _, k in ipairs {"year", "month", "day", "hour", "min", "sec", "wday", "yday", "isdst"} do l[#l + 1] = k .. "=" .. tostring(d[k]) end print(table.concat(l, " ")) end
for _, time in ipairs {0, t, -1, -86400 * 365, 951782400, 1709164800, 4102444800, 1e9 // 1 | 0, 32503680000, -62135596800} do show(os.date("!*t", time)) show(os.date("*t", time)) print(os.date("!%c", time), os.date("!%Y-%m-%d %H:%M:%S %j %U %W", time)) end
print(os.date("!%Y", t), os.date("!%d.%m.%y", t), os.date("!", t), os.date("", t), os.date("!*tx", t).year, os.date("!%%", t), os.date("plain", t), os.date("!a%Hb%Mc", t))
try(os.date, "*t", 1 << 60) try(os.date, "%Y", 1 << 62) try(os.date, "%Y", -1 << 62) try(os.date, "!%c", math.maxinteger) try(os.date, "*t", 1.5) try(os.date, "*t", "x") try(os.date, "*t", "0") try(os.date, "!%c", 2 ^ 33) try(os.date, "!*t", 67767976233532799) try(os.date, "!*t", 67768036191676800)
print(type(os.date()), type(os.date("*t").year), os.date("!%H:%M", 0))
-- time
print(os.time {year = 2024, month = 1, day = 31, hour = 12, min = 5, sec = 9}, os.time {year = 2024, month = 1, day = 31}, os.time {year = 1970, month = 1, day = 1, hour = 0})
for _, d in ipairs {{year = 2024, month = 14, day = 35}, {year = 2024, month = 1, day = 0}, {year = 2024, month = 1, day = 1, sec = -1}, {year = 2024, month = -3, day = -3, hour = -3}, {year = 2024, month = 2, day = 30}, {year = 2023, month = 2, day = 29, hour = 25, min = 61, sec = 61}, {year = "2024", month = "02", day = " 3 "}, {year = 2024.0, month = 1, day = 1}, {year = 0, month = 1, day = 1}, {year = 9999, month = 12, day = 31}, {year = 2024, month = 1, day = 1, isdst = true}, {year = 2024, month = 1, day = 1, isdst = false}, {year = 2024, month = 1, day = 1, sec = 2147483647}, {year = 2024, month = 1, day = 1, min = -2147483648}} do
  print(pcall(os.time, d)) show(d)
end
for _, d in ipairs {{}, {year = 2024}, {year = 2024, month = 1}, {month = 1, day = 1}, {year = "x", month = 1, day = 1}, {year = 1.5, month = 1, day = 1}, {year = {}, month = 1, day = 1}, {year = 2024, month = true, day = 1}, {year = 1 << 40, month = 1, day = 1}, {year = 2024, month = 1 << 31, day = 1}, {year = 2024, month = 1, day = 2 ^ 31}, {year = -(1 << 40), month = 1, day = 1}, {year = math.maxinteger, month = 1, day = 1}, {year = math.mininteger, month = 1, day = 1}, {year = 2024, month = 1, day = 1, hour = 1 << 31}, {year = 2024, month = 1, day = 1, hour = "x"}, {year = (1 << 31) + 1899, month = 1, day = 1}, {year = (1 << 31) + 1900, month = 1, day = 1}, {year = -(1 << 31) + 1900, month = 1, day = 1}, {year = -(1 << 31) + 1899, month = 1, day = 1}, {year = 2024, month = (1 << 31), day = 1}, {year = 2024, month = (1 << 31) + 1, day = 1}, {year = 2024, month = -(1 << 31) + 1, day = 1}, {year = 2024, month = -(1 << 31), day = 1}} do try(os.time, d) end
try(os.time, setmetatable({}, {__index = function(_, k) return ({year = 2024, month = 5, day = 6})[k] end})) try(os.time, setmetatable({}, {__index = function(_, k) error("index " .. k) end})) try(os.time, setmetatable({year = 2024, month = 5, day = 6, hour = 1, min = 1, sec = 1, yday = 1, wday = 1, isdst = false}, {__newindex = error}))
for _, time in ipairs {0, t, 1709164800, 951782400} do local d = os.date("*t", time) print(os.time(d) == time) d = os.date("!*t", time) print(os.time(d)) end
print(math.type(os.time()), os.time() > t, math.type(os.clock()), os.clock() >= 0)
print(os.difftime(5, 3), os.difftime(3, 5), os.difftime(5, 5.0)) try(os.difftime, 5) try(os.difftime, 5, "x") try(os.difftime, 5.5, 1) try(os.difftime, "5", 3)
-- locale
for _, c in ipairs {"all", "collate", "ctype", "monetary", "numeric", "time"} do print(os.setlocale(nil, c), os.setlocale("C", c), os.setlocale("no such locale", c)) end print(os.setlocale(), os.setlocale(nil)) try(os.setlocale, nil, "x") try(os.setlocale, {}, "all") print(os.setlocale("C"), os.setlocale("POSIX"), os.setlocale(""))
-- environment, processes
print(os.getenv("a name that no variable has"), type(os.getenv("PATH"))) print(os.execute("exit 3")) print(os.execute("true")) print(os.execute("kill -9 $$")) print(os.execute()) print(pcall(os.execute, "exit 300"))
-- files
local name = os.tmpname() print(type(name), io.open(name) ~= nil) local other = name .. "x" print(os.rename(name, other)) print(os.remove(other)) local function hide(...) local l = table.pack(...) for i = 1, l.n do l[i] = tostring(l[i]):gsub(name, "NAME", nil) end print(table.concat(l, " ")) end
hide(os.remove(name)) hide(os.rename(name, other)) hide(os.remove("/")) hide(os.remove("/proc/self/x")) hide(os.rename("/tmp", "/proc/x/y")) hide(os.remove("")) hide(os.rename("", "")) os.execute("mkdir " .. other) hide(os.remove(other)) hide(os.remove(other))
try(os.exit, "x") try(os.exit, {}) local names = {} for n in pairs(os) do if not n:find("^get%l*pid$") and not n:find("cpu_count$") and not n:find("^sched_") then names[#names + 1] = n end end table.sort(names) print(table.concat(names, " "))
