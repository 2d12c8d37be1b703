-- Queues between tasks: CPython's Lib/asyncio/queues.py. Their items are kept as those of the module `queue` are.
local Line = require "asyncio._line"
local builtins = require "builtins"
local coroutines = require "asyncio.coroutines"
local events = require "asyncio.events"
local exceptions = require "asyncio.exceptions"
local locks = require "asyncio.locks"
local support = require "_class"
local tasks = require "asyncio.tasks"
local thread_queues = require "queue"
local check_type, class, has_keywords, keywords =
  support.check_type, support.class, support.has_keywords, support.keywords
local QueueEmpty, QueueFull = exceptions.QueueEmpty, exceptions.QueueFull
local Coroutine, async, await, get_running_loop =
  coroutines.Coroutine, coroutines.async, tasks.await, events.get_running_loop
local error, format, getmetatable, pcall, setmetatable =
  error, string.format, getmetatable, pcall, setmetatable

local Queue = class("asyncio.Queue")

function Queue.new(called_class, maxsize)
  if has_keywords(maxsize) then maxsize = keywords("Queue", maxsize, "maxsize") end
  if maxsize == nil then maxsize = 0 end
  check_type(maxsize, "number", "Queue", "maxsize")
  local queue = setmetatable({
    maxsize = maxsize,
    _getters = Line(),
    _putters = Line(),
    _unfinished_tasks = 0,
    _finished = locks.Event(),
    items = {},
    first = 1,                  -- where the items begin in `items`,
    count = 0,                  -- and how many they are: an item may be nil
  }, called_class)
  queue._finished:set()
  return queue
end

Queue._put, Queue._get = thread_queues.Queue._put, thread_queues.Queue._get

function Queue:qsize() return self.count end

function Queue:empty() return self.count == 0 end

function Queue:full() return self.maxsize > 0 and self.count >= self.maxsize end

-- Waits in line as long as `is_in_the_way(queue)`. Who is woken and cancelled at once wakes the next.
local function wait_while(queue, is_in_the_way, line)
  while is_in_the_way(queue) do
    local future = get_running_loop():create_future()
    line:join(future)
    local woken, problem = pcall(await, future)
    line:leave(future)
    if not woken then
      if not is_in_the_way(queue) and not future:cancelled() then line:wake(1) end
      error(problem, 0)
    end
  end
end

function Queue:put_nowait(item)
  if self.maxsize > 0 and self.count >= self.maxsize then error(QueueFull) end
  self:_put(item)
  local unfinished = self._unfinished_tasks
  self._unfinished_tasks = unfinished + 1
  if unfinished == 0 then self._finished:clear() end
  if self._getters.count > 0 then self._getters:wake(1) end
end

function Queue:get_nowait()
  if self.count == 0 then error(QueueEmpty) end
  local item = self:_get()
  if self._putters.count > 0 then self._putters:wake(1) end
  return item
end

local function wait_and_put(queue, item)
  if queue.maxsize > 0 and queue.count >= queue.maxsize then wait_while(queue, queue.full, queue._putters) end
  return queue:put_nowait(item)
end

local function wait_and_get(queue)
  if queue.count == 0 then wait_while(queue, queue.empty, queue._getters) end
  return queue:get_nowait()
end

-- As async() makes them, but these are called more often than any other.
function Queue:put(item) return setmetatable({wait_and_put, 2, self, item}, Coroutine) end

function Queue:get() return setmetatable({wait_and_get, 1, self}, Coroutine) end

function Queue:task_done()
  if self._unfinished_tasks <= 0 then error(builtins.ValueError("task_done() called too many times")) end
  self._unfinished_tasks = self._unfinished_tasks - 1
  if self._unfinished_tasks == 0 then self._finished:set() end
end

Queue.join = async(function(self)
  if self._unfinished_tasks > 0 then await(self._finished:wait()) end
end)

function Queue:__tostring() return format("<%s maxsize=%d items=%d>", getmetatable(self).__name, self.maxsize, self.count) end

-- The last item that was put is the first to be taken.
local LifoQueue = class("asyncio.LifoQueue", Queue)
LifoQueue._get = thread_queues.LifoQueue._get

-- The least item is the first to be taken.
local PriorityQueue = class("asyncio.PriorityQueue", Queue)
PriorityQueue._put, PriorityQueue._get = thread_queues.PriorityQueue._put, thread_queues.PriorityQueue._get

return {LifoQueue = LifoQueue, PriorityQueue = PriorityQueue, Queue = Queue}
