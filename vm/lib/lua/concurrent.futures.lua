-- The module `concurrent.futures`: calls that run elsewhere, and objects for their results. Its parts are those of
-- Python's package.
local base = require "concurrent.futures._base"
local thread = require "concurrent.futures.thread"
local waiting = require "concurrent.futures._waiting"
local require, setmetatable = require, setmetatable

local futures = {
  FIRST_COMPLETED = waiting.FIRST_COMPLETED,
  FIRST_EXCEPTION = waiting.FIRST_EXCEPTION,
  ALL_COMPLETED = waiting.ALL_COMPLETED,
  CancelledError = base.CancelledError,
  TimeoutError = base.TimeoutError,
  InvalidStateError = base.InvalidStateError,
  BrokenExecutor = base.BrokenExecutor,
  Future = base.Future,
  Executor = base.Executor,
  ThreadPoolExecutor = thread.ThreadPoolExecutor,
  wait = waiting.wait,
  as_completed = waiting.as_completed,
  thread = thread,
}

-- What runs calls in processes or interpreters is loaded when it is first asked for.
local PARTS = {
  ProcessPoolExecutor = "process",
  process = "process",
  InterpreterPoolExecutor = "interpreter",
  interpreter = "interpreter",
}

return setmetatable(futures, {
  __index = function(module, name)
    local part = PARTS[name]
    if not part then return nil end
    module[part] = require("concurrent.futures." .. part)
    if part ~= name then module[name] = module[part][name] end
    return module[name]
  end,
})
