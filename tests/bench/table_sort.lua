-- table.sort: numbers by the default order, numbers and records by a comparator.
local size = tonumber((...)) or 250000

-- A generator small enough that its products are exact in a double, so every Lua computes the same numbers.
local state = 42
local function random(limit)
  state = (state * 16807) % 2147483647
  return state % limit
end

local checksum = 0
local function add_up(list, value_of)
  for i = 1, #list do checksum = (checksum * 31 + value_of(list[i]) * (i % 7)) % 1000003 end
end

local numbers, descending, records = {}, {}, {}
for i = 1, size do
  numbers[i] = random(1000000)
  descending[i] = random(1000)
  records[i] = { key = random(500), order = i }
end

table.sort(numbers)
table.sort(descending, function(a, b) return a > b end)
-- The order field makes the order total: an unstable sort has only one right answer.
table.sort(records, function(a, b)
  if a.key ~= b.key then return a.key < b.key end
  return a.order < b.order
end)

add_up(numbers, function(value) return value end)
add_up(descending, function(value) return value end)
add_up(records, function(value) return value.order end)
print(checksum, numbers[1], numbers[size], descending[1], records[size].key)
