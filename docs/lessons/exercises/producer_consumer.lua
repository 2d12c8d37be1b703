-- Exercise of the lesson producer_consumer.
-- Run: gilvm run docs/lessons/exercises/producer_consumer.lua
--
-- A queue with room for two items, made of a list and a Condition. put(item) is to wait while it is full, and take()
-- while it is empty. There are two mistakes in it: one makes everybody wait, the other leaves a producer alone.
-- Change put() and take() only. You are done when the script prints "solved".
local threading = require "threading"

local ROOM = 2
local items = {}
local changed = threading.Condition()

local function put(item)
  local held <close> = changed:hold()
  if #items >= ROOM then changed:wait() end
  table.insert(items, item)
  changed:notify()
end

local function take()
  local held <close> = changed:hold()
  if #items == 0 then changed:wait() end
  changed:notify()
  return table.remove(items, 1)
end

-- The check: four producers and four consumers.
local WORKERS, EACH = 4, 2000
local problem
local taken, threads = {}, {}
for i = 1, WORKERS do
  taken[i] = {}
  threads[#threads + 1] = threading.Thread{name = "producer " .. i, target = function()
    for k = 1, EACH do
      put((i - 1) * EACH + k)
      if #items > ROOM then problem = #items .. " items are in the queue, which has room for " .. ROOM end
    end
  end}
  threads[#threads + 1] = threading.Thread{name = "consumer " .. i, target = function()
    for k = 1, EACH do
      taken[i][k] = take() or 0
      if taken[i][k] == 0 then problem = "take() returned nil" end
    end
  end}
end
for _, thread in ipairs(threads) do thread:start() end
for _, thread in ipairs(threads) do thread:join() end
assert(not problem, problem)
local seen = {}
for i = 1, WORKERS do
  for k = 1, EACH do seen[taken[i][k]] = true end
end
for item = 1, WORKERS * EACH do assert(seen[item], "item " .. item .. " was never taken") end
print "solved"
