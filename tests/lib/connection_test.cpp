#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

std::string run(const std::string& source) {
  return run_in_each_regime(
      "local mp, time, threading = require 'multiprocessing', require 'time', require 'threading' "
      "local function problem(f, ...) local ok, e = pcall(f, ...) return ok and 'none' or tostring(e) end\n" +
      source);
}

TEST_CASE("a pipe carries values both ways", "[connection]") {
  CHECK(run(R"(
    local here, there = mp.Pipe()
    local p = mp.Process{target = function() there:send{there:recv()[1] + 1} end}
    p:start()
    here:send{41}
    local answer = here:recv()[1]
    p:join()
    return answer .. " " .. p.exitcode)") == "42 0");
}

TEST_CASE("a pipe that is not duplex receives at its first end", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    w:send("x")
    local states = {r.readable, r.writable, w.readable, w.writable}
    for i = 1, 4 do states[i] = tostring(states[i]) end
    return r:recv() .. " " .. table.concat(states, " ") .. " " .. problem(r.send, r, 1) .. " " .. problem(w.recv, w))") ==
        "x true false false true OSError: connection is read-only OSError: connection is write-only");
}

TEST_CASE("messages of every length arrive whole", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    for _, length in ipairs{0, 1, 41, 4095, 4096, 4097, 32767, 32768, 32769, 100000, 3000000} do
      local text = ("ab"):rep(length // 2) .. ("c"):rep(length % 2)
      w:send_bytes(text)
      assert(r:recv_bytes() == text, length)
      w:send{text}
      assert(r:recv()[1] == text, length)
    end
    return "done")") == "done");
}

TEST_CASE("long messages of several processes do not mix", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    local processes, seen = {}, {}
    for id = 1, 4 do
      processes[id] = mp.Process{target = function()
        for n = 1, 200 do w:send{id, n, string.char(64 + id):rep(40000 + n)} end
      end}
      processes[id]:start()
    end
    for _ = 1, 800 do
      local id, n, text = table.unpack(r:recv())
      assert(n == (seen[id] or 0) + 1 and text == string.char(64 + id):rep(40000 + n))
      seen[id] = n
    end
    for id = 1, 4 do processes[id]:join() end
    return table.concat(seen, " "))") == "200 200 200 200");
}

TEST_CASE("a long message that was received takes no memory any more", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    local function blocks()
      local command = "for f in /proc/%d/fd/*; do case $(readlink $f) in *gilvm?messages*) stat -L -c %%b $f;; esac; done"
      local list <close> = io.popen(command:format(require("os").getpid()))
      local count = 0
      for line in list:lines() do count = count + tonumber(line) end
      return count
    end
    local before = blocks()
    w:send_bytes(("x"):rep(1000001))
    local in_pipe = blocks() - before
    r:recv_bytes()
    return (in_pipe * 512 >= 1000001 and "held" or in_pipe) .. " " .. blocks() - before)") == "held 0");
}

TEST_CASE("recv raises EOFError when nothing is left and the other end is closed", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    w:send(1) w:close()
    local first = r:recv()
    local ok, e = pcall(r.recv, r)
    return first .. " " .. tostring(e == require("builtins").EOFError) .. " " .. tostring(r:poll()))") ==
        "1 true true");
}

TEST_CASE("what was sent both ways is there after the other end was closed", "[connection]") {
  CHECK(run(R"(
    local a, b = mp.Pipe()
    a:send("unread") b:send("kept") b:close()
    return a:recv() .. " " .. problem(a.recv, a) .. " " .. problem(a.send, a, 1))") ==
        "kept EOFError BrokenPipeError: [Errno 32] Broken pipe");
}

TEST_CASE("a closed connection is not used any more", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    w:close() w:close()
    return tostring(w.closed) .. tostring(r.closed) .. " " .. problem(w.send, w, 1) .. " " .. problem(w.fileno, w))") ==
        "truefalse OSError: handle is closed OSError: handle is closed");
}

TEST_CASE("a thread that waits for a connection ends its wait when another closes it", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    local result = {false}
    local t = threading.Thread{target = function() result[1] = problem(r.recv, r) end}
    t:start() r:close() t:join()
    return result[1])") == "OSError: handle is closed");
}

TEST_CASE("a thread that has waited for messages ends its next wait when another closes the connection",
          "[connection]") {
  CHECK(run(R"(
    local here, there = mp.Pipe()
    local p = mp.Process{target = function() for _ = 1, 3 do there:send(there:recv()) end time.sleep(60) end}
    p:start()
    local result = {false}
    local t = threading.Thread{target = function()
      for n = 1, 3 do here:send(n) assert(here:recv() == n) end
      result[1] = problem(here.recv, here)
    end}
    t:start() time.sleep(0.05) here:close() t:join()
    p:kill() p:join()
    return result[1])") == "OSError: handle is closed");
}

TEST_CASE("poll waits as long as it is told", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    local start = time.monotonic()
    local states = {r:poll(), r:poll(0.02), r:poll(-1), r:poll{timeout = 0}}
    local waited = time.monotonic() - start >= 0.02
    w:send(1)
    for i = 1, 4 do assert(states[i] == false) end
    return tostring(waited) .. tostring(r:poll()) .. tostring(r:poll(nil)) .. tostring(r:poll(1000)))") ==
        "truetruetruetrue");
}

TEST_CASE("send_bytes takes a part of a text, and recv_bytes may limit what it accepts", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    w:send_bytes("abcdef", 2, 3)
    local part = r:recv_bytes(3)
    local problems = {problem(w.send_bytes, w, "abc", 4), problem(w.send_bytes, w, "abc", 1, 3),
                      problem(w.send_bytes, w, "abc", -1), problem(r.recv_bytes, r, -1)}
    w:send_bytes("too long")
    problems[5] = problem(r.recv_bytes, r, 3)
    return part .. " " .. table.concat(problems, "; ") .. " " .. tostring(r.closed))") ==
        "cde ValueError: buffer length < offset; ValueError: buffer length < offset + size; ValueError: "
        "offset is "
        "negative; ValueError: negative maxlength; OSError: got message that is too long true");
}

TEST_CASE("a refused value leaves nothing in the pipe", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    local text = problem(w.send, w, {task = {coroutine.create(print)}})
    return text .. " " .. tostring(r:poll()))") == "TypeError: cannot send a thread (at task[1]) false");
}

TEST_CASE("bytes that are no value are refused by recv", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    w:send_bytes("nonsense") w:send("next")
    return problem(r.recv, r) .. " " .. r:recv())") ==
        "ValueError: the bytes of a copied value are damaged next");
}

TEST_CASE("wait names the connections that can be read", "[connection]") {
  CHECK(run(R"(
    local connection = require "multiprocessing.connection"
    local r1, w1 = mp.Pipe(false)
    local r2, w2 = mp.Pipe(false)
    assert(#connection.wait({r1, r2}, 0) == 0)
    w2:send(1)
    local ready = connection.wait{r1, r2}
    assert(#ready == 1 and ready[1] == r2)
    w1:close()
    return #connection.wait({r1, r2}, 10))") == "2");
}

TEST_CASE("a pipe whose sender is killed ends cleanly at any moment", "[connection]") {
  CHECK(run(R"(
    local last, longest = time.monotonic() + 1, ("x"):rep(100000)
    local round = 0
    repeat
      round = round + 1
      local r, w = mp.Pipe(false)
      local p = mp.Process{target = function()
        for i = 1, math.huge do w:send{i, i % 50 == 0 and longest or "short"} end
      end}
      p:start() w:close()
      local count = 0
      while true do
        local ok, message = pcall(r.recv, r)
        if not ok then assert(tostring(message) == "EOFError") break end
        count = count + 1
        -- Nothing is lost, repeated or cut off.
        assert(message[1] == count and (#message[2] == 5 or #message[2] == 100000))
        if count == round * 7 % 300 + 1 then p:kill() end
      end
      p:join()
      assert(p.exitcode == -9 and count >= round * 7 % 300 + 1)
    until time.monotonic() > last
    return "done")") == "done");
}

TEST_CASE("a sender whose receiver is killed gets BrokenPipeError", "[connection]") {
  CHECK(run(R"(
    local r, w = mp.Pipe(false)
    local p = mp.Process{target = function() time.sleep(1000) end}
    p:start() r:close()
    local killer = threading.Thread{target = function() p:kill() end}
    killer:start()
    local text
    repeat text = problem(w.send, w, ("x"):rep(1000)) until text ~= "none"
    killer:join() p:join()
    return text)") == "BrokenPipeError: [Errno 32] Broken pipe");
}

TEST_CASE("os.exit in another thread ends a wait for a connection", "[connection]") {
  CHECK(run(R"(
    local p = mp.Process{target = function()
      local r, w = mp.Pipe(false)
      threading.Thread{target = function() time.sleep(0.01) os.exit(7) end}:start()
      r:recv()
    end}
    p:start() p:join()
    return p.exitcode)") == "7");
}

}  // namespace
}  // namespace gilvm
