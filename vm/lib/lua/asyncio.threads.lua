-- Between threads and the loop: CPython's Lib/asyncio/threads.py, and what its futures.py, tasks.py and base_events.py have
-- of it. Only call_soon_threadsafe() crosses the border.
local builtins = require "builtins"
local concurrent = require "concurrent.futures"
local coroutines = require "asyncio.coroutines"
local events = require "asyncio.events"
local helpers = require "asyncio.format_helpers"
local tasks = require "asyncio.tasks"
local threading = require "threading"
local RuntimeError, TypeError = builtins.RuntimeError, builtins.TypeError
local Loop, await, ensure_future = events.Loop, tasks.await, tasks.ensure_future
local error, getmetatable, pcall = error, getmetatable, pcall

-- Copies the outcome of a future of a thread, which is done, to one of a loop.
local function copy_to_loop(future, thread_future)
  if future:done() then return end
  if thread_future:cancelled() then return future:cancel() end
  local exception = thread_future:exception()
  if exception ~= nil then return future:set_exception(exception) end
  future:set_result(thread_future:result())
end

-- The same, the other way.
local function copy_to_thread(thread_future, future)
  if future:cancelled() then thread_future:cancel() end
  if not thread_future:set_running_or_notify_cancel() then return end
  local exception = future:exception()
  if exception ~= nil then return thread_future:set_exception(exception) end
  thread_future:set_result(future:result())
end

-- A future of the loop, for one of concurrent.futures. To cancel either is to cancel both.
local function wrap_future(thread_future, loop)
  if getmetatable(thread_future) ~= concurrent.Future then return ensure_future(thread_future) end
  loop = loop or events.get_event_loop()
  local future = loop:create_future()
  future:add_done_callback(function()
    if future:cancelled() then thread_future:cancel() end
  end)
  thread_future:add_done_callback(function()
    -- A loop that is closed needs no results any more.
    pcall(loop.call_soon_threadsafe, loop, copy_to_loop, future, thread_future)
  end)
  return future
end

-- The call func(...) in a thread of `executor`, or of the loop's own: a future.
function Loop:run_in_executor(executor, func, ...)
  events.check_closed(self)
  if not events.is_callable(func) then
    error(TypeError("a callable object was expected by run_in_executor(), got " .. helpers.repr(func)))
  end
  if executor == nil then
    if self._executor_shut_down then error(RuntimeError("Executor shutdown has been called")) end
    self._executor = self._executor or concurrent.ThreadPoolExecutor{thread_name_prefix = "asyncio"}
    executor = self._executor
  end
  return wrap_future(executor:submit(func, ...), self)
end

function Loop:set_default_executor(executor) self._executor = executor end

-- Waits, without stopping the loop, until the threads of its own executor have ended.
Loop.shutdown_default_executor = coroutines.async(function(loop)
  loop._executor_shut_down = true
  local executor = loop._executor
  if not executor then return end
  local done = loop:create_future()
  local thread = threading.Thread{target = function()
    executor:shutdown(true)
    pcall(loop.call_soon_threadsafe, loop, function() if not done:done() then done:set_result() end end)
  end}
  thread:start()
  await(done)
  thread:join()
end)

-- The call func(...) in another thread: a coroutine.
local to_thread = coroutines.async(function(func, ...)
  return await(events.get_running_loop():run_in_executor(nil, func, ...))
end)

-- For other threads: runs the coroutine in `loop`, and returns a future of concurrent.futures.
local function run_coroutine_threadsafe(coro, loop)
  if not coroutines.is_body(coro) then error(TypeError("A coroutine object is required")) end
  local thread_future = concurrent.Future()
  loop:call_soon_threadsafe(function()
    local task = ensure_future(coro, loop)
    task:add_done_callback(function() copy_to_thread(thread_future, task) end)
    thread_future:add_done_callback(function()
      if thread_future:cancelled() then pcall(loop.call_soon_threadsafe, loop, task.cancel, task) end
    end)
  end)
  return thread_future
end

return {run_coroutine_threadsafe = run_coroutine_threadsafe, to_thread = to_thread, wrap_future = wrap_future}
