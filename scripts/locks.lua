-- Two threads add 1 to one counter, N times each, and every way of locking has its turn: which are right?
--
--   gilvm run scripts/locks.lua              every way: what is lost, and what an addition costs
--   gilvm run scripts/locks.lua twice LOCK   a thread takes the same lock twice; LOCK is Lock or RLock
--
-- A wrong way may be right for once, by good luck. So a way is repeated until it has lost something; only after many
-- rounds without a loss is it said to be right.
local threading = require "threading"
local time = require "time"

local function twice(Lock)
  local lock = Lock()
  local function add(amount)
    local held <close> = lock:hold()
    counter = counter + amount
  end
  local function add_two()
    local held <close> = lock:hold()
    add(1)  -- which takes the lock that this function has
    add(1)
  end
  counter = 0
  add_two()
  print("the counter is " .. counter)
end

if arg[1] == "twice" then
  twice(threading[arg[2]] or error("Lock or RLock, not " .. tostring(arg[2]), 0))
  return
end

-- The GIL changes hands often, so that what can go wrong soon does.
require("sys").setswitchinterval(0.0001)

local lock = threading.Lock()

local function no_lock(N)
  for _ = 1, N do counter = counter + 1 end
end

local function too_small(N)
  for _ = 1, N do
    local seen
    do local held <close> = lock:hold() seen = counter end
    do local held <close> = lock:hold() counter = seen + 1 end
  end
end

local function another_lock(N)
  local mine = threading.Lock()
  for _ = 1, N do
    local held <close> = mine:hold()
    counter = counter + 1
  end
end

local function each_time(N)
  for _ = 1, N do
    local held <close> = lock:hold()  -- Python: with lock:
    counter = counter + 1
  end
end

local reentrant = threading.RLock()
local function each_time_RLock(N)
  for _ = 1, N do
    local held <close> = reentrant:hold()
    counter = counter + 1
  end
end

local function once(N)
  local sum = 0
  for _ = 1, N do sum = sum + 1 end
  local held <close> = lock:hold()
  counter = counter + sum
end

-- Name, function, N (more for what is quicker), rounds.
local ways = {
  {"no lock", no_lock, 2000000, 60},
  {"lock too small", too_small, 50000, 60},
  {"a lock each", another_lock, 300000, 60},
  {"Lock each time", each_time, 100000, 10},
  {"RLock each time", each_time_RLock, 100000, 10},
  {"Lock once", once, 2000000, 10},
}

print(string.format("%-16s  %9s  %-32s %11s", "way", "additions", "result", "ns for each"))
for _, way in ipairs(ways) do
  local name, add, N, rounds = table.unpack(way)
  local result = "right in " .. rounds .. " rounds"
  local least = math.huge
  for round = 1, rounds do
    counter = 0
    local start = time.perf_counter()
    local first = threading.Thread{target = add, args = {N}}
    local second = threading.Thread{target = add, args = {N}}
    first:start()
    second:start()
    first:join()
    second:join()
    least = math.min(least, time.perf_counter() - start)
    if counter ~= 2 * N then
      result = "WRONG in round " .. round .. ": " .. 2 * N - counter .. " lost"
      break
    end
  end
  print(string.format("%-16s  %9d  %-32s %11.0f", name, 2 * N, result, least / (2 * N) * 1e9))
end
