#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

// In line 1, so that the script itself begins in line 2. serving(handler, use): what use(server) returns,
// with the server running in a thread. raw(bytes): an http.client connection whose server sends these bytes,
// whatever it is asked, and ends.
const char* const kPrelude =
    "local client, server, request = require 'http.client', require 'http.server', require 'urllib.request' "
    "local socket, threading, builtins = require 'socket', require 'threading', require 'builtins' "
    "server.BaseHTTPRequestHandler.log_message = function() end "
    "local function problem(f, ...) local ok, e = pcall(f, ...) return ok and 'none' or tostring(e) end "
    "local function serving(handler, use, kind) "
    "local s <close> = (kind or server.ThreadingHTTPServer)({'127.0.0.1', 0}, handler) "
    "local t = threading.Thread{target = function() s:serve_forever(0.01) end} t:start() "
    "local ok, result = pcall(use, s) s:shutdown() t:join() if not ok then error(result, 0) end return "
    "result end "
    "local function connection(s) return client.HTTPConnection('127.0.0.1', s.server_port) end "
    "local function raw(bytes) local listener = socket.create_server({'127.0.0.1', 0}) "
    "local t = threading.Thread{target = function() local peer = listener:accept() peer:recv(10000) "
    "peer:sendall(bytes) peer:shutdown(socket.SHUT_WR) peer:recv(1) peer:close() listener:close() end, "
    "daemon = true} "
    "t:start() return client.HTTPConnection('127.0.0.1', listener:getsockname()[2]) end\n";

std::string run(const std::string& script) { return run_in_each_regime(kPrelude + script); }

TEST_CASE("a request is answered by the handler's method", "[http]") {
  CHECK(run(R"lua(
    local Handler = {}
    function Handler:do_GET()
      self:send_response(200)
      self:send_header("X-Path", self.path)
      self:end_headers()
      self.wfile:write("hello " .. self.headers["x-name"])
    end
    return serving(Handler, function(s)
      local c = connection(s)
      c:request("GET", "/some/path?q=1", nil, {["X-Name"] = "Ana"})
      local r = c:getresponse()
      return table.concat({r.status, r.reason, r:getheader("x-path"), r:read(), tostring(r.closed), r.version,
        r:getheader("X-None", "none")}, " ")
    end))lua") == "200 OK /some/path?q=1 hello Ana true 10 none");
}

TEST_CASE("a body is sent with its length, and read by the handler", "[http]") {
  CHECK(run(R"lua(
    local function answer(self)
      local body = self.rfile:read(tonumber(self.headers["Content-Length"]))
      self:send_response(201)
      self:end_headers()
      self.wfile:write(self.command .. body:upper())
    end
    return serving(answer, function(s)
      local c = connection(s)
      c:request("POST", "/", {body = "some text"})
      local r = c:getresponse()
      local first = r.status .. r.reason .. " " .. r:read(4) .. "|" .. r:read()
      c:request("PUT", "/", "")
      return first .. " " .. c:getresponse():read()
    end))lua") == "201Created POST|SOME TEXT PUT");
}

TEST_CASE("a method that the handler does not have is answered with 501", "[http]") {
  CHECK(run(R"lua(
    local Handler = {do_GET = function(self) self:send_error(404, "Not <here>") end}
    return serving(Handler, function(s)
      local c = connection(s)
      c:request("BREW", "/")
      local r = c:getresponse()
      local texts = {r.status, r.reason, tostring(r:read():find("Unsupported method ('BREW')", 1, true) ~= nil)}
      c:request("GET", "/")
      r = c:getresponse()
      texts[4], texts[5] = r.status, r:read():match("Message: [^\n]*")
      return table.concat(texts, " ")
    end))lua") == "501 Unsupported method ('BREW') true 404 Message: Not &lt;here&gt;.</p>");
}

TEST_CASE("a connection is used again where the server keeps it", "[http]") {
  CHECK(run(R"lua(
    local connections = {0}
    local Handler = {protocol_version = "HTTP/1.1"}
    function Handler:do_GET()
      if not self.count then connections[1] = connections[1] + 1 end
      self.count = (self.count or 0) + 1
      self:send_response(200)
      self:send_header("Content-Length", 1)
      self:end_headers()
      self.wfile:write(tostring(self.count))
    end
    return serving(Handler, function(s)
      local c <close> = connection(s)
      local texts = {}
      for i = 1, 3 do
        c:request("GET", "/")
        texts[i] = c:getresponse():read()
      end
      return table.concat(texts) .. " " .. connections[1]
    end))lua") == "123 1");
}

TEST_CASE("an answer in chunks is put together", "[http]") {
  const std::string script = R"lua(
    local c = raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nwiki\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n")
    c:request("GET", "/")
    local r = c:getresponse()
    return r:read(6) .. "|" .. r:read() .. "|" .. r:read() .. "|" .. tostring(r.closed))lua";
  CHECK(run(script) == "wiki01|23456789||true");
}

TEST_CASE("headers are found in capitals or not, and may go on in the next line", "[http]") {
  CHECK(run(R"lua(
    local c = raw("HTTP/1.0 200 Fine\r\nA: 1\r\na: 2\r\nLong: one\r\n two\r\n\r\nrest")
    c:request("GET", "/")
    local r = c:getresponse()
    return r.reason .. r.headers.A .. #r.headers:get_all("A") .. #r:getheaders() .. r.headers["LONG"] .. r:read())lua") ==
        "Fine123one tworest");
}

TEST_CASE("an answer that is cut off or nonsense raises Python's type", "[http]") {
  CHECK(run(R"lua(
    local texts = {}
    for _, bytes in ipairs{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "", "nonsense\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"} do
      local c = raw(bytes)
      c:request("GET", "/")
      texts[#texts + 1] = problem(function() c:getresponse():read() end)
    end
    return table.concat(texts, "|"))lua") ==
        "http.client.IncompleteRead: IncompleteRead(3 bytes read, 7 more expected)|"
        "http.client.RemoteDisconnected: Remote end closed connection without response|"
        "http.client.BadStatusLine: nonsense|"
        "http.client.IncompleteRead: IncompleteRead(2 bytes read, 3 more expected)");
}

TEST_CASE("a request out of turn is refused", "[http]") {
  CHECK(run(R"lua(
    return serving(function(self) self:send_response(204) self:end_headers() end, function(s)
      local c = connection(s)
      local texts = {problem(c.getresponse, c)}
      c:request("GET", "/")
      texts[2] = problem(c.request, c, "GET", "/")
      local r = c:getresponse()
      texts[3] = r.status .. "<" .. r:read() .. ">"
      texts[4] = problem(c.request, c, "GET", "/with space")
      texts[5] = problem(c.request, c, "GET", "/", nil, {X = "a\r\nY: b"})
      return (table.concat(texts, "|"):gsub("[\r\n]", "_"))
    end))lua") ==
        "http.client.ResponseNotReady: Idle|http.client.CannotSendRequest: Request-sent|204<>|"
        "http.client.InvalidURL: URL can't contain control characters. '/with space' (found at least ' ')|"
        "ValueError: Invalid header value a__Y: b");
}

TEST_CASE("what is no request of HTTP is answered with 400 or 505", "[http]") {
  CHECK(run(R"lua(
    return serving({}, function(s)
      local texts = {}
      for _, line in ipairs{"GET / HTTP/x", "GET / HTTP/2.0", "POST /", "GET", "A B C D"} do
        local c = socket.create_connection(s.server_address)
        c:sendall(line .. "\r\n\r\n")
        local text = c:makefile():read()
        texts[#texts + 1] = text:match("^HTTP/1.0 (%d+)") or text:match("Error code: (%d+)")
        c:close()
      end
      return table.concat(texts, " ")
    end))lua") == "400 505 400 400 400");
}

TEST_CASE("a handler that fails leaves the server running", "[http]") {
  CHECK(run(R"lua(
    local reported = {false}
    local Server = setmetatable({}, {__index = server.HTTPServer, __call = function(_, ...)
      local s = server.HTTPServer(...)
      s.handle_error = function(_, _, address, trace) reported[1] = trace:match("^[^\n]*") end
      return s
    end})
    local Handler = {}
    function Handler:do_GET()
      if self.path == "/bad" then error(builtins.ValueError("no")) end
      self:send_response(200) self:end_headers() self.wfile:write("good")
    end
    return serving(Handler, function(s)
      local c = connection(s)
      c:request("GET", "/bad")
      local text = problem(c.getresponse, c)
      c:request("GET", "/")
      return text .. "|" .. c:getresponse():read() .. "|" .. reported[1]
    end, Server))lua") ==
        "http.client.RemoteDisconnected: Remote end closed connection without response|good|ValueError: no");
}

TEST_CASE("requests are answered in threads, while others wait", "[http]") {
  // No answer is given before all four have been asked for.
  CHECK(run(R"lua(
    local barrier = threading.Barrier(4)
    local Handler = {}
    function Handler:do_GET()
      barrier:wait()
      self:send_response(200) self:end_headers() self.wfile:write(self.path)
    end
    return serving(Handler, function(s)
      local texts, threads = {false, false, false, false}, {}
      for i = 1, 4 do
        threads[i] = threading.Thread{target = function()
          local c = connection(s)
          c:request("GET", "/" .. i)
          texts[i] = c:getresponse():read()
        end}
        threads[i]:start()
      end
      for i = 1, 4 do threads[i]:join() end
      return table.concat(texts)
    end))lua") == "/1/2/3/4");
}

TEST_CASE("other threads count while one waits for an answer", "[http]") {
  // The answer comes when the other thread has counted, which begins when the request is there.
  CHECK(run(R"lua(
    local asked, counted, count = threading.Event(), threading.Event(), {0}
    local t = threading.Thread{target = function()
      asked:wait()
      for i = 1, 1000 do count[1] = count[1] + 1 end
      counted:set()
    end}
    t:start()
    local text = serving(function(self)
      asked:set() counted:wait()
      self:send_response(200) self:end_headers() self.wfile:write(tostring(count[1]))
    end, function(s) return request.urlopen("http://127.0.0.1:" .. s.server_port .. "/"):read() end)
    t:join()
    return text)lua") == "1000");
}

TEST_CASE("urlopen follows redirects, and raises HTTPError and URLError", "[http]") {
  CHECK(run(R"lua(
    local Handler = {}
    function Handler:do_GET()
      if self.path == "/old" then
        self:send_response(302) self:send_header("Location", "new?x=1") self:end_headers()
      elseif self.path == "/new?x=1" then
        self:send_response(200) self:end_headers() self.wfile:write("found")
      else
        self:send_error(404)
      end
    end
    function Handler:do_POST()
      self:send_response(200) self:end_headers()
      self.wfile:write(self.rfile:read(tonumber(self.headers["Content-Length"])):reverse())
    end
    local base
    local text = serving(Handler, function(s)
      base = "http://127.0.0.1:" .. s.server_port
      local r = request.urlopen(base .. "/old")
      local ok, e = pcall(request.urlopen, base .. "/none")
      return r:read() .. r.url:sub(#base + 1) .. " " .. tostring(e) .. " " .. e.code ..
        tostring(e:read():find("Not Found") ~= nil) .. " " .. request.urlopen(base, "abc"):read()
    end)
    return text .. "|" .. problem(request.urlopen, base) .. "|" .. problem(request.urlopen, "ftp://x/"))lua") ==
        "found/new?x=1 urllib.error.HTTPError: HTTP Error 404: Not Found 404true cba|"
        "urllib.error.URLError: <urlopen error ConnectionRefusedError: [Errno 111] Connection refused>|"
        "urllib.error.URLError: <urlopen error unknown url type: ftp>");
}

TEST_CASE("an answer that does not come in time raises TimeoutError", "[http]") {
  CHECK(run(R"lua(
    local listener = socket.create_server({"127.0.0.1", 0})
    local c = client.HTTPConnection{host = "127.0.0.1:" .. listener:getsockname()[2], timeout = 0.01}
    c:request("GET", "/")
    local message = problem(c.getresponse, c)
    listener:close()  -- until then nobody may collect it
    return message)lua") == "TimeoutError: timed out");
}

TEST_CASE("a server may serve one request, and end when it is closed", "[http]") {
  CHECK(run(R"lua(
    local s = server.HTTPServer({"127.0.0.1", 0}, function(self)
      self:send_response(200) self:end_headers() self.wfile:write("once")
    end)
    local text = {false}
    local t = threading.Thread{target = function() text[1] = request.urlopen("http://127.0.0.1:" .. s.server_port):read() end}
    t:start()
    s:handle_request()
    t:join()
    local forever = threading.Thread{target = function() s:serve_forever() end}
    forever:start()
    s:server_close()
    forever:join()
    return text[1] .. " " .. s:fileno())lua") == "once -1");
}

}  // namespace
}  // namespace gilvm
