-- How callbacks, futures and tasks are shown: CPython's Lib/asyncio/format_helpers.py.
local builtins = require "builtins"
local getinfo = debug.getinfo
local format, concat = string.format, table.concat
local getmetatable, running, status, tostring, type =
  getmetatable, coroutine.running, coroutine.status, tostring, type

-- A function by where it is written, for it has no name: "function at script.lua:7".
local function function_text(fn)
  if type(fn) ~= "function" then
    local metatable = getmetatable(fn)
    return type(metatable) == "table" and metatable.__name or tostring(fn)
  end
  local info = getinfo(fn, "S")
  if info.what == "C" then return "built-in function" end
  return "function at " .. info.short_src .. ":" .. info.linedefined
end

-- As Python's repr: texts in quotes, exceptions with their arguments.
local function repr(value)
  if type(value) == "string" then return "'" .. value .. "'" end
  if not builtins.isinstance(value, builtins.BaseException) or not value.__class__ then return tostring(value) end
  local arguments = {}
  for index = 1, value.args.n do arguments[index] = repr(value.args[index]) end
  return value.__class__.__name__ .. "(" .. concat(arguments, ", ") .. ")"
end

-- Where a coroutine is: its innermost line that is a script's. Nil: nowhere.
local function where(coroutine)
  for level = coroutine == running() and 1 or 0, 100 do
    local info = getinfo(coroutine, level, "Sl")
    if not info then return nil end
    -- A library's chunk is named after its file: "=asyncio.tasks.lua".
    local is_library = info.what == "C" or info.source:find("^=[%a_][%w_.]*%.lua$")
    if not is_library then return info.short_src .. ":" .. info.currentline end
  end
end

-- "coro=<function at a.lua:3 running at a.lua:5>". A task that has not begun has no `coroutine`.
local function coroutine_text(fn, coroutine)
  local text = function_text(fn)
  if not coroutine then return format("coro=<%s>", text) end
  if status(coroutine) == "dead" then return format("coro=<%s done>", text) end
  local place = where(coroutine)
  return place and format("coro=<%s running at %s>", text, place) or format("coro=<%s>", text)
end

return {coroutine_text = coroutine_text, function_text = function_text, repr = repr}
