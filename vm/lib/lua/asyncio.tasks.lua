-- Task and await() of `asyncio`: CPython's Lib/asyncio/tasks.py.
--
-- A task is a future that a coroutine of Lua works for. The loop calls start() and then step(), each of which runs the
-- coroutine until it waits for something, or ends. The body runs inside of xpcall, so that its variables are closed, and
-- may await something while they are, before the task is done.
local _event_loop = require "_event_loop"
local builtins = require "builtins"
local coroutines = require "asyncio.coroutines"
local events = require "asyncio.events"
local exceptions = require "asyncio.exceptions"
local futures = require "asyncio.futures"
local helpers = require "asyncio.format_helpers"
local support = require "_class"
local class, has_keywords, keywords = support.class, support.has_keywords, support.keywords
local RuntimeError, TypeError, isinstance = builtins.RuntimeError, builtins.TypeError, builtins.isinstance
local Coroutine, call, is_body = coroutines.Coroutine, coroutines.call, coroutines.is_body
local CancelledError = exceptions.CancelledError
local add_callback, cancelled_error, finish_cancelled, finish_with_exception, finish_with_values, isfuture, outcome =
  futures.add_callback, futures.cancelled_error, futures.finish_cancelled, futures.finish_with_exception,
  futures.finish_with_values, futures.isfuture, futures.outcome
local get_running_loop, push, traceback_of = events.get_running_loop, events.push, events.traceback_of
local call_later, cancel_timer, running = _event_loop.call_later, _event_loop.cancel, _event_loop.running
local close, create, resume, status, yield =
  coroutine.close, coroutine.create, coroutine.resume, coroutine.status, coroutine.yield
local error, getmetatable, setmetatable, tostring, type, xpcall =
  error, getmetatable, setmetatable, tostring, type, xpcall
local format, move = string.format, table.move

-- As in asyncio.futures.lua.
local STATE <const> = 1
local LOOP <const> = 2
local CALLBACKS <const> = 4
local PENDING <const> = "PENDING"

local BODY <const> = 6    -- the function, for the task as text
local THREAD <const> = 7  -- before it has begun, the coroutine object or function; then the coroutine of Lua
local WAITS <const> = 8   -- for what: a future; the number of a timer; IN_LINE; or false, for nothing
local CANCEL <const> = 9  -- the error that it is to get instead of what it waits for, or false
local NAME <const> = 10   -- a text, or the number in "Task-1"
local PLACE <const> = 11  -- in its loop's list of tasks

-- It is in the loop's list of what is ready: its turn comes without anybody's doing.
local IN_LINE <const> = true

local Task = class("asyncio.Task", futures.Future)

-- How many cancel() there were that no uncancel() has undone.
Task._num_cancels_requested = 0

local tasks_made = 0

-- Beginning and end ---------------------------------------------------------------------------------------------

local start

-- Many tasks end by being cancelled, and nobody wants to know where.
local function note_failure(problem)
  if problem == CancelledError then return problem end
  return events.note_failure(problem)
end

local function new_task(loop, body, name)
  tasks_made = tasks_made + 1
  local fn = body
  if type(body) ~= "function" then fn = body[1] end
  local tasks, place = loop._tasks, loop._task_count + 1
  local task = setmetatable(
    {PENDING, loop, false, false, false, fn, body, IN_LINE, false, name or tasks_made, place}, Task)
  tasks[place], loop._task_count = task, place
  push(loop, start, task)
  return task
end

local function remove_from_loop(task)
  local loop = task[LOOP]
  local tasks, count, place = loop._tasks, loop._task_count, task[PLACE]
  local last = tasks[count]
  tasks[place], last[PLACE] = last, place
  tasks[count], loop._task_count = nil, count - 1
end

local function fail(task, problem)
  if isinstance(problem, CancelledError) then return finish_cancelled(task, problem) end
  finish_with_exception(task, problem, traceback_of(task[LOOP], problem))
  -- As in Python, it does not end the task alone.
  if isinstance(problem, builtins.SystemExit) then
    task:exception()
    error(problem, 0)
  end
end

-- What the body has returned, or raised.
local function finish(task, succeeded, ...)
  remove_from_loop(task)
  if not succeeded then return fail(task, (...)) end
  local exception = task[CANCEL]
  if exception then
    -- It was cancelled, and has ended before it could learn of it.
    task[CANCEL] = false
    return finish_cancelled(task, exception)
  end
  finish_with_values(task, ...)
end

-- A script has called coroutine.yield().
local function fail_at_yield(task, value)
  close(task[THREAD])
  finish(task, false, RuntimeError("Task got bad yield: " .. helpers.repr(value)))
end

-- The coroutine has been resumed. `succeeded`: what xpcall says, where the body has ended.
local function after(task, resumed, succeeded, ...)
  local loop = task[LOOP]
  loop._current = false
  local waits = task[WAITS]
  if waits then
    -- It was cancelled, by itself, before it began to wait.
    if task[CANCEL] and waits ~= IN_LINE then
      local exception = task[CANCEL]
      if type(waits) == "number" then
        cancel_timer(loop._native, waits)
        task[WAITS] = IN_LINE
        push(loop, task._step, task)
      elseif waits:cancel(exception.args and exception.args[1]) then
        task[CANCEL] = false
      end
    end
    return
  end
  if status(task[THREAD]) ~= "dead" then return fail_at_yield(task, succeeded) end
  -- Only where memory has run out does xpcall itself fail.
  if not resumed then return finish(task, false, succeeded) end
  return finish(task, succeeded, ...)
end

function start(task)
  local body = task[THREAD]
  local exception = task[CANCEL]
  task[WAITS] = false
  if exception then
    task[CANCEL] = false
    return finish(task, false, exception)
  end
  local thread = create(xpcall)
  task[THREAD] = thread
  task[LOOP]._current = task
  if type(body) == "function" then return after(task, resume(thread, body, note_failure)) end
  return after(task, resume(thread, call, note_failure, body))
end

local function step(task)
  local exception = task[CANCEL]
  task[WAITS] = false
  task[LOOP]._current = task
  if exception then
    task[CANCEL] = false
    return after(task, resume(task[THREAD], exception))
  end
  return after(task, resume(task[THREAD]))
end
Task._step = step
futures.set_step(step)

-- In Python a timer's callback sets the result of a future, which then makes the task ready: one round later.
events.set_sleep_is_over(function(task)
  task[WAITS] = IN_LINE
  push(task[LOOP], step, task)
end)

-- Waiting -------------------------------------------------------------------------------------------------------

-- await_future() and wait_for_time() call no function of Lua on the way to yield(): the frames and registers of a call
-- would have to fit into the coroutine of every task that waits.

-- There is no task that could wait. `what`: who asks.
local function refuse_to_wait(what, loop)
  if not loop then error(RuntimeError("no running event loop")) end
  if not loop._current then error(RuntimeError(what .. " was called outside of a task")) end
  error(RuntimeError(what .. " was called in a coroutine that is not the task's"))
end

local function check_awaited(task, future)
  if future[LOOP] ~= task[LOOP] then
    error(RuntimeError(format("Task %s got Future %s attached to a different loop", tostring(task), tostring(future))))
  end
  if future == task then error(RuntimeError("Task cannot await on itself: " .. tostring(task))) end
end

local function await_future(future)
  if future[STATE] ~= PENDING then return outcome(future) end
  local loop, task = running()  -- the task's coroutine, at first
  if not loop or not loop._current or loop._current[THREAD] ~= task then refuse_to_wait("await()", loop) end
  task = loop._current
  if future[LOOP] ~= loop or future == task then check_awaited(task, future) end
  if future[CALLBACKS] then
    add_callback(future, task)
  else
    future[CALLBACKS] = task
  end
  task[WAITS] = future
  local exception = yield()
  if exception then error(exception, 0) end
  return outcome(future)
end

-- Waits until a future is done, and returns its result or raises its exception. A coroutine's call is made by the task
-- itself, at once.
local function await(awaitable)
  local metatable = getmetatable(awaitable)
  if metatable == Task then return await_future(awaitable) end
  if metatable == Coroutine then return call(awaitable) end
  if type(awaitable) == "function" then return awaitable() end
  if isfuture(awaitable) then return await_future(awaitable) end
  error(TypeError("object " .. type(awaitable) .. " can't be used in 'await' expression"))
end

local function wait_for_time(delay, result)
  local loop, task = running()  -- the task's coroutine, at first
  if not loop or not loop._current or loop._current[THREAD] ~= task then refuse_to_wait("sleep()", loop) end
  task = loop._current
  if delay > 0 then
    task[WAITS] = call_later(loop._native, delay, task)
  else
    task[WAITS] = IN_LINE
    -- As push() does.
    local ready, count = loop._ready, loop._count
    ready[count + 1], ready[count + 2] = step, task
    loop._count = count + 2
  end
  local exception = yield()
  if exception then error(exception, 0) end
  return result
end

-- A coroutine that returns `result` after `delay` seconds; with 0 it lets what is ready run first.
local function sleep(delay, result)
  if type(delay) ~= "number" then
    if has_keywords(delay) then delay, result = keywords("sleep", delay, "delay", "result") end
    if type(delay) ~= "number" then error(TypeError("a number of seconds expected, got " .. type(delay))) end
  end
  if result == nil then return setmetatable({wait_for_time, 1, delay}, Coroutine) end
  return setmetatable({wait_for_time, 2, delay, result}, Coroutine)
end

-- Task ----------------------------------------------------------------------------------------------------------

local function check_body(body)
  if not is_body(body) then error(TypeError("a coroutine was expected, got " .. helpers.repr(body))) end
end

function Task.new(called_class, body, loop, name)
  if has_keywords(loop) then loop, name = keywords("Task", loop, "loop", "name") end
  check_body(body)
  local task = new_task(loop or events.get_event_loop(), body, name ~= nil and tostring(name) or nil)
  return setmetatable(task, called_class)
end

-- What the task waits for is cancelled, or raises CancelledError; where it does not wait, its next await() does.
function Task:cancel(msg)
  if has_keywords(msg) then msg = keywords("cancel", msg, "msg") end
  if self[STATE] ~= PENDING then return false end
  self._num_cancels_requested = self._num_cancels_requested + 1
  local waits = self[WAITS]
  if type(waits) == "number" then
    local loop = self[LOOP]
    cancel_timer(loop._native, waits)
    self[WAITS] = IN_LINE
    push(loop, step, self)
  elseif waits and waits ~= IN_LINE and waits:cancel(msg) then
    return true
  end
  self[CANCEL] = cancelled_error(msg)
  return true
end

function Task:cancelling() return self._num_cancels_requested end

function Task:uncancel()
  if self._num_cancels_requested > 0 then self._num_cancels_requested = self._num_cancels_requested - 1 end
  return self._num_cancels_requested
end

function Task:get_name()
  local name = self[NAME]
  return type(name) == "number" and "Task-" .. name or name
end

function Task:set_name(value) self[NAME] = tostring(value) end

-- The function that it runs.
function Task:get_coro() return self[BODY] end

function Task:set_result() error(RuntimeError("Task does not support set_result operation")) end

function Task:set_exception() error(RuntimeError("Task does not support set_exception operation")) end

function Task:__tostring()
  local thread = self[THREAD]
  local waits = self[WAITS]
  return futures.text_of(self,
    "name='" .. self:get_name() .. "'",
    helpers.coroutine_text(self[BODY], type(thread) == "thread" and thread or nil),
    self[STATE] == PENDING and isfuture(waits) and "wait_for=" .. tostring(waits))
end

local function with_name(task, given)
  if given.name ~= nil then task[NAME] = tostring(given.name) end
  return task
end

function events.Loop:create_task(coro, given)
  events.check_closed(self)
  check_body(coro)
  local task = new_task(self, coro)
  return given and with_name(task, {name = keywords("create_task", given, "name")}) or task
end

-- A task of the coroutine, which begins as soon as the one that runs waits.
local function create_task(coro, given)
  local loop = running()
  if not loop then error(RuntimeError("no running event loop")) end
  check_body(coro)
  local task = new_task(loop, coro)
  return given and with_name(task, {name = keywords("create_task", given, "name")}) or task
end

local function current_task(loop)
  if has_keywords(loop) then loop = keywords("current_task", loop, "loop") end
  return (loop or get_running_loop())._current or nil
end

-- A list of the tasks that are not done.
local function all_tasks(loop)
  if has_keywords(loop) then loop = keywords("all_tasks", loop, "loop") end
  loop = loop or get_running_loop()
  return move(loop._tasks, 1, loop._task_count, 1, {})
end

-- A future as it is, and a task of anything else that can be awaited.
local function ensure_future(coro_or_future, loop)
  if has_keywords(loop) then loop = keywords("ensure_future", loop, "loop") end
  if isfuture(coro_or_future) then
    if loop and coro_or_future[LOOP] ~= loop then
      error(builtins.ValueError("The future belongs to a different loop than the one specified as the loop argument"))
    end
    return coro_or_future
  end
  if not is_body(coro_or_future) then
    error(TypeError("An asyncio.Future, a coroutine or an awaitable is required"))
  end
  return new_task(loop or events.get_event_loop(), coro_or_future)
end

function events.Loop:_ensure_future(future) return ensure_future(future, self) end

return {
  Task = Task,
  all_tasks = all_tasks,
  await = await,
  create_task = create_task,
  current_task = current_task,
  ensure_future = ensure_future,
  sleep = sleep,
}
