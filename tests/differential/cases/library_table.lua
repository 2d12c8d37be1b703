-- The table library (Lua manual §6.6): arguments, limits, metamethods, messages.
local function print(...)
  local list = table.pack(...)
  for i = 1, list.n do list[i] = tostring(list[i]):gsub("0x%x+", "ADDRESS") end
  io.write(table.concat(list, "\t"), "\n")
end
local function try(f, ...) print(pcall(f, ...)) end
for _, name in ipairs {"concat", "insert", "move", "pack", "remove", "sort", "unpack"} do
  local f = table[name]
  if name ~= "pack" then try(f) try(f, nil) try(f, 1) try(f, "x") try(f, {}, {}) try(f, {}, 1, {}) try(f, {}, 1, 1, {}) end
end
-- concat
print(table.concat({}), table.concat({1, 2, 3}), table.concat({1, 2, 3}, ", "), table.concat({1, 2, 3}, ",", 2), table.concat({1, 2, 3}, ",", 2, 3), table.concat({1, 2}, ",", 3), table.concat({1.5, "x"}, 1))
try(table.concat, {1, {}, 3}) try(table.concat, {1, nil, 3}, ",", 1, 3) try(table.concat, {true}) try(table.concat, {}, ",", 1, 2) try(table.concat, {1}, {}) try(table.concat, {1}, ",", "x") try(table.concat, {1}, ",", 1, "2") try(table.concat, {print}, ",")
print(table.concat({[math.maxinteger] = "last"}, ",", math.maxinteger, math.maxinteger), pcall(table.concat, {}, "x", math.maxinteger - 1, math.maxinteger), table.concat({[math.mininteger] = "a", [math.mininteger + 1] = "b"}, "-", math.mininteger, math.mininteger + 1))
print(table.concat(setmetatable({}, {__len = function() return 3 end, __index = function(_, i) return i * i end}), " "))
try(table.concat, setmetatable({}, {__len = function() return "x" end})) try(table.concat, setmetatable({}, {__len = function() return 1.5 end})) try(table.concat, setmetatable({}, {__len = function() return 2.0 end, __index = function() return "i" end})) try(table.concat, setmetatable({}, {__len = function() error("len") end})) try(table.concat, setmetatable({}, {__index = function() error("index") end}), ",", 1, 2)
-- insert, remove
local t = {} table.insert(t, "a") table.insert(t, 1, "b") table.insert(t, 3, "c") table.insert(t, #t + 1, "d") print(table.concat(t, " "))
try(table.insert, {1, 2}, 4, "x") try(table.insert, {1, 2}, 0, "x") try(table.insert, {1, 2}, -1, "x") try(table.insert, {1}, 1) try(table.insert, {1}) try(table.insert, {1}, 1, 2, 3) try(table.insert, {1}, "x", 2) try(table.insert, {1}, 1.5, 2) try(table.insert, {}, 1, nil) try(table.insert, nil, 1) try(table.insert, 1, 2)
print(table.remove({}), table.remove({1}), table.remove({1, 2, 3}, 1), table.remove({1, 2, 3}, 3), table.remove({1, 2, 3}, 4), table.remove({}, 0), table.remove({}, nil), select("#", table.remove({})))
try(table.remove, {1, 2, 3}, 5) try(table.remove, {1, 2, 3}, 0) try(table.remove, {1, 2, 3}, -1) try(table.remove, {}, 1) try(table.remove, {}, 2) try(table.remove, {1}, "x") try(table.remove, {[0] = "zero"}, 0) try(table.remove, {1, 2}, "1") try(table.remove, {1, 2}, 7)
t = {1, 2, 3, 4, 5} print(table.remove(t, 2), table.concat(t, ","), table.remove(t), table.concat(t, ","), table.remove(t, 1), table.concat(t, ","))
local log = {}
local proxy = setmetatable({}, {__len = function() return 3 end, __index = function(_, i) log[#log + 1] = "get " .. i return "v" .. i end, __newindex = function(_, i, v) log[#log + 1] = "set " .. i .. "=" .. tostring(v) end})
table.insert(proxy, "x") table.insert(proxy, 1, "y") print(table.remove(proxy), table.remove(proxy, 1)) print(table.concat(log, "; "))
try(table.insert, setmetatable({}, {__len = function() return math.maxinteger end}), 1) try(table.insert, setmetatable({}, {__len = function() return "2" end}), 1) try(table.insert, setmetatable({}, {__len = function() return {} end}), 1)
-- move
t = table.move({1, 2, 3}, 1, 3, 2) print(table.concat(t, ",")) t = table.move({1, 2, 3}, 2, 3, 1) print(table.concat(t, ",")) t = table.move({1, 2, 3}, 1, 3, 1, {}) print(table.concat(t, ",")) t = table.move({1, 2, 3}, 1, 0, 5) print(#t) t = table.move({1, 2, 3}, 1, 3, 3) print(table.concat(t, ","))
try(table.move, {}, 1, 2) try(table.move, {}, 1) try(table.move, 1, 1, 2, 3) try(table.move, {}, 1, 2, 3, 4) try(table.move, {}, "x", 2, 3) try(table.move, {}, 1, math.maxinteger, 2) try(table.move, {}, math.mininteger, 0, 2) try(table.move, {}, -1, math.maxinteger, 2) try(table.move, {}, 1, 2, math.maxinteger) try(table.move, {}, 0, math.maxinteger, 1) try(table.move, {}, 1, 1, math.maxinteger)
log = {} table.move(proxy, 1, 3, 2) print(table.concat(log, "; ")) log = {} table.move(proxy, 2, 3, 1) print(table.concat(log, "; ")) log = {} table.move(proxy, 1, 2, 1, proxy) print(table.concat(log, "; "))
try(table.move, setmetatable({}, {__index = function() error("get") end}), 1, 2, 3) try(table.move, {1, 2}, 1, 2, 3, setmetatable({}, {__newindex = function() error("set") end}))
print(pcall(table.move, "abc", 1, 2, 3, {}), pcall(table.move, io.stdout, 1, 2, 3, {}))
-- pack, unpack
t = table.pack() print(t.n, #t) t = table.pack(nil, nil) print(t.n, #t) t = table.pack(1, nil, 3) print(t.n, t[3])
print(table.unpack({1, 2, 3})) print(table.unpack({1, 2, 3}, 2)) print(table.unpack({1, 2, 3}, 2, 5)) print(table.unpack({}, 1, 2)) print((table.unpack({1, 2}))) print(table.unpack({1, 2}, 3)) print(table.unpack({[-1] = "a", [0] = "b"}, -1, 0))
try(table.unpack, {}, 1, 1e7) try(table.unpack, {}, 1, 1e6) try(table.unpack, {}, math.mininteger, math.maxinteger) try(table.unpack, {}, 0, math.maxinteger) try(table.unpack, {}, math.maxinteger, 0) try(table.unpack, {}, math.maxinteger, math.maxinteger) try(table.unpack, {}, math.mininteger, math.mininteger + 1) try(table.unpack) try(table.unpack, nil) try(table.unpack, 5) try(table.unpack, {}, "x") try(table.unpack, {}, 1, "x") try(table.unpack, {}, 1.5) try(table.unpack, "abc", 1, 2) try(table.unpack, nil, 1, 2) try(table.unpack, print, 1, 2) try(table.unpack, 5, 1, 1)
print(select("#", table.unpack({}, 1, 200000)), table.unpack(setmetatable({}, {__index = function(_, i) return i * 2 end}), 3, 5)) print(table.unpack(setmetatable({}, {__len = function() return 2 end, __index = function(_, i) return i end})))
-- sort
local function sorted(list, compare) table.sort(list, compare) return table.concat(list, " ") end
print(sorted {3, 1, 2}, sorted {"b", "a", "C"}, sorted {}, sorted {1}, sorted({3, 1, 2}, function(a, b) return a > b end), sorted {2, 1.5, 1, 0.5, -1}, sorted {"10", "9", "2"}, sorted({5, 5, 5, 5}, function() return false end))
try(table.sort, {1, "x"}) try(table.sort, {1, {}, 2}) try(table.sort, {{}, {}}) try(table.sort, {1, 2, nil, 4}) try(table.sort, {true, false}) try(table.sort, {1, 2, 3}, 5) try(table.sort, {1, 2, 3}, "x") try(table.sort, {1, 2, 3}, nil) try(table.sort, {1}, 5) try(table.sort, {nil, nil, 3}) try(table.sort, {print, print})
try(table.sort, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, function() return true end) try(table.sort, {3, 2, 1}, function(a, b) error("compare") end) try(table.sort, {1, 2, 3, 4}, function(a, b) return true end)
local big = {} for i = 1, 200 do big[i] = (i * 7919) % 211 end try(table.sort, big, function(a, b) return a <= b end)
try(table.sort, setmetatable({}, {__len = function() return math.maxinteger end})) try(table.sort, setmetatable({}, {__len = function() return 1 << 31 end})) try(table.sort, setmetatable({}, {__len = function() return -1 end}))
log = {} local backing = {3, 1, 2} local sortable = setmetatable({}, {__len = function() return 3 end, __index = function(_, i) return backing[i] end, __newindex = function(_, i, v) backing[i] = v end}) table.sort(sortable) print(table.concat(backing, " "))
local objects = {} for i = 1, 10 do objects[i] = setmetatable({v = (i * 3) % 10}, {__lt = function(a, b) return a.v < b.v end}) end table.sort(objects) for _, o in ipairs(objects) do io.write(o.v, " ") end print()
t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t) for i = 2, 1000 do assert(t[i - 1] <= t[i]) end
print(#table.pack(table.unpack(t)), next({}, nil), #"x", pcall(function() return #5 end))
