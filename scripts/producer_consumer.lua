-- Threads that wait for something to happen. Each word shows another thing to wait with:
--
--   gilvm run scripts/producer_consumer.lua queue       a producer, two consumers, a queue with room for two
--   gilvm run scripts/producer_consumer.lua while       the same by hand: a list, and a Condition
--   gilvm run scripts/producer_consumer.lua if          one word changed, and a consumer takes what is not there
--   gilvm run scripts/producer_consumer.lua semaphore   five guests, two chairs
--   gilvm run scripts/producer_consumer.lua event       three runners, one shot
--   gilvm run scripts/producer_consumer.lua barrier     nobody begins step 2 before all are done with step 1
local threading = require "threading"
local queue = require "queue"
local time = require "time"

local function start(names, target)
  local threads = {}
  for i, name in ipairs(names) do
    threads[i] = threading.Thread{target = target, args = {name, i}, name = name}
    threads[i]:start()
  end
  return threads
end

local function join(threads)
  for _, thread in ipairs(threads) do thread:join() end
end

local shows = {}

function shows.queue()
  local q = queue.Queue(2)
  local consumers = start({"Ana", "Bia"}, function(name)
    while true do
      local item = q:get()  -- waits while there is none
      if item == nil then break end
      print(name .. " takes item " .. item)
      time.sleep(0.02)
    end
    print(name .. " goes home")
  end)
  for item = 1, 6 do
    q:put(item)  -- waits while two are in the queue
    print("item " .. item .. " is in the queue")
  end
  for _ = 1, #consumers do q:put(nil) end
  join(consumers)
end

-- Two consumers wait for an item each. One item comes, and both are woken.
local function condition(wait_for_item)
  local items, waiting, woken = {}, 0, 0
  local changed = threading.Condition()
  local function wait()
    waiting = waiting + 1
    changed:wait()  -- releases the lock, and has it again when it returns
    woken = woken + 1
  end
  local consumers = start({"Ana", "Bia"}, function(name)
    local held <close> = changed:hold()
    wait_for_item(items, wait)
    print(name .. " takes item " .. tostring(table.remove(items, 1)))
  end)
  local function put(item)
    table.insert(items, item)
    print("item " .. item .. " is in the list")
    changed:notify_all()
  end
  local function pause()
    changed:release()
    time.sleep(0.001)
    changed:acquire()
  end

  do
    local held <close> = changed:hold()
    while waiting < 2 do pause() end
    put(1)
    while woken < 2 do pause() end
    put(2)
  end
  join(consumers)
  print(#items .. " left in the list")
end

shows["while"] = function()
  condition(function(items, wait)
    while #items == 0 do wait() end
  end)
end

shows["if"] = function()
  condition(function(items, wait)
    if #items == 0 then wait() end
  end)
end

function shows.semaphore()
  local chairs = threading.Semaphore(2)
  local lock, seated, most = threading.Lock(), 0, 0
  local function count(change)
    local held <close> = lock:hold()
    seated = seated + change
    most = math.max(most, seated)
    return seated
  end
  join(start({"Ana", "Bia", "Cid", "Davi", "Eva"}, function(name)
    local chair <close> = chairs:hold()
    print(name .. " sits down; seated: " .. count(1))
    time.sleep(0.02)
    count(-1)
  end))
  print("never more than " .. most)
end

function shows.event()
  local shot = threading.Event()
  local runners = start({"Ana", "Bia", "Cid"}, function(name)
    print(name .. " is ready")
    shot:wait()
    print(name .. " runs")
  end)
  time.sleep(0.05)
  print "the shot"
  shot:set()
  join(runners)
end

function shows.barrier()
  local all_here = threading.Barrier(3)
  join(start({"Ana", "Bia", "Cid"}, function(name, number)
    for step = 1, 2 do
      time.sleep(0.01 * number)
      print(name .. " is done with step " .. step)
      all_here:wait()
    end
  end))
end

local show = shows[arg[1] or "queue"]
if not show then error("queue, while, if, semaphore, event or barrier, not " .. arg[1], 0) end
show()
