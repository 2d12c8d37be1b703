-- The same two jobs: one after the other, as two threads, as two interpreters in this process, and as two processes.
-- Which takes half the time, and who finds the results in a global?
--
-- An interpreter is a VM with a lock and globals of its own. So two of them are parallel, as two processes are, and yet
-- they are in one process: the operating system does not know that there are two.
local interpreters = require "interpreters"
local time = require "time"
local Thread = require("threading").Thread
local Process = require("multiprocessing").Process

local N = tonumber(arg[1]) or 10000000
local ROUNDS <const> = 3

-- `results` is a global: whose, depends on who calls.
local function job(number)
  local sum = 0
  for k = 1, N do sum = (sum + k) % 9973 end
  results = results or {}
  results[number] = sum
end

local function in_threads()
  local first, second = Thread{target = job, args = {1}}, Thread{target = job, args = {2}}
  first:start()
  second:start()
  first:join()
  second:join()
end

local function in_interpreters()
  local one <close> = interpreters.create()
  local other <close> = interpreters.create()
  local first, second = one:call_in_thread(job, 1), other:call_in_thread(job, 2)
  first:join()
  second:join()
end

local function in_processes()
  local first, second = Process{target = job, args = {1}}, Process{target = job, args = {2}}
  first:start()
  second:start()
  first:join()
  second:join()
end

local ways = {
  {name = "one after the other", run = function() job(1) job(2) end},
  {name = "two threads",         run = in_threads},
  {name = "two interpreters",    run = in_interpreters},
  {name = "two processes",       run = in_processes},
}

-- In turns, and the least of all rounds: what else the machine does meanwhile only adds to a time.
for _ = 1, ROUNDS do
  for _, way in ipairs(ways) do
    results = {}
    local start = time.perf_counter()
    way.run()
    way.seconds = math.min(way.seconds or math.huge, time.perf_counter() - start)
    way.found = #results
  end
end

for _, way in ipairs(ways) do
  print(string.format("%-20s %7.1f ms  %4.2f times as fast  results here: %d", way.name, way.seconds * 1000,
                      ways[1].seconds / way.seconds, way.found))
end

-- A global that counts the calls. The main interpreter calls in itself, and twice in each of two others.
local function look()
  seen = (seen or 0) + 1
  return seen
end

print "\ninterpreter  process  seen, call by call"
print(string.format("%-11s  %7d  %d %d", "main", os.getpid(), look(), look()))
for _ = 1, 2 do
  local other <close> = interpreters.create()
  print(string.format("%-11d  %7d  %d %d", other.id, other:call(os.getpid), other:call(look), other:call(look)))
end
