-- The module `http.server`: Python's HTTPServer and ThreadingHTTPServer, which calls its handlers in threads of the VM.
--
-- A handler is a table with methods do_GET and so on, which become those of an object for each connection; or a
-- function, which is called with that object for every method.
local builtins = require "builtins"
local client = require "http.client"
local socket = require "socket"
local support = require "_class"
local threading = require "threading"
local responses = client.responses
local class, has_keywords, keywords = support.class, support.has_keywords, support.keywords
local TypeError, isinstance = builtins.TypeError, builtins.isinstance
local error, pcall, setmetatable, tostring, type, xpcall =
  error, pcall, setmetatable, tostring, type, xpcall
local concat = table.concat
local find, format, gsub, lower, match =
  string.find, string.format, string.gsub, string.lower, string.match
local date, stderr, traceback = os.date, io.stderr, debug.traceback

-- Handler -------------------------------------------------------------------------------------------------------

local BaseHTTPRequestHandler = class("http.server.BaseHTTPRequestHandler")
BaseHTTPRequestHandler.protocol_version = "HTTP/1.0"
BaseHTTPRequestHandler.server_version = "BaseHTTP/0.6"
BaseHTTPRequestHandler.sys_version = "gilvm"
BaseHTTPRequestHandler.error_content_type = "text/html;charset=utf-8"
BaseHTTPRequestHandler.responses = responses

local ESCAPES = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;"}

local function escaped(text) return (gsub(text, "[&<>]", ESCAPES)) end

function BaseHTTPRequestHandler:version_string() return self.server_version .. " " .. self.sys_version end

function BaseHTTPRequestHandler:date_time_string(timestamp)
  return date("!%a, %d %b %Y %H:%M:%S GMT", timestamp)
end

function BaseHTTPRequestHandler:log_date_time_string() return date("%d/%b/%Y %H:%M:%S") end

function BaseHTTPRequestHandler:address_string() return self.client_address[1] end

function BaseHTTPRequestHandler:log_message(text, ...)
  stderr:write(format("%s - - [%s] %s\n", self:address_string(), self:log_date_time_string(), format(text, ...)))
end

function BaseHTTPRequestHandler:log_error(...) self:log_message(...) end

function BaseHTTPRequestHandler:log_request(code, size)
  self:log_message('"%s" %s %s', self.requestline, tostring(code or "-"), tostring(size or "-"))
end

function BaseHTTPRequestHandler:send_response_only(code, message)
  if self.request_version == "HTTP/0.9" then return end
  self._headers[#self._headers + 1] =
    format("%s %d %s\r\n", self.protocol_version, code, message or responses[code] or "")
end

function BaseHTTPRequestHandler:send_response(code, message)
  self:log_request(code)
  self:send_response_only(code, message)
  self:send_header("Server", self:version_string())
  self:send_header("Date", self:date_time_string())
end

function BaseHTTPRequestHandler:send_header(name, value)
  value = tostring(value)
  if self.request_version ~= "HTTP/0.9" then self._headers[#self._headers + 1] = name .. ": " .. value .. "\r\n" end
  if lower(name) == "connection" then
    if lower(value) == "close" then self.close_connection = true end
    if lower(value) == "keep-alive" then self.close_connection = false end
  end
end

function BaseHTTPRequestHandler:flush_headers()
  local headers = concat(self._headers)
  self._headers = {}
  if headers ~= "" then self.wfile:write(headers) end
end

function BaseHTTPRequestHandler:end_headers()
  if self.request_version ~= "HTTP/0.9" then self._headers[#self._headers + 1] = "\r\n" end
  self:flush_headers()
end

function BaseHTTPRequestHandler:send_error(code, message, explain)
  message = message or responses[code] or "???"
  self:log_error("code %d, message %s", code, message)
  self:send_response(code, message)
  self:send_header("Connection", "close")
  local body
  if code >= 200 and code ~= 204 and code ~= 205 and code ~= 304 then
    body = format([[
<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: %d</p>
        <p>Message: %s.</p>
        <p>Error code explanation: %d - %s.</p>
    </body>
</html>
]], code, escaped(message), code, escaped(explain or responses[code] or "???"))
    self:send_header("Content-Type", self.error_content_type)
    self:send_header("Content-Length", #body)
  end
  self:end_headers()
  if self.command ~= "HEAD" and body then self.wfile:write(body) end
end

-- The request's line and headers. False: they were wrong, which is answered already, or there is nothing to answer.
local function parse_request(handler)
  handler.command, handler.request_version, handler.close_connection = false, "HTTP/0.9", true
  handler.requestline = match(handler.requestline, "^(.-)\r?\n?$")
  local words = {}
  for word in handler.requestline:gmatch("%S+") do words[#words + 1] = word end
  if #words == 0 then return false end
  if #words >= 3 then
    local version = words[#words]
    local major, minor = match(version, "^HTTP/(%d+)%.(%d+)$")
    if not major then
      handler:send_error(400, format("Bad request version ('%s')", version))
      return false
    end
    if major + 0 >= 2 then
      handler:send_error(505, format("Invalid HTTP version (%s)", match(version, "^HTTP/(.*)$")))
      return false
    end
    handler.request_version = version
    if major + 0 == 1 and minor + 0 >= 1 and handler.protocol_version >= "HTTP/1.1" then
      handler.close_connection = false
    end
  end
  if #words < 2 or #words > 3 then
    handler:send_error(400, format("Bad request syntax ('%s')", handler.requestline))
    return false
  end
  handler.command, handler.path = words[1], gsub(words[2], "^//+", "/")
  if #words == 2 and handler.command ~= "GET" then
    handler:send_error(400, format("Bad HTTP/0.9 request type ('%s')", handler.command))
    return false
  end
  local parsed, headers = pcall(client.parse_headers, handler.rfile)
  if not parsed then
    if not isinstance(headers, client.HTTPException) then error(headers, 0) end
    handler:send_error(431, isinstance(headers, client.LineTooLong) and "Line too long" or "Too many headers")
    return false
  end
  handler.headers = headers
  local connection = lower(headers:get("Connection", ""))
  if connection == "close" then
    handler.close_connection = true
  elseif connection == "keep-alive" and handler.protocol_version >= "HTTP/1.1" then
    handler.close_connection = false
  end
  if lower(headers:get("Expect", "")) == "100-continue" and handler.protocol_version >= "HTTP/1.1" and
     handler.request_version >= "HTTP/1.1" then
    handler:send_response_only(100)
    handler:end_headers()
  end
  return true
end

function BaseHTTPRequestHandler:handle_one_request()
  self.requestline = self.rfile:readline(65537)
  if #self.requestline > 65536 then
    self.requestline, self.request_version, self.command = "", "", ""
    self.close_connection = true
    return self:send_error(414)
  end
  if self.requestline == "" then
    self.close_connection = true
    return
  end
  if not parse_request(self) then
    self.close_connection = true
    return
  end
  local method = self._answer or self["do_" .. self.command]
  if not method then return self:send_error(501, format("Unsupported method ('%s')", self.command)) end
  method(self)
end

-- One request, or as many as the client sends on this connection.
function BaseHTTPRequestHandler:handle()
  repeat
    self.close_connection = true
    local done, problem = pcall(self.handle_one_request, self)
    if not done then
      if not isinstance(problem, builtins.TimeoutError) then error(problem, 0) end
      self:log_error("Request timed out: %s", tostring(problem))
      return
    end
  until self.close_connection
end

-- Server --------------------------------------------------------------------------------------------------------

local HTTPServer = class("http.server.HTTPServer")
HTTPServer.request_queue_size = 5

-- HTTPServer({host, port}, handler): listens at once. Port 0: any that is free, which server_address then tells.
function HTTPServer.new(called_class, server_address, handler)
  if type(server_address) ~= "table" or server_address[1] == nil then
    error(TypeError("HTTPServer: server_address must be a table {host, port}"))
  end
  if type(handler) ~= "table" and type(handler) ~= "function" then
    error(TypeError("HTTPServer: the handler must be a table or a function, got " .. type(handler)))
  end
  local host = server_address[1]
  local listener = socket.create_server({host, server_address[2]}, {
    family = find(host, ":", 1, true) and socket.AF_INET6 or socket.AF_INET,
    backlog = called_class.request_queue_size,
  })
  local address = listener:getsockname()
  local is_shut_down = threading.Event()
  is_shut_down:set()
  return setmetatable({
    RequestHandlerClass = handler,
    server_address = address,
    server_name = address[1],
    server_port = address[2],
    socket = listener,
    _is_shut_down = is_shut_down,   -- serve_forever() is not running
    _shutdown_request = false,
  }, called_class)
end

-- The handler of a connection: what the script has, and behind it what every handler has.
local function new_handler(server, request, client_address)
  local given = server.RequestHandlerClass
  local own = type(given) == "table" and given or {}
  local handler = {
    _answer = type(given) == "function" and given,
    _headers = {},
    client_address = client_address,
    request = request,
    server = server,
    rfile = request:makefile("rb"),
    wfile = request:makefile("wb"),
  }
  return setmetatable(handler, {
    __name = "http.server.Handler",
    __index = function(_, key)
      local value = own[key]
      if value ~= nil then return value end
      return BaseHTTPRequestHandler[key]
    end,
  })
end

function HTTPServer:finish_request(request, client_address)
  local handler = new_handler(self, request, client_address)
  if handler.timeout then request:settimeout(handler.timeout) end
  handler:handle()
end

function HTTPServer:handle_error(_, client_address, trace)
  stderr:write(format("%s\nException occurred during processing of request from ('%s', %d)\n%s\n%s\n", ("-"):rep(40),
    client_address[1], client_address[2], trace, ("-"):rep(40)))
end

local function answer(server, request, client_address)
  local trace
  local finished = xpcall(server.finish_request, function(problem) trace = traceback(tostring(problem), 2) end, server,
    request, client_address)
  if not finished then server:handle_error(request, client_address, trace) end
  pcall(request.shutdown, request, socket.SHUT_WR)
  request:close()
end

function HTTPServer:process_request(request, client_address) answer(self, request, client_address) end

-- Serves the next connection. `timeout`, an attribute of the server, says how long it waits for one.
function HTTPServer:handle_request()
  local listener = self.socket
  listener:settimeout(self.timeout)
  local accepted, request, client_address = pcall(listener.accept, listener)
  if accepted then return self:process_request(request, client_address) end
  if not isinstance(request, builtins.TimeoutError) then error(request, 0) end
end

-- Serves until shutdown(), for which it looks every poll_interval seconds, or server_close().
function HTTPServer:serve_forever(poll_interval)
  if has_keywords(poll_interval) then poll_interval = keywords("serve_forever", poll_interval, "poll_interval") end
  local listener = self.socket
  self._is_shut_down:clear()
  local ended <close> = setmetatable({}, {__close = function()
    self._shutdown_request = false
    self._is_shut_down:set()
  end})
  listener:settimeout(poll_interval or 0.5)
  while not self._shutdown_request do
    local accepted, request, client_address = pcall(listener.accept, listener)
    if accepted then
      self:process_request(request, client_address)
    elseif listener:fileno() < 0 then
      return
    elseif not isinstance(request, builtins.TimeoutError) then
      error(request, 0)
    end
  end
end

-- Ends serve_forever(), which runs in another thread, and waits until it has ended.
function HTTPServer:shutdown()
  self._shutdown_request = true
  self._is_shut_down:wait()
end

function HTTPServer:server_close() self.socket:close() end

HTTPServer.__close = HTTPServer.server_close

function HTTPServer:hold() return self end

function HTTPServer:fileno() return self.socket:fileno() end

-- A thread for each connection.
local ThreadingHTTPServer = class("http.server.ThreadingHTTPServer", HTTPServer)
ThreadingHTTPServer.daemon_threads = true

function ThreadingHTTPServer:process_request(request, client_address)
  threading.Thread{target = answer, args = {self, request, client_address}, daemon = self.daemon_threads}:start()
end

return {
  BaseHTTPRequestHandler = BaseHTTPRequestHandler,
  HTTPServer = HTTPServer,
  ThreadingHTTPServer = ThreadingHTTPServer,
}
