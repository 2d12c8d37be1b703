-- ThreadPoolExecutor: CPython's Lib/concurrent/futures/thread.py on our `threading` and `queue`.
--
-- A pool is what an executor and its workers share. The workers know the pool and not the executor: an executor that
-- nobody has any more is collected, and its workers end.
--
-- `work_queue` has the items of work, and nil as the sign to look whether it is time to end; who ends because of it
-- leaves it there for the others. It is a SimpleQueue, since a finalizer puts the sign into it, and a finalizer can
-- wait for no lock.
--
-- What a worker calls, it calls in its context: nil for ThreadPoolExecutor; for subclasses something that belongs to the
-- worker alone, is closed at its end, and is made and used by functions of the class.
local _thread = require "_thread"
local base = require "concurrent.futures._base"
local builtins = require "builtins"
local support = require "_class"
local threading = require "threading"
local check_type, class, has_keywords, keywords =
  support.check_type, support.class, support.has_keywords, support.keywords
local RuntimeError, TypeError, ValueError = builtins.RuntimeError, builtins.TypeError, builtins.ValueError
local Future, Executor, log, text_with_traceback = base.Future, base.Executor, base.log, base.text_with_traceback
local SimpleQueue = require("queue").SimpleQueue
local cpu_count = require("_multiprocessing").cpu_count
local error, getmetatable, pairs, pcall, setmetatable, type, xpcall =
  error, getmetatable, pairs, pcall, setmetatable, type, xpcall
local format, insert, min, pack, unpack = string.format, table.insert, math.min, table.pack, table.unpack

local BrokenThreadPool = builtins.exception_type("concurrent.futures.thread.BrokenThreadPool", base.BrokenExecutor)

-- Pools ---------------------------------------------------------------------------------------------------------

-- Those whose threads are to be ended with the program: the keys of a weak table, which a worker keeps in there by
-- knowing its pool.
local pools = setmetatable({}, {__mode = "k"})
local pools_lock = threading.Lock()
local executors_made = 0

local function make_pool(executor_class, max_workers, thread_name_prefix, initializer, initargs)
  local pool = {
    make_context = executor_class._make_context,     -- false: there is none
    call_in_context = executor_class._call_in_context,
    broken_error = executor_class._broken_error,
    max_workers = max_workers,
    initializer = initializer,
    initargs = initargs,
    work_queue = SimpleQueue(),
    is_collected = false,        -- the executor; set by its finalizer
    lock = threading.Lock(),     -- held whenever what follows is read or changed
    threads = {},
    unfinished = 0,              -- items that were submitted and that no worker is done with yet
    is_shutdown = false,
    broken = false,              -- or why no worker can be trusted any more
  }
  local held <close> = pools_lock:hold()
  pool.thread_name_prefix = thread_name_prefix or executor_class._name .. "-" .. executors_made
  executors_made = executors_made + 1
  pools[pool] = true
  return pool
end

-- Takes what is in the queue out of it. REQUIRES: pool.lock is held.
local function drain(pool)
  local items = {}
  while true do
    local found, item = pcall(pool.work_queue.get, pool.work_queue, false)
    if not found then return items end
    if item then insert(items, item) end
  end
end

-- Workers -------------------------------------------------------------------------------------------------------

local function finish(future, ok, ...)
  if ok then
    future:set_result(...)
  else
    future:set_exception((...))
  end
end

-- Raises an error only where somebody else has changed the state of the future, which is the executor's business.
local function run(item, pool, context)
  if not item.future:set_running_or_notify_cancel() then return end
  if context then
    finish(item.future, pcall(pool.call_in_context, context, item.fn, unpack(item, 1, item.n)))
  else
    finish(item.future, pcall(item.fn, unpack(item, 1, item.n)))
  end
end

-- What a call leaves in its registers is not collected before another call writes there, and a worker may wait for
-- long. This one writes there.
local function overwrite_registers()
  local _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _
end

-- False: the worker is not to go on.
local function work_on(pool, context)
  local item = pool.work_queue:get()
  if item then
    local ran, failure = xpcall(run, text_with_traceback, item, pool, context)
    if not ran then log("Exception in worker:", failure) end
    overwrite_registers()
    local held <close> = pool.lock:hold()
    pool.unfinished = pool.unfinished - 1
    return true
  end
  if not (pool.is_shutdown or pool.is_collected or _thread.is_exiting()) then return true end
  pool.work_queue:put(nil)
  return false
end

-- Nothing that waits can be done any more. The futures are told when the lock is free again: their callbacks may
-- submit something.
local function break_pool(pool)
  local reason = "A thread initializer failed, the thread pool is not usable anymore"
  local items
  do
    local held <close> = pool.lock:hold()
    pool.broken = reason
    items = drain(pool)
    pool.unfinished = pool.unfinished - #items
  end
  for index = 1, #items do
    local future = items[index].future
    if future:set_running_or_notify_cancel() then future:set_exception(pool.broken_error(reason)) end
  end
end

local function initialize(pool, context)
  if not pool.initializer then return end
  local arguments = pool.initargs
  if context then return pool.call_in_context(context, pool.initializer, unpack(arguments, 1, #arguments)) end
  pool.initializer(unpack(arguments, 1, #arguments))
end

local function fail_to_begin(pool, failure)
  log("Exception in initializer:", failure)
  break_pool(pool)
end

local function work(pool)
  local made, context = true, nil
  if pool.make_context then made, context = xpcall(pool.make_context, text_with_traceback) end
  if not made then return fail_to_begin(pool, context) end
  local closed <close> = context
  local initialized, failure = xpcall(initialize, text_with_traceback, pool, context)
  if not initialized then return fail_to_begin(pool, failure) end
  while work_on(pool, context) do end
end

-- One more worker, where there is more to do than there are workers. REQUIRES: pool.lock is held.
local function adjust_thread_count(pool)
  local count = #pool.threads
  if pool.unfinished < count or count >= pool.max_workers then return end
  local name = format("%s_%d", pool.thread_name_prefix, count)
  local thread = threading.Thread{name = name, target = work, args = {pool}}
  thread:start()
  pool.threads[count + 1] = thread
end

-- ThreadPoolExecutor --------------------------------------------------------------------------------------------

local ThreadPoolExecutor = class("concurrent.futures.ThreadPoolExecutor", Executor)
ThreadPoolExecutor._name = "ThreadPoolExecutor"
ThreadPoolExecutor._make_context = false
ThreadPoolExecutor._call_in_context = false
ThreadPoolExecutor._broken_error = BrokenThreadPool

local function is_callable(value)
  if type(value) == "function" then return true end
  local metatable = getmetatable(value)
  return type(metatable) == "table" and metatable.__call ~= nil
end

function ThreadPoolExecutor.new(called_class, max_workers, thread_name_prefix, initializer, initargs)
  if has_keywords(max_workers) then
    max_workers, thread_name_prefix, initializer, initargs = keywords(
      called_class._name, max_workers, "max_workers", "thread_name_prefix", "initializer", "initargs")
  end
  if max_workers == nil then max_workers = min(32, cpu_count() + 4) end
  check_type(max_workers, "number", called_class._name, "max_workers")
  if max_workers <= 0 then error(ValueError("max_workers must be greater than 0")) end
  if thread_name_prefix ~= nil then
    check_type(thread_name_prefix, "string", called_class._name, "thread_name_prefix")
    if thread_name_prefix == "" then thread_name_prefix = nil end
  end
  if initializer ~= nil and not is_callable(initializer) then
    error(TypeError("initializer must be a callable"))
  end
  if initargs ~= nil then check_type(initargs, "table", called_class._name, "initargs") end
  return setmetatable({
    _pool = make_pool(called_class, max_workers, thread_name_prefix, initializer or false, initargs or {}),
  }, called_class)
end

function ThreadPoolExecutor:submit(fn, ...)
  local pool = self._pool
  local held <close> = pool.lock:hold()
  if pool.broken then error(pool.broken_error(pool.broken)) end
  if pool.is_shutdown then error(RuntimeError("cannot schedule new futures after shutdown")) end
  if _thread.is_exiting() then
    error(RuntimeError("cannot schedule new futures after interpreter shutdown"))
  end
  -- First the worker: where there can be none, there is nothing to do either.
  adjust_thread_count(pool)
  local item = pack(...)
  item.fn, item.future = fn, Future()
  pool.unfinished = pool.unfinished + 1
  pool.work_queue:put(item)
  return item.future
end

function ThreadPoolExecutor:shutdown(wait, cancel_futures)
  if has_keywords(wait) then wait, cancel_futures = keywords("shutdown", wait, "wait", "cancel_futures") end
  local pool = self._pool
  local items = {}
  do
    local held <close> = pool.lock:hold()
    pool.is_shutdown = true
    if cancel_futures then
      items = drain(pool)
      pool.unfinished = pool.unfinished - #items
    end
    pool.work_queue:put(nil)
  end
  -- Also those are told that wait() for one of them.
  for index = 1, #items do
    local future = items[index].future
    if future:cancel() then future:set_running_or_notify_cancel() end
  end
  if wait == false then return end
  local threads = pool.threads  -- to which nobody adds any more
  for index = 1, #threads do threads[index]:join() end
end

function ThreadPoolExecutor:__gc()
  self._pool.is_collected = true
  self._pool.work_queue:put(nil)
end

-- The end of the program ----------------------------------------------------------------------------------------

-- A pool that is not among these yet is made after is_exiting() has become true, and gets no threads.
local function all_pools()
  local held <close> = pools_lock:hold()
  local list = {}
  for pool in pairs(pools) do insert(list, pool) end
  return list
end

-- Work that was submitted is done before the workers end. A program that embeds gilvm may go on to use an executor:
-- it gets new workers.
threading._register_atexit(function()
  local list = all_pools()
  for index = 1, #list do
    -- With the lock, since somebody who found is_exiting() false may be adding a thread.
    local held <close> = list[index].lock:hold()
    list[index].work_queue:put(nil)
  end
  for index = 1, #list do
    local pool = list[index]
    for position = 1, #pool.threads do pool.threads[position]:join() end
    local held <close> = pool.lock:hold()
    pool.threads = {}
    drain(pool)  -- new workers must not find the sign to end
  end
end)

-- In a child process there are no workers, and what they were to do is the parent's. The locks may be held by one of
-- them.
threading._register_at_fork(function()
  pools_lock = threading.Lock()
  for pool in pairs(pools) do
    pool.lock, pool.work_queue, pool.threads, pool.unfinished = threading.Lock(), SimpleQueue(), {}, 0
  end
end)

return {
  BrokenThreadPool = BrokenThreadPool,
  ThreadPoolExecutor = ThreadPoolExecutor,
}
