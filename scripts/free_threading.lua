-- No GIL, and a lock for each table: what stays whole, what does not, and what that costs and gains.
--
--   gilvm run --like=cpython3.12 scripts/free_threading.lua     with the GIL, as most Pythons are today
--   gilvm run --like=cpython3.14t scripts/free_threading.lua    a lock for each table, as free-threaded Python has
--   gilvm run --no-gil scripts/free_threading.lua               no lock at all
--
-- Two threads do the same to the same table, in ten rounds. What takes more than one step goes on until it has gone bad,
-- for fifty rounds at most. Then the threads work, both halves in one and each in its own.
local threading = require "threading"
local time = require "time"
local Thread = threading.Thread

local ROUNDS <const>, MOST_ROUNDS <const> = 10, 50
local SECONDS <const> = tonumber(arg[1]) or 0.4  -- for how long each work is repeated

-- Calls work(1) and work(2) in two threads, which begin together, and returns what they have returned, added up.
local function in_two_threads(work)
  local together = threading.Barrier(2)
  local results, threads = {0, 0}, {}
  for number = 1, 2 do
    threads[number] = Thread{target = function()
      together:wait()
      results[number] = work(number) or 0
    end}
    threads[number]:start()
  end
  for _, thread in ipairs(threads) do thread:join() end
  return results[1] + results[2]
end

local function count_of(t)
  local count = 0
  for _ in pairs(t) do count = count + 1 end
  return count
end

-- Each returns how many items were lost, or given out twice. The first three do one thing to a table, the others two.
local operations = {
  {name = "table.insert(list, item)", run = function()
    local N <const>, list = 100000, {}
    in_two_threads(function() for k = 1, N do table.insert(list, k) end end)
    return 2 * N - count_of(list)
  end},
  {name = "dict[new key] = item", run = function()
    local N <const>, dict = 50000, {}
    in_two_threads(function(number) for k = 1, N do dict[number .. " " .. k] = k end end)
    return 2 * N - count_of(dict)
  end},
  {name = "item = table.remove(list)", run = function()
    local N <const>, list = 200000, {}
    for k = 1, N do list[k] = k end
    local taken = in_two_threads(function()
      local count = 0
      while table.remove(list) do count = count + 1 end
      return count
    end)
    return math.abs(taken - N)
  end},
  {name = "counter = counter + 1", steps = 2, run = function()
    local N <const> = 300000
    counter = 0
    in_two_threads(function() for _ = 1, N do counter = counter + 1 end end)
    return 2 * N - counter
  end},
  {name = "list[#list + 1] = item", steps = 2, run = function()
    local N <const>, list = 200000, {}
    in_two_threads(function() for k = 1, N do list[#list + 1] = k end end)
    return 2 * N - count_of(list)
  end},
  {name = "if not dict[k] then dict[k] =", steps = 2, run = function()
    local N <const>, dict = 300000, {}
    local made = in_two_threads(function(number)
      local count = 0
      for k = 1, N do
        if not dict[k] then
          dict[k] = number
          count = count + 1
        end
      end
      return count
    end)
    return made - N
  end},
}

print(string.format("%-30s %7s %13s %14s", "two threads", "rounds", "that went bad", "most lost"))
for _, operation in ipairs(operations) do
  local rounds, bad, most = 0, 0, 0
  repeat
    local lost = operation.run()
    rounds = rounds + 1
    if lost ~= 0 then bad = bad + 1 end
    most = math.max(most, lost)
  until rounds >= ROUNDS and (bad > 0 or not operation.steps or rounds == MOST_ROUNDS)
  print(string.format("%-30s %7d %13d %14d", operation.name, rounds, bad, most))
end

-- The same work, halved: first both halves in one thread, then each in its own.
local N <const> = 200000
local shared = {}
for k = 1, N do shared[k] = k end

local works = {
  {name = "numbers, in local variables", half = function()
    local sum = 0
    for k = 1, N do sum = (sum + k) % 9973 end
  end},
  {name = "a table for each thread", half = function()
    local own = {}
    for k = 1, N do own[k % 100] = k end
  end},
  {name = "one table, which both read", half = function(number)
    local sum = 0
    for k = number, N, 2 do sum = sum + shared[k] end
  end},
  {name = "one table, both store", half = function(number)
    for k = number, N, 2 do shared[k] = k end
  end},
  {name = "one list, both insert", half = function(number, list)
    for k = 1, N // 4 do table.insert(list, k) end
  end},
}

print(string.format("\n%-30s %13s %13s %8s", "work", "one thread ms", "two threads", "speed-up"))
for _, work in ipairs(works) do
  local one, two = math.huge, math.huge
  local rounds, finish = 0, time.perf_counter() + SECONDS
  repeat  -- in turns, and the least of all: what else the machine does only adds to a time
    local list = {}
    local start = time.perf_counter()
    work.half(1, list)
    work.half(2, list)
    one = math.min(one, time.perf_counter() - start)
    list = {}
    start = time.perf_counter()
    in_two_threads(function(number) work.half(number, list) end)
    two = math.min(two, time.perf_counter() - start)
    rounds = rounds + 1
  until rounds >= 5 and time.perf_counter() >= finish
  print(string.format("%-30s %13.1f %13.1f %7.2fx", work.name, one * 1000, two * 1000, one / two))
end
