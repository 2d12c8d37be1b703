-- A value in a table with weak keys does not keep its own key alive, however long the way between them.
local function count(t)
  local entries = 0
  for _ in pairs(t) do entries = entries + 1 end
  return entries
end
local weak_keys = { __mode = "k" }

local t = setmetatable({}, weak_keys)
do
  local key = {}
  t[key] = key
end
do
  local key = {}
  t[key] = { { key } }
end
do
  local key = {}
  t[key] = function() return key end
end
collectgarbage()
print(count(t))

-- A chain in one table: each key is the value before.
local first = {}
local link = first
for _ = 1, 1000 do
  local after = {}
  t[link] = after
  link = after
end
link = nil
collectgarbage()
print(count(t))
first = nil
collectgarbage()
print(count(t))

-- A chain across many tables, against the order in which they are visited and along it.
for _, step in ipairs { 1, -1 } do
  local tables = {}
  for i = 1, 50 do tables[i] = setmetatable({}, weak_keys) end
  first = {}
  link = first
  for i = step == 1 and 1 or 50, step == 1 and 50 or 1, step do
    local after = {}
    tables[i][link] = after
    link = after
  end
  link = nil
  collectgarbage()
  local entries = 0
  for i = 1, 50 do entries = entries + count(tables[i]) end
  first = nil
  collectgarbage()
  for i = 1, 50 do entries = entries + count(tables[i]) * 1000 end
  print(entries)
end

-- The table itself is reached by way of an ephemeron.
local outer = setmetatable({}, weak_keys)
local key = {}
do
  local inner = setmetatable({}, weak_keys)
  outer[key] = inner
  inner[key] = { "found" }
end
collectgarbage()
print(outer[key][key][1])

-- Several values for one key.
local tables = {}
key = {}
for i = 1, 10 do
  tables[i] = setmetatable({}, weak_keys)
  tables[i][key] = { i }
end
collectgarbage()
local sum = 0
for i = 1, 10 do sum = sum + tables[i][key][1] end
print(sum)

-- A linear algorithm does this in no time; a repeated traversal of all tables would take minutes.
first = {}
link = first
local many = {}
for i = 1, 2000 do
  many[i] = setmetatable({}, weak_keys)
end
for i = 2000, 1, -1 do
  local after = {}
  many[i][link] = after
  link = after
end
link = nil
collectgarbage()
print(count(many[1]), count(many[2000]))
