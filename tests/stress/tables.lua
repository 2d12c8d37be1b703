-- 8 threads insert, remove, append, grow, sort and iterate the same tables without a lock.
--
--     gilvm run --no-gil tables.lua [OPERATIONS] [SEED]
--
-- What the tables hold in the end is anybody's guess, and errors ("attempt to compare nil with number") are the
-- script's own fault: they are counted. But gilvm neither crashes nor hangs, and every value is one that some
-- thread stored. Prints a summary, and an error at the end where a value is none of those.
local threading = require "threading"

local OPERATIONS = tonumber(arg[1]) or 10000000
local SEED = tonumber(arg[2]) or 1
local THREADS = 8
local SHARED = 4      -- tables that everybody changes
local LARGEST = 2000  -- entries, about; then a table is emptied or replaced

local shared = {}
for i = 1, SHARED do shared[i] = {} end

-- What may be stored: each kind can be recognised when it is read.
local function fresh(random)
  local kind = random(8)
  if kind == 1 then return random(1000) end
  if kind == 2 then return random(1000) + 0.5 end
  if kind == 3 then return "text " .. random(100) end
  if kind == 4 then return ("long text "):rep(8) .. random(100) end
  if kind == 5 then local captured = random(1000) return function() return captured end end
  if kind == 6 then return {tag = "nested", {random(10)}, n = random(10)} end
  if kind == 7 then return math.maxinteger - random(1000) end
  return random(2) == 1
end

local function known(value)
  local kind = type(value)
  if kind == "nil" or kind == "boolean" then return true end
  if kind == "number" then return value % 0.5 == 0 end
  if kind == "string" then return value:find("text ", 1, true) ~= nil end
  if kind == "function" then local got = value() return got >= 1 and got <= 1000 end
  if kind == "table" then return value.tag == "nested" and type(value[1][1]) == "number" end
  return false
end

local function key(random)
  local kind = random(5)
  if kind <= 2 then return random(LARGEST) end
  if kind == 3 then return "key " .. random(200) end
  if kind == 4 then return random(100) + 0.25 end
  return random(2) == 1
end

local strange = {}  -- values that nobody stored

local function check(value)
  if not known(value) then strange[#strange + 1] = tostring(value) end
end

local operations = {
  function(t, random) t[#t + 1] = fresh(random) end,
  function(t, random) t[key(random)] = fresh(random) end,
  function(t, random) t[key(random)] = nil end,
  function(t, random) check(t[key(random)]) end,
  function(t, random) table.insert(t, fresh(random)) end,
  function(t, random) table.insert(t, random(#t + 1), fresh(random)) return 4 end,
  function(t) check(table.remove(t)) end,
  function(t, random) check(table.remove(t, random(#t))) return 4 end,
  function(t)
    local steps = 0
    for _, value in pairs(t) do
      check(value)
      steps = steps + 1
      if steps == 50 then break end
    end
    return steps
  end,
  function(t)
    local steps = 0
    for _, value in ipairs(t) do
      check(value)
      steps = steps + 1
      if steps == 50 then break end
    end
    return steps
  end,
  function(t, random)
    local first = random(LARGEST)
    for i = first, first + 20 do t[i] = i end
    return 20
  end,
  function(t, random)
    local from = random(LARGEST)
    table.move(t, from, from + 10, random(LARGEST), shared[random(SHARED)])
    return 10
  end,
  function(t, random)
    local from = random(LARGEST)
    for _, value in ipairs({table.unpack(t, from, from + 10)}) do check(value) end
    return 10
  end,
  function(t) check(t.field) t.field = "text of a field" end,
  function(t, random)
    if random(20) == 1 then setmetatable(t, {__index = function() return "text that is not there" end}) end
    if random(20) == 2 then setmetatable(t, nil) end
  end,
}

-- Rare: what touches a whole table.
local large_operations = {
  function(_, random) shared[random(SHARED)] = {} return 1 end,
  function(t) for k in pairs(t) do t[k] = nil end return 200 end,
  function(t, random) table.sort(t, function(a, b) return tostring(a) < tostring(b) end) return 500 end,
  function(t) return #table.concat(t, ",", 1, math.min(#t, 20)) and 20 end,
}

-- A generator for each thread, since they must not share one.
local function generator(seed)
  local state = seed
  return function(largest)
    state = (state * 1103515245 + 12345) % 2147483648
    return (state >> 8) % largest + 1
  end
end

local done, errors, messages = {}, {}, {}

local function work(number, share)
  local random = generator(SEED * 1000 + number)
  local count, failed = 0, 0
  while count < share do
    local t = shared[random(SHARED)]
    local list = random(2000) == 1 and large_operations or operations
    local ok, steps = pcall(list[random(#list)], t, random)
    count = count + (ok and steps or 1)
    if not ok then
      failed = failed + 1
      messages[tostring(steps):gsub("^.-:%d+: ", ""):gsub("%d+", "N")] = true
    end
  end
  done[number], errors[number] = count, failed
end

local threads = {}
for i = 1, THREADS do
  done[i], errors[i] = 0, 0
  threads[i] = threading.Thread{target = work, args = {i, OPERATIONS // THREADS}}
end
for _, t in ipairs(threads) do t:start() end
for _, t in ipairs(threads) do t:join() end

local total, failed, kinds = 0, 0, 0
for i = 1, THREADS do total, failed = total + done[i], failed + errors[i] end
for _ in pairs(messages) do kinds = kinds + 1 end
collectgarbage()
print(string.format("%d operations in %d threads, %d errors of %d kinds", total, THREADS, failed, kinds))
if arg[3] == "errors" then for message in pairs(messages) do print(message) end end
if total < OPERATIONS // THREADS * THREADS then error("a thread has stopped early") end
if #strange > 0 then error("a value that nobody stored: " .. strange[1]) end
