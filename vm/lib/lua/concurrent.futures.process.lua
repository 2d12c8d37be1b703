-- ProcessPoolExecutor, on the Pool of `multiprocessing`.
--
-- When a process of it ends before it was told to, the executor is broken, as in Python: every future that is not done gets
-- a BrokenProcessPool, and no call is accepted any more.
local base = require "concurrent.futures._base"
local builtins = require "builtins"
local pools = require "multiprocessing.pool"
local support = require "_class"
local threading = require "threading"
local class, has_keywords, keywords = support.class, support.has_keywords, support.keywords
local RuntimeError, ValueError = builtins.RuntimeError, builtins.ValueError
local Future, Executor = base.Future, base.Executor
local cpu_count = require("_multiprocessing").cpu_count
local error, setmetatable = error, setmetatable
local pack, unpack = table.pack, table.unpack

local BrokenProcessPool =
  builtins.exception_type("concurrent.futures.process.BrokenProcessPool", base.BrokenExecutor)
local REASON = "A process in the process pool was terminated abruptly while the future was running or pending."

local ProcessPoolExecutor = class("concurrent.futures.ProcessPoolExecutor", Executor)

function ProcessPoolExecutor.new(called_class, max_workers, mp_context, initializer, initargs, max_tasks_per_child)
  if has_keywords(max_workers) then
    max_workers, mp_context, initializer, initargs, max_tasks_per_child = keywords(
      "ProcessPoolExecutor", max_workers, "max_workers", "mp_context", "initializer", "initargs",
      "max_tasks_per_child")
  end
  if max_workers == nil then max_workers = cpu_count() end
  if max_workers <= 0 then error(ValueError("max_workers must be greater than 0")) end
  if max_tasks_per_child ~= nil and max_tasks_per_child <= 0 then
    error(ValueError("max_tasks_per_child must be >= 1"))
  end
  local pool = pools.Pool{
    processes = max_workers,
    initializer = initializer,
    initargs = initargs,
    maxtasksperchild = max_tasks_per_child,
    context = mp_context,
  }
  pool._pool.finishes_at_exit = true
  return setmetatable({
    _workers = pool,
    _lock = threading.Lock(),   -- held whenever what follows is read or changed
    _is_shutdown = false,
    _is_broken = false,
  }, called_class)
end

local function break_executor(executor)
  do
    local held <close> = executor._lock:hold()
    executor._is_broken = true
  end
  pools.abandon(executor._workers)
end

function ProcessPoolExecutor:submit(fn, ...)
  local held <close> = self._lock:hold()
  if self._is_broken then error(BrokenProcessPool(REASON)) end
  if self._is_shutdown then error(RuntimeError("cannot schedule new futures after shutdown")) end
  local future, has_begun = Future(), false
  local function begin()
    has_begun = future:set_running_or_notify_cancel()
    return has_begun
  end
  local function settle(done, value, is_lost)
    if is_lost then
      break_executor(self)
      value = BrokenProcessPool(REASON)
    end
    if not has_begun and not begin() then return end
    if done then
      future:set_result(unpack(value, 1, value.n))
    else
      future:set_exception(value)
    end
  end
  pools.submit_call(self._workers, fn, pack(...), settle, begin, future)
  return future
end

function ProcessPoolExecutor:shutdown(wait, cancel_futures)
  if has_keywords(wait) then wait, cancel_futures = keywords("shutdown", wait, "wait", "cancel_futures") end
  do
    local held <close> = self._lock:hold()
    self._is_shutdown = true
  end
  if cancel_futures then
    local waiting = pools.take_waiting(self._workers)
    -- Also those are told that wait() for one of them.
    for index = 1, #waiting do
      if waiting[index]:cancel() then waiting[index]:set_running_or_notify_cancel() end
    end
  end
  self._workers:close()
  if wait ~= false then self._workers:join() end
end

return {BrokenProcessPool = BrokenProcessPool, ProcessPoolExecutor = ProcessPoolExecutor}
