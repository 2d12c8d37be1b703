-- 8 threads hammer executors and futures: every call is made once, every future is settled once, nobody waits for ever.
--
--     gilvm run --no-gil futures.lua -- [OPERATIONS]
--
-- In each test the threads do about OPERATIONS operations in all, one being a call that is submitted, or a future that
-- is finished or waited for. Each ends by itself: one that hangs has lost a wake-up or a worker.
local futures, threading, time = require "concurrent.futures", require "threading", require "time"

local hammer = dofile((arg[0]:gsub("[^/]*$", "hammer.lua")))
local in_threads, expect, THREADS = hammer.in_threads, hammer.expect, hammer.THREADS

local OPERATIONS = tonumber(arg[1]) or 100000
local EACH = OPERATIONS // THREADS

-- A number that threads add to.
local function counter()
  local lock, value = threading.Lock(), 0
  return function(n)
    local held <close> = lock:hold()
    value = value + n
    return value
  end
end

local function hammer_submit(name, workers)
  local pool, called, results, ready = futures.ThreadPoolExecutor(workers), counter(), counter(), counter()
  in_threads(function(i)
    local sum, waiting = 0, {}
    for turn = 1, EACH do
      local future = pool:submit(function(x) called(1) return x end, turn)
      if turn % 8 == 0 then future:add_done_callback(function() ready(1) end) end
      waiting[#waiting + 1] = future
      if #waiting == 32 or turn == EACH then
        for _, each in ipairs(waiting) do sum = sum + each:result() end
        waiting = {}
      end
    end
    results(sum)
  end)
  pool:shutdown()
  expect(name .. ": calls", EACH * THREADS, called(0))
  expect(name .. ": sum of the results", THREADS * (EACH * (EACH + 1) // 2), results(0))
  expect(name .. ": callbacks", EACH // 8 * THREADS, ready(0))
  expect(name .. ": threads left", 1, threading.active_count())
end

-- Calls are cancelled while workers take them, and executors are shut down while others submit.
local function hammer_cancel(name)
  local rounds = EACH // 20
  local called, cancelled, submitted, refused = counter(), counter(), counter(), counter()
  local pool, barrier
  barrier = threading.Barrier(THREADS, function()
    if pool then pool:shutdown(true, true) end
    pool = futures.ThreadPoolExecutor(3)
  end)
  in_threads(function(i)
    for round = 1, rounds do
      barrier:wait()
      local own, mine = pool, {}
      for n = 1, 20 do
        local ok, future = pcall(own.submit, own, function() called(1) end)
        if ok then
          mine[#mine + 1] = future
          if n % 3 == 0 then future:cancel() end
        else
          refused(1)
        end
        if n == 15 and i == 1 then own:shutdown{wait = i % 2 == 0, cancel_futures = round % 2 == 0} end
      end
      local done, not_done = futures.wait(mine)
      expect(name .. ": futures that wait() leaves out", #mine, #done)
      expect(name .. ": futures that wait() did not wait for", 0, #not_done)
      submitted(#mine)
      for _, future in ipairs(mine) do
        if future:cancelled() then cancelled(1) end
      end
    end
  end)
  pool:shutdown()
  expect(name .. ": called or cancelled", submitted(0), called(0) + cancelled(0))
  expect(name .. ": submitted or refused", rounds * 20 * THREADS, submitted(0) + refused(0))
end

-- Half of the threads settle futures that the other half waits for, in each of the ways to wait.
local function hammer_waiting(name)
  local batch, rounds = 24, EACH // 12
  local barrier, list = threading.Barrier(THREADS), {}
  local seen = counter()
  in_threads(function(i)
    for round = 1, rounds do
      if barrier:wait() == 0 then
        for n = 1, batch do list[n] = futures.Future() end
      end
      barrier:wait()
      if i <= 4 then
        for n = i, batch, 4 do
          local future = list[n]
          if n % 3 == 0 then
            future:cancel()
            future:set_running_or_notify_cancel()
          elseif n % 3 == 1 then
            future:set_result(n)
          else
            future:set_exception("failed")
          end
        end
      elseif i == 5 then
        local n = 0
        for _ in futures.as_completed(list) do n = n + 1 end
        seen(n)
      elseif i == 6 then
        seen(#futures.wait(list))
      elseif i == 7 then
        local rest, n = list, 0
        while #rest > 0 do
          local done
          done, rest = futures.wait(rest, {return_when = futures.FIRST_COMPLETED, timeout = 0.0001})
          n = n + #done
        end
        seen(n)
      else
        local n = 0
        for k = 1, batch do
          if pcall(list[k].exception, list[k]) then n = n + 1 end
        end
        seen(n + batch // 3)  -- those that were cancelled have none
      end
    end
  end)
  expect(name .. ": futures seen", rounds * batch * 4, seen(0))
end

local function hammer_map(name)
  local pool, sum = futures.ThreadPoolExecutor(4), counter()
  local rounds, items = EACH // 50, {}
  for n = 1, 50 do items[n] = n end
  in_threads(function(i)
    for round = 1, rounds do
      local last = 0
      for number, double in pool:map(function(x) return 2 * x end, items) do
        expect(name .. ": number", last + 1, number)
        last = number
        sum(double - number)
        if i == 1 and round % 2 == 0 then break end
      end
    end
  end)
  pool:shutdown()
  local left_early = rounds // 2
  expect(name .. ": sum", (THREADS * rounds - left_early) * 1275 + left_early, sum(0))
end

local function timed(name, f, ...)
  local begin = time.perf_counter()
  f(name, ...)
  print(("%-16s %.2fs"):format(name, time.perf_counter() - begin))
end

timed("submit", hammer_submit, 4)
timed("submit, 1 worker", hammer_submit, 1)
timed("cancel, shutdown", hammer_cancel)
timed("wait", hammer_waiting)
timed("map", hammer_map)
