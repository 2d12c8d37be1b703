-- The module `queue`: CPython's Lib/queue.py on our `threading`, with the shutdown() of Python 3.13.
--
-- A queue is a monitor: one lock, and a condition for each thing that a thread may wait for. Unlike Python's, it
-- serves threads in the order of their arrival: what a thread was notified of (an item, or room for one) is kept for
-- it, and not for one that comes by in the meantime.
local _queue = require "_queue"
local builtins = require "builtins"
local support = require "_class"
local threading = require "threading"
local check_timeout, check_type, class, has_keywords, keywords =
  support.check_timeout, support.check_type, support.class, support.has_keywords, support.keywords
local ValueError = builtins.ValueError
local error, setmetatable = error, setmetatable

local Empty = builtins.exception_type("queue.Empty", builtins.Exception)
local Full = builtins.exception_type("queue.Full", builtins.Exception)
local ShutDown = builtins.exception_type("queue.ShutDown", builtins.Exception)

-- Queue ---------------------------------------------------------------------------------------------------------

local Queue = class("queue.Queue")

function Queue.new(called_class, maxsize)
  if has_keywords(maxsize) then maxsize = keywords("Queue", maxsize, "maxsize") end
  if maxsize == nil then maxsize = 0 end
  check_type(maxsize, "number", "Queue", "maxsize")
  local mutex = threading.Lock()
  local queue = setmetatable({
    maxsize = maxsize,
    mutex = mutex,                                 -- held whenever what follows is read or changed
    not_empty = threading.Condition(mutex),        -- an item was put
    not_full = threading.Condition(mutex),         -- an item was taken
    all_tasks_done = threading.Condition(mutex),   -- unfinished_tasks has become 0
    unfinished_tasks = 0,
    is_shutdown = false,
    items = {},
    first = 1,                                     -- where the items begin in `items`,
    count = 0,                                     -- and how many they are: an item may be nil
  }, called_class)
  queue:_init(maxsize)
  return queue
end

-- The kinds of queues differ in these alone, which are called with the mutex held.

function Queue:_init(_) end

function Queue:_qsize() return self.count end

function Queue:_put(item)
  self.items[self.first + self.count] = item
  self.count = self.count + 1
end

function Queue:_get()
  local first = self.first
  local item = self.items[first]
  self.items[first] = nil
  self.count = self.count - 1
  -- An empty queue begins anew, so that the items stay in the array part of the table.
  self.first = self.count == 0 and 1 or first + 1
  return item
end

-- The arguments that say how long to wait, where there are any.
local function waiting_arguments(called, block, timeout)
  if has_keywords(block) then block, timeout = keywords(called, block, "block", "timeout") end
  check_timeout(timeout)
  if block ~= false and timeout and timeout < 0 then
    error(ValueError("'timeout' must be a non-negative number"))
  end
  return block, timeout
end

-- How many threads were notified and have not come yet.
local function called(condition) return condition.called > 0 and condition:_called() or 0 end

-- Mostly nobody waits.
local function notify(condition)
  if condition.waiters[1] then condition:notify() end
end

function Queue:put(item, block, timeout)
  if block ~= nil or timeout ~= nil then block, timeout = waiting_arguments("put", block, timeout) end
  local held <close> = self.mutex:hold()
  if self.is_shutdown then error(ShutDown) end
  -- Room that is kept for a thread that was told of it is no room.
  if self.maxsize > 0 and self:_qsize() + called(self.not_full) >= self.maxsize then
    if block == false or not self.not_full:wait(timeout) then error(Full) end
    if self.is_shutdown then error(ShutDown) end
  end
  self:_put(item)
  self.unfinished_tasks = self.unfinished_tasks + 1
  notify(self.not_empty)
end

function Queue:get(block, timeout)
  if block ~= nil or timeout ~= nil then block, timeout = waiting_arguments("get", block, timeout) end
  local held <close> = self.mutex:hold()
  if not self.is_shutdown and self:_qsize() <= called(self.not_empty) then
    if block == false or not self.not_empty:wait(timeout) then error(Empty) end
  end
  if self.is_shutdown and self:_qsize() == 0 then error(ShutDown) end
  local item = self:_get()
  notify(self.not_full)
  return item
end

function Queue:put_nowait(item) return self:put(item, false) end

function Queue:get_nowait() return self:get(false) end

function Queue:task_done()
  local held <close> = self.mutex:hold()
  local unfinished = self.unfinished_tasks - 1
  if unfinished < 0 then error(ValueError("task_done() called too many times")) end
  self.unfinished_tasks = unfinished
  if unfinished == 0 then self.all_tasks_done:notify_all() end
end

function Queue:join()
  local held <close> = self.mutex:hold()
  while self.unfinished_tasks > 0 do self.all_tasks_done:wait() end
end

function Queue:qsize()
  local held <close> = self.mutex:hold()
  return self:_qsize()
end

function Queue:empty() return self:qsize() == 0 end

function Queue:full()
  local held <close> = self.mutex:hold()
  return self.maxsize > 0 and self:_qsize() >= self.maxsize
end

-- No more puts; gets until the queue is empty, or, with `immediate`, none.
function Queue:shutdown(immediate)
  if has_keywords(immediate) then immediate = keywords("shutdown", immediate, "immediate") end
  local held <close> = self.mutex:hold()
  self.is_shutdown = true
  if immediate then
    while self:_qsize() > 0 do
      self:_get()
      if self.unfinished_tasks > 0 then self.unfinished_tasks = self.unfinished_tasks - 1 end
    end
    self.all_tasks_done:notify_all()
  end
  self.not_empty:notify_all()
  self.not_full:notify_all()
end

-- LifoQueue -----------------------------------------------------------------------------------------------------

-- The last item that was put is the first to be taken.
local LifoQueue = class("queue.LifoQueue", Queue)

function LifoQueue:_get()
  local last = self.count
  local item = self.items[last]
  self.items[last] = nil
  self.count = last - 1
  return item
end

-- PriorityQueue -------------------------------------------------------------------------------------------------

-- The least item is the first to be taken. The items are a binary heap: items[i] is not greater than items[2i] and
-- items[2i + 1].
local PriorityQueue = class("queue.PriorityQueue", Queue)

-- left < right. Lists, as {priority, task}, are compared element by element, as Python compares tuples; tables with a
-- metatable by its __lt.
local function is_less(left, right)
  if not (has_keywords(left) and has_keywords(right)) then return left < right end
  local shorter = #left < #right and #left or #right
  for index = 1, shorter do
    local a, b = left[index], right[index]
    if a ~= b then  -- what is equal need not have an order
      if is_less(a, b) then return true end
      if is_less(b, a) then return false end
    end
  end
  return #left < #right
end

local function sift_up(items, index)
  while index > 1 do
    local parent = index // 2
    if not is_less(items[index], items[parent]) then return end
    items[index], items[parent] = items[parent], items[index]
    index = parent
  end
end

local function sift_down(items, count)
  local index = 1
  while 2 * index <= count do
    local child = 2 * index
    if child < count and is_less(items[child + 1], items[child]) then child = child + 1 end
    if not is_less(items[child], items[index]) then return end
    items[index], items[child] = items[child], items[index]
    index = child
  end
end

function PriorityQueue:_put(item)
  local count = self.count + 1
  self.items[count] = item
  self.count = count
  sift_up(self.items, count)
end

function PriorityQueue:_get()
  local items, count = self.items, self.count
  local item = items[1]
  items[1], items[count] = items[count], nil
  self.count = count - 1
  sift_down(items, count - 1)
  return item
end

-- SimpleQueue ---------------------------------------------------------------------------------------------------

-- Without a size and without tasks; put() may be called by a finalizer in the middle of the same thread's get().
local SimpleQueue = class("queue.SimpleQueue")

function SimpleQueue.new(called_class) return setmetatable({channel = _queue.Channel()}, called_class) end

-- `block` and `timeout` are there for Queue's sake: there is always room.
function SimpleQueue:put(item, _, _) self.channel:put(item) end

function SimpleQueue:get(block, timeout)
  if block ~= nil or timeout ~= nil then block, timeout = waiting_arguments("get", block, timeout) end
  local found, item = self.channel:take(block, timeout)
  if not found then error(Empty) end
  return item
end

function SimpleQueue:put_nowait(item) self.channel:put(item) end

function SimpleQueue:get_nowait() return self:get(false) end

function SimpleQueue:qsize() return self.channel:size() end

function SimpleQueue:empty() return self.channel:size() == 0 end

return {
  Empty = Empty,
  Full = Full,
  ShutDown = ShutDown,
  Queue = Queue,
  LifoQueue = LifoQueue,
  PriorityQueue = PriorityQueue,
  SimpleQueue = SimpleQueue,
}
