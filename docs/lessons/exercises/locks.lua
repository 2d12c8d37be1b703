-- Exercise of the lesson locks.
-- Run: gilvm run docs/lessons/exercises/locks.lua
--
-- A theatre sells its seats at several counters. Every access to `free` is under the lock, and still more tickets are
-- sold than there are seats. Change sell() so that this cannot happen. seats_free() and take_seat() are used by others
-- too, and stay as they are; the kind of lock is yours to choose.
-- Change sell() and the line that makes the lock only. You are done when the script prints "solved".
local threading = require "threading"
local time = require "time"

local free = 0
local lock = threading.Lock()

local function seats_free()
  local held <close> = lock:hold()
  return free
end

local function take_seat()
  local held <close> = lock:hold()
  free = free - 1
end

local function sell()
  if seats_free() > 0 then
    time.sleep(0.0005)  -- the ticket is printed
    take_seat()
    return true
  end
  return false
end

-- The check: eight counters sell until nothing is free, several times.
for round = 1, 5 do
  free = 20
  local sold, threads = {}, {}
  for i = 1, 8 do
    sold[i] = 0
    threads[i] = threading.Thread{target = function()
      while sell() do sold[i] = sold[i] + 1 end
    end}
    threads[i]:start()
  end
  for _, thread in ipairs(threads) do thread:join() end
  local sum = 0
  for i = 1, 8 do sum = sum + sold[i] end
  assert(sum == 20, "round " .. round .. ": " .. sum .. " tickets were sold for 20 seats")
  assert(free == 0, "round " .. round .. ": " .. free .. " seats are free instead of 0")
end
print "solved"
