-- The module `threading`: what CPython's Lib/threading.py builds on its module `_thread`, in the same way, on ours
-- (vm/lib/threading.cpp, vm/lib/locks.cpp). All waiting is waiting for a Lock.
--
-- Nothing here relies on the GIL: what threads share is read and written by the one that holds the lock of its
-- object, except for single fields that may be read without it, as is_set() does.
--
-- Everywhere: `local held <close> = lock:hold()` is Python's `with lock:`.
local _thread = require "_thread"
local builtins = require "builtins"
local support = require "_class"
local check_timeout, check_type, class, has_keywords, keywords =
  support.check_timeout, support.check_type, support.class, support.has_keywords, support.keywords
local RuntimeError, TypeError, ValueError = builtins.RuntimeError, builtins.TypeError, builtins.ValueError
local error, getmetatable, next, rawget, setmetatable, tostring, type, xpcall =
  error, getmetatable, next, rawget, setmetatable, tostring, type, xpcall
local format, insert, remove, unpack = string.format, table.insert, table.remove, table.unpack
local monotonic = require("time").monotonic
local stderr, traceback = io.stderr, debug.traceback

local Lock, RLock, TIMEOUT_MAX = _thread.allocate_lock, _thread.RLock, _thread.TIMEOUT_MAX

local threading = {
  Thread = _thread.Thread,
  Lock = Lock,
  RLock = RLock,
  TIMEOUT_MAX = TIMEOUT_MAX,
  ThreadError = RuntimeError,
  active_count = _thread.active_count,
  current_thread = _thread.current_thread,
  enumerate = _thread.enumerate,
  get_ident = _thread.get_ident,
  get_native_id = _thread.get_native_id,
  main_thread = _thread.main_thread,
}

-- Condition -----------------------------------------------------------------------------------------------------

-- Each thread that waits has a lock of its own, which it acquires twice: the second time it waits, until notify()
-- releases it. `waiters` is the list of those locks, the first being the one that waits longest. `called` counts the
-- threads that were notified and have not got the condition's lock back yet: Semaphore and Queue keep for them what
-- they were notified of.
--
-- A waiter is in the list until it is notified or gives up, and both happen with the condition's lock held. So
-- wait() is true exactly when a notification was meant for its thread, also when the timeout was over in the same
-- moment, and no notification is lost.
local Condition = class("threading.Condition")
threading.Condition = Condition

function Condition.new(called_class, lock)
  if has_keywords(lock) then lock = keywords("Condition", lock, "lock") end
  if lock == nil then lock = RLock() end
  if type(lock) ~= "userdata" then
    error(TypeError("Condition: lock must be a Lock or an RLock, got " .. type(lock)))
  end
  return setmetatable({
    lock = lock,
    is_reentrant = lock._is_owned ~= nil,
    waiters = {},
    called = 0,
    generation = _thread.generation(),
  }, called_class)
end

function Condition:acquire(...) return self.lock:acquire(...) end

function Condition:release() return self.lock:release() end

function Condition:hold()
  self.lock:hold()
  return self
end

function Condition:__close() self.lock:release() end

function Condition:__tostring() return format("<Condition(%s, %d)>", tostring(self.lock), #self.waiters) end

-- Of a Lock, which has no owner, this knows only whether anybody holds it, as in Python.
local function is_owned(condition)
  if condition.is_reentrant then return condition.lock:_is_owned() end
  return condition.lock:locked()
end

local function position_of(list, wanted)
  for index = 1, #list do
    if list[index] == wanted then return index end
  end
end

-- In a child process the threads that were waiting do not exist.
local function forget_other_processes(condition)
  if condition.generation == _thread.generation() then return end
  condition.waiters, condition.called, condition.generation = {}, 0, _thread.generation()
end

-- How many threads were notified and have not come yet.
function Condition:_called()
  if self.called > 0 then forget_other_processes(self) end
  return self.called
end

local function notify(condition, count)
  if condition.waiters[1] then forget_other_processes(condition) end
  local waiters = condition.waiters
  while count > 0 and waiters[1] do
    condition.called = condition.called + 1
    remove(waiters, 1):release()
    count = count - 1
  end
end

-- The time that a thread spends in wait() without the condition's lock. Closing it takes the lock again, whatever
-- has ended the wait.
local Waiting = {__name = "threading.Waiting"}

local function begin_waiting(condition, waiter)
  local waiting = setmetatable({condition = condition, waiter = waiter, held = false, was_notified = false}, Waiting)
  forget_other_processes(condition)
  insert(condition.waiters, waiter)
  if condition.is_reentrant then
    waiting.held = condition.lock:_release_save()
  else
    condition.lock:release()
  end
  return waiting
end

function Waiting:__close(problem)
  local condition = self.condition
  if condition.is_reentrant then
    condition.lock:_acquire_restore(self.held)
  else
    condition.lock:acquire()
  end
  local position = position_of(condition.waiters, self.waiter)
  if position then
    remove(condition.waiters, position)
  else
    self.was_notified = true
    condition.called = condition.called - 1
    -- A thread that an error takes away can make no use of its notification.
    if problem ~= nil then notify(condition, 1) end
  end
end

local function wait_in_line(condition, timeout)
  local waiter = Lock()
  waiter:acquire()
  local waiting = begin_waiting(condition, waiter)
  do
    local until_lock_is_back <close> = waiting
    if timeout == nil then
      waiter:acquire()
    elseif timeout > 0 then
      waiter:acquire(true, timeout < TIMEOUT_MAX and timeout or TIMEOUT_MAX)
    end
  end
  return waiting.was_notified
end

function Condition:wait(timeout)
  if has_keywords(timeout) then timeout = keywords("wait", timeout, "timeout") end
  check_timeout(timeout)
  if not is_owned(self) then error(RuntimeError("cannot wait on un-acquired lock")) end
  return wait_in_line(self, timeout)
end

function Condition:wait_for(predicate, timeout)
  if has_keywords(predicate) then predicate, timeout = keywords("wait_for", predicate, "predicate", "timeout") end
  if has_keywords(timeout) then timeout = keywords("wait_for", timeout, "timeout") end
  check_timeout(timeout)
  if not is_owned(self) then error(RuntimeError("cannot wait on un-acquired lock")) end
  local deadline = timeout and monotonic() + timeout
  local result = predicate()
  while not result do
    local left = deadline and deadline - monotonic()
    if left and left <= 0 then break end
    wait_in_line(self, left)
    result = predicate()
  end
  return result
end

function Condition:notify(n)
  if has_keywords(n) then n = keywords("notify", n, "n") end
  if not is_owned(self) then error(RuntimeError("cannot notify on un-acquired lock")) end
  notify(self, n or 1)
end

function Condition:notify_all()
  if not is_owned(self) then error(RuntimeError("cannot notify on un-acquired lock")) end
  notify(self, #self.waiters)
end

-- Semaphore, BoundedSemaphore -----------------------------------------------------------------------------------

-- A thread that was notified has a permit kept for it; only what is beyond those is for threads that come later.
-- So permits are given in the order of arrival, and nobody starves.
local Semaphore = class("threading.Semaphore")
threading.Semaphore = Semaphore

function Semaphore.new(called_class, value)
  if has_keywords(value) then value = keywords("Semaphore", value, "value") end
  if value == nil then value = 1 end
  check_type(value, "number", "Semaphore", "value")
  if value < 0 then error(ValueError("semaphore initial value must be >= 0")) end
  return setmetatable({value = value, initial_value = value, condition = Condition(Lock())}, called_class)
end

function Semaphore:acquire(blocking, timeout)
  if has_keywords(blocking) then blocking, timeout = keywords("acquire", blocking, "blocking", "timeout") end
  check_timeout(timeout)
  if blocking == false and timeout ~= nil then
    error(ValueError("can't specify timeout for non-blocking acquire"))
  end
  local condition = self.condition
  local held <close> = condition.lock:hold()
  if self.value <= condition:_called() and (blocking == false or not wait_in_line(condition, timeout)) then
    return false
  end
  self.value = self.value - 1
  return true
end

-- Gives back `n` permits, of which there are `limit` at most.
local function give_back(semaphore, n, limit)
  if has_keywords(n) then n = keywords("release", n, "n") end
  if n == nil then n = 1 end
  check_type(n, "number", "release", "n")
  if n < 1 then error(ValueError("n must be one or more")) end
  local condition = semaphore.condition
  local held <close> = condition.lock:hold()
  if limit and semaphore.value + n > limit then error(ValueError("Semaphore released too many times")) end
  semaphore.value = semaphore.value + n
  notify(condition, n)
end

function Semaphore:release(n) give_back(self, n) end

function Semaphore:hold()
  self:acquire()
  return self
end

function Semaphore:__close() self:release() end

function Semaphore:__tostring()
  return format("<%s at %p: value=%s>", getmetatable(self).__name, self, self.value)
end

local BoundedSemaphore = class("threading.BoundedSemaphore", Semaphore)
threading.BoundedSemaphore = BoundedSemaphore

function BoundedSemaphore:release(n) give_back(self, n, self.initial_value) end

function BoundedSemaphore:__tostring()
  return format("<%s at %p: value=%s/%s>", getmetatable(self).__name, self, self.value, self.initial_value)
end

-- Event ---------------------------------------------------------------------------------------------------------

local Event = class("threading.Event")
threading.Event = Event

function Event.new(called_class)
  return setmetatable({condition = Condition(Lock()), flag = false}, called_class)
end

function Event:is_set() return self.flag end

function Event:set()
  local held <close> = self.condition:hold()
  self.flag = true
  self.condition:notify_all()
end

function Event:clear()
  local held <close> = self.condition:hold()
  self.flag = false
end

function Event:wait(timeout)
  if has_keywords(timeout) then timeout = keywords("wait", timeout, "timeout") end
  check_timeout(timeout)
  local held <close> = self.condition:hold()
  return self.flag or wait_in_line(self.condition, timeout)
end

function Event:__tostring()
  return format("<%s at %p: %s>", getmetatable(self).__name, self, self.flag and "set" or "unset")
end

-- Barrier -------------------------------------------------------------------------------------------------------

-- What a barrier does: it fills with threads that wait; the last one lets all of them go; while they leave, those
-- who come for the next round wait outside.
local FILLING, DRAINING, RESETTING, BROKEN = "filling", "draining", "resetting", "broken"

local BrokenBarrierError = builtins.exception_type("threading.BrokenBarrierError", RuntimeError)
threading.BrokenBarrierError = BrokenBarrierError

local Barrier = class("threading.Barrier")
threading.Barrier = Barrier

function Barrier.new(called_class, parties, action, timeout)
  if has_keywords(parties) then
    parties, action, timeout = keywords("Barrier", parties, "parties", "action", "timeout")
  end
  check_type(parties, "number", "Barrier", "parties")
  if parties < 1 then error(ValueError("parties must be > 0")) end
  return setmetatable({
    parties = parties,
    action = action or false,
    timeout = check_timeout(timeout) or false,
    condition = Condition(Lock()),
    state = FILLING,
    count = 0,
  }, called_class)
end

-- `broken` and `n_waiting` are attributes.
function Barrier:__index(key)
  if key == "broken" then return rawget(self, "state") == BROKEN end
  if key == "n_waiting" then return rawget(self, "state") == FILLING and rawget(self, "count") or 0 end
  return Barrier[key]
end

local function break_barrier(barrier)
  barrier.state = BROKEN
  barrier.condition:notify_all()
end

-- The threads that have left a round open the barrier for the next.
local function leave(barrier)
  barrier.count = barrier.count - 1
  if barrier.count == 0 and (barrier.state == RESETTING or barrier.state == DRAINING) then
    barrier.state = FILLING
    barrier.condition:notify_all()
  end
end

-- Closed whatever ends the wait.
local Inside = {__name = "threading.Inside", __close = function(self) leave(self.barrier) end}

-- The last thread to arrive. An error of the action breaks the barrier for the others.
local function let_all_go(barrier)
  if barrier.action then
    local breaks_on_error <close> = setmetatable({}, {__close = function(_, problem)
      if problem ~= nil then break_barrier(barrier) end
    end})
    barrier.action()
  end
  barrier.state = DRAINING
  barrier.condition:notify_all()
end

local function wait_for_the_others(barrier, timeout)
  local filled = barrier.condition:wait_for(function() return barrier.state ~= FILLING end, timeout)
  if not filled then break_barrier(barrier) end
  if not filled or barrier.state == BROKEN or barrier.state == RESETTING then error(BrokenBarrierError) end
end

function Barrier:wait(timeout)
  if has_keywords(timeout) then timeout = keywords("wait", timeout, "timeout") end
  timeout = check_timeout(timeout) or self.timeout or nil
  local held <close> = self.condition:hold()
  while self.state == RESETTING or self.state == DRAINING do wait_in_line(self.condition) end
  if self.state == BROKEN then error(BrokenBarrierError) end
  local index = self.count
  self.count = index + 1
  local inside <close> = setmetatable({barrier = self}, Inside)
  if index + 1 == self.parties then
    let_all_go(self)
  else
    wait_for_the_others(self, timeout)
  end
  return index
end

function Barrier:reset()
  local held <close> = self.condition:hold()
  self.state = self.count > 0 and (self.state == DRAINING and DRAINING or RESETTING) or FILLING
  self.condition:notify_all()
end

function Barrier:abort()
  local held <close> = self.condition:hold()
  break_barrier(self)
end

function Barrier:__tostring()
  local state = self.broken and "broken" or format("waiters=%d/%d", self.n_waiting, self.parties)
  return format("<%s at %p: %s>", getmetatable(self).__name, self, state)
end

-- Timer ---------------------------------------------------------------------------------------------------------

-- A thread that waits for an event, `finished`, which cancel() sets.
function threading.Timer(interval, func, args, kwargs)
  if has_keywords(interval) then
    interval, func, args, kwargs = keywords("Timer", interval, "interval", "function", "args", "kwargs")
  end
  check_type(interval, "number", "Timer", "interval")
  if args ~= nil then check_type(args, "table", "Timer", "args") end
  if kwargs ~= nil then check_type(kwargs, "table", "Timer", "kwargs") end
  local finished = Event()
  local function run()
    finished:wait(interval)
    if not finished:is_set() then
      local arguments = {unpack(args or {})}
      if kwargs then insert(arguments, kwargs) end
      func(unpack(arguments))
    end
    finished:set()
  end
  return _thread.make_timer(run, {
    interval = interval,
    ["function"] = func,
    args = args or {},
    kwargs = kwargs or {},
    finished = finished,
    cancel = function() finished:set() end,
  })
end

-- local ---------------------------------------------------------------------------------------------------------

-- _thread.locals() is a table of the calling thread, with weak keys: it holds what this thread has stored in each
-- `local`, as long as both exist.
local Local = {__name = "threading.local"}

function Local:__index(key)
  local own = _thread.locals()[self]
  return own and own[key]
end

function Local:__newindex(key, value)
  local all = _thread.locals()
  local own = all[self]
  if not own then
    own = {}
    all[self] = own
  end
  own[key] = value
end

function Local:__pairs() return next, _thread.locals()[self] or {} end

-- `local` is a keyword of Lua: threading["local"](), or, as Python does with names that are taken, local_().
threading["local"] = function() return setmetatable({}, Local) end
threading.local_ = threading["local"]

-- The end of the program, and its copy in a child process --------------------------------------------------------

-- For modules that own threads. Functions of the first list are called, last first, when the main thread has ended and
-- other threads have not been waited for yet; from then on is_exiting() is true. Those of the second are called in a
-- child process while it has one thread.
local exit_functions, fork_functions, functions_lock = {}, {}, Lock()

local function text_with_traceback(problem) return traceback(tostring(problem), 2) end

function threading._register_atexit(func)
  local held <close> = functions_lock:hold()
  if _thread.is_exiting() then error(RuntimeError("can't register atexit after shutdown")) end
  insert(exit_functions, func)
end

function threading._register_at_fork(func)
  local held <close> = functions_lock:hold()
  insert(fork_functions, func)
end

_thread.set_exit_hook(function()
  local count
  do
    -- Who has found is_exiting() false and holds the lock is waited for.
    local held <close> = functions_lock:hold()
    count = #exit_functions
  end
  for index = count, 1, -1 do
    local called, failure = xpcall(exit_functions[index], text_with_traceback)
    if not called then stderr:write("Exception in threading._shutdown:\n", failure, "\n") end
  end
end)

_thread.set_fork_hook(function()
  functions_lock = Lock()
  for index = 1, #fork_functions do fork_functions[index]() end
end)

-- Errors that end a thread --------------------------------------------------------------------------------------

-- Prints the error of a thread, as Python does. A script may put another function into threading.excepthook.
local function excepthook(args)
  if builtins.isinstance(args.exc_value, builtins.SystemExit) then return end
  local name = args.thread and args.thread.name or _thread.get_ident()
  local lines = {"Exception in thread " .. name .. ":", args.exc_text}
  if args.exc_traceback ~= "" then insert(lines, args.exc_traceback) end
  stderr:write(table.concat(lines, "\n"), "\n")
end
threading.excepthook, threading.__excepthook__ = excepthook, excepthook

local function type_of_error(problem)
  if builtins.isinstance(problem, builtins.BaseException) then return problem.__class__ or problem end
  return type(problem)
end

-- Called in a thread that an error has ended.
_thread.set_error_hook(function(problem, text, levels)
  local hook = threading.excepthook or excepthook
  local args = {
    exc_type = type_of_error(problem),
    exc_value = problem,
    exc_text = text,
    exc_traceback = levels,
    thread = _thread.current_thread(),
  }
  local called, failure = xpcall(hook, text_with_traceback, args)
  if not called then stderr:write("Exception in threading.excepthook:\n", failure, "\n") end
end)

return threading
