#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

// In line 1, so that the script itself begins in line 2.
const char* const kPrelude =
    "local socket, threading, builtins = require 'socket', require 'threading', require 'builtins' "
    "local function problem(f, ...) local ok, e = pcall(f, ...) return ok and 'none' or tostring(e) end "
    "local function serve(family) return socket.create_server({family and '::1' or '127.0.0.1', 0}, {family "
    "= family}) "
    "end "
    "local function connected() local server = serve() "
    "local client = socket.create_connection(server:getsockname()) local peer = server:accept() "
    "server:close() "
    "return client, peer end\n";

std::string run(const std::string& script) { return run_in_each_regime(kPrelude + script); }

TEST_CASE("bytes go both ways through a connection, and end with it", "[socket]") {
  CHECK(run(R"lua(
    local client, peer = connected()
    client:sendall("a\0b")
    local texts = {peer:recv(10), peer:send("xyz"), client:recv(2), client:recv(10)}
    client:shutdown(socket.SHUT_WR)
    texts[5] = "<" .. peer:recv(10) .. ">"
    peer:sendall("still") peer:close()
    texts[6] = client:recv(10)
    texts[7] = "<" .. client:recv(10) .. ">"
    client:close()
    return (table.concat(texts, " "):gsub("\0", "0")))lua") == "a0b 3 xy z <> still <>");
}

TEST_CASE("accept gives a socket and the address of the other side", "[socket]") {
  CHECK(run(R"lua(
    local server = serve()
    local address = server:getsockname()
    local client = socket.create_connection(address)
    local peer, from = server:accept()
    local mine = client:getsockname()
    local same = from[1] == mine[1] and from[2] == mine[2]
    local other = client:getpeername()
    return tostring(same) .. " " .. tostring(other[2] == address[2] and address[2] > 0) .. " " .. other[1] .. #other)lua") ==
        "true true 127.0.0.12");
}

TEST_CASE("a socket may be of IPv6", "[socket]") {
  CHECK(run(R"lua(
    local made, server = pcall(serve, socket.AF_INET6)
    if not made then return "::1 4 x" end  -- this machine has no IPv6
    local address = server:getsockname()
    local client = socket.create_connection(address)
    local peer, from = server:accept()
    client:send("x")
    return from[1] .. " " .. #address .. " " .. peer:recv(5))lua") == "::1 4 x");
}

TEST_CASE("a pair of sockets is connected", "[socket]") {
  CHECK(run(R"lua(
    local a, b = socket.socketpair()
    a:sendall("one") b:sendall("two")
    local texts = {b:recv(9), a:recv(9), tostring(a.family == socket.AF_UNIX), tostring(a.type == socket.SOCK_STREAM),
      "<" .. a:getsockname() .. ">"}
    return table.concat(texts, " "))lua") == "one two true true <>");
}

TEST_CASE("a refused connection raises ConnectionRefusedError, with its errno", "[socket]") {
  CHECK(run(R"lua(
    local server = serve()
    local address = server:getsockname()
    server:close()
    local ok, e = pcall(socket.create_connection, address)
    local s = socket.socket()
    return tostring(e) .. "|" .. e.errno .. e.strerror .. "|" .. tostring(builtins.isinstance(e, builtins.OSError)) ..
      tostring(builtins.isinstance(e, builtins.ConnectionError)) .. " " .. s:connect_ex(address))lua") ==
        "ConnectionRefusedError: [Errno 111] Connection refused|111Connection refused|truetrue 111");
}

TEST_CASE("a broken connection raises BrokenPipeError or ConnectionResetError", "[socket]") {
  CHECK(run(R"lua(
    local a, b = socket.socketpair()
    b:close()
    local text = problem(a.send, a, "x")
    local client, peer = connected()
    client:send("never read")
    peer:recv(1)
    -- Closed with bytes unread: a reset.
    peer:close()
    return text .. "|" .. problem(client.recv, client, 1))lua") ==
        "BrokenPipeError: [Errno 32] Broken pipe|ConnectionResetError: [Errno 104] Connection reset by peer");
}

TEST_CASE("what does not come in time raises TimeoutError", "[socket]") {
  CHECK(run(R"lua(
    local a, b = socket.socketpair()
    a:settimeout(0.01)
    local texts = {problem(a.recv, a, 1), tostring(socket.timeout == builtins.TimeoutError), tostring(a:gettimeout())}
    local big = ("x"):rep(1 << 20)
    -- The other side takes nothing.
    texts[4] = problem(function() while true do a:sendall(big) end end)
    local server = serve()
    server:settimeout(0.01)
    texts[5] = problem(server.accept, server)
    return table.concat(texts, "|"))lua") ==
        "TimeoutError: timed out|true|0.01|TimeoutError: timed out|TimeoutError: timed out");
}

TEST_CASE("a socket that does not block says so", "[socket]") {
  CHECK(run(R"lua(
    local a, b = socket.socketpair()
    local states = {tostring(a:getblocking()), tostring(a:gettimeout())}
    a:setblocking(false)
    states[3], states[4] = tostring(a:getblocking()), a:gettimeout()
    states[5] = problem(a.recv, a, 1)
    a:settimeout(nil)
    states[6] = tostring(a:getblocking())
    states[7] = problem(a.settimeout, a, -1)
    states[8] = problem(a.settimeout, a, 0 / 0)
    return table.concat(states, "|"))lua") ==
        "true|nil|false|0.0|BlockingIOError: [Errno 11] Resource temporarily unavailable|true|"
        "ValueError: Timeout value out of range|ValueError: Invalid value NaN (not a number)");
}

TEST_CASE("new sockets have the default timeout", "[socket]") {
  CHECK(run(R"lua(
    socket.setdefaulttimeout(7)
    local with = socket.socket():gettimeout()
    local default = socket.getdefaulttimeout()
    socket.setdefaulttimeout(nil)
    return with .. " " .. default .. " " .. tostring(socket.socket():gettimeout()))lua") == "7.0 7.0 nil");
}

TEST_CASE("options are set and asked for", "[socket]") {
  CHECK(run(R"lua(
    local s = socket.socket()
    s:setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s:setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, true)
    s:setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, string.pack("i4i4", 1, 0))
    local values = {s:getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR),
      s:getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), s:getsockopt(socket.SOL_SOCKET, socket.SO_TYPE),
      #s:getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8), problem(s.setsockopt, s, 12345, 1, 1)}
    return table.concat(values, " "))lua") == "1 1 1 8 OSError: [Errno 92] Protocol not available");
}

TEST_CASE("a closed socket is not used any more", "[socket]") {
  CHECK(run(R"lua(
    local a, b = socket.socketpair()
    local open = a:fileno() >= 0
    a:close() a:close()
    do local held <close> = b:hold() end
    return tostring(open) .. " " .. a:fileno() .. b:fileno() .. " " .. problem(a.recv, a, 1) .. " " ..
      problem(b.send, b, "x"))lua") ==
        "true -1-1 OSError: [Errno 9] Bad file descriptor OSError: [Errno 9] Bad file descriptor");
}

TEST_CASE("a detached descriptor becomes another socket's", "[socket]") {
  CHECK(run(R"lua(
    local a, b = socket.socketpair()
    local number = a:detach()
    local again = socket.socket{fileno = number}
    collectgarbage()
    b:sendall("through")
    return a:fileno() .. a:detach() .. " " .. tostring(again:fileno() == number) .. " " .. again:recv(10) .. " " ..
      tostring(again.family == socket.AF_UNIX) .. " " .. problem(socket.socket, {fileno = 99999}))lua") ==
        "-1-1 true through true OSError: [Errno 9] Bad file descriptor");
}

TEST_CASE("a thread that waits for a socket ends its wait when another closes it", "[socket]") {
  CHECK(run(R"lua(
    local texts = {false, false}
    local a, b = socket.socketpair()
    local server = serve()
    local threads = {
      threading.Thread{target = function() texts[1] = problem(a.recv, a, 1) end},
      threading.Thread{target = function() texts[2] = problem(server.accept, server) end}}
    for _, t in ipairs(threads) do t:start() end
    a:close() server:close()
    for _, t in ipairs(threads) do t:join() end
    return texts[1] .. "|" .. texts[2])lua") ==
        "OSError: [Errno 9] Bad file descriptor|OSError: [Errno 9] Bad file descriptor");
}

TEST_CASE("other threads run while one waits for bytes", "[socket]") {
  // Each waits a thousand times for what the other does not send before it has run. Would one keep the lock,
  // neither would ever go on.
  CHECK(run(R"lua(
    local a, b = socket.socketpair()
    local counts = {0, 0}
    local t = threading.Thread{target = function()
      for i = 1, 1000 do
        local got = b:recv(1)
        counts[1] = counts[1] + 1
        b:sendall(got)
      end
    end}
    t:start()
    for i = 1, 1000 do
      a:sendall("x")
      assert(a:recv(1) == "x")
      counts[2] = counts[2] + 1
    end
    t:join()
    return counts[1] .. " " .. counts[2])lua") == "1000 1000");
}

TEST_CASE("other threads run while one sends more than there is room for", "[socket]") {
  CHECK(run(R"lua(
    local a, b = socket.socketpair()
    local total = {0}
    local t = threading.Thread{target = function()
      repeat
        local bytes = b:recv(65536)
        total[1] = total[1] + #bytes
      until bytes == ""
    end}
    t:start()
    a:sendall(("x"):rep(3000000)) a:close()
    t:join()
    return total[1])lua") == "3000000");
}

TEST_CASE("other threads run while one waits for a connection", "[socket]") {
  CHECK(run(R"lua(
    local server = serve()
    local address = server:getsockname()
    local counts = {0, 0}
    local t = threading.Thread{target = function()
      for i = 1, 20 do
        local client = socket.create_connection(address)
        counts[1] = counts[1] + #client:recv(1)
        client:close()
      end
    end}
    t:start()
    for i = 1, 20 do
      local peer = server:accept()
      counts[2] = counts[2] + 1
      peer:sendall("x") peer:close()
    end
    t:join()
    return counts[1] .. " " .. counts[2])lua") == "20 20");
}

TEST_CASE("an interruption ends what waits for a socket", "[socket]") {
  for (const char* waiting :
       {"local a, b = socket.socketpair() a:recv(1)", "local s = serve() s:accept()",
        "local a, b = socket.socketpair() while true do a:sendall(('x'):rep(100000)) end"}) {
    for (const LockSettings& lock : lock_regimes()) {
      ScriptVm vm(lock);
      CHECK(vm.run(kPrelude + std::string("threading.Thread{target = function() os.exit(3) end}:start() ") +
                   waiting)
                .empty());
      CHECK(vm.vm().exit_status() == 3);
    }
  }
}

TEST_CASE("a file on a socket reads lines, so many bytes, and the rest", "[socket]") {
  CHECK(run(R"lua(
    local a, b = socket.socketpair()
    local writer, reader = a:makefile("w"), b:makefile("rb")
    writer:write("first\nsecond\n\nlong line without end") writer:flush()
    a:shutdown(socket.SHUT_WR)
    local texts = {reader:readline(), reader:read(3), reader:readline(2), reader:readline(), reader:readline()}
    for line in reader:lines() do texts[#texts + 1] = line end
    texts[#texts + 1] = reader:read()
    reader:close()
    texts[#texts + 1] = problem(reader.read, reader)
    return (table.concat(texts, "|"):gsub("\n", "$")) .. "|" .. problem(a.makefile, a, "x"))lua") ==
        "first$|sec|on|d$|$|long line without end||ValueError: I/O operation on closed file.|"
        "ValueError: invalid mode x (only r, w, b allowed)");
}

TEST_CASE("names become addresses", "[socket]") {
  CHECK(run(R"lua(
    local found = socket.getaddrinfo("127.0.0.1", 80, socket.AF_INET, socket.SOCK_STREAM)
    local first = found[1]
    return #found .. " " .. tostring(first[1] == socket.AF_INET) .. tostring(first[2] == socket.SOCK_STREAM) .. " " ..
      first[5][1] .. " " .. first[5][2] .. " " .. socket.gethostbyname("127.0.0.1") .. " " ..
      tostring(#socket.gethostname() > 0))lua") == "1 truetrue 127.0.0.1 80 127.0.0.1 true");
}

TEST_CASE("a name that is none raises gaierror", "[socket]") {
  CHECK(run(R"lua(
    local ok, e = pcall(socket.getaddrinfo, "nonsense", 80, 0, 0, 0, socket.AI_NUMERICHOST)
    return tostring(e) .. " " .. tostring(builtins.isinstance(e, socket.gaierror)) ..
      tostring(builtins.isinstance(e, socket.error)) .. " " .. tostring(e.errno == socket.EAI_NONAME))lua") ==
        "socket.gaierror: [Errno -2] Name or service not known truetrue true");
}

TEST_CASE("what is no address is refused", "[socket]") {
  CHECK(run(R"lua(
    local s = socket.socket()
    return problem(s.bind, s, "127.0.0.1") .. "|" .. problem(s.connect, s, {"127.0.0.1", 65536}) .. "|" ..
      problem(socket.create_connection, {timeout = 1}) .. "|" .. problem(socket.create_server, {adress = 1}) .. "|" ..
      problem(s.recv, s, -1))lua") ==
        "TypeError: an address is a table {host, port}: a string and an integer|OverflowError: port must be "
        "0-65535.|"
        "TypeError: create_connection(): an address is a table {host, port}|"
        "TypeError: create_server() got an unexpected keyword argument 'adress'|"
        "ValueError: negative buffersize in recv");
}

TEST_CASE("a server's address may be used again at once", "[socket]") {
  CHECK(run(R"lua(
    local server = serve()
    local address = server:getsockname()
    local client = socket.create_connection(address, {timeout = 5})
    local peer = server:accept()
    peer:close() client:close() server:close()
    local again = socket.create_server(address)
    local same = again:getsockname()[2] == address[2]
    again:close()
    return tostring(same) .. " " .. client:gettimeout())lua") == "true 5.0");
}

TEST_CASE("no deterministic schedule has sockets", "[socket]") {
  ScriptVm vm(LockSettings{}, 0, ScheduleKind::kRandom);
  for (const char* call : {"socket.socket", "socket.socketpair", "socket.getaddrinfo, 'localhost', 80"}) {
    const std::string name(call, std::string(call).find(',') == std::string::npos
                                     ? std::string(call).size()
                                     : std::string(call).find(','));
    CHECK(vm.run(kPrelude + std::string("return (problem(") + call + "):gsub('^test:%d+: ', ''))")
              .starts_with(name + " is not possible under a deterministic schedule"));
  }
}

}  // namespace
}  // namespace gilvm
