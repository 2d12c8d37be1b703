-- Programs that run beside: CPython's Lib/asyncio/subprocess.py and base_subprocess.py, on posix_spawn and libuv.
--
-- The kernel tells the loop of a program's end, by a descriptor that it has for each; no signal is needed, so that who
-- else has children (multiprocessing, os.execute) is not in the way.
local _event_loop = require "_event_loop"
local builtins = require "builtins"
local coroutines = require "asyncio.coroutines"
local events = require "asyncio.events"
local helpers = require "asyncio.format_helpers"
local streams = require "asyncio.streams"
local support = require "_class"
local tasks = require "asyncio.tasks"
local waiting = require "asyncio.waiting"
local class, has_keywords, keywords = support.class, support.has_keywords, support.keywords
local ProcessLookupError, TypeError, ValueError, isinstance =
  builtins.ProcessLookupError, builtins.TypeError, builtins.ValueError, builtins.isinstance
local async, await, coro, get_running_loop = coroutines.async, tasks.await, coroutines.coro, events.get_running_loop
local signal_program, start_program = _event_loop.signal_program, _event_loop.start_program
local error, ipairs, math_type, pairs, pcall, setmetatable, tostring, type =
  error, ipairs, math.type, pairs, pcall, setmetatable, tostring, type
local find, format, pack, sort = string.find, string.format, table.pack, table.sort

local PIPE <const> = -1
local STDOUT <const> = -2
local DEVNULL <const> = -3

local SIGKILL <const> = 9
local SIGTERM <const> = 15
local EPIPE <const> = 32

-- Process -------------------------------------------------------------------------------------------------------

local Process = class("asyncio.subprocess.Process")

-- Nobody reads what is written to its input any more.
local function lose_input(process)
  local writer = process.stdin
  if not writer then return end
  local connection = writer._connection
  if connection.unsent > 0 then
    streams.is_lost(connection, builtins.BrokenPipeError(EPIPE, "Broken pipe"))
  else
    writer:close()
  end
end

-- It has ended; what it has written can still be read.
function Process:_has_happened(_, _, returncode)
  self.returncode = returncode
  self._loop._connections[self._number] = nil
  lose_input(self)
  self._ended:set_result()
end

-- Waits until it has ended. Whoever waits may be cancelled, the program goes on.
Process.wait = async(function(self)
  if self.returncode == nil then await(waiting.shield(self._ended)) end
  return self.returncode
end)

-- To one that is known to have ended: ProcessLookupError.
function Process:send_signal(signal)
  if math_type(signal) ~= "integer" then
    error(TypeError("an integer is required (got type " .. type(signal) .. ")"))
  end
  if self.returncode ~= nil then error(ProcessLookupError()) end
  signal_program(self._loop._native, self._number, signal)
end

function Process:terminate() self:send_signal(SIGTERM) end

function Process:kill() self:send_signal(SIGKILL) end

-- Writes all of the input, and closes it. A program need not read it.
local function feed(process, input)
  local writer = process.stdin
  if not writer then return end
  if input ~= nil then
    writer:write(input)
    local drained, problem = pcall(await, writer:drain())
    if not drained and not isinstance(problem, builtins.ConnectionError) then error(problem, 0) end
  end
  writer:close()
end

local function read_all(reader)
  if reader then return await(reader:read()) end
end

-- Writes the input, reads both outputs to their ends, and waits for the program's: `local out, err = await(...)`.
Process.communicate = async(function(self, input)
  if has_keywords(input) then input = keywords("communicate", input, "input") end
  if input ~= nil then
    support.check_type(input, "string", "communicate", "input")
    if not self.stdin then error(ValueError("communicate(): there is input, but stdin is no PIPE")) end
  end
  local results = await(waiting.gather(
    coro(feed, self, input), coro(read_all, self.stdout), coro(read_all, self.stderr)))
  await(self:wait())
  return results[2], results[3]
end)

function Process:__tostring() return format("<Process %d>", self.pid) end

-- Starting ------------------------------------------------------------------------------------------------------

local KEYWORDS <const> = {
  stdin = true, stdout = true, stderr = true, limit = true, cwd = true, env = true, start_new_session = true,
}

local function check_file(given, name)
  local file = given[name]
  if file == nil then return end
  if math_type(file) ~= "integer" then
    error(TypeError(name .. " must be PIPE, DEVNULL" .. (name == "stderr" and ", STDOUT" or "") ..
      ", a descriptor or None, not " .. helpers.repr(file)))
  end
  if file < DEVNULL or file == STDOUT and name ~= "stderr" then
    error(ValueError(name .. ": " .. (file == STDOUT and "STDOUT can only be used for stderr" or "no such descriptor")))
  end
end

local function check_text(text, what)
  if type(text) ~= "string" then error(TypeError(what .. " must be a string, not " .. helpers.repr(text))) end
  if find(text, "\0", 1, true) then error(ValueError("embedded null byte")) end
end

-- A table of names and values as the list that exec takes.
local function environment_of(env)
  if env == nil then return nil end
  if type(env) ~= "table" then error(TypeError("env must be a table, not " .. helpers.repr(env))) end
  local list = {}
  for name, value in pairs(env) do
    check_text(name, "a name in env")
    check_text(value, "a value in env")
    if name == "" or find(name, "=", 1, true) then error(ValueError("illegal environment variable name")) end
    list[#list + 1] = name .. "=" .. value
  end
  sort(list)
  return list
end

local function stream_of(loop, number, limit)
  if number then return streams.new_pipe(loop, number, limit) end
end

-- What start_program() gives; where it has not started, its error is raised.
local function check_started(number, ...)
  if number then return number, ... end
  local error_number, text, filename = ...
  local problem = streams.os_error(error_number, text)
  problem.filename = filename
  error(problem, 0)
end

-- REQUIRES: `arguments` are texts.
local function start(called, arguments, given)
  for name in pairs(given) do
    if not KEYWORDS[name] then
      error(TypeError(called .. "() got an unexpected keyword argument '" .. tostring(name) .. "'"))
    end
  end
  for _, name in ipairs{"stdin", "stdout", "stderr"} do check_file(given, name) end
  if given.cwd ~= nil then check_text(given.cwd, "cwd") end
  local loop, limit = get_running_loop(), given.limit or streams.LIMIT
  support.check_type(limit, "number", called, "limit")
  local number, pid, input, output, errors = check_started(start_program(loop._native, "asyncio." .. called, arguments, {
    stdin = given.stdin,
    stdout = given.stdout,
    stderr = given.stderr,
    env = environment_of(given.env),
    cwd = given.cwd,
    start_new_session = given.start_new_session,
  }))
  input, output, errors = stream_of(loop, input, limit), stream_of(loop, output, limit), stream_of(loop, errors, limit)
  local process = setmetatable({
    pid = pid,
    returncode = nil,
    stdin = input and streams.make_writer(input),
    stdout = output and streams.make_reader(output),
    stderr = errors and streams.make_reader(errors),
    _loop = loop,
    _number = number,
    _ended = loop:create_future(),
  }, Process)
  loop._connections[number] = process
  return process
end

-- Keywords follow the arguments, in one table.
local create_subprocess_exec = async(function(program, ...)
  local arguments = pack(program, ...)
  local given = {}
  if arguments.n > 1 and has_keywords(arguments[arguments.n]) then
    given = arguments[arguments.n]
    arguments[arguments.n], arguments.n = nil, arguments.n - 1
  end
  for index = 1, arguments.n do
    if type(arguments[index]) ~= "string" then
      error(TypeError("program arguments must be a bytes or text string, not " .. type(arguments[index])))
    end
    check_text(arguments[index], "an argument")
  end
  return start("create_subprocess_exec", arguments, given)
end)

-- A command line of /bin/sh.
local create_subprocess_shell = async(function(cmd, given)
  if type(cmd) ~= "string" then error(ValueError("cmd must be a string")) end
  check_text(cmd, "cmd")
  if given ~= nil and not has_keywords(given) then
    error(TypeError("create_subprocess_shell() takes keywords in one table, not " .. helpers.repr(given)))
  end
  return start("create_subprocess_shell", {"/bin/sh", "-c", cmd}, given or {})
end)

return {
  DEVNULL = DEVNULL,
  PIPE = PIPE,
  Process = Process,
  STDOUT = STDOUT,
  create_subprocess_exec = create_subprocess_exec,
  create_subprocess_shell = create_subprocess_shell,
}
