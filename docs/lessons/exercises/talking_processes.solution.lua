-- Solution of the exercise of the lesson talking_processes.
-- Run: gilvm run docs/lessons/exercises/talking_processes.solution.lua
--
-- Two ticket offices, each a process, sell the same 40 seats. seats[k] is 0 while seat k is free, and the number of the
-- office that has sold it otherwise. Each single access to the array takes its lock, and still seats are sold twice.
-- Change sell() so that each seat is sold once. A customer takes a while to pay; that time must not be spent under the
-- lock, or the other office stands still meanwhile.
-- Change sell() only. You are done when the script prints "solved".
local multiprocessing = require "multiprocessing"
local time = require "time"
local Process = multiprocessing.Process

local SEATS <const> = 40
local seats = multiprocessing.Array("i", SEATS)  -- in shared memory, with a lock: seats:get_lock()
local results = multiprocessing.Queue()
local paying, most_paying = multiprocessing.Value("i", 0), multiprocessing.Value("i", 0)

local function is_free(seat)
  local free = seats[seat] == 0
  time.sleep(0.002)  -- the answer takes its time
  return free
end

local function pay()
  do
    local held <close> = paying:get_lock():hold()
    paying.value = paying.value + 1
    most_paying.value = math.max(most_paying.value, paying.value)
  end
  time.sleep(0.01)
  local held <close> = paying:get_lock():hold()
  paying.value = paying.value - 1
end

-- The question and the answer to it belong together; the payment does not.
local function reserve(seat, office)
  local held <close> = seats:get_lock():hold()
  if not is_free(seat) then return false end
  seats[seat] = office
  return true
end

-- Sells what is free, and returns how many seats that were.
local function sell(office)
  local sold = 0
  for seat = 1, #seats do
    if reserve(seat, office) then
      pay()
      sold = sold + 1
    end
  end
  return sold
end

-- The check
local together = multiprocessing.Barrier(2)
local offices = {}
for number = 1, 2 do
  offices[number] = Process{target = function()
    together:wait()
    results:put{office = number, sold = sell(number)}
  end}
  offices[number]:start()
end
local sold, all = {}, 0
for _ = 1, 2 do
  local result = results:get()
  sold[result.office], all = result.sold, all + result.sold
end
for number = 1, 2 do
  offices[number]:join()
  assert(offices[number].exitcode == 0, "office " .. number .. " has ended with an error")
end

assert(all == SEATS, "there are " .. SEATS .. " seats, and " .. all .. " tickets were sold")
local found = {0, 0}
for seat = 1, SEATS do
  assert(seats[seat] == 1 or seats[seat] == 2, "seat " .. seat .. " belongs to " .. seats[seat])
  found[seats[seat]] = found[seats[seat]] + 1
end
for number = 1, 2 do
  assert(found[number] == sold[number], "office " .. number .. " has sold " .. sold[number] .. " seats, and " ..
         found[number] .. " are its own in the array")
end
assert(most_paying.value == 2, "nobody could pay while somebody else did: is the lock held for too long?")
print "solved"
