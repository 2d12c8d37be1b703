-- asyncio.run() and Runner: CPython's Lib/asyncio/runners.py.
local builtins = require "builtins"
local coroutines = require "asyncio.coroutines"
local events = require "asyncio.events"
local helpers = require "asyncio.format_helpers"
local support = require "_class"
local tasks = require "asyncio.tasks"
local waiting = require "asyncio.waiting"
local class, has_keywords, keywords = support.class, support.has_keywords, support.keywords
local RuntimeError, ValueError = builtins.RuntimeError, builtins.ValueError
local error, setmetatable, unpack = error, setmetatable, table.unpack

-- A loop for several run(), one after the other: `local runner <close> = asyncio.Runner()`.
local Runner = class("asyncio.Runner")

function Runner.new(called_class, given)
  local debug, loop_factory
  if given ~= nil then debug, loop_factory = keywords("Runner", given, "debug", "loop_factory") end
  return setmetatable({
    _debug = debug,
    _loop_factory = loop_factory or events.new_event_loop,
    _loop = false,
    _closed = false,
  }, called_class)
end

function Runner:get_loop()
  if self._closed then error(RuntimeError("Runner is closed")) end
  if not self._loop then
    self._loop = self._loop_factory()
    if self._debug ~= nil then self._loop:set_debug(self._debug) end
  end
  return self._loop
end

function Runner:run(coro)
  if not coroutines.is_body(coro) then error(ValueError("a coroutine was expected, got " .. helpers.repr(coro))) end
  if events._get_running_loop() then error(RuntimeError("Runner.run() cannot be called from a running event loop")) end
  local loop = self:get_loop()
  return loop:run_until_complete(loop:create_task(coro))
end

-- Tasks that are left are cancelled, and waited for.
local function cancel_all_tasks(loop)
  local left = tasks.all_tasks(loop)
  if #left == 0 then return end
  for index = 1, #left do left[index]:cancel() end
  loop:run_until_complete(function()
    local arguments = {unpack(left)}
    arguments[#arguments + 1] = {return_exceptions = true}
    tasks.await(waiting.gather(unpack(arguments)))
  end)
  for index = 1, #left do
    local task = left[index]
    if not task:cancelled() and task:exception() ~= nil then
      loop:call_exception_handler{
        message = "unhandled exception during asyncio.run() shutdown",
        exception = task:exception(),
        task = task,
      }
    end
  end
end

function Runner:close()
  if self._closed or not self._loop then
    self._closed = true
    return
  end
  self._closed = true
  local loop = self._loop
  local closes <close> = loop
  cancel_all_tasks(loop)
  if loop._executor then loop:run_until_complete(loop:shutdown_default_executor()) end
end

Runner.__close = Runner.close

-- Runs `main`, a coroutine or a function without arguments, in a new loop, and returns its result. Then tasks that are
-- left are cancelled, and the loop is closed.
local function run(main, given)
  if events._get_running_loop() then
    error(RuntimeError("asyncio.run() cannot be called from a running event loop"))
  end
  local debug, loop_factory
  if given ~= nil then
    if not has_keywords(given) then error(builtins.TypeError("run() takes one argument and keywords")) end
    debug, loop_factory = keywords("run", given, "debug", "loop_factory")
  end
  local runner <close> = Runner{debug = debug, loop_factory = loop_factory}
  return runner:run(main)
end

return {Runner = Runner, run = run}
