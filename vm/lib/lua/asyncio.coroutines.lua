-- Coroutines of `asyncio`: calls that are still to be made.
--
-- What Python writes as `async def` is here a function like any other, which may call await(). The call of one, as Python
-- makes it by fetch("a.html"), is made by coro(fetch, "a.html"): nothing runs before somebody awaits it, or makes a task
-- of it. A function without arguments can be given as it is: run(main).
local builtins = require "builtins"
local helpers = require "asyncio.format_helpers"
local RuntimeError, TypeError = builtins.RuntimeError, builtins.TypeError
local error, getmetatable, select, setmetatable, type, unpack =
  error, getmetatable, select, setmetatable, type, table.unpack

-- {function, how many arguments, arguments...}; the function is false once the call was made.
local Coroutine = {__name = "coroutine"}
Coroutine.__index = Coroutine

local function check_function(fn, called)
  if type(fn) ~= "function" then
    error(TypeError(called .. "() takes a function, got " .. helpers.repr(fn)))
  end
end

-- The coroutine of the call fn(...).
local function coro(fn, ...)
  check_function(fn, "coro")
  return setmetatable({fn, select("#", ...), ...}, Coroutine)
end

-- A function whose calls give coroutines, as Python's `async def` makes it.
local function async(fn)
  check_function(fn, "async")
  return function(...) return setmetatable({fn, select("#", ...), ...}, Coroutine) end
end

function Coroutine:__tostring()
  return self[1] and "<coroutine of " .. helpers.function_text(self[1]) .. ">" or "<coroutine that was awaited>"
end

-- Never to be awaited.
function Coroutine:close() self[1] = false end

local function iscoroutine(value) return type(value) == "table" and getmetatable(value) == Coroutine end

-- Can it be made a task?
local function is_body(value) return type(value) == "function" or iscoroutine(value) end

-- Makes the call, in the task that runs.
local function call(coroutine)
  local fn, count = coroutine[1], coroutine[2]
  if not fn then error(RuntimeError("cannot reuse already awaited coroutine")) end
  coroutine[1] = false
  if count == 0 then return fn() end
  if count == 1 then return fn(coroutine[3]) end
  if count == 2 then return fn(coroutine[3], coroutine[4]) end
  return fn(unpack(coroutine, 3, count + 2))
end

return {
  Coroutine = Coroutine,
  async = async,
  call = call,
  coro = coro,
  is_body = is_body,
  iscoroutine = iscoroutine,
}
