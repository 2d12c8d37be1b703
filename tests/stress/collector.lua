-- 8 threads share weak tables and make objects with finalizers without a lock, while all of them collect.
--
--     gilvm run --no-gil collector.lua [OBJECTS] [SEED]
--
-- Every object that a weak table hands out is whole, every finalizer runs once, and only for what was let go of.
local threading = require "threading"

local OBJECTS = tonumber(arg[1]) or 20000
local SEED = tonumber(arg[2]) or 1
local THREADS = 8

local by_key = setmetatable({}, { __mode = "k" })
local by_value = setmetatable({}, { __mode = "v" })
local by_both = setmetatable({}, { __mode = "kv" })

local function check(object)
  if object ~= nil and (object.tag ~= "object" or type(object.data[1]) ~= "number") then
    error "a weak table holds what nobody stored"
  end
end

-- A place for each object, so that nothing is stored in a table that grows while others look at it.
local finalized, kept = {}, {}
for thread = 1, THREADS do
  finalized[thread], kept[thread] = {}, {}
  for i = 1, OBJECTS do finalized[thread][i] = 0 end
end

local finalizer = {
  __gc = function(object)
    check(object)
    local log = finalized[object.thread]
    log[object.index] = log[object.index] + 1
    -- A finalizer makes garbage, and looks at the tables as everybody does.
    by_key[{ object }] = { object.data }
    check(by_value[object.index])
  end,
}

local function work(thread)
  -- A generator of its own: math.random is shared.
  local state = SEED * 1000 + thread
  local function random(most)
    state = (state * 1103515245 + 12345) % 2147483648
    return state // 65536 % most + 1
  end
  for i = 1, OBJECTS do
    local object = setmetatable({ tag = "object", thread = thread, index = i, data = { i } }, finalizer)
    local place = random(500)
    by_key[object] = random(2) == 1 and object or { object }
    by_value[place] = object
    by_both[{}] = object
    by_both[object] = object
    if i % 10 == 0 then kept[thread][i // 10] = object end
    check(by_value[random(500)])
    if random(50) == 1 then
      -- The key may be gone from a table that others make grow: then `next` says so.
      local key, value
      for _ = 1, random(20) do
        local ok
        ok, key, value = pcall(next, by_key, key)
        if not ok or key == nil then break end
        check(key.tag and key)
        check(value.tag and value)
      end
    end
    if random(2000) == 1 then collectgarbage() end
  end
end

local threads = {}
for thread = 1, THREADS do
  threads[thread] = threading.Thread { target = work, args = { thread } }
  threads[thread]:start()
end
for _, thread in ipairs(threads) do thread:join() end

-- What is kept is not finalized; all the rest is, once.
for _ = 1, 3 do collectgarbage() end
local wrong = 0
for thread = 1, THREADS do
  for i = 1, OBJECTS do
    if finalized[thread][i] ~= (i % 10 == 0 and 0 or 1) then wrong = wrong + 1 end
  end
end
print(("%d objects, %d finalized wrongly"):format(THREADS * OBJECTS, wrong))
assert(wrong == 0)
-- A store may be lost to another thread's; what is there is right.
for key, value in pairs(by_key) do
  check(key.tag and key)
  check(value.tag and value)
end
