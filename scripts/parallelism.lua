-- The same two jobs, one after the other, as two threads, and as two processes. Which takes half the time?
--
-- Two processes do, if there are two cores for them. Two threads do without the lock (--no-gil), not with it. On one
-- core (--cores=1) nothing does: parallel means at the same time, and that takes two of whatever does the work.
local time = require "time"
local Thread = require("threading").Thread
local Process = require("multiprocessing").Process

local N = tonumber(arg[1]) or 20000000
local ROUNDS = 3

local function job()
  local sum = 0
  for k = 1, N do sum = (sum + k) % 9973 end
end

local function two(Task)
  local first, second = Task{target = job}, Task{target = job}
  first:start()
  second:start()
  first:join()
  second:join()
end

local ways = {
  {name = "one after the other", run = function() job() job() end},
  {name = "two threads",         run = function() two(Thread) end},
  {name = "two processes",       run = function() two(Process) end},
}

-- In turns, and the least of all rounds: what else the machine does meanwhile only adds to a time.
for _ = 1, ROUNDS do
  for _, way in ipairs(ways) do
    local start = time.perf_counter()
    way.run()
    way.seconds = math.min(way.seconds or math.huge, time.perf_counter() - start)
  end
end

for _, way in ipairs(ways) do
  print(string.format("%-20s %7.1f ms  %4.2f times as fast", way.name, way.seconds * 1000,
                      ways[1].seconds / way.seconds))
end
