-- Six kinds of work, done in four ways: nothing special, async, threads, processes. Which one is worth it?
--
--   gilvm run scripts/which_one.lua                          with the GIL
--   gilvm run --like=cpython3.14t scripts/which_one.lua      without it, a lock for each table
--   gilvm run scripts/which_one.lua --cores=1
--
-- Each work is done for some seconds, one unless the argument says otherwise, but three times at least in each way. A time
-- is the least of all, in milliseconds, with all that the way asks for: threads and processes are made anew. `busy` is for how much of the time the processor had something to do when
-- nothing special was done.
local asyncio = require "asyncio"
local multiprocessing = require "multiprocessing"
local threading = require "threading"
local time = require "time"
local await, coro = asyncio.await, asyncio.coro

local SECONDS <const> = tonumber(arg[1]) or 1
local ENOUGH <const> = 1.25  -- what takes that much longer than the fastest way is still good enough

local function compute(rounds)
  local sum = 0
  for k = 1, rounds do sum = (sum + k) % 9973 end
  return sum
end

local numbers = {}
for k = 1, 200000 do numbers[k] = k * 7919 % 1000003 end

-- Each has a number of jobs, and how many threads or processes share them. A job gets the `sleep` of its way.
local works = {
  {name = "8 jobs wait 50 ms", jobs = 8, workers = 8, run = function(sleep) sleep(0.05) end},
  {name = "100 jobs wait 10 ms", jobs = 100, workers = 100, run = function(sleep) sleep(0.01) end},
  {name = "2 jobs compute", jobs = 2, workers = 2, run = function() return compute(2000000) end},
  {name = "100 jobs compute little", jobs = 100, workers = 2, run = function() return compute(200) end},
  {name = "2 jobs make large tables", jobs = 2, workers = 2, run = function()
    local found = {}
    for k = 1, #numbers do
      if numbers[k] % 3 ~= 0 then found[#found + 1] = numbers[k] end
    end
    return found
  end},
  {name = "8 jobs wait and compute", jobs = 8, workers = 8, run = function(sleep)
    sleep(0.05)
    return compute(1000000)
  end},
}

-- What one worker does: its share of the jobs. Returns the last result.
local function share(work, number)
  local result
  for _ = number, work.jobs, work.workers do result = work.run(time.sleep) end
  return result
end

local ways = {
  {name = "nothing", run = function(work)
    for _ = 1, work.jobs do work.run(time.sleep) end
  end},
  {name = "async", run = function(work)
    asyncio.run(function()
      local function sleep(seconds) await(asyncio.sleep(seconds)) end
      local tasks = {}
      for number = 1, work.jobs do tasks[number] = coro(work.run, sleep) end
      await(asyncio.gather(table.unpack(tasks)))
    end)
  end},
  {name = "threads", run = function(work)
    local threads, results = {}, {}
    for number = 1, work.workers do
      threads[number] = threading.Thread{target = function() results[number] = share(work, number) end}
      threads[number]:start()
    end
    for _, thread in ipairs(threads) do thread:join() end
  end},
  {name = "processes", run = function(work)
    local processes, results = {}, multiprocessing.SimpleQueue()
    for number = 1, work.workers do
      processes[number] = multiprocessing.Process{target = function() results:put(share(work, number)) end}
      processes[number]:start()
    end
    for _ = 1, work.workers do results:get() end
    for _, process in ipairs(processes) do process:join() end
  end},
}

print(string.format("%-24s %5s %8s %8s %8s %9s  %s", "work", "busy", "nothing", "async", "threads", "processes", "take"))
for _, work in ipairs(works) do
  local least, busy = {}, nil
  local rounds, finish = 0, time.perf_counter() + SECONDS
  repeat
    for number, way in ipairs(ways) do
      local start, used = time.perf_counter(), time.process_time()
      way.run(work)
      local seconds = time.perf_counter() - start
      if seconds < (least[number] or math.huge) then
        least[number] = seconds
        if number == 1 then busy = (time.process_time() - used) / seconds end
      end
    end
    rounds = rounds + 1
  until rounds >= 3 and time.perf_counter() >= finish
  local fastest = math.min(table.unpack(least))
  local take = 1  -- the ways are in order: a later one asks more of whoever writes it
  while least[take] > ENOUGH * fastest do take = take + 1 end
  print(string.format("%-24s %4.0f%% %8.1f %8.1f %8.1f %9.1f  %s", work.name, busy * 100, least[1] * 1000, least[2] * 1000,
                      least[3] * 1000, least[4] * 1000, ways[take].name))
end
