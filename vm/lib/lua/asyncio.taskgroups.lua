-- TaskGroup: CPython's Lib/asyncio/taskgroups.py.
--
--     do
--       local group <close> = asyncio.TaskGroup()   -- async with asyncio.TaskGroup() as group:
--       group:create_task(coro(fetch, "a.html"))
--       group:create_task(coro(fetch, "b.html"))
--     end                                            -- waits for all of them
--
-- The first error cancels the other tasks and the block; at its end all errors are raised as one ExceptionGroup.
local builtins = require "builtins"
local events = require "asyncio.events"
local exceptions = require "asyncio.exceptions"
local support = require "_class"
local tasks = require "asyncio.tasks"
local class = support.class
local RuntimeError, isinstance = builtins.RuntimeError, builtins.isinstance
local CancelledError = exceptions.CancelledError
local await = tasks.await
local error, next, pairs, pcall, setmetatable = error, next, pairs, pcall, setmetatable

local TaskGroup = class("asyncio.TaskGroup")

function TaskGroup.new(called_class)
  local loop = events.get_running_loop()
  local parent = tasks.current_task()
  if not parent then error(RuntimeError("TaskGroup cannot determine the parent task")) end
  return setmetatable({
    _loop = loop,
    _parent_task = parent,
    _parent_cancel_requested = false,
    _tasks = {},             -- those that are not done, as keys
    _errors = {},
    _base_error = nil,       -- SystemExit, which is not put into a group
    _exiting = false,
    _aborting = false,
    _on_completed = false,   -- the future that the end of the block waits for
  }, called_class)
end

local function abort(group)
  group._aborting = true
  for task in pairs(group._tasks) do
    if not task:done() then task:cancel() end
  end
end

local function note_error(group, problem)
  group._errors[#group._errors + 1] = problem
  if isinstance(problem, builtins.SystemExit) and not group._base_error then group._base_error = problem end
end

local function task_is_done(group, task)
  group._tasks[task] = nil
  local waiter = group._on_completed
  if waiter and not next(group._tasks) and not waiter:done() then waiter:set_result(true) end
  if task:cancelled() then return end
  local problem = task:exception()
  if problem == nil then return end
  note_error(group, problem)
  if group._aborting or group._parent_cancel_requested then return end
  abort(group)
  group._parent_cancel_requested = true
  group._parent_task:cancel()
end

-- A task of the coroutine, which the end of the block waits for.
function TaskGroup:create_task(coro, given)
  if self._exiting and not next(self._tasks) then error(RuntimeError("TaskGroup is finished")) end
  if self._aborting then error(RuntimeError("TaskGroup is shutting down")) end
  local task = self._loop:create_task(coro, given)
  self._tasks[task] = true
  task:add_done_callback(function() task_is_done(self, task) end)
  return task
end

-- Returns the cancellation that has come meanwhile.
local function wait_for_tasks(group, cancellation)
  while next(group._tasks) do
    group._on_completed = group._loop:create_future()
    local waited, problem = pcall(await, group._on_completed)
    if not waited and not group._aborting then
      cancellation = problem
      abort(group)
    end
    group._on_completed = false
  end
  return cancellation
end

function TaskGroup:__close(problem)
  self._exiting = true
  local is_cancellation = isinstance(problem, CancelledError)
  local cancellation = is_cancellation and problem or nil
  if isinstance(problem, builtins.SystemExit) and not self._base_error then self._base_error = problem end
  -- The cancellation is ours, unless somebody else has asked for one too.
  if self._parent_cancel_requested and self._parent_task:uncancel() == 0 then cancellation = nil end
  if problem ~= nil and not self._aborting then abort(self) end
  cancellation = wait_for_tasks(self, cancellation)
  if self._base_error then error(self._base_error, 0) end
  if cancellation ~= nil and #self._errors == 0 then error(cancellation, 0) end
  if problem ~= nil and not is_cancellation then note_error(self, problem) end
  if #self._errors > 0 then
    error(builtins.ExceptionGroup("unhandled errors in a TaskGroup", self._errors), 0)
  end
end

return {TaskGroup = TaskGroup}
