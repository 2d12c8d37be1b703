-- N philosophers at a round table, one fork between each two of them. Who eats needs both of his.
--
--   gilvm run scripts/deadlock.lua left [N]       each takes the fork on his left first, then the one on his right
--   gilvm run scripts/deadlock.lua numbered [N]   each takes the fork with the lower number first
--
-- Two philosophers are two threads that take two locks in opposite orders.
local threading = require "threading"
local time = require "time"

local order = arg[1] or "left"
local N = tonumber(arg[2]) or 2
if order ~= "left" and order ~= "numbered" then error("left or numbered, not " .. order, 0) end

local forks = {}
for number = 1, N do forks[number] = threading.Lock() end

local function dine(seat)
  local first, second = seat, seat % N + 1
  if order == "numbered" and first > second then first, second = second, first end

  local one <close> = forks[first]:hold()  -- Python: with forks[first]:
  print("philosopher " .. seat .. " has fork " .. first)
  time.sleep(0.1)  -- a moment of thought, in which the others take their first forks
  local other <close> = forks[second]:hold()
  print("philosopher " .. seat .. " has fork " .. second .. " too, and eats")
end

local philosophers = {}
for seat = 1, N do
  philosophers[seat] = threading.Thread{target = dine, args = {seat}, name = "philosopher " .. seat}
  philosophers[seat]:start()
end
for _, philosopher in ipairs(philosophers) do philosopher:join() end
print "all have eaten"
