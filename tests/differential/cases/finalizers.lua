-- __gc: when an object is marked, in which order finalizers run, resurrection (manual §2.5.3).
collectgarbage("stop") -- only the collections below
warn("@on")
local log = {}
local function show(what)
  print(what, table.concat(log, " "))
  log = {}
end
local logging = { __gc = function(object) log[#log + 1] = tostring(object.name) end }

-- The last marked comes first; once each.
for i = 1, 5 do setmetatable({ name = i }, logging) end
collectgarbage()
show "reverse order"
collectgarbage()
show "not again"

-- Whoever has no __gc when the metatable is set is not marked; what __gc is when it is called counts.
local late = {}
setmetatable({}, late)
late.__gc = function() print "never" end
local changed = { __gc = true }
setmetatable({ name = "changed" }, changed)
changed.__gc = logging.__gc
local removed = { __gc = print }
setmetatable({}, removed)
removed.__gc = nil
local replaced = { __gc = print }
setmetatable(setmetatable({ name = "replaced" }, replaced), logging)
setmetatable(setmetatable({ name = "twice" }, logging), logging)
setmetatable(setmetatable({ name = "without" }, logging), nil)
collectgarbage()
show "what counts"

-- Objects that refer to each other are finalized together; the one that is referred to is still whole.
do
  local one, two = { name = "one" }, { name = "two" }
  one.other, two.other = two, one
  local mutual = { __gc = function(object) log[#log + 1] = object.name .. ">" .. object.other.name end }
  setmetatable(one, mutual)
  setmetatable(two, mutual)
end
collectgarbage()
show "together"

-- Resurrection: the object lives as long as it is kept, and its finalizer has been called.
local saved
do
  local phoenix = setmetatable({ name = "phoenix" }, { __gc = function(object) saved = object end })
end
collectgarbage()
print(saved and saved.name)
saved = nil
collectgarbage()
print(saved)

-- It can be marked again, in its finalizer too.
local times = 0
local again = {}
again.__gc = function(object)
  times = times + 1
  if times < 3 then setmetatable(object, again) end
end
setmetatable({}, again)
for _ = 1, 6 do collectgarbage() end
print(times)

-- A value is gone from weak tables before the finalizer runs; a key when the object is.
local weak_values = setmetatable({}, { __mode = "v" })
local weak_keys = setmetatable({}, { __mode = "k" })
local weak_both = setmetatable({}, { __mode = "kv" })
do
  local object = setmetatable({}, {
    __gc = function(object)
      print(weak_values[1], weak_keys[object], weak_keys[object].back == object, weak_both[object])
      saved = object
    end,
  })
  weak_values[1] = object
  weak_keys[object] = setmetatable({ back = object }, { __tostring = function() return "data" end })
  weak_both[object] = weak_keys[object]
end
collectgarbage()
print(weak_keys[saved], weak_values[1])
saved = nil
collectgarbage()
print(next(weak_keys))

-- Errors are warnings, and harm nobody.
local function failing(value)
  setmetatable({}, { __gc = function() error(value) end })
  return pcall(collectgarbage)
end
print(failing "in a finalizer")
print(failing {})
print(failing(nil))
setmetatable({}, { __gc = "no function" })
collectgarbage()
setmetatable({}, { __gc = setmetatable({}, { __call = function(_, object) print("called", type(object)) end }) })
collectgarbage()

-- A finalizer may make garbage with finalizers, and reach everything that its object led to.
local depth = 0
local nested = {}
nested.__gc = function(object)
  depth = depth + object.data.value
  if depth < 3 then setmetatable({ data = { value = 1 } }, nested) end
end
setmetatable({ data = { value = 1 } }, nested)
for _ = 1, 5 do collectgarbage() end
print(depth)

-- They run in the middle of anything.
collectgarbage("restart")
local finalized = 0
local counting = { __gc = function() finalized = finalized + 1 end }
local function sum(...)
  local total = 0
  for i = 1, select("#", ...) do total = total + select(i, ...) end
  return total
end
local results = {}
for i = 1, 20000 do
  setmetatable({ ("x"):rep(50) .. i }, counting)
  results[i % 10 + 1] = sum(i, sum(1, 2, 3), select(2, i, i, i))
end
collectgarbage()
print(finalized, table.concat(results, " "))
