-- The exceptions of `asyncio`: CPython's Lib/asyncio/exceptions.py.
local builtins = require "builtins"
local exception_type = builtins.exception_type
local Exception, RuntimeError = builtins.Exception, builtins.RuntimeError

-- partial: what was read before the end; expected: how many bytes were to be read, or nil.
local IncompleteReadError = exception_type("asyncio.IncompleteReadError", builtins.EOFError)
IncompleteReadError.__instances.__index = function(exception, key)
  if key == "partial" then return exception.args.partial end
  if key == "expected" then return exception.args.expected end
  return IncompleteReadError[key]
end

local function incomplete_read(partial, expected)
  local exception = IncompleteReadError(#partial .. " bytes read on a total of " .. (expected or "undefined") ..
    " expected bytes")
  exception.args.partial, exception.args.expected = partial, expected
  return exception
end

return {
  incomplete_read = incomplete_read,
  IncompleteReadError = IncompleteReadError,
  LimitOverrunError = exception_type("asyncio.LimitOverrunError", Exception),
  BrokenBarrierError = exception_type("asyncio.BrokenBarrierError", RuntimeError),
  -- A BaseException: what catches Exception lets it pass, since it is nobody's failure.
  CancelledError = exception_type("asyncio.CancelledError", builtins.BaseException),
  InvalidStateError = exception_type("asyncio.InvalidStateError", Exception),
  QueueEmpty = exception_type("asyncio.QueueEmpty", Exception),
  QueueFull = exception_type("asyncio.QueueFull", Exception),
  TimeoutError = builtins.TimeoutError,
}
