-- The table library without sort. Run by gilvm and by lua5.4: the output is the same.
local function try(f, ...) print(pcall(f, ...)) end
local function show(t) for i = 1, #t do io.write(tostring(t[i]), " ") end print("#" .. #t) end
-- A table that works on another one through metamethods, and tells which.
local function proxy(t, log)
  return setmetatable({}, {
    __index = function(_, k) if log then io.write("get ", tostring(k), "; ") end return t[k] end,
    __newindex = function(_, k, v) if log then io.write("set ", tostring(k), "=", tostring(v), "; ") end t[k] = v end,
    __len = function() if log then io.write("len; ") end return #t end,
  })
end

-- concat
print(table.concat({}), table.concat({1}), table.concat({1, 2, 3}), table.concat({1, 2, 3}, ", "), table.concat({"a", 1.5, -2}, "-"))
print(table.concat({1, 2, 3}, ",", 2), table.concat({1, 2, 3}, ",", 2, 2), table.concat({1, 2, 3}, ",", 3, 2), table.concat({1, 2, 3}, ",", 4))
print(table.concat({[5] = "x", [6] = "y"}, ",", 5, 6), table.concat({1, 2}, 0), table.concat({1, 2}, nil, nil, nil), table.concat({1, 2, 3}, ",", "2", 3.0))
print(table.concat({[math.maxinteger] = "top"}, ",", math.maxinteger, math.maxinteger), table.concat({[0] = "z", "a"}, "", 0))
print(table.concat(proxy({1, 2, 3}), "+"), table.concat(proxy({"a", "b"}, true), ","), #table.concat((function() local t = {} for i = 1, 1000 do t[i] = i end return t end)()))
try(function() return table.concat({1, {}, 3}) end)
try(function() return table.concat({1, nil, 3}, ",", 1, 3) end)
try(function() return table.concat({true}) end)
try(function() return table.concat({1, 2}, ",", 1, 3) end)
try(function() return table.concat({print}, ",") end)
try(function() return table.concat() end)
try(function() return table.concat(nil) end)
try(function() return table.concat("abc") end)
try(function() return table.concat({}, {}) end)
try(function() return table.concat({}, ",", "x") end)
try(function() return table.concat({}, ",", 1.5) end)
try(function() return table.concat({}, ",", 1, {}) end)
try(function() return table.concat(setmetatable({}, {__len = function() return "x" end})) end)
try(function() return table.concat(setmetatable({}, {__len = function() return 1.5 end})) end)
print(table.concat(setmetatable({1, 2, 3}, {__len = function() return 2 end}), ","), table.concat(setmetatable({1, 2, 3}, {__len = function() return "2" end}), ","))

-- insert
local t = {}
table.insert(t, "b") table.insert(t, 1, "a") table.insert(t, 3, "d") table.insert(t, 3, "c") show(t)
table.insert(t, #t + 1, "e") table.insert(t, "2", "x") table.insert(t, 1.0, "y") show(t)
print(select("#", table.insert(t, 1)), table.insert(t, nil), #t)
local p = {1, 2, 3}
table.insert(proxy(p, true), 9) print() table.insert(proxy(p, true), 2, 8) print() show(p)
try(function() table.insert({1, 2, 3}, 5, 1) end)
try(function() table.insert({1, 2, 3}, 0, 1) end)
try(function() table.insert({1, 2, 3}, -1, 1) end)
try(function() table.insert({1}, math.maxinteger, 1) end)
try(function() table.insert({}) end)
try(function() table.insert({}, 1, 2, 3) end)
try(function() table.insert() end)
try(function() table.insert(nil, 1) end)
try(function() table.insert("x", 1) end)
try(function() table.insert({}, "x", 1) end)
try(function() table.insert({}, 1.5, 1) end)
try(function() table.insert({}, {}, 1) end)
try(function() table.insert(setmetatable({}, {__newindex = function() error("refused", 0) end}), 1) end)
try(function() table.insert(setmetatable({}, {__len = function() return math.maxinteger end}), 1, 1) end)

-- remove
t = {"a", "b", "c", "d"}
print(table.remove(t), table.remove(t, 1), table.remove(t, 2), #t, t[1], table.remove(t, #t + 1), #t)
print(table.remove({}), table.remove({}, 0), table.remove({}, #{}), table.remove({[0] = "zero"}, 0), select("#", table.remove({})))
print(table.remove({1, 2, 3}, "2"), table.remove({1, 2, 3}, 1.0), table.remove({1, 2, 3}, 4), table.remove({1, 2, 3}, nil))
p = {1, 2, 3}
print(table.remove(proxy(p, true))) print(table.remove(proxy(p, true), 1)) show(p)
try(function() table.remove({1, 2, 3}, 5) end)
try(function() table.remove({1, 2, 3}, 0) end)
try(function() table.remove({1, 2, 3}, -1) end)
try(function() table.remove({}, 2) end)
try(function() table.remove({}, -1) end)
try(function() table.remove() end)
try(function() table.remove(5) end)
try(function() table.remove({}, "x") end)
try(function() table.remove({}, 1.5) end)

-- move
show(table.move({1, 2, 3}, 1, 3, 2)) show(table.move({1, 2, 3}, 2, 3, 1)) show(table.move({1, 2, 3}, 1, 3, 1))
show(table.move({1, 2, 3}, 1, 3, 3, {9, 9})) show(table.move({1, 2, 3}, 1, 0, 3)) show(table.move({1, 2, 3}, 2, 2, 5, {}))
show(table.move({1, 2, 3}, 1, 3, 4)) print(table.move({[-1] = "x"}, -1, -1, math.maxinteger)[math.maxinteger])
print(table.move({[math.maxinteger] = "m"}, math.maxinteger, math.maxinteger, 1)[1], table.move({[math.mininteger] = "n"}, math.mininteger, math.mininteger, 1)[1])
table.move(proxy({1, 2}, true), 1, 2, 1, proxy({}, true)) print() table.move(proxy({1, 2, 3}, true), 1, 2, 2) print()
try(function() table.move({}, 1, math.maxinteger, 2) end)
try(function() table.move({}, 0, math.maxinteger, 2) end)
try(function() table.move({}, math.mininteger, math.maxinteger, 2) end)
try(function() table.move({}, -1, math.maxinteger, 2) end)
try(function() table.move({}, 1, 2, math.maxinteger) end)
try(function() table.move({}, 1, 2) end)
try(function() table.move({}, 1) end)
try(function() table.move(1, 1, 2, 3) end)
try(function() table.move({}, 1, 2, 3, 4) end)
try(function() table.move({}, 1, 2, 3, "x") end)
try(function() table.move({}, "x", 2, 3) end)

-- pack and unpack
t = table.pack() print(t.n, #t) t = table.pack(nil, 2, nil) print(t.n, t[1], t[2], t[3]) print(table.pack(1, "a", {}).n)
print(table.unpack({1, 2, 3})) print(table.unpack({1, 2, 3}, 2)) print(table.unpack({1, 2, 3}, 2, 5)) print(table.unpack({}, 1, 2)) print(table.unpack({1, 2, 3}, 3, 1))
print(table.unpack({[-1] = "a", [0] = "b"}, -1, 0)) print(table.unpack({1, 2}, "1", 2.0)) print(table.unpack({[math.maxinteger] = 1}, math.maxinteger, math.maxinteger))
print((table.unpack({1, 2, 3}))) print(select("#", table.unpack({}, 1, 1000)), select(500, table.unpack((function() local t = {} for i = 1, 1000 do t[i] = i end return t end)(), 1, 501)))
print(table.unpack(proxy({1, 2, 3}, true))) print(table.unpack(setmetatable({}, {__index = function(_, k) return k * 10 end}), 1, 5))
print(table.unpack("abc")) print(table.unpack(setmetatable({}, {__len = function() return 2 end, __index = {5, 6, 7}})))
print(select("#", table.unpack({}, 1, 200000)))
try(function() return table.unpack({}, 1, 1e8) end)
try(function() return table.unpack({}, 1, math.maxinteger) end)
try(function() return table.unpack({}, math.mininteger, math.maxinteger) end)
try(function() return table.unpack({}, 0, math.maxinteger) end)
try(function() return table.unpack() end)
try(function() return table.unpack(nil) end)
try(function() return table.unpack(5, 1, 2) end)
try(function() return table.unpack({}, "x") end)
try(function() return table.unpack({}, 1, 1.5) end)
try(function() return table.unpack(setmetatable({}, {__index = function(_, k) error("at " .. k, 0) end}), 3, 5) end)

-- ipairs, next and # see what the library did
t = {}
for i = 1, 100 do table.insert(t, i) end
for i = 1, 50 do table.remove(t, 1) end
print(#t, t[1], t[50], t[51])
local sum = 0
for _, v in ipairs(t) do sum = sum + v end
print(sum)
local names = {}
for name in pairs(table) do names[#names + 1] = name end
table.sort(names)
print(table.concat(names, " "))
