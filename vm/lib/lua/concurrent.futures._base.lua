-- Future and Executor of `concurrent.futures`: CPython's Lib/concurrent/futures/_base.py on our `threading`.
--
-- A future is a monitor: its condition guards the state, the result and the lists of those who want to be told.
-- Its callbacks are called without the lock, and after the state has changed.
local builtins = require "builtins"
local support = require "_class"
local threading = require "threading"
local check_timeout, check_type, class, has_keywords, keywords =
  support.check_timeout, support.check_type, support.class, support.has_keywords, support.keywords
local Exception, RuntimeError, TimeoutError = builtins.Exception, builtins.RuntimeError, builtins.TimeoutError
local error, next, pcall, setmetatable, tostring, type, xpcall =
  error, next, pcall, setmetatable, tostring, type, xpcall
local format, pack, unpack = string.format, table.pack, table.unpack
local monotonic = require("time").monotonic
local stderr, traceback = io.stderr, debug.traceback

local Error = builtins.exception_type("concurrent.futures.Error", Exception)
local CancelledError = builtins.exception_type("concurrent.futures.CancelledError", Error)
local InvalidStateError = builtins.exception_type("concurrent.futures.InvalidStateError", Error)
local BrokenExecutor = builtins.exception_type("concurrent.futures.BrokenExecutor", RuntimeError)

-- Prints an error that there is nobody to raise to, as Python's logger does where it was not told otherwise.
local function text_with_traceback(problem) return traceback(tostring(problem), 2) end

local function log(what, text) stderr:write(what, "\n", text, "\n") end

-- Future --------------------------------------------------------------------------------------------------------

-- PENDING --> RUNNING --> FINISHED, or PENDING --> CANCELLED --> CANCELLED_AND_NOTIFIED: the last when the executor
-- came to it and has told those who wait() for it.
local PENDING, RUNNING, FINISHED = "PENDING", "RUNNING", "FINISHED"
local CANCELLED, CANCELLED_AND_NOTIFIED = "CANCELLED", "CANCELLED_AND_NOTIFIED"
local DESCRIPTIONS = {
  [PENDING] = "pending",
  [RUNNING] = "running",
  [CANCELLED] = "cancelled",
  [CANCELLED_AND_NOTIFIED] = "cancelled",
  [FINISHED] = "finished",
}

local Future = class("concurrent.futures.Future")

function Future.new(called_class)
  return setmetatable({
    _condition = threading.Condition(),
    _state = PENDING,
    _has_failed = false,      -- what follows is an error, which may be any value
    _outcome = false,         -- packed values: what was returned, or what was raised
    _waiters = {},            -- of wait() and as_completed(): each is told once, with the condition held
    _done_callbacks = {},
  }, called_class)
end

-- REQUIRES, here and in what begins with `is_`: the future's condition is held.
local function is_cancelled(future) return future._state == CANCELLED or future._state == CANCELLED_AND_NOTIFIED end

local function is_done(future) return future._state == FINISHED or is_cancelled(future) end

-- Done, and those who wait() have been told or need not be: what wait() and as_completed() mean by "done".
local function is_settled(future) return future._state == FINISHED or future._state == CANCELLED_AND_NOTIFIED end

local function call_back(future, callback)
  local called, failure = xpcall(callback, text_with_traceback, future)
  if not called then log("exception calling callback for " .. tostring(future), failure) end
end

-- REQUIRES: the future is done, so nobody adds to the list; its condition is not held.
local function call_back_all(future)
  local callbacks = future._done_callbacks
  for index = 1, #callbacks do call_back(future, callbacks[index]) end
end

local function tell_waiters(future)
  local waiters = future._waiters
  future._waiters = {}
  for index = 1, #waiters do waiters[index]:_add(future) end
end

function Future:cancel()
  do
    local held <close> = self._condition:hold()
    if self._state == RUNNING or self._state == FINISHED then return false end
    if is_cancelled(self) then return true end
    self._state = CANCELLED
    self._condition:notify_all()
  end
  call_back_all(self)
  return true
end

function Future:cancelled()
  local held <close> = self._condition:hold()
  return is_cancelled(self)
end

function Future:running()
  local held <close> = self._condition:hold()
  return self._state == RUNNING
end

function Future:done()
  local held <close> = self._condition:hold()
  return is_done(self)
end

function Future:add_done_callback(callback)
  if has_keywords(callback) then callback = keywords("add_done_callback", callback, "fn") end
  do
    local held <close> = self._condition:hold()
    if not is_done(self) then
      self._done_callbacks[#self._done_callbacks + 1] = callback
      return
    end
  end
  call_back(self, callback)
end

-- Returns when the future is finished, and raises otherwise. REQUIRES: its condition is held.
local function wait_until_finished(future, timeout)
  if not is_done(future) then future._condition:wait_for(function() return is_done(future) end, timeout) end
  if is_cancelled(future) then error(CancelledError) end
  if future._state ~= FINISHED then error(TimeoutError) end
end

function Future:result(timeout)
  if has_keywords(timeout) then timeout = keywords("result", timeout, "timeout") end
  check_timeout(timeout)
  do
    local held <close> = self._condition:hold()
    wait_until_finished(self, timeout)
  end
  -- A finished future does not change any more.
  local outcome = self._outcome
  if self._has_failed then error(outcome[1], 0) end
  return unpack(outcome, 1, outcome.n)
end

function Future:exception(timeout)
  if has_keywords(timeout) then timeout = keywords("exception", timeout, "timeout") end
  check_timeout(timeout)
  local held <close> = self._condition:hold()
  wait_until_finished(self, timeout)
  if not self._has_failed then return nil end
  return self._outcome[1]
end

-- What follows is for executors and for tests.

-- False: it was cancelled, so its work is not to be done.
function Future:set_running_or_notify_cancel()
  local held <close> = self._condition:hold()
  if self._state == CANCELLED then
    self._state = CANCELLED_AND_NOTIFIED
    tell_waiters(self)
    return false
  end
  if self._state ~= PENDING then error(RuntimeError("Future in unexpected state")) end
  self._state = RUNNING
  return true
end

local function finish(future, has_failed, ...)
  do
    local held <close> = future._condition:hold()
    if is_done(future) then error(InvalidStateError(future._state .. ": " .. tostring(future))) end
    future._has_failed = has_failed
    future._outcome = pack(...)
    if future._outcome.n == 0 then future._outcome.n = 1 end  -- a call without results has the result nil
    future._state = FINISHED
    tell_waiters(future)
    future._condition:notify_all()
  end
  call_back_all(future)
end

function Future:set_result(...) finish(self, false, ...) end

function Future:set_exception(exception) finish(self, true, exception) end

local function type_name(value)
  if builtins.isinstance(value, builtins.BaseException) then return (value.__class__ or value).__name__ end
  return type(value)
end

function Future:__tostring()
  local held <close> = self._condition:hold()
  local outcome = ""
  if self._state == FINISHED then
    outcome = (self._has_failed and " raised " or " returned ") .. type_name(self._outcome[1])
  end
  return format("<Future at %p state=%s%s>", self, DESCRIPTIONS[self._state], outcome)
end

-- Executor ------------------------------------------------------------------------------------------------------

-- What every executor has. One of its own needs submit() and shutdown().
local Executor = class("concurrent.futures.Executor")

function Executor.new(called_class) return setmetatable({}, called_class) end

-- A future of the call fn(...).
function Executor:submit(_, ...) error(builtins.NotImplementedError) end

function Executor:shutdown(_, _) end

-- `local executor <close> = ThreadPoolExecutor()` is Python's `with ThreadPoolExecutor() as executor:`.
function Executor:__close() self:shutdown(true) end

-- The arguments of map() after its function: lists, or functions that return the next element; and the keywords.
local function mapping_arguments(...)
  local sources = pack(...)
  local last = sources[sources.n]
  local timeout
  if has_keywords(last) and type((next(last))) == "string" then
    timeout = keywords("map", last, "timeout", "chunksize")
    sources[sources.n] = nil
    sources.n = sources.n - 1
  end
  for index = 1, sources.n do
    if type(sources[index]) ~= "function" then check_type(sources[index], "table", "map", "iterable") end
  end
  return sources, check_timeout(timeout)
end

-- The arguments of the call with that number; nil when one of the sources has no more.
local function arguments_of_call(number, sources)
  local arguments = {n = sources.n}
  for index = 1, sources.n do
    local source = sources[index]
    if type(source) == "function" then
      arguments[index] = source()
      if arguments[index] == nil then return nil end
    else
      if number > #source then return nil end
      arguments[index] = source[number]
    end
  end
  return sources.n > 0 and arguments or nil
end

-- What map() returns, as a generic `for` wants it: the results in the order of the calls, each after its number,
-- since a result may be nil. Closed before its end, by `break` or by an error, it cancels the calls that are left.
local function results_of(futures, deadline)
  local lock, taken, count = threading.Lock(), 0, #futures

  -- Takes `how_many` futures, or those that are left: the number of the first.
  local function take(how_many)
    local held <close> = lock:hold()
    local first = taken + 1
    taken = taken + how_many < count and taken + how_many or count
    return first
  end

  local function cancel_the_rest()
    for number = take(count), count do futures[number]:cancel() end
  end

  local function deliver(number, future, ok, ...)
    if ok then return number, ... end
    future:cancel()
    cancel_the_rest()
    error((...), 0)
  end

  local function next_result()
    local number = take(1)
    if number > count then return nil end
    local future = futures[number]
    futures[number] = false
    return deliver(number, future, pcall(future.result, future, deadline and deadline - monotonic()))
  end

  return next_result, nil, nil, setmetatable({}, {__close = cancel_the_rest})
end

-- All calls are submitted at once. `chunksize` is there for executors whose workers are processes.
function Executor:map(fn, ...)
  local sources, timeout = mapping_arguments(...)
  local deadline = timeout and monotonic() + timeout
  local futures = {}
  local arguments = arguments_of_call(1, sources)
  while arguments do
    futures[#futures + 1] = self:submit(fn, unpack(arguments, 1, arguments.n))
    arguments = arguments_of_call(#futures + 1, sources)
  end
  return results_of(futures, deadline)
end

return {
  Error = Error,
  CancelledError = CancelledError,
  InvalidStateError = InvalidStateError,
  BrokenExecutor = BrokenExecutor,
  TimeoutError = TimeoutError,
  Future = Future,
  Executor = Executor,
  is_settled = is_settled,
  log = log,
  text_with_traceback = text_with_traceback,
}
