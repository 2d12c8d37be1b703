-- Processes share nothing. Three ways in which they talk all the same, and what goes wrong with the third.
--
--   gilvm run scripts/talking_processes.lua pipe         a question and an answer between two processes
--   gilvm run scripts/talking_processes.lua queue        work for whoever is free
--   gilvm run scripts/talking_processes.lua memory [N]   two processes add 1 to a number that both have, N times each
local multiprocessing = require "multiprocessing"
local time = require "time"
local Process = multiprocessing.Process

io.stdout:setvbuf("line")

-- A pipe has two ends. What is sent at one of them arrives as a copy at the other.
local function pipe()
  local mine, theirs = multiprocessing.Pipe()
  local child = Process{target = function()
    mine:close()  -- the child's copy of the parent's end
    local list = theirs:recv()
    print("child receives:  " .. table.concat(list, ", "))
    table.insert(list, "added by the child")
    theirs:send(list)
  end}
  child:start()
  theirs:close()  -- now the child alone has this end

  local list = {"made by the parent"}
  mine:send(list)
  local answer = mine:recv()
  print("parent receives: " .. table.concat(answer, ", "))
  print("parent has sent: " .. table.concat(list, ", "))
  child:join()
  local _, problem = pcall(mine.recv, mine)
  print("the child has ended, and the parent receives: " .. tostring(problem))
end

-- A queue has any number of ends. Who is free takes what is next.
local function queue()
  local jobs, results = multiprocessing.Queue(), multiprocessing.Queue()
  local function work()
    for seconds in function() return jobs:get() end do  -- until it gets a nil
      time.sleep(seconds)
      results:put{worker = multiprocessing.current_process().name, seconds = seconds}
    end
  end

  local workers = {}
  for number = 1, 2 do
    workers[number] = Process{target = work, name = "worker " .. number}
    workers[number]:start()
  end
  local list = {0.5, 0.1, 0.1, 0.1, 0.1}
  local start = time.perf_counter()
  for _, seconds in ipairs(list) do jobs:put(seconds) end
  for _ in ipairs(workers) do jobs:put(nil) end
  for _ in ipairs(list) do
    local result = results:get()
    print(string.format("%.1f s  %s has done a job of %.1f s", time.perf_counter() - start, result.worker,
                        result.seconds))
  end
  for _, worker in ipairs(workers) do worker:join() end
end

-- Shared memory is one number in both processes, and no copy.
local function raw(total, N)
  for _ = 1, N do total.value = total.value + 1 end
end

local function held(total, N)
  for _ = 1, N do
    local held <close> = total:get_lock():hold()
    total.value = total.value + 1
  end
end

local function own(total, N)
  local sum = 0  -- the process has this one for itself
  for _ = 1, N do sum = sum + 1 end
  local held <close> = total:get_lock():hold()
  total.value = total.value + sum
end

local function count(make, work, N)
  local total, together = make(), multiprocessing.Barrier(2)
  local processes = {}
  for number = 1, 2 do
    processes[number] = Process{target = function()
      together:wait()
      work(total, N)
    end}
  end
  local start = time.perf_counter()
  for _, process in ipairs(processes) do process:start() end
  for _, process in ipairs(processes) do process:join() end
  return total.value, time.perf_counter() - start
end

local function memory()
  local N = tonumber(arg[2]) or 100000
  local function raw_value() return multiprocessing.RawValue("q", 0) end
  local function value() return multiprocessing.Value("q", 0) end
  local ways = {
    {name = "RawValue",                   make = raw_value, work = raw,  loses = true},
    {name = "Value, which has a lock",    make = value,     work = raw,  loses = true},
    {name = "Value, its lock held",       make = value,     work = held, loses = false},
    {name = "Value, added to only once",  make = value,     work = own,  loses = false},
  }
  print(string.format("%-26s %9s %9s %9s %8s %6s", "way", "expected", "counted", "lost", "seconds", "rounds"))
  for _, way in ipairs(ways) do
    -- Where something can be lost it is counted again until something was. Mostly that is the first time.
    local counted, seconds
    local rounds = 0
    repeat
      counted, seconds = count(way.make, way.work, N)
      rounds = rounds + 1
    until not way.loses or counted < 2 * N or rounds == 100
    print(string.format("%-26s %9d %9d %9d %8.3f %6d", way.name, 2 * N, counted, 2 * N - counted, seconds, rounds))
  end
end

local ways = {pipe = pipe, queue = queue, memory = memory}
local way = arg[1] or "memory"
if not ways[way] then error("pipe, queue or memory, not " .. way, 0) end
ways[way]()
