-- The module `socket`: what Python's Lib/socket.py adds to _socket: create_connection, create_server, makefile.
--
-- An address is a list, {host, port}, where Python has a tuple.
local _socket = require "_socket"
local builtins = require "builtins"
local support = require "_class"
local class, keywords = support.class, support.keywords
local OSError, TypeError, ValueError = builtins.OSError, builtins.TypeError, builtins.ValueError
local error, ipairs, pairs, pcall, setmetatable, tostring, type =
  error, ipairs, pairs, pcall, setmetatable, tostring, type
local concat = table.concat
local find, sub = string.find, string.sub
local constants, new_socket, getaddrinfo = _socket.constants, _socket.socket, _socket.getaddrinfo

-- Files on sockets ----------------------------------------------------------------------------------------------

-- What makefile() gives: reads through a buffer, and writes at once. To close it leaves the socket open.
local SocketFile = class("socket.SocketFile")
local CHUNK <const> = 8192

local function check_open(file)
  if file.closed then error(ValueError("I/O operation on closed file.")) end
end

-- More bytes in the buffer? False: the other side has ended the connection.
local function fill(file)
  local bytes = file._socket:recv(CHUNK)
  if bytes == "" then return false end
  file._buffer = file._buffer .. bytes
  return true
end

-- At most `size` bytes, fewer only at the end of the connection; or all until then.
function SocketFile:read(size)
  check_open(self)
  local chunks, count = {self._buffer}, #self._buffer
  self._buffer = ""
  while not size or size < 0 or count < size do
    local received, bytes = pcall(self._socket.recv, self._socket, CHUNK)
    if not received then
      self._buffer = concat(chunks)
      error(bytes, 0)
    end
    if bytes == "" then break end
    chunks[#chunks + 1], count = bytes, count + #bytes
  end
  local all = concat(chunks)
  if not size or size < 0 or count <= size then return all end
  self._buffer = sub(all, size + 1)
  return sub(all, 1, size)
end

-- A line with its end; "" at the end of the connection. At most `size` bytes of it.
function SocketFile:readline(size)
  check_open(self)
  local from = 1
  while true do
    local last = find(self._buffer, "\n", from, true)
    local length = last or #self._buffer
    if last or size and size >= 0 and length >= size or not fill(self) then
      length = last or #self._buffer
      if size and size >= 0 and size < length then length = size end
      local line = sub(self._buffer, 1, length)
      self._buffer = sub(self._buffer, length + 1)
      return line
    end
    from = length + 1
  end
end

-- `for line in file:lines() do`
function SocketFile:lines()
  return function()
    local line = self:readline()
    if line ~= "" then return line end
  end
end

function SocketFile:write(text)
  check_open(self)
  self._socket:sendall(text)
  return #text
end

function SocketFile:flush() check_open(self) end

function SocketFile:close() self.closed = true end

function SocketFile:hold() return self end

SocketFile.__close = SocketFile.close

-- Its modes, "r", "w" and "rw", with or without "b", are all bytes, as every string is.
function _socket.methods.makefile(socket, mode)
  if mode ~= nil and (type(mode) ~= "string" or find(mode, "[^rwb]")) then
    error(ValueError("invalid mode " .. tostring(mode) .. " (only r, w, b allowed)"))
  end
  return setmetatable({_socket = socket, _buffer = "", closed = false}, SocketFile)
end

-- Connections ---------------------------------------------------------------------------------------------------

-- An address, or a table of keywords?
local function is_address(value) return type(value) == "table" and value[1] ~= nil end

local function check_address(address, called)
  if not is_address(address) then error(TypeError(called .. "(): an address is a table {host, port}")) end
end

-- Calls use(socket), and closes the socket where that fails.
local function with_socket(socket, use)
  local done, problem = pcall(use, socket)
  if done then return socket end
  socket:close()
  return nil, problem
end

-- create_connection(address, {timeout, source_address}): tries one address of the host after another.
local function create_connection(address, timeout, source_address)
  if type(address) == "table" and not is_address(address) then
    address, timeout, source_address = keywords("create_connection", address, "address", "timeout", "source_address")
  elseif type(timeout) == "table" then
    timeout, source_address = keywords("create_connection", timeout, "timeout", "source_address")
  end
  check_address(address, "create_connection")
  local problem
  for _, found in ipairs(getaddrinfo(address[1], address[2], 0, constants.SOCK_STREAM)) do
    local socket, failure = with_socket(new_socket(found[1], found[2], found[3]), function(socket)
      if timeout ~= nil then socket:settimeout(timeout) end
      if source_address then socket:bind(source_address) end
      socket:connect(found[5])
    end)
    if socket then return socket end
    problem = failure
  end
  error(problem or OSError("getaddrinfo returns an empty list"), 0)
end

-- Can one socket accept connections of both IPv4 and IPv6?
local function has_dualstack_ipv6()
  local made, socket = pcall(new_socket, constants.AF_INET6)
  if not made then return false end
  local set = pcall(socket.setsockopt, socket, constants.IPPROTO_IPV6, constants.IPV6_V6ONLY, 0)
  socket:close()
  return set
end

-- create_server(address, {family, backlog, reuse_port, dualstack_ipv6}): a socket that listens.
local function create_server(address, given)
  local family, backlog, reuse_port, dualstack
  if type(address) == "table" and not is_address(address) then
    address, family, backlog, reuse_port, dualstack =
      keywords("create_server", address, "address", "family", "backlog", "reuse_port", "dualstack_ipv6")
  elseif given ~= nil then
    family, backlog, reuse_port, dualstack =
      keywords("create_server", given, "family", "backlog", "reuse_port", "dualstack_ipv6")
  end
  check_address(address, "create_server")
  family = family or constants.AF_INET
  if dualstack and family ~= constants.AF_INET6 then
    error(ValueError("dualstack_ipv6 requires AF_INET6 family"))
  end
  if dualstack and not has_dualstack_ipv6() then
    error(ValueError("dualstack_ipv6 not supported on this platform"))
  end
  local server, problem = with_socket(new_socket(family, constants.SOCK_STREAM), function(socket)
    socket:setsockopt(constants.SOL_SOCKET, constants.SO_REUSEADDR, 1)
    if reuse_port then socket:setsockopt(constants.SOL_SOCKET, constants.SO_REUSEPORT, 1) end
    if family == constants.AF_INET6 then
      socket:setsockopt(constants.IPPROTO_IPV6, constants.IPV6_V6ONLY, dualstack and 0 or 1)
    end
    socket:bind(address)
    socket:listen(backlog)
  end)
  if not server then error(problem, 0) end
  return server
end

local function gethostbyname(name)
  support.check_type(name, "string", "gethostbyname", "hostname")
  return getaddrinfo(name, nil, constants.AF_INET, constants.SOCK_STREAM)[1][5][1]
end

local module = {
  create_connection = create_connection,
  create_server = create_server,
  error = OSError,
  gaierror = builtins.gaierror,
  getaddrinfo = getaddrinfo,
  getdefaulttimeout = _socket.getdefaulttimeout,
  gethostbyname = gethostbyname,
  gethostname = _socket.gethostname,
  has_dualstack_ipv6 = has_dualstack_ipv6,
  has_ipv6 = true,
  setdefaulttimeout = _socket.setdefaulttimeout,
  socket = new_socket,
  socketpair = _socket.socketpair,
  timeout = builtins.TimeoutError,
}
for name, value in pairs(constants) do module[name] = value end
return module
