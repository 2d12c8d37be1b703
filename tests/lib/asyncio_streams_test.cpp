#include "tests/lib/asyncio_scripts.h"

namespace gilvm {
namespace {

// served(callback, body): what body(port) returns, while a server calls callback(reader, writer);
// connect(port).
const std::string kServed = R"(
  local function connect(port, given) return await(asyncio.open_connection("127.0.0.1", port, given)) end
  local function served(callback, body)
    local server = await(asyncio.start_server(callback, "127.0.0.1", 0))
    local _, port = server.sockets[1].getsockname()
    local result = body(port, server)
    server:close()
    await(server:wait_closed())
    return result
  end
  local function echo(reader, writer)
    for line in reader do writer:write(line) await(writer:drain()) end
    writer:close()
  end )";

TEST_CASE("a server and its clients talk", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    served(echo, function(port)
      local reader, writer = connect(port)
      say(writer:get_extra_info("peername")[1]) say(writer:get_extra_info("peername")[2] == port)
      writer:write("one\ntwo\nthr") writer:writelines{"ee\n", "end"}
      for _ = 1, 3 do say((await(reader:readline()):gsub("\n", ";"))) end
      say(reader:at_eof())
      writer:write_eof()
      say(await(reader:readline())) say(reader:at_eof()) say(#await(reader:readline()))
      say(writer:is_closing()) writer:close() say(writer:is_closing()) await(writer:wait_closed())
      say(writer)
    end)
    return said())") == "127.0.0.1 true one; two; three; false end true 0 false true <StreamWriter closing>");
}

TEST_CASE("every way to read", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    served(function(reader, writer) writer:write("abcdefgh;ijkl;mn") writer:close() end, function(port)
      local reader, writer <close> = connect(port)
      say(await(reader:readexactly(3))) say(await(reader:read(2))) say(await(reader:readuntil(";")))
      say(await(reader:readuntil{separator = "l;"})) say(#await(reader:read(0)))
      say(await(reader:read())) say(#await(reader:read(5)))
    end)
    return said())") == "abc de fgh; ijkl; 0 mn 0");
}

TEST_CASE("what ends too early is an IncompleteReadError with what there was", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    served(function(reader, writer) writer:write("abc") writer:close() end, function(port)
      local reader, writer <close> = connect(port)
      local _, problem = pcall(await, reader:readexactly(5))
      say(problem) say(problem.partial) say(problem.expected)
      local again, other <close> = connect(port)
      _, problem = pcall(await, again:readuntil("\n"))
      say(problem) say(problem.partial) say(builtins.isinstance(problem, builtins.EOFError))
    end)
    return said())") ==
        "asyncio.IncompleteReadError: 3 bytes read on a total of 5 expected bytes abc 5 "
        "asyncio.IncompleteReadError: 3 bytes read on a total of undefined expected bytes abc true");
}

TEST_CASE("a line that is longer than the limit is an error", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    served(function(reader, writer) writer:write(("x"):rep(100) .. "\n") writer:close() end, function(port)
      local reader, writer <close> = connect(port, {limit = 10})
      say(show(await, reader:readuntil())) say(show(await, reader:readline()))
    end)
    return said())")
            .find("false asyncio.LimitOverrunError: Separator is") == 0);
}

TEST_CASE("much data passes, and neither side stores it all", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    local SIZE, most_stored = 4 << 20, 0
    local total = served(function(reader, writer)
      local block = ("x"):rep(1 << 16)
      for _ = 1, SIZE >> 16 do
        writer:write(block)
        await(writer:drain())
        most_stored = math.max(most_stored, writer._connection.unsent)
      end
      writer:close()
    end, function(port)
      local reader, writer <close> = connect(port)
      turn(20)
      local count = 0
      repeat
        local part = await(reader:read(100000))
        count = count + #part
        assert(reader._connection.size <= 4 << 16)
      until part == ""
      return count
    end)
    return tostring(total == SIZE) .. tostring(most_stored <= 2 << 16))") == "truetrue");
}

TEST_CASE("a hundred clients at once, in one thread", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    return served(echo, function(port)
      local tasks = {}
      for i = 1, 100 do
        tasks[i] = create_task(function()
          local reader, writer <close> = connect(port)
          local sum = 0
          for k = 1, 3 do writer:write(i * k .. "\n") sum = sum + tonumber(await(reader:readline())) end
          return sum
        end)
      end
      local sum = 0
      for _, part in ipairs(await(gather(table.unpack(tasks)))) do sum = sum + part end
      return sum
    end))") == "30300");
}

TEST_CASE("nobody listens, no such host, no such port", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    local free
    served(echo, function(port) free = port end)
    local _, problem = pcall(connect, free)
    say(builtins.isinstance(problem, builtins.ConnectionRefusedError)) say(builtins.isinstance(problem, builtins.OSError))
    say(show(connect, 70000)) say(show(connect, "x"))
    say(show(await, asyncio.start_server(3, nil, 0)))
    return said())") ==
        "true true false OverflowError: open_connection(): port must be 0-65535. "
        "false TypeError: open_connection: port must be a number, got string "
        "false TypeError: start_server() takes a function, got 3");
}

TEST_CASE("a port that is taken is an error", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    return served(echo, function(port)
      return show(await, asyncio.start_server(echo, "127.0.0.1", port))
    end))") == "false OSError: [Errno 98] address already in use");
}

TEST_CASE("a connection that is cut ends reading and writing", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    served(function(reader, writer) writer:close() end, function(port)
      local reader, writer <close> = connect(port)
      say(#await(reader:read()))
      local ended = pcall(function()
        while true do writer:write(("x"):rep(1 << 16)) await(writer:drain()) turn() end
      end)
      say(ended)
    end)
    return said())") == "0 false");
}

TEST_CASE("an error in a server's function is reported, and ends the connection", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    asyncio.get_running_loop():set_exception_handler(function(_, context) say(context.message) say(context.exception) end)
    served(function() error("E", 0) end, function(port)
      local reader, writer <close> = connect(port)
      say(#await(reader:read()))
    end)
    return said())") == "Unhandled exception in client_connected_cb E 0");
}

TEST_CASE("a read can be cancelled, and only one task reads at a time", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    served(echo, function(port)
      local reader, writer <close> = connect(port)
      say(show(await, asyncio.wait_for(reader:readline(), 0.001)))
      local first = create_task(reader:readline())
      turn()
      say(show(await, reader:readline()))
      writer:write("line\n")
      say((await(first):gsub("\n", "")))
    end)
    return said())") ==
        "false TimeoutError false RuntimeError: readuntil() called while another coroutine is already "
        "waiting for incoming data line");
}

TEST_CASE("serve_forever serves until it is cancelled", "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    local server = await(asyncio.start_server(echo, "127.0.0.1", 0))
    local forever = create_task(server:serve_forever())
    turn() say(server:is_serving()) say(server)
    forever:cancel()
    say(show(await, forever)) say(server:is_serving()) say(#server.sockets)
    return said())") == "true <Server serving> false asyncio.CancelledError false 0");
}

TEST_CASE("a loop that waits for a connection runs its timers and hears other threads",
          "[asyncio][streams]") {
  CHECK(run_in_task(kServed + R"(
    return served(echo, function(port)
      local reader, writer <close> = connect(port)
      local loop, done = asyncio.get_running_loop(), asyncio.Future()
      local reading = create_task(reader:readline())
      await(sleep(0.002, "slept"))
      local join = start(1, function() loop:call_soon_threadsafe(done.set_result, done, "heard") end)
      say(await(done))
      join()
      reading:cancel()
      return said()
    end))") == "heard");
}

TEST_CASE("a loop that waits for a connection is interrupted", "[asyncio][streams]") {
  ScriptVm vm({LockRegime::kGil, {}, SwitchPoints::kEvery});
  CHECK(vm.run(asyncio_prelude() + kServed + R"(
    local listening = threading.Event()
    threading.Thread{daemon = true, target = function()
      asyncio.run(function() served(echo, function() listening:set() await(asyncio.Future()) end) end)
    end}:start()
    listening:wait()
    return "the test ends, and with it the thread")") == "the test ends, and with it the thread");
}

}  // namespace
}  // namespace gilvm
