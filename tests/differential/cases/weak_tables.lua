-- Which entries of weak tables go (manual §2.5.4), for each mode and each kind of key and value.
local function count(t)
  local entries = 0
  for _ in pairs(t) do entries = entries + 1 end
  return entries
end

local function fill(t)
  for i = 1, 10 do
    t[i] = {}
    t["text" .. i] = {}
    t[{}] = i
    t[{}] = {}
    t[("long key "):rep(9) .. i] = ("long value "):rep(9) .. i
    t[2 ^ 53 + i] = (1 << 60) + i
    t[(1 << 61) + i] = i
    t[i + 0.5] = true
  end
end
for _, mode in ipairs { "k", "v", "kv", "vk", "", "x", "K" } do
  local t = setmetatable({}, { __mode = mode })
  fill(t)
  collectgarbage()
  print(mode, count(t))
end

-- What has no identity stays; functions go, unless they are the library's plain ones.
local kinds = setmetatable({}, { __mode = "v" })
do
  local captured = 1
  kinds.library = print
  kinds.closure = function() captured = captured + 1 return captured end
  kinds[1] = function() return kinds end
  kinds.text, kinds.number, kinds.float, kinds.truth = "text", 12, 1.5, true
end
collectgarbage()
print(kinds.library == print, kinds.closure, kinds[1], kinds.text, kinds.number, kinds.float, kinds.truth)

-- __mode is read at each collection, from the metatable as it is then.
local metatable = {}
local late = setmetatable({ {}, {}, {} }, metatable)
collectgarbage()
print(#late)
metatable.__mode = "v"
collectgarbage()
print(#late)
metatable.__mode = 12
late[1] = {}
collectgarbage()
print(count(late))

-- A metatable may itself be weak, and its own metatable.
local self = {}
self.__mode = "k"
setmetatable(self, self)
self[{}] = 1
collectgarbage()
print(count(self))

-- A traversal goes on while entries vanish and are removed.
local keys = setmetatable({}, { __mode = "k" })
local kept = {}
keys[kept] = 0
for i = 1, 100 do keys[{}] = i end
local seen = 0
for _ in pairs(keys) do
  seen = seen + 1
  collectgarbage()
end
print(seen >= 1, count(keys) <= 2)
local values = setmetatable({}, { __mode = "v" })
for i = 1, 100 do
  values[i] = {}
  values["key" .. i] = {}
end
for key in pairs(values) do
  values[key] = nil
  collectgarbage()
end
print(count(values))
local strong = {}
for i = 1, 100 do strong[{}] = i end
for key in pairs(strong) do
  strong[key] = nil
  collectgarbage()
end
print(count(strong))
-- A large integer is found again after its entry is gone.
local large = {}
for i = 1, 20 do large[(1 << 60) + i] = i end
local visited = 0
for key in pairs(large) do
  large[key] = nil
  collectgarbage()
  visited = visited + 1
  if next(large, (key // 1) | 0) == nil then break end
end
print(visited, count(large))

-- A table that is used again and again does not fill up with what is gone.
local cache = setmetatable({}, { __mode = "k" })
for round = 1, 20 do
  for i = 1, 200 do cache[{}] = i end
  collectgarbage()
end
print(count(cache))
