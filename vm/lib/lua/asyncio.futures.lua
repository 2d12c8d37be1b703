-- Future of `asyncio`: CPython's Lib/asyncio/futures.py.
--
-- There may be very many futures and tasks, so what they have stands in numbered fields, which take less room than named
-- ones. A task has more of them (asyncio.tasks.lua).
local builtins = require "builtins"
local events = require "asyncio.events"
local exceptions = require "asyncio.exceptions"
local helpers = require "asyncio.format_helpers"
local support = require "_class"
local class, has_keywords, keywords = support.class, support.has_keywords, support.keywords
local CancelledError, InvalidStateError = exceptions.CancelledError, exceptions.InvalidStateError
local TypeError = builtins.TypeError
local error, getmetatable, select, setmetatable, tostring, type =
  error, getmetatable, select, setmetatable, tostring, type
local concat, format, pack, unpack = table.concat, string.format, table.pack, table.unpack
local get_event_loop, push = events.get_event_loop, events.push

local STATE <const> = 1      -- PENDING, CANCELLED or FINISHED
local LOOP <const> = 2
local RESULT <const> = 3     -- what was returned or raised
local CALLBACKS <const> = 4  -- false; or the one task that waits; or a list of functions and of tasks that wait
local KIND <const> = 5       -- what RESULT is: VALUE, VALUES (packed) or EXCEPTION

local PENDING <const> = "PENDING"
local CANCELLED <const> = "CANCELLED"
local FINISHED <const> = "FINISHED"
local VALUE <const> = false
local VALUES <const> = "values"
local EXCEPTION <const> = "exception"

local Future = class("asyncio.Future")

-- True of futures, tasks, and objects of classes that are derived from them.
Future.__asyncio_future = true

local function isfuture(value)
  if type(value) ~= "table" then return false end
  local metatable = getmetatable(value)
  return type(metatable) == "table" and metatable.__asyncio_future == true
end

function Future.new(called_class, loop)
  if has_keywords(loop) then loop = keywords("Future", loop, "loop") end
  return setmetatable({PENDING, loop or get_event_loop(), false, false, VALUE}, called_class)
end

-- Callbacks -----------------------------------------------------------------------------------------------------

-- tasks.lua sets this: goes on with a task whose future is done.
local step

local function set_step(fn) step = fn end

-- A future cannot be called, so one in a list of callbacks is a task that waits.
local function schedule(future, callback)
  if isfuture(callback) then
    push(future[LOOP], step, callback)
  else
    push(future[LOOP], callback, future)
  end
end

-- Makes ready what waits for the future, which has just been done.
local function schedule_callbacks(future)
  local callbacks = future[CALLBACKS]
  if not callbacks then return end
  future[CALLBACKS] = false
  if callbacks[STATE] == PENDING then
    push(future[LOOP], step, callbacks)
  else
    for index = 1, #callbacks do schedule(future, callbacks[index]) end
  end
end

-- A task that waits may be one of the callbacks. The first that waits stands there by itself (asyncio.tasks.lua).
local function add_callback(future, callback)
  local callbacks = future[CALLBACKS]
  if not callbacks then
    future[CALLBACKS] = {callback}
  elseif callbacks[STATE] == PENDING then
    future[CALLBACKS] = {callbacks, callback}
  else
    callbacks[#callbacks + 1] = callback
  end
end

function Future:add_done_callback(fn)
  if has_keywords(fn) then fn = keywords("add_done_callback", fn, "fn") end
  if not events.is_callable(fn) then error(TypeError("a callable object was expected, got " .. helpers.repr(fn))) end
  if self[STATE] == PENDING then
    add_callback(self, fn)
  else
    push(self[LOOP], fn, self)
  end
end

-- How many there were.
function Future:remove_done_callback(fn)
  local callbacks = self[CALLBACKS]
  if not callbacks or callbacks[STATE] == PENDING then return 0 end
  local kept, count = {}, #callbacks
  for index = 1, count do
    if callbacks[index] ~= fn then kept[#kept + 1] = callbacks[index] end
  end
  self[CALLBACKS] = #kept > 0 and kept
  return count - #kept
end

-- An exception that nobody asks for ------------------------------------------------------------------------------

-- Stands beside a future with an exception. When both are garbage and nobody has asked for the exception, it is
-- reported.
local Unretrieved = {__name = "asyncio.Unretrieved"}

function Unretrieved:__gc()
  local future = self.future
  if not future then return end
  local loop = future[LOOP]
  loop._unretrieved = loop._unretrieved - 1
  loop:call_exception_handler{
    message = getmetatable(future).__name:gsub("^asyncio%.", "") .. " exception was never retrieved",
    future = future,
    exception = future[RESULT],
    traceback = self.traceback,
  }
end

local function watch_exception(future, traceback)
  local loop = future[LOOP]
  loop._unretrieved = loop._unretrieved + 1
  future._unretrieved = setmetatable({future = future, traceback = traceback}, Unretrieved)
end

-- Somebody has asked for the exception.
local function is_retrieved(future)
  local watch = future._unretrieved
  if not watch then return end
  watch.future = false
  future._unretrieved = nil
  local loop = future[LOOP]
  loop._unretrieved = loop._unretrieved - 1
end

-- Results -------------------------------------------------------------------------------------------------------

local function check_pending(future)
  if future[STATE] ~= PENDING then error(InvalidStateError("invalid state")) end
end

-- REQUIRES: the future is pending.
local function finish_with_values(future, ...)
  if select("#", ...) > 1 then
    future[RESULT], future[KIND] = pack(...), VALUES
  else
    future[RESULT] = (...)
  end
  future[STATE] = FINISHED
  if future[CALLBACKS] then schedule_callbacks(future) end
end

-- The same. `traceback`: where it happened, if that is known.
local function finish_with_exception(future, exception, traceback)
  future[RESULT], future[KIND], future[STATE] = exception, EXCEPTION, FINISHED
  watch_exception(future, traceback)
  schedule_callbacks(future)
end

local function finish_cancelled(future, exception)
  future[RESULT], future[KIND], future[STATE] = exception, EXCEPTION, CANCELLED
  schedule_callbacks(future)
end

local function cancelled_error(message)
  if message == nil then return CancelledError end
  return CancelledError(message)
end

function Future:set_result(...)
  check_pending(self)
  finish_with_values(self, ...)
end

function Future:set_exception(exception)
  check_pending(self)
  finish_with_exception(self, exception)
end

-- REQUIRES: the future is done.
local function outcome(future)
  local kind = future[KIND]
  if not kind then return future[RESULT] end
  if kind == VALUES then
    local values = future[RESULT]
    return unpack(values, 1, values.n)
  end
  is_retrieved(future)
  error(future[RESULT], 0)
end

function Future:result()
  if self[STATE] == PENDING then error(InvalidStateError("Result is not set.")) end
  return outcome(self)
end

function Future:exception()
  local state = self[STATE]
  if state == PENDING then error(InvalidStateError("Exception is not set.")) end
  if self[KIND] ~= EXCEPTION then return nil end
  if state == CANCELLED then error(self[RESULT], 0) end
  is_retrieved(self)
  return self[RESULT]
end

function Future:cancel(msg)
  if has_keywords(msg) then msg = keywords("cancel", msg, "msg") end
  if self[STATE] ~= PENDING then return false end
  finish_cancelled(self, cancelled_error(msg))
  return true
end

function Future:done() return self[STATE] ~= PENDING end

function Future:cancelled() return self[STATE] == CANCELLED end

function Future:get_loop() return self[LOOP] end

-- As text -------------------------------------------------------------------------------------------------------

local function callbacks_text(future)
  local callbacks = future[CALLBACKS]
  if not callbacks then return nil end
  if callbacks[STATE] == PENDING then callbacks = {callbacks} end
  local texts = {}
  for index = 1, #callbacks do
    local callback = callbacks[index]
    texts[index] = isfuture(callback) and callback:get_name() .. " goes on" or helpers.function_text(callback)
  end
  return "cb=[" .. concat(texts, ", ") .. "]"
end

local function result_text(future)
  if future[STATE] ~= FINISHED then return nil end
  if future[KIND] == EXCEPTION then return "exception=" .. helpers.repr(future[RESULT]) end
  if future[KIND] ~= VALUES then return "result=" .. helpers.repr(future[RESULT]) end
  local values, texts = future[RESULT], {}
  for index = 1, values.n do texts[index] = helpers.repr(values[index]) end
  return "result=(" .. concat(texts, ", ") .. ")"
end

-- "<Future pending cb=[...]>". `more`: what a task says of itself.
local function text_of(future, ...)
  local name = getmetatable(future).__name:gsub("^asyncio%.", "")
  local words = {name, future[STATE]:lower()}
  local more = pack(...)
  more[more.n + 1], more[more.n + 2] = callbacks_text(future) or false, result_text(future) or false
  for index = 1, more.n + 2 do
    if more[index] then words[#words + 1] = more[index] end
  end
  return "<" .. concat(words, " ") .. ">"
end

function Future:__tostring() return text_of(self) end

function events.Loop:create_future() return Future(self) end

return {
  Future = Future,
  add_callback = add_callback,
  cancelled_error = cancelled_error,
  finish_cancelled = finish_cancelled,
  finish_with_exception = finish_with_exception,
  finish_with_values = finish_with_values,
  isfuture = isfuture,
  outcome = outcome,
  set_step = set_step,
  text_of = text_of,
}
