-- 8 threads hammer each object of threading and queue: mutual exclusion, no lost wake-up, nobody starves.
--
--     gilvm run --no-gil sync.lua -- [OPERATIONS]
--
-- On every object the threads do about OPERATIONS operations in all, one being a call that may wait for another thread
-- or wake it; only timers, each of which is a thread, are fewer. Each test ends by itself: one that hangs has lost a
-- wake-up or starves a thread.
local threading, queue, time = require "threading", require "queue", require "time"

local hammer = dofile((arg[0]:gsub("[^/]*$", "hammer.lua")))
local in_threads, expect, THREADS = hammer.in_threads, hammer.expect, hammer.THREADS

local OPERATIONS = tonumber(arg[1]) or 100000
local EACH = OPERATIONS // THREADS

-- Threads that take `lock` without end, and one that must get it all the same.
local function hammer_lock(name, lock)
  local count, inside, wrong = 0, 0, 0
  in_threads(function(i)
    for turn = 1, EACH // 2 do
      if turn % 64 == 0 and lock:acquire(true, 0.00001) or lock:acquire() then
        inside = inside + 1
        if inside ~= 1 then wrong = wrong + 1 end
        count = count + 1
        inside = inside - 1
        lock:release()
      end
    end
  end)
  expect(name .. ": inside together", 0, wrong)
  expect(name .. ": updates", EACH // 2 * THREADS, count)

  local done = false
  in_threads(function(i)
    if i == 1 then
      for _ = 1, 50 do
        lock:acquire()
        lock:release()
      end
      done = true
    else
      while not done do
        lock:acquire()
        lock:release()
      end
    end
  end)
end

local function hammer_condition(name, lock)
  local condition, tokens, taken = threading.Condition(lock), 0, 0
  in_threads(function(i)
    for _ = 1, EACH // 2 do
      local held <close> = condition:hold()
      if i % 2 == 0 then
        tokens = tokens + 1
        condition:notify()
      else
        while tokens == 0 do condition:wait(i == 1 and 0.0001 or nil) end
        tokens = tokens - 1
        taken = taken + 1
      end
    end
  end)
  expect(name .. ": tokens left", 0, tokens)
  expect(name .. ": tokens taken", EACH // 2 * THREADS // 2, taken)
end

local function hammer_semaphore(name, semaphore, permits)
  local guard, inside, most = threading.Lock(), 0, 0
  in_threads(function(i)
    for _ = 1, EACH // 2 do
      if i > 2 or semaphore:acquire(true, 0.00005) then
        if i > 2 then semaphore:acquire() end
        do
          local held <close> = guard:hold()
          inside = inside + 1
          if inside > most then most = inside end
        end
        do
          local held <close> = guard:hold()
          inside = inside - 1
        end
        semaphore:release()
      end
    end
  end)
  expect(name .. ": more inside than permits", false, most > permits)
  expect(name .. ": inside at the end", 0, inside)
  expect(name .. ": value at the end", permits, semaphore.value)
end

local function hammer_event()
  local ping = threading.Event()
  local rounds, released = EACH // 3, 0
  local guard = threading.Lock()
  local barrier = threading.Barrier(THREADS)
  in_threads(function(i)
    for _ = 1, rounds do
      if i == 1 then ping:set() else ping:wait() end
      do
        local held <close> = guard:hold()
        released = released + 1
      end
      if barrier:wait() == 0 then ping:clear() end
      barrier:wait()
    end
  end)
  expect("Event: released", rounds * THREADS, released)
end

local function hammer_barrier()
  local rounds, actions, wrong = EACH, 0, 0
  local guard = threading.Lock()
  local barrier = threading.Barrier(THREADS, function() actions = actions + 1 end)
  local arrived = {}
  for round = 1, rounds do arrived[round] = 0 end
  in_threads(function()
    for round = 1, rounds do
      do
        local held <close> = guard:hold()
        arrived[round] = arrived[round] + 1
      end
      barrier:wait()
      if arrived[round] ~= THREADS then wrong = wrong + 1 end
    end
  end)
  expect("Barrier: passed too early", 0, wrong)
  expect("Barrier: rounds", rounds, actions)
end

local function hammer_queue(name, q)
  local producers = THREADS // 2
  local each = EACH
  local guard, sum, served = threading.Lock(), 0, 0
  in_threads(function(i)
    if i <= producers then
      for item = 1, each do q:put(item) end
    else
      local own = 0
      for turn = 1, each do
        local item
        if turn % 16 == 0 then
          repeat
            local ok
            ok, item = pcall(q.get, q, true, 0.00005)
          until ok
        else
          item = q:get()
        end
        own = own + item
        if q.task_done then q:task_done() end
      end
      local held <close> = guard:hold()
      sum = sum + own
      served = served + 1
    end
  end)
  if q.join then q:join() end
  expect(name .. ": sum", producers * each * (each + 1) // 2, sum)
  expect(name .. ": threads served", THREADS - producers, served)
  expect(name .. ": items left", 0, q:qsize())
end

local function hammer_local()
  local data, wrong = threading.local_(), 0
  in_threads(function(i)
    data.sum = 0
    for _ = 1, EACH do data.sum = data.sum + i end
    if data.sum ~= EACH * i then wrong = wrong + 1 end
  end)
  expect("local: wrong sums", 0, wrong)
end

local function hammer_timer()
  local guard, wrong = threading.Lock(), 0
  local rounds = OPERATIONS // 5000 + 1
  in_threads(function(i)
    for round = 1, rounds do
      local own = 0
      local timer = threading.Timer(0.00005, function() own = own + 1 end)
      timer:start()
      if round % 2 == 0 then timer:cancel() end
      timer:join()
      local held <close> = guard:hold()
      if own > 1 or round % 2 == 1 and own == 0 then wrong = wrong + 1 end
    end
  end)
  expect("Timer: called too often, or not at all", 0, wrong)
end

local function timed(name, f, ...)
  local begin = time.perf_counter()
  f(name, ...)
  print(("%-16s %.2fs"):format(name, time.perf_counter() - begin))
end

timed("Lock", hammer_lock, threading.Lock())
timed("RLock", hammer_lock, threading.RLock())
timed("Condition(Lock)", hammer_condition, threading.Lock())
timed("Condition", hammer_condition)
timed("Semaphore", hammer_semaphore, threading.Semaphore(3), 3)
timed("BoundedSemaphore", hammer_semaphore, threading.BoundedSemaphore(1), 1)
timed("Event", hammer_event)
timed("Barrier", hammer_barrier)
timed("Queue", hammer_queue, queue.Queue())
timed("Queue(2)", hammer_queue, queue.Queue(2))
timed("LifoQueue", hammer_queue, queue.LifoQueue())
timed("PriorityQueue", hammer_queue, queue.PriorityQueue())
timed("SimpleQueue", hammer_queue, queue.SimpleQueue())
timed("local", hammer_local)
timed("Timer", hammer_timer)
