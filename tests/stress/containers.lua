-- 8 threads work on the same tables, and each operation on a table is one step, as in free-threaded Python.
--
--     gilvm run --lock=object containers.lua [OPERATIONS] [SEED]
--
-- Nothing that is stored is lost, whatever grows meanwhile; nothing is taken twice; what is always there is always
-- found. Under --lock=gil as well, but not under --no-gil. Prints a summary; an error where something is missing.
local threading = require "threading"

local OPERATIONS = tonumber(arg[1]) or 1000000
local THREADS = 8
local EACH = math.max(OPERATIONS // (THREADS * 7), 10)

-- Runs body(1) to body(THREADS) at the same time.
local function together(body)
  local threads, failures = {}, {}
  for number = 1, THREADS do failures[number] = false end
  for number = 1, THREADS do
    threads[number] = threading.Thread{target = function()
      local ok, message = pcall(body, number)
      if not ok then failures[number] = message end
    end}
  end
  for _, thread in ipairs(threads) do thread:start() end
  for _, thread in ipairs(threads) do thread:join() end
  for number = 1, THREADS do
    if failures[number] then error("thread " .. number .. ": " .. tostring(failures[number]), 0) end
  end
end

local function check(condition, ...)
  if not condition then error(string.format(...), 2) end
end

-- Every number from 1 to `count` once, as elements of the list.
local function check_all_once(list, count, what)
  local seen = {}
  for index = 1, #list do
    check(not seen[list[index]], "%s: %s stands there twice", what, list[index])
    seen[list[index]] = true
  end
  for number = 1, count do check(seen[number], "%s: %d is missing", what, number) end
  check(#list == count, "%s: %d elements for %d", what, #list, count)
end

-- Appended by all: the list grows under everybody's hands.
local appended = {}
together(function(number)
  for index = 1, EACH do table.insert(appended, (number - 1) * EACH + index) end
end)
check_all_once(appended, THREADS * EACH, "append")

-- New keys of every kind in one table, beside stores to keys of one's own that are there.
local entries = {}
for number = 1, THREADS do entries["own " .. number] = 0 end
together(function(number)
  local own = "own " .. number
  for index = 1, EACH do
    entries[(number - 1) * EACH + index] = index
    entries[number .. ":" .. index] = index
    entries[number + index * 16 + 0.5] = index
    entries[own] = index
    check(entries[own] == index, "a store of one's own is not there: %s for %d", tostring(entries[own]), index)
  end
end)
for number = 1, THREADS do
  check(entries["own " .. number] == EACH, "the last store of thread %d is lost", number)
  for index = 1, EACH do
    check(entries[(number - 1) * EACH + index] == index, "integer key: lost")
    check(entries[number .. ":" .. index] == index, "string key %d:%d: lost", number, index)
    check(entries[number + index * 16 + 0.5] == index, "float key: lost")
  end
end

-- What has always been there is always found, while others make the table grow.
local growing = {}
for index = 1, 10 do growing[index], growing["key" .. index] = index, index end
together(function(number)
  for index = 1, EACH do
    if number <= 2 then
      growing[number * 100 + index * 2] = index
      growing["new" .. number .. index] = index
      if index % 1000 == 0 then
        -- Where the traversal stands may be removed by the other thread, and there is no place to go on from then.
        pcall(function()
          for key in pairs(growing) do
            if type(key) == "string" and key:sub(1, 3) == "new" then growing[key] = nil end
          end
        end)
      end
    else
      local known = index % 10 + 1
      check(growing[known] == known, "element %d is not found: %s", known, tostring(growing[known]))
      check(growing["key" .. known] == known, "key%d is not found", known)
      check(rawlen(growing) >= 10, "the length is %d", rawlen(growing))
    end
  end
end)

-- Half push, half pop: each thing comes out once.
local stack, popped = {}, {}
for number = 1, THREADS do popped[number] = {} end
local pushing = THREADS // 2
together(function(number)
  if number <= pushing then
    for index = 1, EACH do table.insert(stack, (number - 1) * EACH + index) end
  else
    local mine = popped[number]
    for _ = 1, EACH do
      local value = table.remove(stack)
      if value then mine[#mine + 1] = value end
    end
  end
end)
for number = pushing + 1, THREADS do table.move(popped[number], 1, #popped[number], #stack + 1, stack) end
check_all_once(stack, pushing * EACH, "push and pop")

-- Insertions and removals at the front move all others, while stores hit the place that never moves out of the list.
local line, taken = {}, {}
for number = 1, THREADS do taken[number] = {} end
local few = math.min(EACH, 2000)
together(function(number)
  local mine = taken[number]
  for index = 1, few do
    table.insert(line, 1, (number - 1) * few + index)
    if index % 2 == 0 then mine[#mine + 1] = table.remove(line, 1) end
  end
end)
for number = 1, THREADS do table.move(taken[number], 1, #taken[number], #line + 1, line) end
check_all_once(line, THREADS * few, "insert and remove at the front")

-- A list is sorted in one step, while others append to it.
local sorted = {}
together(function(number)
  for index = 1, few do
    table.insert(sorted, (number - 1) * few + index)
    if index % 50 == 0 then table.sort(sorted) end
  end
end)
check_all_once(sorted, THREADS * few, "sort")

-- A table that one thread has made and filled is stored to by another for the first time while its maker goes on.
for round = 1, math.max(few // 20, 5) do
  local handed = {}
  local started = threading.Event()
  local maker = threading.Thread{target = function()
    for index = 1, 200 do
      handed[index] = index
      handed["m" .. index] = index
      if index == 20 then started:set() end
    end
  end}
  maker:start()
  started:wait()
  for index = 1, 200 do handed["o" .. index] = index end
  maker:join()
  for index = 1, 200 do
    check(handed[index] == index and handed["m" .. index] == index, "the maker's %d is lost", index)
    check(handed["o" .. index] == index, "the other's %d is lost", index)
  end
end

print(THREADS * EACH .. " of each: nothing lost, nothing twice")
