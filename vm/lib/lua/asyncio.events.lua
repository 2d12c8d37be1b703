-- The event loop of `asyncio`: CPython's Lib/asyncio/events.py and base_events.py, on our module `_event_loop`.
--
-- A loop runs in one thread and does one thing after the other. What is ready to be done is a list of pairs, a function
-- and its argument; a round of the loop does those that were ready when it began, then asks what has become due. So what
-- a callback makes ready is done in the next round, as in Python.
--
-- Only call_soon_threadsafe() may be called by other threads.
local _event_loop = require "_event_loop"
local builtins = require "builtins"
local helpers = require "asyncio.format_helpers"
local support = require "_class"
local class = support.class
local RuntimeError, TypeError, isinstance =
  builtins.RuntimeError, builtins.TypeError, builtins.isinstance
local collectgarbage, error, getmetatable, pairs, pcall, rawequal, select, setmetatable, tostring, type, xpcall =
  collectgarbage, error, getmetatable, pairs, pcall, rawequal, select, setmetatable, tostring, type, xpcall
local concat, format, sort, unpack = table.concat, string.format, table.sort, table.unpack
local cancel_timer, post, running, set_running, take =
  _event_loop.cancel, _event_loop.post, _event_loop.running, _event_loop.set_running, _event_loop.take
local monotonic = require("time").monotonic
local stderr, traceback = io.stderr, debug.traceback

local function is_callable(value)
  if type(value) == "function" then return true end
  local metatable = getmetatable(value)
  return type(metatable) == "table" and metatable.__call ~= nil
end

-- Makes fn(argument) ready.
local function push(loop, fn, argument)
  local ready, count = loop._ready, loop._count
  ready[count + 1], ready[count + 2] = fn, argument
  loop._count = count + 2
end

-- Handle --------------------------------------------------------------------------------------------------------

-- A callback that is to be called. What call_soon() returns.
local Handle = class("asyncio.Handle")

local function run_handle(handle)
  if handle._cancelled then return end
  local callback = handle._callback
  local count = handle._count
  if count == 0 then return callback() end
  if count == 1 then return callback(handle[1]) end
  return callback(unpack(handle, 1, count))
end

function Handle:cancel()
  if self._cancelled then return end
  self._cancelled = true
  for index = 1, self._count do self[index] = nil end
end

function Handle:cancelled() return self._cancelled end

function Handle:__tostring()
  local what = self._cancelled and "cancelled" or helpers.function_text(self._callback)
  return format("<Handle %s>", what)
end

-- A Handle for later. What call_later() and call_at() return.
local TimerHandle = class("asyncio.TimerHandle", Handle)

function TimerHandle:cancel()
  if self._timer then
    cancel_timer(self._loop._native, self._timer)
    self._timer = false
  end
  Handle.cancel(self)
end

function TimerHandle:when() return self._when end

function TimerHandle:__tostring()
  local what = self._cancelled and "cancelled" or helpers.function_text(self._callback)
  return format("<TimerHandle %s when=%s>", what, self._when)
end

-- Loop ----------------------------------------------------------------------------------------------------------

local Loop = class("asyncio.EventLoop")

function Loop.new(called_class)
  return setmetatable({
    _native = _event_loop.EventLoop(),
    _ready = {},         -- pairs: a function and its argument
    _count = 0,          -- how many of its fields are in use
    _spare = {},         -- an empty list, for the next round
    _position = 0,       -- in the list of the round that runs: how many fields are done
    _current = false,    -- the task that runs
    _tasks = {},         -- those that are not done
    _task_count = 0,
    _unretrieved = 0,    -- futures with an exception that nobody has asked for yet
    _connections = {},   -- by their numbers: who is to be told what happens to them
    _running = false,
    _stopping = false,
    _closed = false,
    _debug = false,
    _failure = false,    -- the last error that note_failure() has seen,
    _traceback = false,  -- and where that was
    _handler = false,    -- the script's exception handler
    _executor = false,   -- the one that run_in_executor() takes by default
    _executor_shut_down = false,
  }, called_class)
end

local function check_closed(loop)
  if loop._closed then error(RuntimeError("Event loop is closed")) end
end

local function check_callback(callback, called)
  if not is_callable(callback) then
    error(TypeError("a callable object was expected by " .. called .. "(), got " .. helpers.repr(callback)))
  end
end

local function make_handle(loop, callback, ...)
  return setmetatable({_loop = loop, _callback = callback, _cancelled = false, _count = select("#", ...), ...}, Handle)
end

function Loop:call_soon(callback, ...)
  check_closed(self)
  check_callback(callback, "call_soon")
  local handle = make_handle(self, callback, ...)
  push(self, run_handle, handle)
  return handle
end

-- The only method that another thread may call.
function Loop:call_soon_threadsafe(callback, ...)
  check_closed(self)
  check_callback(callback, "call_soon_threadsafe")
  local handle = make_handle(self, callback, ...)
  if running() == self then
    push(self, run_handle, handle)
  else
    post(self._native, handle)
  end
  return handle
end

local function add_timer(loop, when, callback, ...)
  local handle = make_handle(loop, callback, ...)
  handle._when = when
  setmetatable(handle, TimerHandle)
  handle._timer = _event_loop.call_at(loop._native, when, handle)
  return handle
end

function Loop:call_later(delay, callback, ...)
  if type(delay) ~= "number" then error(TypeError("delay must not be None")) end
  check_closed(self)
  check_callback(callback, "call_later")
  return add_timer(self, monotonic() + delay, callback, ...)
end

function Loop:call_at(when, callback, ...)
  if type(when) ~= "number" then error(TypeError("when cannot be None")) end
  check_closed(self)
  check_callback(callback, "call_at")
  return add_timer(self, when, callback, ...)
end

function Loop:time() return monotonic() end

function Loop:is_running() return self._running end

function Loop:is_closed() return self._closed end

function Loop:stop() self._stopping = true end

function Loop:get_debug() return self._debug end

function Loop:set_debug(enabled) self._debug = enabled and true or false end

function Loop:__tostring()
  return format("<%s running=%s closed=%s debug=%s>", getmetatable(self).__name, self._running, self._closed,
    self._debug)
end

-- Running -------------------------------------------------------------------------------------------------------

-- What _event_loop delivers: a handle, or a task whose sleep is over. tasks.lua sets this: what to do with the latter.
local sleep_is_over

local function set_sleep_is_over(fn) sleep_is_over = fn end

-- Something has happened to a connection: {its number, what, a text, a number}.
local function tell_connection(loop, happened)
  local connection = loop._connections[happened[1]]
  if connection then connection:_has_happened(happened[2], happened[3], happened[4]) end
end

-- Asks what has become due, and waits for it where nothing is ready.
local function collect_due(loop)
  local native = loop._native
  local entry, what, text, value = take(native, loop._count == 0 and not loop._stopping)
  while entry do
    if what then
      push(loop, function(happened) tell_connection(loop, happened) end, {entry, what, text, value})
    elseif entry._callback then
      entry._timer = false
      push(loop, run_handle, entry)
    else
      push(loop, sleep_is_over, entry)
    end
    entry, what, text, value = take(native)
  end
end

-- A pair stays in the list until it is done: an error leaves it at loop._position.
local function run_list(loop, list, count)
  local position = loop._position
  while position < count do
    local first, second = position + 1, position + 2
    position = second
    loop._position = position
    list[first](list[second])
    list[first], list[second] = nil, nil
  end
end

-- A message handler of xpcall: notes in the running loop where an error has happened. The error stays as it is, since
-- variables that are closed on its way are told of it.
local function note_failure(problem)
  local loop = running()
  if loop then loop._failure, loop._traceback = problem, traceback("", 2):sub(2) end
  return problem
end

-- Where the error happened that xpcall with that handler has returned. Nil: not known.
local function traceback_of(loop, problem)
  local levels = loop._traceback
  if not levels then return nil end
  local is_the_same = rawequal(loop._failure, problem)
  loop._failure, loop._traceback = false, false
  return is_the_same and levels or nil
end

-- What is left of a round that SystemExit has ended is still to be done.
local function put_back(loop, list, count)
  local left, added = {}, loop._ready
  for index = loop._position + 1, count do left[#left + 1] = list[index] end
  for index = 1, loop._count do left[#left + 1] = added[index] end
  loop._ready, loop._spare, loop._count = left, {}, #left
end

local function report_callback(loop, fn, argument, problem)
  local handle = fn == run_handle and argument or nil
  loop:call_exception_handler{
    message = "Exception in callback " .. (handle and tostring(handle) or helpers.function_text(fn)),
    exception = problem,
    traceback = traceback_of(loop, problem),
    handle = handle,
  }
end

-- An error of a callback is reported, and the others are called all the same.
local function run_ready(loop)
  local list, count = loop._ready, loop._count
  loop._ready, loop._spare, loop._count, loop._position = loop._spare, list, 0, 0
  local done, problem = xpcall(run_list, note_failure, loop, list, count)
  while not done do
    loop._current = false
    if isinstance(problem, builtins.SystemExit) then
      put_back(loop, list, count)
      error(problem, 0)
    end
    local position = loop._position
    report_callback(loop, list[position - 1], list[position], problem)
    list[position - 1], list[position] = nil, nil
    done, problem = xpcall(run_list, note_failure, loop, list, count)
  end
end

-- Runs until stop().
function Loop:run_forever()
  check_closed(self)
  if self._running then error(RuntimeError("This event loop is already running")) end
  if running() then error(RuntimeError("Cannot run the event loop while another loop is running")) end
  self._running = true
  set_running(self)
  local at_the_end <close> = setmetatable({}, {__close = function()
    self._running, self._stopping, self._current = false, false, false
    set_running(nil)
  end})
  repeat
    collect_due(self)
    if self._count > 0 then run_ready(self) end
  until self._stopping
end

local function stop_the_loop(future) future:get_loop():stop() end

-- Runs until `future` is done, and returns its result. A coroutine becomes a task first.
function Loop:run_until_complete(future)
  check_closed(self)
  if self._running then error(RuntimeError("This event loop is already running")) end
  if running() then error(RuntimeError("Cannot run the event loop while another loop is running")) end
  future = self:_ensure_future(future)
  future:add_done_callback(stop_the_loop)
  local ran, problem = pcall(self.run_forever, self)
  future:remove_done_callback(stop_the_loop)
  if not ran then
    -- The error is raised here, so nobody needs to be told of it again.
    if future:done() and not future:cancelled() then future:exception() end
    error(problem, 0)
  end
  if not future:done() then error(RuntimeError("Event loop stopped before Future completed.")) end
  return future:result()
end

function Loop:close()
  if self._running then error(RuntimeError("Cannot close a running event loop")) end
  if self._closed then return end
  self._closed = true
  self._ready, self._spare, self._count = {}, {}, 0
  self._native:close()
  if self._executor then
    self._executor:shutdown(false)
    self._executor = false
  end
  -- Exceptions that nobody can ask for any more are reported by finalizers: now, not at some time later.
  if self._unretrieved > 0 then collectgarbage() end
end

Loop.__close = Loop.close

-- Errors that there is nobody to raise to -----------------------------------------------------------------------

function Loop:set_exception_handler(handler)
  if handler ~= nil and not is_callable(handler) then
    error(TypeError("A callable object or None is expected, got " .. helpers.repr(handler)))
  end
  self._handler = handler or false
end

function Loop:get_exception_handler() return self._handler or nil end

-- Prints what `context` says: its message, what it is about, and the error.
function Loop:default_exception_handler(context)
  local lines = {context.message or "Unhandled exception in event loop"}
  local names = {}
  for name in pairs(context) do
    if name ~= "message" and name ~= "exception" and name ~= "traceback" then names[#names + 1] = name end
  end
  sort(names)
  for index = 1, #names do lines[#lines + 1] = names[index] .. ": " .. tostring(context[names[index]]) end
  if context.exception ~= nil then lines[#lines + 1] = tostring(context.exception) end
  lines[#lines + 1] = context.traceback
  stderr:write(concat(lines, "\n"), "\n")
end

function Loop:call_exception_handler(context)
  if not self._handler then return self:default_exception_handler(context) end
  local called, problem = xpcall(self._handler, note_failure, self, context)
  if called then return end
  if isinstance(problem, builtins.SystemExit) then error(problem, 0) end
  self:default_exception_handler{
    message = "Unhandled error in exception handler",
    context = context.message,
    exception = problem,
    traceback = traceback_of(self, problem),
  }
end

-- Which loop ----------------------------------------------------------------------------------------------------

-- The loop that runs in this thread, or nil.
local function _get_running_loop() return (running()) end

local function get_running_loop()
  local loop = running()
  if not loop then error(RuntimeError("no running event loop")) end
  return loop
end

-- The loops that set_event_loop() was told of, by thread.
local policy = require("threading").local_()

local function set_event_loop(loop)
  if loop ~= nil and getmetatable(loop) ~= Loop then
    error(TypeError("loop must be an instance of EventLoop or None, not " .. helpers.repr(loop)))
  end
  policy.loop = loop
end

-- The running loop, or the one that was set.
local function get_event_loop()
  local loop = running() or policy.loop
  if not loop then error(RuntimeError("There is no current event loop in this thread.")) end
  return loop
end

local function new_event_loop() return Loop() end

return {
  Handle = Handle,
  TimerHandle = TimerHandle,
  Loop = Loop,
  check_closed = check_closed,
  get_event_loop = get_event_loop,
  get_running_loop = get_running_loop,
  is_callable = is_callable,
  new_event_loop = new_event_loop,
  push = push,
  set_event_loop = set_event_loop,
  set_sleep_is_over = set_sleep_is_over,
  traceback_of = traceback_of,
  note_failure = note_failure,
  _get_running_loop = _get_running_loop,
}
