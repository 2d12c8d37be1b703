-- table.sort: the same order as Lua's, also of equal elements and with comparisons that contradict themselves.
-- Run by gilvm and by lua5.4: the output is the same.
local function try(f, ...) print(pcall(f, ...)) end
local function sorted(t, ...) table.sort(t, ...) return table.concat(t, " ") end
local seed = 42
local function random(n) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % n end

print(sorted({}), sorted({1}), sorted({2, 1}), sorted({1, 2}), sorted({3, 1, 2}), sorted({3, 2, 1, 2, 3}))
print(sorted({"b", "a", "C", "", "aa"}), sorted({1.5, 1, -1, 1e100, -math.huge, 2^53}), sorted({"10", "9", "1"}))
print(sorted({3, 1, 2}, function(a, b) return a > b end), sorted({"b", "a"}, nil), sorted({math.maxinteger, math.mininteger, 0}))
print(sorted({2^53, 2^53 + 1, (1 << 53) + 1, 1 << 53}), sorted({1 << 62, -(1 << 62), 1 << 51, 1 << 50}))

-- against a simple sort
local function is_sorted(t, less) for i = 2, #t do if less(t[i], t[i - 1]) then return false end end return true end
for _, size in ipairs {2, 3, 4, 5, 10, 50, 99, 100, 101, 102, 500, 3000} do
  local numbers, strings, objects, reversed = {}, {}, {}, {}
  for i = 1, size do
    numbers[i], strings[i] = random(size), tostring(random(size)):rep(1 + random(20))
    objects[i], reversed[i] = {key = random(10), index = i}, size - i
  end
  table.sort(numbers) table.sort(strings) table.sort(reversed)
  table.sort(objects, function(a, b) return a.key < b.key end)
  local sum = 0
  for i = 1, size do sum = (sum * 31 + objects[i].index) % 1000003 end
  print(size, is_sorted(numbers, function(a, b) return a < b end), is_sorted(strings, function(a, b) return a < b end),
        is_sorted(reversed, function(a, b) return a < b end), is_sorted(objects, function(a, b) return a.key < b.key end), sum)
end

-- the comparisons come in the same order as Lua's
local calls = {}
table.sort({5, 3, 8, 1, 9, 2}, function(a, b) calls[#calls + 1] = a .. "<" .. b return a < b end)
print(table.concat(calls, " "))
local count = 0
local many = {}
for i = 1, 1000 do many[i] = random(1000) end
table.sort(many, function(a, b) count = count + 1 return a < b end)
print(count)

-- metamethods
local Point = {__lt = function(a, b) return a.x < b.x end}
local points = {}
for i = 1, 30 do points[i] = setmetatable({x = random(100)}, Point) end
table.sort(points)
for _, point in ipairs(points) do io.write(point.x, " ") end print()
local store, gets, sets = {4, 2, 3, 1}, 0, 0
table.sort(setmetatable({}, {__len = function() return #store end, __index = function(_, k) gets = gets + 1 return store[k] end,
                             __newindex = function(_, k, v) sets = sets + 1 store[k] = v end}))
print(table.concat(store, " "), gets, sets)
print(sorted({3, 1, 2, 5, 4}, function(a, b) return a % 2 < b % 2 end), sorted({1, 1, 1, 1, 1, 1}, function() return false end))
-- what counts as true
print(sorted({2, 1}, function(a, b) return a < b and 0 end), sorted({2, 1}, function() end), sorted({2, 1, 3}, function() return nil, true end))

-- comparisons that contradict themselves
try(function() table.sort({1, 2, 3, 4, 5}, function() return true end) end)
try(function() table.sort({1, 2, 3}, function() return true end) end)
try(function() table.sort({1, 2}, function() return true end) end)
try(function() local t = {} for i = 1, 200 do t[i] = i end table.sort(t, function(a, b) return a <= b end) end)
try(function() local t = {} for i = 1, 200 do t[i] = i % 3 end table.sort(t, function(a, b) return a <= b end) end)
print(pcall(function() local nan = 0 / 0 local t = {3, nan, 1, nan, 2, nan} table.sort(t) return #t end))
print((pcall(function() local nan = 0 / 0 local t = {} for i = 1, 300 do t[i] = i % 7 == 0 and nan or i % 13 end table.sort(t) end)))
for i = 1, 20 do
  local t = {}
  for j = 1, 150 do t[j] = random(1000) end
  io.write(tostring((pcall(table.sort, t, function() return random(2) == 0 end))), " ", #t, ";")
end
print()

-- errors
try(function() table.sort({1, "x"}) end)
try(function() table.sort({"x", 1}) end)
try(function() table.sort({{}, {}}) end)
try(function() table.sort({1, 2, {}}) end)
try(function() table.sort({true, false}) end)
try(function() table.sort({print, print}) end)
try(function() table.sort({1, nil, 3}) end)
try(function() table.sort(setmetatable({}, {__len = function() return 3 end})) end)
try(function() table.sort({setmetatable({}, {__name = "Type"}), 1}) end)
try(function() table.sort({1, 2}, function() error("inside") end) end)
print((pcall(table.sort, {1, 2}, function() error({}, 0) end)))
try(function() table.sort({1, 2}, 5) end)
try(function() table.sort({1, 2}, {}) end)
try(function() table.sort({1}, 5) end)
try(function() table.sort() end)
try(function() table.sort("x") end)
try(function() table.sort(nil) end)
try(function() table.sort(setmetatable({}, {__len = function() return math.maxinteger end})) end)
try(function() table.sort(setmetatable({}, {__len = function() return "x" end})) end)

-- a comparison that changes the table
print(pcall(function() local t = {5, 4, 3, 2, 1} table.sort(t, function(a, b) t[6] = 0 return a < b end) return #t end))
print((pcall(function() local t = {} for i = 1, 200 do t[i] = random(100) end
  table.sort(t, function(a, b) for i = 1, 200 do t[i] = nil end collectgarbage() return (a or 0) < (b or 0) end) end)))
local nested = {}
table.sort({3, 1, 2}, function(a, b) local inner = {b, a} table.sort(inner, function(x, y) return x > y end) nested[#nested + 1] = inner[1] return a < b end)
print(table.concat(nested, " "))
-- strings made while comparing
local words = {}
for i = 1, 300 do words[i] = "word number " .. random(1000) .. (" "):rep(40) end
table.sort(words, function(a, b) return a .. "x" < b .. "x" end)
print(is_sorted(words, function(a, b) return a < b end))
