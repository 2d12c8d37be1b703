-- The module `builtins`: Python's exception types, as far as the other modules need them.
--
-- An exception type is a value: what `error` raises and what a script compares with.
--
--     local done, problem = pcall(tasks.get_nowait, tasks)
--     if problem == queue.Empty then ... end
--
-- Calling a type makes an exception with arguments, as in Python: error(SystemExit(3)). isinstance() is true for
-- the type itself, for its exceptions, and for those of its subtypes: what `except` matches.
local error, getmetatable, ipairs, rawget, select, setmetatable, tostring, type =
  error, getmetatable, ipairs, rawget, select, setmetatable, tostring, type
local concat = table.concat

-- What the last line of Python's traceback says: the type, and its arguments if there are any.
local function text_of(exception)
  local arguments = exception.args
  local texts = {}
  for index = 1, arguments.n do texts[index] = tostring(arguments[index]) end
  local text = concat(texts, ", ")
  local name = exception.__class__.__name__
  return text == "" and name or name .. ": " .. text
end

-- The metatable of exception types. `__exception` makes gilvm show a traceback with an error that nobody caught.
local Type = {__exception = true, __name = "exception type"}

function Type.__tostring(exception_type) return exception_type.__name__ end

function Type.__call(exception_type, ...)
  local exception = {__class__ = exception_type, args = {n = select("#", ...), ...}}
  return setmetatable(exception, exception_type.__instances)
end

-- OSError(errno, strerror), and its subtypes, have their arguments as attributes too.
local function text_of_system_error(exception)
  local arguments = exception.args
  if arguments.n < 2 then return text_of(exception) end
  local text = exception.__class__.__name__ .. ": [Errno " .. tostring(arguments[1]) .. "] " .. tostring(arguments[2])
  local filename = rawget(exception, "filename")
  return filename and text .. ": '" .. filename .. "'" or text
end

local function make_system_error(new)
  new.__is_system_error = true
  new.__instances.__tostring = text_of_system_error
  new.__instances.__index = function(exception, key)
    if exception.args.n >= 2 then
      if key == "errno" then return exception.args[1] end
      if key == "strerror" then return exception.args[2] end
    end
    return new[key]
  end
end

-- A new exception type. `name` is shown with the module that it belongs to, as in Python: "queue.Empty".
local function exception_type(name, base)
  local new = {__name__ = name, __base__ = base or false}
  new.__instances = {__exception = true, __name = name, __index = new, __tostring = text_of}
  if base and base.__is_system_error then make_system_error(new) end
  return setmetatable(new, Type)
end

local BaseException = exception_type("BaseException")
local SystemExit = exception_type("SystemExit", BaseException)
local Exception = exception_type("Exception", BaseException)
local ArithmeticError = exception_type("ArithmeticError", Exception)
local LookupError = exception_type("LookupError", Exception)
local OSError = exception_type("OSError", Exception)
make_system_error(OSError)
local ConnectionError = exception_type("ConnectionError", OSError)
local RuntimeError = exception_type("RuntimeError", Exception)
local TypeError = exception_type("TypeError", Exception)

-- The status of the first argument, as in Python.
function SystemExit.__instances.__index(exception, key)
  if key == "code" then return exception.args[1] end
  return SystemExit[key]
end

-- Several exceptions that are raised as one: ExceptionGroup(message, list).
local BaseExceptionGroup = exception_type("BaseExceptionGroup", BaseException)
local ExceptionGroup = exception_type("ExceptionGroup", Exception)

-- Python shows each with its traceback; these have none of their own.
local function text_of_group(group)
  local count = #group.exceptions
  local lines = {group.__class__.__name__ .. ": " .. group.message .. " (" .. count ..
    (count == 1 and " sub-exception)" or " sub-exceptions)")}
  for index = 1, count do lines[index + 1] = "  " .. tostring(group.exceptions[index]):gsub("\n", "\n  ") end
  return concat(lines, "\n")
end

for _, group_type in ipairs{BaseExceptionGroup, ExceptionGroup} do
  group_type.__instances.__tostring = text_of_group
  group_type.__instances.__index = function(group, key)
    if key == "message" then return group.args[1] end
    if key == "exceptions" then return group.args[2] end
    return group_type[key]
  end
end

local function isinstance(value, exception_type)
  if type(exception_type) ~= "table" or getmetatable(exception_type) ~= Type then
    error(TypeError("isinstance() arg 2 must be an exception type"))
  end
  if type(value) ~= "table" then return false end
  local its_type = getmetatable(value) == Type and value or rawget(value, "__class__")
  while its_type do
    if its_type == exception_type then return true end
    if getmetatable(its_type) ~= Type then return false end
    its_type = its_type.__base__
  end
  return false
end

return {
  BaseException = BaseException,
  SystemExit = SystemExit,
  Exception = Exception,
  ArithmeticError = ArithmeticError,
  AssertionError = exception_type("AssertionError", Exception),
  AttributeError = exception_type("AttributeError", Exception),
  BaseExceptionGroup = BaseExceptionGroup,
  BlockingIOError = exception_type("BlockingIOError", OSError),
  BrokenPipeError = exception_type("BrokenPipeError", ConnectionError),
  ConnectionAbortedError = exception_type("ConnectionAbortedError", ConnectionError),
  ConnectionError = ConnectionError,
  ConnectionRefusedError = exception_type("ConnectionRefusedError", ConnectionError),
  ConnectionResetError = exception_type("ConnectionResetError", ConnectionError),
  EOFError = exception_type("EOFError", Exception),
  ExceptionGroup = ExceptionGroup,
  FileExistsError = exception_type("FileExistsError", OSError),
  FileNotFoundError = exception_type("FileNotFoundError", OSError),
  IndexError = exception_type("IndexError", LookupError),
  LookupError = LookupError,
  NotImplementedError = exception_type("NotImplementedError", RuntimeError),
  NotADirectoryError = exception_type("NotADirectoryError", OSError),
  OSError = OSError,
  OverflowError = exception_type("OverflowError", ArithmeticError),
  PermissionError = exception_type("PermissionError", OSError),
  ProcessLookupError = exception_type("ProcessLookupError", OSError),
  RuntimeError = RuntimeError,
  TimeoutError = exception_type("TimeoutError", OSError),
  TypeError = TypeError,
  ValueError = exception_type("ValueError", Exception),
  exception_type = exception_type,
  gaierror = exception_type("socket.gaierror", OSError),
  isinstance = isinstance,
}
