-- The module `concurrent.interpreters` of Python 3.14 (PEP 734): VMs beside this one, each with a heap, globals and a
-- lock of its own, and queues between them. What is done in another VM is in C++, vm/lib/interpreters.cpp; here its
-- outcomes become results and errors.
local _interpreters = require "_interpreters"
local builtins = require "builtins"
local queue = require "queue"
local support = require "_class"
local threading = require "threading"
local check_timeout, check_type, has_keywords, keywords =
  support.check_timeout, support.check_type, support.has_keywords, support.keywords
local Exception, TypeError, ValueError = builtins.Exception, builtins.TypeError, builtins.ValueError
local isinstance = builtins.isinstance
local error, getmetatable, next, select, type = error, getmetatable, next, select, type
local pack, unpack = table.pack, table.unpack

-- Errors --------------------------------------------------------------------------------------------------------

local function exception_type(name, base) return builtins.exception_type("concurrent.interpreters." .. name, base) end

local InterpreterError = exception_type("InterpreterError", Exception)
local InterpreterNotFoundError = exception_type("InterpreterNotFoundError", InterpreterError)
local NotShareableError = exception_type("NotShareableError", TypeError)
local ExecutionFailed = exception_type("ExecutionFailed", InterpreterError)
local QueueEmpty = exception_type("QueueEmpty", queue.Empty)
local QueueFull = exception_type("QueueFull", queue.Full)

-- Python's excinfo: what is told of an error in another VM. `text` is what its last line says; `problem` is the error
-- itself, where it could be copied.
local function describe(text, traceback, problem)
  local name = "error"
  if isinstance(problem, builtins.BaseException) then name = (problem.__class__ or problem).__name__ end
  local message = text
  if text == name then
    message = ""
  elseif text:sub(1, #name + 2) == name .. ": " then
    message = text:sub(#name + 3)
  end
  return {
    type = {__name__ = name},
    msg = message,
    formatted = text,
    errdisplay = traceback == "" and text or text .. "\n" .. traceback,
    value = problem,
  }
end

local function failure(text, traceback, problem)
  local excinfo = describe(text, traceback, problem)
  local exception = ExecutionFailed(excinfo.formatted)
  exception.excinfo = excinfo
  return exception
end

function ExecutionFailed.__instances.__tostring(exception)
  local excinfo = exception.excinfo
  if not excinfo then return "concurrent.interpreters.ExecutionFailed" end
  return "concurrent.interpreters.ExecutionFailed: " .. excinfo.errdisplay
end

-- Raises what went wrong before anything was run.
local function check_state(interpreter, state)
  if state == "closed" then
    error(InterpreterNotFoundError("unrecognized interpreter ID " .. interpreter.id))
  elseif state == "running" then
    error(InterpreterError("interpreter already running"))
  end
end

-- The results of the native functions, as they tell what happened.
local function outcome(interpreter, state, ...)
  if state == "done" then return ... end
  if state == "refused" or state == "kept" then error(NotShareableError((...))) end
  if state == "failed" then error(failure(...)) end
  check_state(interpreter, state)
end

-- Interpreter ---------------------------------------------------------------------------------------------------

local Interpreter = _interpreters.interpreter_methods

local function is_callable(value)
  if type(value) == "function" then return true end
  local metatable = getmetatable(value)
  return type(metatable) == "table" and metatable.__call ~= nil
end

local function check_callable(value, called)
  if not is_callable(value) then error(TypeError(called .. ": a function expected, got " .. type(value))) end
end

function Interpreter:is_running()
  local state = self:_state()
  if state == "closed" then check_state(self, state) end
  return state == "running"
end

function Interpreter:call(callable, ...)
  check_callable(callable, "call")
  return outcome(self, self:_call(callable, ...))
end

function Interpreter:call_in_thread(callable, ...)
  check_callable(callable, "call_in_thread")
  if self:_state() == "closed" then check_state(self, "closed") end
  local arguments = pack(...)
  local thread = threading.Thread{
    target = function() outcome(self, self:_call(callable, unpack(arguments, 1, arguments.n))) end,
  }
  thread:start()
  return thread
end

function Interpreter:exec(code)
  if type(code) ~= "string" then check_callable(code, "exec") end
  outcome(self, self:_exec(code))
end

function Interpreter:prepare_main(values)
  check_type(values, "table", "prepare_main", "ns")
  for name in next, values do
    if type(name) ~= "string" then
      error(TypeError("prepare_main: names must be strings, got a " .. type(name)))
    end
  end
  outcome(self, self:_prepare_main(values))
end

function Interpreter:close()
  if self == _interpreters.main() then error(InterpreterError("cannot close the main interpreter")) end
  if self == _interpreters.current() then error(InterpreterError("cannot close the current interpreter")) end
  local state = self:_close()
  if state == "running" then error(InterpreterError("cannot close an interpreter that is running")) end
  check_state(self, state)
end

-- Where a variable of it is closed, it may have been closed before.
function _interpreters.Interpreter.__close(interpreter)
  if interpreter:_state() ~= "closed" then interpreter:close() end
end

-- Queue ---------------------------------------------------------------------------------------------------------

local Queue = _interpreters.queue_methods

local function waiting_arguments(called, block, timeout)
  if has_keywords(block) then block, timeout = keywords(called, block, "block", "timeout") end
  check_timeout(timeout)
  if block ~= false and timeout and timeout < 0 then
    error(ValueError("'timeout' must be a non-negative number"))
  end
  return block ~= false, timeout
end

function Queue:put(item, block, timeout)
  local waits, seconds = waiting_arguments("put", block, timeout)
  local outcome = self:_put(item, waits, seconds)
  if outcome == true then return end
  error(outcome and NotShareableError(outcome) or QueueFull)
end

function Queue:get(block, timeout)
  local found, item = self:_take(waiting_arguments("get", block, timeout))
  if not found then error(QueueEmpty) end
  return item
end

function Queue:put_nowait(item) self:put(item, false) end

function Queue:get_nowait() return self:get(false) end

function Queue:empty() return self:qsize() == 0 end

function Queue:full() return self.maxsize > 0 and self:qsize() >= self.maxsize end

-- The module ----------------------------------------------------------------------------------------------------

local function create_queue(maxsize)
  if has_keywords(maxsize) then maxsize = keywords("create_queue", maxsize, "maxsize") end
  if maxsize == nil then maxsize = 0 end
  check_type(maxsize, "number", "create_queue", "maxsize")
  return _interpreters.make_queue(maxsize)
end

return {
  create = _interpreters.create,
  get_current = _interpreters.current,
  get_main = _interpreters.main,
  list_all = _interpreters.list_all,
  create_queue = create_queue,
  is_shareable = function(...)
    if select("#", ...) == 0 then error(TypeError("is_shareable: a value expected")) end
    return _interpreters.refusal((...)) == nil
  end,
  InterpreterError = InterpreterError,
  InterpreterNotFoundError = InterpreterNotFoundError,
  ExecutionFailed = ExecutionFailed,
  NotShareableError = NotShareableError,
  QueueEmpty = QueueEmpty,
  QueueFull = QueueFull,
}
