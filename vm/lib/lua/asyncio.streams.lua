-- Connections: CPython's Lib/asyncio/streams.py, with the transports of selector_events.py, on libuv (vm/lib/uv_loop.h).
--
-- A Connection is what a reader and a writer have in common. libuv is asked to read as long as the reader has not much
-- more than its limit in store, and to write at once; drain() waits while too much is waiting to be sent.
local _event_loop = require "_event_loop"
local builtins = require "builtins"
local coroutines = require "asyncio.coroutines"
local events = require "asyncio.events"
local exceptions = require "asyncio.exceptions"
local helpers = require "asyncio.format_helpers"
local support = require "_class"
local tasks = require "asyncio.tasks"
local check_type, class, has_keywords, keywords =
  support.check_type, support.class, support.has_keywords, support.keywords
local RuntimeError, TypeError, ValueError = builtins.RuntimeError, builtins.TypeError, builtins.ValueError
local async, await, get_running_loop = coroutines.async, tasks.await, events.get_running_loop
local concat, error, format, pcall, setmetatable, tostring, type =
  table.concat, error, string.format, pcall, setmetatable, tostring, type
local stream_address, stream_close, stream_read, stream_shut_down, stream_write, tcp_connect, tcp_listen =
  _event_loop.stream_address, _event_loop.stream_close, _event_loop.stream_read, _event_loop.stream_shut_down,
  _event_loop.stream_write, _event_loop.tcp_connect, _event_loop.tcp_listen

local LIMIT <const> = 65536        -- bytes that a reader stores, as Python's default
local HIGH_WATER <const> = 65536   -- drain() waits when more than these wait to be sent,
local LOW_WATER <const> = 16384    -- until at most these do

local ERRORS = {
  [1] = builtins.PermissionError,
  [2] = builtins.FileNotFoundError,
  [13] = builtins.PermissionError,
  [20] = builtins.NotADirectoryError,
  [32] = builtins.BrokenPipeError,
  [103] = builtins.ConnectionAbortedError,
  [104] = builtins.ConnectionResetError,
  [111] = builtins.ConnectionRefusedError,
}

-- A name that is no host's. libuv's numbers for that are beyond those of the system.
local gaierror = builtins.gaierror
local FIRST_OF_NAMES <const> = 3000

local function os_error(number, text)
  local exception = ERRORS[number] or number >= FIRST_OF_NAMES and gaierror or builtins.OSError
  return exception(number, text)
end

local function set_result(future)
  if future and not future:done() then future:set_result() end
end

-- Connection ----------------------------------------------------------------------------------------------------

local Connection = class("asyncio.Connection")

local function new_connection(loop, number, limit)
  local connection = setmetatable({
    loop = loop,
    number = number,
    limit = limit,
    chunks = {},           -- what has come and was not read yet
    size = 0,              -- of all of them
    is_reading = false,    -- libuv is to read
    at_end = false,        -- nothing more will come
    problem = false,       -- why the connection was lost
    waiter = false,        -- the future of the task that reads
    unsent = 0,            -- bytes that wait to be sent
    drained = false,       -- the future of the tasks that drain()
    closing = false,       -- no more is to be written
    closed = loop:create_future(),
    opened = false,        -- the future of open_connection(), before there is a connection
    is_pipe = false,       -- of a program: it has one direction
  }, Connection)
  loop._connections[number] = connection
  return connection
end

local function want_reading(connection, wanted)
  if connection.is_reading == wanted or connection.closing or connection.at_end then return end
  connection.is_reading = wanted
  stream_read(connection.loop._native, connection.number, wanted)
end

local function finish_reading(connection)
  connection.at_end = true
  set_result(connection.waiter)
end

local function close_now(connection)
  connection.closing = true
  stream_close(connection.loop._native, connection.number)
end

local function is_lost(connection, problem)
  connection.problem = connection.problem or problem
  finish_reading(connection)
  set_result(connection.drained)
  close_now(connection)
end

local happened = {}

function happened.connected(connection)
  if connection.opened:done() then return close_now(connection) end  -- it was cancelled
  connection.opened:set_result()
end

function happened.failed(connection, text, number)
  connection.loop._connections[connection.number] = nil
  connection.closing = true
  if not connection.opened:done() then connection.opened:set_exception(os_error(number, text)) end
end

function happened.data(connection, text)
  connection.chunks[#connection.chunks + 1], connection.size = text, connection.size + #text
  connection.is_reading = false
  if connection.size <= 2 * connection.limit then want_reading(connection, true) end
  set_result(connection.waiter)
end

happened["end"] = function(connection)
  finish_reading(connection)
  if connection.is_pipe then close_now(connection) end
end

function happened.lost(connection, text, number) is_lost(connection, os_error(number, text)) end

function happened.written(connection, _, unsent)
  connection.unsent = unsent
  if unsent <= LOW_WATER then set_result(connection.drained) end
  if connection.closing and unsent == 0 then stream_close(connection.loop._native, connection.number) end
end

function happened.closed(connection)
  connection.loop._connections[connection.number] = nil
  finish_reading(connection)
  set_result(connection.drained)
  if connection.closed:done() then return end
  if connection.problem then
    connection.closed:set_exception(connection.problem)
    connection.closed:exception()  -- who does not wait for the end need not know
  else
    connection.closed:set_result()
  end
end

function Connection:_has_happened(what, text, value) happened[what](self, text, value) end

-- StreamReader --------------------------------------------------------------------------------------------------

local StreamReader = class("asyncio.StreamReader")

-- What was stored, as one text.
local function stored(connection)
  if #connection.chunks > 1 then connection.chunks = {concat(connection.chunks)} end
  return connection.chunks[1] or ""
end

-- Takes the first `count` bytes out of what is stored.
local function take(connection, count)
  local text = stored(connection)
  connection.chunks = {count < #text and text:sub(count + 1) or nil}
  connection.size = #text - count
  if not connection.at_end and connection.size <= connection.limit then want_reading(connection, true) end
  return text:sub(1, count)
end

-- Waits until more has come, or the end.
local function wait_for_data(connection, called)
  if connection.waiter then
    error(RuntimeError(called .. "() called while another coroutine is already waiting for incoming data"))
  end
  want_reading(connection, true)
  connection.waiter = connection.loop:create_future()
  local waited, problem = pcall(await, connection.waiter)
  connection.waiter = false
  if not waited then error(problem, 0) end
end

local function check_problem(connection)
  if connection.problem then error(connection.problem, 0) end
end

-- Everything up to and including `separator`. At the end of the data: IncompleteReadError.
local function read_until(connection, separator)
  check_problem(connection)
  local from = 1
  while true do
    local text = stored(connection)
    local _, last = text:find(separator, from, true)
    if last then
      if last > connection.limit then
        error(exceptions.LimitOverrunError("Separator is found, but chunk is longer than limit"))
      end
      return take(connection, last)
    end
    if connection.at_end then
      check_problem(connection)
      error(exceptions.incomplete_read(take(connection, #text), nil))
    end
    if #text > connection.limit then
      error(exceptions.LimitOverrunError("Separator is not found, and chunk exceed the limit"))
    end
    from = #text - #separator + 2
    if from < 1 then from = 1 end
    wait_for_data(connection, "readuntil")
  end
end

StreamReader.readuntil = async(function(self, separator)
  if has_keywords(separator) then separator = keywords("readuntil", separator, "separator") end
  separator = separator or "\n"
  if separator == "" then error(ValueError("Separator should be at least one-byte string")) end
  return read_until(self._connection, separator)
end)

-- A line with its end; at the end of the data what is left, or "".
local function read_line(reader)
  local ok, line = pcall(read_until, reader._connection, "\n")
  if ok then return line end
  if builtins.isinstance(line, exceptions.IncompleteReadError) then return line.partial end
  if builtins.isinstance(line, exceptions.LimitOverrunError) then
    take(reader._connection, reader._connection.size)
    error(ValueError(line.args[1]))
  end
  error(line, 0)
end

StreamReader.readline = async(read_line)

StreamReader.readexactly = async(function(self, n)
  check_type(n, "number", "readexactly", "n")
  if n < 0 then error(ValueError("readexactly size can not be less than zero")) end
  local connection = self._connection
  check_problem(connection)
  while connection.size < n do
    if connection.at_end then
      check_problem(connection)
      error(exceptions.incomplete_read(take(connection, connection.size), n))
    end
    -- More than the limit may be asked for.
    want_reading(connection, true)
    wait_for_data(connection, "readexactly")
  end
  return take(connection, n)
end)

-- Up to `n` bytes, as soon as there are any; everything up to the end where `n` is -1.
StreamReader.read = async(function(self, n)
  if has_keywords(n) then n = keywords("read", n, "n") end
  if n == nil then n = -1 end
  check_type(n, "number", "read", "n")
  local connection = self._connection
  check_problem(connection)
  if n == 0 then return "" end
  while not connection.at_end and (n < 0 or connection.size == 0) do
    want_reading(connection, true)
    wait_for_data(connection, "read")
  end
  check_problem(connection)
  return take(connection, n < 0 and connection.size or (n < connection.size and n or connection.size))
end)

-- Nothing is stored, and nothing will come.
function StreamReader:at_eof() return self._connection.at_end and self._connection.size == 0 end

function StreamReader:exception() return self._connection.problem or nil end

-- `for line in reader do` is `async for line in reader:`.
function StreamReader:__call()
  local line = read_line(self)
  if line ~= "" then return line end
end

function StreamReader:__tostring()
  local connection = self._connection
  return format("<StreamReader %d bytes%s>", connection.size, connection.at_end and " eof" or "")
end

-- StreamWriter --------------------------------------------------------------------------------------------------

local StreamWriter = class("asyncio.StreamWriter")

function StreamWriter:write(data)
  check_type(data, "string", "write", "data")
  local connection = self._connection
  if connection.closing or connection.problem then return end  -- drain() tells
  connection.unsent = stream_write(connection.loop._native, connection.number, data)
end

function StreamWriter:writelines(data) self:write(concat(data)) end

-- Waits as long as too much waits to be sent.
StreamWriter.drain = async(function(self)
  local connection = self._connection
  check_problem(connection)
  if connection.closing then
    await(tasks.sleep(0))
  elseif connection.unsent > HIGH_WATER then
    if not connection.drained or connection.drained:done() then
      connection.drained = connection.loop:create_future()
    end
    await(require("asyncio.waiting").shield(connection.drained))
  end
  check_problem(connection)
end)

function StreamWriter:can_write_eof() return true end

-- The other side reads an end; this one can go on reading.
function StreamWriter:write_eof()
  local connection = self._connection
  if connection.is_pipe then return self:close() end
  if not connection.closing then stream_shut_down(connection.loop._native, connection.number) end
end

-- What was written is still sent.
function StreamWriter:close()
  local connection = self._connection
  if connection.closing then return end
  if connection.unsent == 0 then return close_now(connection) end
  want_reading(connection, false)
  connection.closing = true
end

function StreamWriter:is_closing() return self._connection.closing end

StreamWriter.wait_closed = async(function(self) await(require("asyncio.waiting").shield(self._connection.closed)) end)

-- "peername" and "sockname": a list of host and port.
function StreamWriter:get_extra_info(name, default)
  local connection = self._connection
  if name == "peername" or name == "sockname" then
    local host, port = stream_address(connection.loop._native, connection.number, name == "peername")
    if host then return {host, port} end
  end
  return default
end

StreamWriter.__close = StreamWriter.close

function StreamWriter:__tostring()
  return format("<StreamWriter %s>", self._connection.closing and "closing" or "open")
end

local function make_reader(connection)
  want_reading(connection, true)
  return setmetatable({_connection = connection}, StreamReader)
end

local function make_writer(connection) return setmetatable({_connection = connection}, StreamWriter) end

local function make_streams(connection) return make_reader(connection), make_writer(connection) end

-- One end of a pipe, for a reader or a writer.
local function new_pipe(loop, number, limit)
  local connection = new_connection(loop, number, limit)
  connection.is_pipe = true
  return connection
end

local function check_address(host, port, called)
  if host ~= nil then check_type(host, "string", called, "host") end
  check_type(port, "number", called, "port")
  if port < 0 or port > 65535 then error(builtins.OverflowError(called .. "(): port must be 0-65535.")) end
end

-- `local reader, writer = await(asyncio.open_connection(host, port))`.
local open_connection = async(function(host, port, given)
  local limit
  if has_keywords(host) then
    host, port, limit = keywords("open_connection", host, "host", "port", "limit")
  elseif given ~= nil then
    limit = keywords("open_connection", given, "limit")
  end
  check_address(host, port, "open_connection")
  local loop = get_running_loop()
  local connection = new_connection(loop, tcp_connect(loop._native, host or "127.0.0.1", port), limit or LIMIT)
  connection.opened = loop:create_future()
  local opened, problem = pcall(await, connection.opened)
  if opened then return make_streams(connection) end
  if not connection.closing then close_now(connection) end
  error(problem, 0)
end)

-- Server --------------------------------------------------------------------------------------------------------

local Server = class("asyncio.Server")

-- The script's function has a task of its own for every connection.
local function serve(server, number)
  local connection = new_connection(server._loop, number, server._limit)
  local reader, writer = make_streams(connection)
  server._active = server._active + 1
  connection.closed:add_done_callback(function()
    server._active = server._active - 1
    if server._active == 0 and server._closing then set_result(server._ended) end
  end)
  local task = server._loop:create_task(coroutines.coro(server._callback, reader, writer))
  task:add_done_callback(function()
    if task:cancelled() then return writer:close() end
    local problem = task:exception()
    if problem == nil then return end
    server._loop:call_exception_handler{
      message = "Unhandled exception in client_connected_cb",
      exception = problem,
      task = task,
    }
    writer:close()
  end)
end

function Server:_has_happened(what, text, value)
  if what == "accepted" then
    if self._closing then return stream_close(self._loop._native, value) end
    serve(self, value)
  elseif what == "listening" then
    if not self._opened:done() then self._opened:set_result() end
  else  -- "failed" or "closed"
    self._loop._connections[self._number] = nil
    if what == "failed" and not self._opened:done() then self._opened:set_exception(os_error(value, text)) end
  end
end

-- One object with getsockname() for each address that it listens on.
function Server:__index(key)
  if key ~= "sockets" then return Server[key] end
  if self._closing then return {} end
  local host, port = stream_address(self._loop._native, self._number, false)
  return {{getsockname = function() return host, port end}}
end

-- No more connections; those that are there go on.
function Server:close()
  if self._closing then return end
  self._closing = true
  stream_close(self._loop._native, self._number)
  if self._active == 0 then set_result(self._ended) end
  if self._forever then self._forever:cancel() end
end

Server.__close = Server.close

function Server:is_serving() return not self._closing end

function Server:get_loop() return self._loop end

-- Waits until the server is closed and its connections are.
Server.wait_closed = async(function(self) await(require("asyncio.waiting").shield(self._ended)) end)

-- Until it is cancelled; then the server is closed.
Server.serve_forever = async(function(self)
  if self._closing then error(RuntimeError("server " .. tostring(self) .. " is closed")) end
  if self._forever then error(RuntimeError("server is already being awaited on serve_forever()")) end
  self._forever = self._loop:create_future()
  local _, problem = pcall(await, self._forever)
  self._forever = false
  self:close()
  error(problem, 0)
end)

function Server:__tostring() return format("<Server %s>", self._closing and "closed" or "serving") end

-- Listens, and calls client_connected_cb(reader, writer) in a task for each connection. Port 0: any that is free.
local start_server = async(function(client_connected_cb, host, port, given)
  local limit, backlog
  if given ~= nil then limit, backlog = keywords("start_server", given, "limit", "backlog") end
  if type(client_connected_cb) ~= "function" then
    error(TypeError("start_server() takes a function, got " .. helpers.repr(client_connected_cb)))
  end
  check_address(host, port, "start_server")
  local loop = get_running_loop()
  local number = tcp_listen(loop._native, host or "", port, backlog or 100)
  local server = setmetatable({
    _loop = loop,
    _number = number,
    _callback = client_connected_cb,
    _limit = limit or LIMIT,
    _active = 0,
    _closing = false,
    _forever = false,
    _ended = loop:create_future(),
    _opened = loop:create_future(),
  }, Server)
  loop._connections[number] = server
  local opened, problem = pcall(await, server._opened)
  if opened then return server end
  server:close()
  error(problem, 0)
end)

return {
  LIMIT = LIMIT,
  Server = Server,
  StreamReader = StreamReader,
  StreamWriter = StreamWriter,
  is_lost = is_lost,
  make_reader = make_reader,
  make_writer = make_writer,
  new_pipe = new_pipe,
  open_connection = open_connection,
  os_error = os_error,
  start_server = start_server,
}
