-- Nanoseconds of one operation each, as lines "name nanoseconds"; sync.py does the same in Python.
local threading, queue, time = require "threading", require "queue", require "time"
local asyncio, multiprocessing = require "asyncio", require "multiprocessing"

local function measure(name, clock, count, work)
  local begin = clock()
  work(count)
  print(("%s %.0f"):format(name, (clock() - begin) / count * 1e9))
end

measure("lock_acquire_release", time.process_time, 1000000, function(count)
  local lock = threading.Lock()
  for _ = 1, count do
    lock:acquire()
    lock:release()
  end
end)
measure("lock_with", time.process_time, 1000000, function(count)
  local lock = threading.Lock()
  for _ = 1, count do local held <close> = lock:hold() end
end)
measure("rlock_acquire_release", time.process_time, 1000000, function(count)
  local lock = threading.RLock()
  for _ = 1, count do
    lock:acquire()
    lock:release()
  end
end)
measure("semaphore_acquire_release", time.process_time, 200000, function(count)
  local semaphore = threading.Semaphore()
  for _ = 1, count do
    semaphore:acquire()
    semaphore:release()
  end
end)
measure("event_set_wait", time.process_time, 200000, function(count)
  local event = threading.Event()
  for _ = 1, count do
    event:set()
    event:wait()
  end
end)
for _, kind in ipairs{"Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"} do
  measure(kind .. "_put_get", time.process_time, 200000, function(count)
    local q = queue[kind]()
    for item = 1, count do
      q:put(item)
      q:get()
    end
  end)
end
local await, coro, create_task = asyncio.await, asyncio.coro, asyncio.create_task
local function in_loop(name, count, work)
  measure(name, time.process_time, count, function() asyncio.run(coro(work, count)) end)
end
local function nothing() end

in_loop("task_create_await", 100000, function(count)
  for _ = 1, count do await(create_task(nothing)) end
end)
in_loop("task_switch", 200000, function(count)
  local function work() for _ = 1, count // 10 do await(asyncio.sleep(0)) end end
  local tasks = {}
  for i = 1, 10 do tasks[i] = create_task(work) end
  for i = 1, 10 do await(tasks[i]) end
end)
in_loop("task_sleep", 50000, function(count)
  local function nap(i) await(asyncio.sleep(i * 1e-7)) end
  local tasks = {}
  for i = 1, count do tasks[i] = create_task(coro(nap, i)) end
  for i = 1, count do await(tasks[i]) end
end)
in_loop("call_soon", 200000, function(count)
  local loop = asyncio.get_running_loop()
  for _ = 1, count do loop:call_soon(nothing) end
  await(asyncio.sleep(0))
end)
in_loop("async_queue_put_get", 100000, function(count)
  local q = asyncio.Queue()
  for item = 1, count do
    await(q:put(item))
    await(q:get())
  end
end)
measure("thread_create_join", time.perf_counter, 3000, function(count)
  local function nothing() end
  for _ = 1, count do
    local thread = threading.Thread{target = nothing}
    thread:start()
    thread:join()
  end
end)
measure("process_pipe_round_trip", time.perf_counter, 5000, function(count)
  local here, there = multiprocessing.Pipe()
  local process = multiprocessing.Process{target = function()
    for _ = 1, count do there:send(there:recv()) end
  end}
  process:start()
  for item = 1, count do
    here:send(item)
    here:recv()
  end
  process:join()
end)
for _, kind in ipairs{"Queue", "SimpleQueue"} do
  measure("process_" .. kind .. "_put_get", time.perf_counter, 10000, function(count)
    local q = multiprocessing[kind]()
    local process = multiprocessing.Process{target = function()
      for item = 1, count do q:put(item) end
    end}
    process:start()
    for _ = 1, count do q:get() end
    process:join()
  end)
end
measure("process_start_join", time.perf_counter, 300, function(count)
  for _ = 1, count do
    local process = multiprocessing.Process()
    process:start()
    process:join()
  end
end)
