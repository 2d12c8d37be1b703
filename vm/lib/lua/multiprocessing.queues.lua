-- SimpleQueue, Queue and JoinableQueue of `multiprocessing`, on its Pipe.
--
-- The system keeps whole messages, and any process may send or receive one without a lock: a process that is killed
-- leaves nothing half done. What a queue shares beyond that are two numbers. They are written in an order in which a
-- process that is killed in between leaves room for one item too many, and never for one too few.
--
-- A pipe holds a few hundred messages. What it has no room for, put() leaves in a list of its process, from which a
-- thread sends it; that thread exists only while there is something to send.
local _multiprocessing = require "_multiprocessing"
local builtins = require "builtins"
local queue = require "queue"
local support = require "_class"
local threading = require "threading"
local check_timeout, check_type, class, has_keywords, keywords =
  support.check_timeout, support.check_type, support.class, support.has_keywords, support.keywords
local AssertionError, ValueError = builtins.AssertionError, builtins.ValueError
local error, pairs, pcall, setmetatable, tostring = error, pairs, pcall, setmetatable, tostring
local max, min = math.max, math.min
local monotonic = require("time").monotonic
local Empty, Full = queue.Empty, queue.Full
local Counter, Lock, Pipe, dumps =
  _multiprocessing.Counter, _multiprocessing.Lock, _multiprocessing.Pipe, _multiprocessing.dumps
local receive, try_send = _multiprocessing.receive, _multiprocessing.try_send

-- SimpleQueue ---------------------------------------------------------------------------------------------------

local SimpleQueue = class("multiprocessing.SimpleQueue")

function SimpleQueue.new(called_class)
  local reader, writer = Pipe(false)
  return setmetatable({_reader = reader, _writer = writer}, called_class)
end

function SimpleQueue:put(item) self._writer:send(item) end

function SimpleQueue:get() return self._reader:recv() end

function SimpleQueue:empty() return not self._reader:poll() end

function SimpleQueue:close()
  self._reader:close()
  self._writer:close()
end

-- What a process has of its queues ------------------------------------------------------------------------------

-- Not in the queue itself, which others inherit. A child begins without.
local states, states_lock = setmetatable({}, {__mode = "k"}), threading.Lock()

threading._register_at_fork(function()
  states, states_lock = setmetatable({}, {__mode = "k"}), threading.Lock()
end)

local function make_state(queue)
  local held <close> = states_lock:hold()
  local state = states[queue]
  if not state then
    state = {
      lock = threading.Lock(),    -- held whenever what follows is read or changed, but for is_closed
      messages = {},              -- that are still to be sent
      first = 1,                  -- where they begin,
      count = 0,                  -- and how many they are
      feeder = false,             -- the thread that sends them
      is_closed = false,
      is_waited_for = true,       -- at the end of the program
    }
    states[queue] = state
  end
  return state
end

local function state_of(queue) return states[queue] or make_state(queue) end

local function check_open(queue, state)
  if state.is_closed then error(ValueError("Queue " .. tostring(queue) .. " is closed")) end
end

-- Sending -------------------------------------------------------------------------------------------------------

-- The first message has been sent, or is given up. False: there are no more.
local function go_on(state)
  state.messages[state.first] = nil
  state.count = state.count - 1
  state.first = state.count == 0 and 1 or state.first + 1
  return state.count > 0
end

local function feed(queue, state)
  local more = true
  while more do
    local sent = pcall(queue._writer.send_bytes, queue._writer, state.messages[state.first])
    local held <close> = state.lock:hold()
    if sent then queue._size:add(1) end
    more = go_on(state)
    if not more then
      state.feeder = false
      if state.is_closed then queue._writer:close() end
    end
  end
end

-- REQUIRES: state.lock is held.
local function leave_to_feeder(queue, state, message)
  state.messages[state.first + state.count] = message
  state.count = state.count + 1
  if not state.feeder then
    state.feeder = threading.Thread{target = feed, args = {queue, state}, name = "QueueFeederThread", daemon = true}
    state.feeder:start()
  end
end

local function enqueue(queue, state, item)
  local held <close> = state.lock:hold()
  if state.count > 0 then return leave_to_feeder(queue, state, dumps(item)) end
  local sent = try_send(queue._writer, item)
  if sent ~= true then return leave_to_feeder(queue, state, sent) end
  queue._size:add(1)
end

-- False: there is no room.
local function enqueue_if_room(queue, state, item)
  local held <close> = queue._put_lock:hold()
  if queue._size:value() + state.count >= queue._maxsize then return false end
  enqueue(queue, state, item)
  return true
end

local function enqueue_when_room(queue, state, item, block, timeout)
  local deadline = timeout and monotonic() + timeout
  while not enqueue_if_room(queue, state, item) do
    local left = deadline and deadline - monotonic()
    if block == false or left and left <= 0 then error(Full) end
    -- The messages of this process that are not sent yet take room as well, and change that number in between.
    queue._size:wait_until_below(queue._maxsize - state.count, state.count > 0 and min(left or 0.05, 0.05) or left)
  end
end

-- Queue ---------------------------------------------------------------------------------------------------------

local Queue = class("multiprocessing.Queue")

function Queue.new(called_class, maxsize)
  if has_keywords(maxsize) then maxsize = keywords("Queue", maxsize, "maxsize") end
  if maxsize == nil then maxsize = 0 end
  check_type(maxsize, "number", "Queue", "maxsize")
  local reader, writer = Pipe(false)
  return setmetatable({
    _reader = reader,
    _writer = writer,
    _maxsize = maxsize > 0 and maxsize or false,
    _size = Counter(),       -- how many items are in the pipe
    _put_lock = Lock(),      -- with a maxsize: held while an item is put
    _unfinished = false,     -- JoinableQueue: how many items were put and are not done with
  }, called_class)
end

local function waiting_arguments(called, block, timeout)
  if has_keywords(block) then block, timeout = keywords(called, block, "block", "timeout") end
  return block, check_timeout(timeout)
end

function Queue:put(item, block, timeout)
  if block ~= nil or timeout ~= nil then block, timeout = waiting_arguments("put", block, timeout) end
  local state = state_of(self)
  check_open(self, state)
  if self._maxsize then
    enqueue_when_room(self, state, item, block, timeout)
  else
    enqueue(self, state, item)
  end
end

-- With a maxsize the room is free before the item is taken: should this process be killed in between, there is more
-- room than there ought to be.
local function get_making_room(queue, block, timeout)
  local reader, deadline = queue._reader, timeout and monotonic() + timeout
  repeat
    local left = block == false and 0 or deadline and max(0, deadline - monotonic())
    if left and not reader:poll(left) or not left and not reader:poll(nil) then return false end
    queue._size:add(-1)
    local found, item = receive(reader, false)
    if found then return true, item end
    queue._size:add(1)  -- another process was quicker
  until false
end

function Queue:get(block, timeout)
  if block ~= nil or timeout ~= nil then block, timeout = waiting_arguments("get", block, timeout) end
  check_open(self, state_of(self))
  if timeout and timeout < 0 then block = false end
  local found, item
  if self._maxsize then
    found, item = get_making_room(self, block, timeout)
  else
    found, item = receive(self._reader, block, timeout)
    if found then self._size:add(-1) end
  end
  if not found then error(Empty) end
  return item
end

function Queue:put_nowait(item) return self:put(item, false) end

function Queue:get_nowait() return self:get(false) end

function Queue:qsize() return max(0, self._size:value() + state_of(self).count) end

function Queue:empty() return not self._reader:poll() end

function Queue:full() return self._maxsize and self:qsize() >= self._maxsize end

-- This process puts nothing more. What it has put is sent all the same.
function Queue:close()
  local state = state_of(self)
  local held <close> = state.lock:hold()
  if state.is_closed then return end
  state.is_closed = true
  self._reader:close()
  if not state.feeder then self._writer:close() end
end

function Queue:join_thread()
  local state = state_of(self)
  if not state.is_closed then error(AssertionError("Queue " .. tostring(self) .. " not closed")) end
  local feeder = state.feeder
  if feeder then feeder:join() end
end

-- The program's end does not wait until what was put is sent.
function Queue:cancel_join_thread() state_of(self).is_waited_for = false end

threading._register_atexit(function()
  local feeders = {}
  do
    local held <close> = states_lock:hold()
    for _, state in pairs(states) do
      if state.feeder and state.is_waited_for then feeders[#feeders + 1] = state.feeder end
    end
  end
  for index = 1, #feeders do feeders[index]:join() end
end)

-- JoinableQueue -------------------------------------------------------------------------------------------------

local JoinableQueue = class("multiprocessing.JoinableQueue", Queue)

function JoinableQueue.new(called_class, maxsize)
  local queue = Queue.new(called_class, maxsize)
  queue._unfinished = Counter()
  return queue
end

function JoinableQueue:put(item, block, timeout)
  -- Before another process can be done with it.
  self._unfinished:add(1)
  local put, problem = pcall(Queue.put, self, item, block, timeout)
  if put then return end
  self._unfinished:add(-1)
  error(problem, 0)
end

function JoinableQueue:task_done()
  if self._unfinished:add(-1) >= 0 then return end
  self._unfinished:add(1)
  error(ValueError("task_done() called too many times"))
end

function JoinableQueue:join() self._unfinished:wait_until_below(1) end

return {Empty = Empty, Full = Full, SimpleQueue = SimpleQueue, Queue = Queue, JoinableQueue = JoinableQueue}
