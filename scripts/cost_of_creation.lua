-- What does it cost to make a task that does nothing: to call a function, to start a thread, to start a process?
--
--   gilvm run scripts/cost_of_creation.lua        in a program with hardly any data
--   gilvm run scripts/cost_of_creation.lua SIZE   in a program with SIZE MiB of data
--
-- Time: from the start of a task to the end of its join. Memory: what one more task takes while it is alive.
local threading = require "threading"
local time = require "time"
local Thread, Process = threading.Thread, require("multiprocessing").Process

local SIZE = tonumber(arg[1]) or 0
local N = 200  -- tasks of each kind, one after the other
local THREADS, PROCESSES = 200, 16  -- so many are alive together when their memory is measured

local function nothing() end

-- The least of all: what else the machine does meanwhile only adds to a time.
local function microseconds(run)
  local least = math.huge
  for _ = 1, N do
    local start = time.perf_counter()
    run()
    least = math.min(least, time.perf_counter() - start)
  end
  return least * 1e6
end

-- How many KiB of memory does this process have for itself alone?
local function private_memory(pid)
  local sum = 0
  for line in io.lines("/proc/" .. pid .. "/smaps_rollup") do
    local size = line:match("^Private_%a+:%s*(%d+) kB")
    if size then sum = sum + size end
  end
  return sum
end

local function thread_memory()
  local done = threading.Event()
  collectgarbage()
  local before = private_memory("self")
  local threads = {}
  for i = 1, THREADS do
    threads[i] = Thread{target = function() done:wait() end}
    threads[i]:start()
  end
  local with = private_memory("self")
  done:set()
  for _, thread in ipairs(threads) do thread:join() end
  return (with - before) / THREADS
end

local function process_memory()
  local processes, sum = {}, 0
  for i = 1, PROCESSES do
    processes[i] = Process{target = function() time.sleep(60) end}
    processes[i]:start()
  end
  time.sleep(0.1)  -- each gets as far as its sleep
  for _, process in ipairs(processes) do sum = sum + private_memory(process.pid) end
  for _, process in ipairs(processes) do
    process:terminate()
    process:join()
  end
  return sum / PROCESSES
end

local function row(name, microseconds, memory)
  print(string.format("  %-16s %12.2f us %10s", name, microseconds, memory and math.floor(memory) .. " KiB" or "-"))
end

local function start_and_join(Task)
  return function()
    local task = Task{target = nothing}
    task:start()
    task:join()
  end
end

local data = {}
for i = 1, SIZE * 131072 do data[i] = i end  -- 8 bytes each

print(string.format("the program has %.1f MiB of data", collectgarbage("count") / 1024))

-- Memory first, and processes before threads: what has ended leaves something behind that can be used again.
local process, thread = process_memory(), thread_memory()
row("a function call", microseconds(nothing))
row("a thread", microseconds(start_and_join(Thread)), thread)
row("a process", microseconds(start_and_join(Process)), process)
