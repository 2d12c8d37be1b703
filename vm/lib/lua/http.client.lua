-- The module `http.client`: Python's HTTPConnection and HTTPResponse on our `socket`.
--
-- Not cpp-httplib's, whose threads are none of the VM's: they would have to attach for each request, and what waits in
-- them hears of no interruption.
local builtins = require "builtins"
local socket = require "socket"
local support = require "_class"
local responses = require("http").responses
local class, keywords = support.class, support.keywords
local TypeError, ValueError, exception_type = builtins.TypeError, builtins.ValueError, builtins.exception_type
local error, ipairs, pairs, pcall, rawget, setmetatable, tonumber, tostring, type =
  error, ipairs, pairs, pcall, rawget, setmetatable, tonumber, tostring, type
local concat = table.concat
local find, format, lower, match, upper =
  string.find, string.format, string.lower, string.match, string.upper

local HTTPException = exception_type("http.client.HTTPException", builtins.Exception)
local BadStatusLine = exception_type("http.client.BadStatusLine", HTTPException)
local CannotSendRequest = exception_type("http.client.CannotSendRequest", HTTPException)
local IncompleteRead = exception_type("http.client.IncompleteRead", HTTPException)
local InvalidURL = exception_type("http.client.InvalidURL", HTTPException)
local LineTooLong = exception_type("http.client.LineTooLong", HTTPException)
local RemoteDisconnected = exception_type("http.client.RemoteDisconnected", builtins.ConnectionResetError)
local ResponseNotReady = exception_type("http.client.ResponseNotReady", HTTPException)

local LONGEST_LINE <const> = 65536
local MOST_HEADERS <const> = 100
local HTTP_PORT <const> = 80

-- Headers -------------------------------------------------------------------------------------------------------

-- In the order in which they came; asked for by a name in capitals or not: headers["content-type"].
local HTTPMessage = class("http.client.HTTPMessage")

local function new_message() return setmetatable({_list = {}}, HTTPMessage) end

function HTTPMessage:get(name, default)
  name = lower(name)
  for _, header in ipairs(rawget(self, "_list")) do
    if lower(header[1]) == name then return header[2] end
  end
  return default
end

function HTTPMessage:get_all(name)
  local values = {}
  name = lower(name)
  for _, header in ipairs(rawget(self, "_list")) do
    if lower(header[1]) == name then values[#values + 1] = header[2] end
  end
  return values[1] and values
end

-- A list of {name, value}.
function HTTPMessage:items()
  local list = {}
  for index, header in ipairs(rawget(self, "_list")) do list[index] = {header[1], header[2]} end
  return list
end

function HTTPMessage.__index(message, key)
  local method = HTTPMessage[key]
  if method ~= nil or type(key) ~= "string" then return method end
  return HTTPMessage.get(message, key)
end

local function read_line(file, what)
  local line = file:readline(LONGEST_LINE + 1)
  if #line > LONGEST_LINE then
    error(LineTooLong(format("got more than %d bytes when reading %s", LONGEST_LINE, what)))
  end
  return line
end

-- The headers from there on, to the empty line.
local function parse_headers(file)
  local message, list = new_message(), nil
  list = rawget(message, "_list")
  while true do
    local line = read_line(file, "header line")
    if line == "" or line == "\n" or line == "\r\n" then return message end
    local last = list[#list]
    if last and find(line, "^[ \t]") then
      last[2] = last[2] .. " " .. match(line, "^%s*(.-)%s*$")  -- goes on
    else
      if #list == MOST_HEADERS then error(HTTPException(format("got more than %d headers", MOST_HEADERS))) end
      local name, value = match(line, "^([^:%s]+):%s*(.-)%s*$")
      if name then list[#list + 1] = {name, value} end
    end
  end
end

-- Does a header such as Connection have this word?
local function has_word(value, word)
  for each in (value or ""):gmatch("[^,%s]+") do
    if lower(each) == word then return true end
  end
  return false
end

-- Response ------------------------------------------------------------------------------------------------------

local HTTPResponse = class("http.client.HTTPResponse")

local function read_status(file)
  while true do
    local line = read_line(file, "status line")
    if line == "" then error(RemoteDisconnected("Remote end closed connection without response")) end
    local minor, status, reason = match(line, "^HTTP/1%.(%d)%s+(%d%d%d)%s*(.-)%s*$")
    if not status then error(BadStatusLine((match(line, "^(.-)%s*$")))) end
    status = tonumber(status)
    if status ~= 100 then return minor == "0" and 10 or 11, status, reason end
    parse_headers(file)  -- Continue: the answer follows
  end
end

-- The answer to a request of that method, which comes next on the socket.
local function read_response(connection, method)
  local file = connection.sock:makefile("rb")
  local version, status, reason = read_status(file)
  local headers = parse_headers(file)
  local is_chunked = lower(headers:get("Transfer-Encoding", "")) == "chunked"
  local length = not is_chunked and tonumber(match(headers:get("Content-Length", ""), "^%d+$"))
  if status == 204 or status == 304 or status < 200 or method == "HEAD" then is_chunked, length = false, 0 end
  local header = headers:get("Connection")
  local stays = version == 11 and not has_word(header, "close") or has_word(header, "keep-alive")
  local response = setmetatable({
    version = version,
    status = status,
    reason = reason,
    headers = headers,
    msg = headers,
    closed = false,
    will_close = not stays or not (is_chunked or length),
    length = length or nil,   -- how much is left of the body; nil: to the end, or not known
    _file = file,
    _socket = connection.sock,
    _chunk = is_chunked and 0,  -- how much is left of the chunk; false: there are no chunks
    _has_chunks = is_chunked,
  }, HTTPResponse)
  if response.length == 0 then response:_end() end
  return response
end

HTTPResponse.getcode = function(self) return self.status end

function HTTPResponse:getheader(name, default) return self.headers:get(name, default) end

function HTTPResponse:getheaders() return self.headers:items() end

function HTTPResponse:isclosed() return self.closed end

-- All of it was read, or nobody wants the rest.
function HTTPResponse:_end()
  if self.closed then return end
  self.closed = true
  if self.will_close then self._socket:close() end
end

-- To close it before its end ends the connection too: the rest would be taken for the next answer.
function HTTPResponse:close()
  if self.closed then return end
  self.will_close = true
  self:_end()
end

HTTPResponse.__close = HTTPResponse.close

function HTTPResponse:hold() return self end

local function raise_incomplete(response, partial, expected)
  response:close()
  local problem = IncompleteRead(format("IncompleteRead(%d bytes read%s)", #partial,
    expected and format(", %d more expected", expected) or ""))
  problem.partial, problem.expected = partial, expected
  error(problem)
end

-- Goes to the next chunk. False: there is none.
local function next_chunk(response, partial)
  local line = read_line(response._file, "chunk size")
  if line == "\r\n" then line = read_line(response._file, "chunk size") end  -- the end of the one before
  local size = tonumber(match(line, "^%x+") or "", 16)
  if not size then raise_incomplete(response, partial) end
  response._chunk = size
  if size > 0 then return true end
  parse_headers(response._file)  -- of which the program learns nothing, as in Python
  return false
end

local function read_chunks(response, amount)
  local parts, count = {}, 0
  while not amount or count < amount do
    if response._chunk == 0 and not next_chunk(response, concat(parts)) then
      response:_end()
      break
    end
    local wanted = response._chunk
    if amount and amount - count < wanted then wanted = amount - count end
    local bytes = response._file:read(wanted)
    parts[#parts + 1], count = bytes, count + #bytes
    if #bytes < wanted then raise_incomplete(response, concat(parts), wanted - #bytes) end
    response._chunk = response._chunk - wanted
  end
  return concat(parts)
end

-- The body, or so many bytes of it at most; "" at its end.
function HTTPResponse:read(amount)
  if self.closed then return "" end
  if self._has_chunks then return read_chunks(self, amount) end
  local wanted = amount
  if self.length and (not wanted or wanted > self.length) then wanted = self.length end
  local bytes = self._file:read(wanted)
  if self.length then
    self.length = self.length - #bytes
    if wanted == nil or #bytes < wanted then
      if not amount then raise_incomplete(self, bytes, self.length) end
      self:close()
    end
  end
  if self.length == 0 or not self.length and (not wanted or #bytes < wanted) then self:_end() end
  return bytes
end

-- Connection ----------------------------------------------------------------------------------------------------

local HTTPConnection = class("http.client.HTTPConnection")

-- Of "host", "host:port", "[::1]:port".
local function split_host(host, port)
  local name, number = match(host, "^(.-):(%d*)$")
  if name and (not find(name, ":", 1, true) or find(name, "%]$")) then
    host, port = name, port or tonumber(number)
  elseif name == nil and find(host, "^[^:]*:[^:]*$") then
    error(InvalidURL("nonnumeric port: '" .. match(host, ":(.*)$") .. "'"))
  end
  return match(host, "^%[(.*)%]$") or host, port or HTTP_PORT
end

-- HTTPConnection(host, port=80, {timeout, source_address}): connects when something is requested.
function HTTPConnection.new(called_class, host, port, given)
  local timeout, source_address
  if type(host) == "table" then
    host, port, timeout, source_address = keywords("HTTPConnection", host, "host", "port", "timeout", "source_address")
  elseif type(port) == "table" then
    port, timeout, source_address = keywords("HTTPConnection", port, "port", "timeout", "source_address")
  elseif given ~= nil then
    timeout, source_address = keywords("HTTPConnection", given, "timeout", "source_address")
  end
  if type(host) ~= "string" then error(TypeError("HTTPConnection: host must be a string, got " .. type(host))) end
  host, port = split_host(host, port)
  return setmetatable({
    host = host,
    port = port,
    timeout = timeout,
    source_address = source_address,
    sock = false,
    _state = "Idle",
    _response = false,  -- the one that is not read to its end
    _method = false,
  }, called_class)
end

function HTTPConnection:connect()
  self.sock = socket.create_connection({self.host, self.port},
    {timeout = self.timeout, source_address = self.source_address})
end

function HTTPConnection:close()
  self._state = "Idle"
  local sock, response = self.sock, self._response
  self.sock, self._response = false, false
  if sock then sock:close() end
  if response then response:close() end
end

HTTPConnection.__close = HTTPConnection.close

function HTTPConnection:hold() return self end

local function check_request(method, url)
  if type(method) ~= "string" or find(method, "[%c ]") or method == "" then
    error(ValueError("method can't contain control characters. " .. tostring(method)))
  end
  if type(url) ~= "string" then error(TypeError("request: url must be a string, got " .. type(url))) end
  if find(url, "[%c ]") then
    error(InvalidURL(format("URL can't contain control characters. '%s' (found at least '%s')", url,
      match(url, "[%c ]"))))
  end
end

local TAKES_BODY = {PATCH = true, POST = true, PUT = true}

local function request_lines(connection, method, url, body, headers)
  local lines, given = {}, {}
  for name, value in pairs(headers or {}) do
    if type(name) ~= "string" or find(name, "[%c%s:]") or name == "" then
      error(ValueError("Invalid header name " .. tostring(name)))
    end
    value = tostring(value)
    if find(value, "[\r\n]") then error(ValueError("Invalid header value " .. value)) end
    given[lower(name)] = true
    lines[#lines + 1] = name .. ": " .. value
  end
  local first = {format("%s %s HTTP/1.1", method, url == "" and "/" or url)}
  if not given.host then
    local host = find(connection.host, ":", 1, true) and "[" .. connection.host .. "]" or connection.host
    first[2] = "Host: " .. host .. (connection.port == HTTP_PORT and "" or ":" .. connection.port)
  end
  if not given["accept-encoding"] then first[#first + 1] = "Accept-Encoding: identity" end
  if not given["content-length"] and not given["transfer-encoding"] and (body or TAKES_BODY[upper(method)]) then
    first[#first + 1] = "Content-Length: " .. #(body or "")
  end
  return concat(first, "\r\n") .. "\r\n" .. concat(lines, "\r\n") .. (lines[1] and "\r\n" or "") .. "\r\n"
end

-- request(method, url, body, headers), or request(method, url, {body, headers}).
function HTTPConnection:request(method, url, body, headers)
  if type(body) == "table" then body, headers = keywords("request", body, "body", "headers") end
  check_request(method, url)
  if body ~= nil and type(body) ~= "string" then
    error(TypeError("request: body must be a string, got " .. type(body)))
  end
  if self._response and self._response.closed then self._response = false end
  if self._state ~= "Idle" then error(CannotSendRequest(self._state)) end
  local text = request_lines(self, method, url, body, headers)
  if not self.sock then self:connect() end
  self.sock:sendall(text .. (body or ""))
  self._method, self._state = upper(method), "Request-sent"
end

function HTTPConnection:getresponse()
  if self._response and self._response.closed then self._response = false end
  if self._state ~= "Request-sent" or self._response then error(ResponseNotReady(self._state)) end
  local read, response = pcall(read_response, self, self._method)
  if not read then
    if not builtins.isinstance(response, builtins.TimeoutError) then self:close() end
    error(response, 0)
  end
  self._state = "Idle"
  if response.will_close then
    self.sock = false  -- the response closes it
  elseif not response.closed then
    self._response = response
  end
  return response
end

return {
  BadStatusLine = BadStatusLine,
  CannotSendRequest = CannotSendRequest,
  HTTPConnection = HTTPConnection,
  HTTPException = HTTPException,
  HTTPMessage = HTTPMessage,
  HTTPResponse = HTTPResponse,
  HTTP_PORT = HTTP_PORT,
  IncompleteRead = IncompleteRead,
  InvalidURL = InvalidURL,
  LineTooLong = LineTooLong,
  RemoteDisconnected = RemoteDisconnected,
  ResponseNotReady = ResponseNotReady,
  parse_headers = parse_headers,
  responses = responses,
}
