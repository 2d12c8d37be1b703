-- InterpreterPoolExecutor: ThreadPoolExecutor whose workers have an interpreter each, as in Python 3.14.
local builtins = require "builtins"
local interpreters = require "concurrent.interpreters"
local thread = require "concurrent.futures.thread"
local support = require "_class"
local ExecutionFailed, isinstance = interpreters.ExecutionFailed, builtins.isinstance
local error, pcall = error, pcall

local BrokenInterpreterPool =
  builtins.exception_type("concurrent.futures.interpreter.BrokenInterpreterPool", thread.BrokenThreadPool)

local InterpreterPoolExecutor = support.class("concurrent.futures.InterpreterPoolExecutor", thread.ThreadPoolExecutor)
InterpreterPoolExecutor._name = "InterpreterPoolExecutor"
InterpreterPoolExecutor._make_context = interpreters.create
InterpreterPoolExecutor._broken_error = BrokenInterpreterPool

-- What was raised there is raised here, where it could be copied.
local function results(ok, ...)
  if ok then return ... end
  local problem = ...
  if isinstance(problem, ExecutionFailed) and problem.excinfo.value ~= nil then error(problem.excinfo.value, 0) end
  error(problem, 0)
end

function InterpreterPoolExecutor._call_in_context(interpreter, fn, ...)
  return results(pcall(interpreter.call, interpreter, fn, ...))
end

return {BrokenInterpreterPool = BrokenInterpreterPool, InterpreterPoolExecutor = InterpreterPoolExecutor}
