-- 8 threads that sleep, wait for a lock or a queue, and compute: nobody hangs, nobody starves.
--
--     gilvm run --gil-policy=io-first io_first.lua -- [OPERATIONS]
--
-- Two threads do nothing but compute, two only come back from sleeping without end, the others mix it all. Nobody stops
-- before each has done its share of OPERATIONS, so one that starves keeps the test from ending.
local threading, queue, time = require "threading", require "queue", require "time"

local hammer = dofile((arg[0]:gsub("[^/]*$", "hammer.lua")))
local THREADS = hammer.THREADS

local OPERATIONS = tonumber(arg[1]) or 100000
local EACH = OPERATIONS // THREADS

local lock, turns = threading.Lock(), queue.Queue{maxsize = 2}
local counter, inside = 0, 0  -- guarded by the lock

local function compute(rounds)
  local sum = 0
  for k = 1, rounds do sum = (sum + k) % 9973 end
  return sum
end

local function add()
  lock:acquire()
  inside = inside + 1
  assert(inside == 1, "two threads inside of the lock")
  counter = counter + compute(20) * 0 + 1
  inside = inside - 1
  lock:release()
  return 1
end

local function mix(turn)
  if turn % 7 == 0 then time.sleep(turn % 3 * 0.00001) end
  if turn % 11 == 0 then compute(5000) end
  if turn % 5 == 0 then pcall(turns.put, turns, turn, false) end
  if turn % 5 == 1 then pcall(turns.get, turns, true, 0.00005) end
  return add()
end

local kinds = {
  function() compute(1000) return 0 end,
  function() compute(1000) return 0 end,
  function() time.sleep(0) return 0 end,
  function() time.sleep(0) return 0 end,
  mix, mix, mix, mix,
}

local lacking = THREADS  -- threads that have not done their share; under the lock
local added = {0, 0, 0, 0, 0, 0, 0, 0}
hammer.in_threads(function(i)
  local done = 0
  while lacking > 0 do
    done = done + 1
    added[i] = added[i] + kinds[i](done)
    if done == EACH then
      lock:acquire()
      lacking = lacking - 1
      lock:release()
    end
  end
end)
local sum = 0
for i = 1, THREADS do sum = sum + added[i] end
hammer.expect("updates", sum, counter)
