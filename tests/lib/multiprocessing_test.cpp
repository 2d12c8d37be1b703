#include <unistd.h>

#include <cstdio>

#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

std::string run(const std::string& source) {
  return run_in_each_regime(
      "local Process, time, threading = require('multiprocessing').Process, require 'time', require "
      "'threading'\n" +
      source);
}

constexpr const char* kEndless = "local p = Process{target = function() while true do end end} p:start()\n";

TEST_CASE("a process runs its target with its arguments and ends with 0", "[multiprocessing]") {
  CHECK(run(R"(
    local p = Process{target = function(a, b) assert(a + b == 3) end, args = {1, 2}}
    p:start() p:join()
    return p.exitcode)") == "0");
}

TEST_CASE("the exit code is that of os.exit", "[multiprocessing]") {
  CHECK(run("local p = Process{target = os.exit, args = {9}} p:start() p:join() return p.exitcode") == "9");
  CHECK(run("local p = Process{target = os.exit, args = {false}} p:start() p:join() return p.exitcode") ==
        "1");
}

TEST_CASE("an error in a process is exit code 1", "[multiprocessing]") {
  CHECK(run(R"(
    local p = Process{target = function() error("broken") end}
    p:start() p:join()
    return p.exitcode)") == "1");
}

TEST_CASE("a process that a signal ends has minus its number", "[multiprocessing]") {
  CHECK(run(std::string(kEndless) + "p:terminate() p:join() return p.exitcode") == "-15");
  CHECK(run(std::string(kEndless) + "p:kill() p:join() return p.exitcode") == "-9");
}

TEST_CASE("a process can be ended while another thread joins it", "[multiprocessing]") {
  CHECK(run(std::string(kEndless) + R"(
    local t = threading.Thread{target = function() p:join() end}
    t:start()
    time.sleep(0.01)
    local alive = p:is_alive()
    p:kill()
    t:join()
    return string.format("%s %s %d", alive, p:is_alive(), p.exitcode))") == "true false -9");
}

TEST_CASE("is_alive of a process is true from start to end", "[multiprocessing]") {
  CHECK(run(R"(
    local p = Process{target = function() time.sleep(1000) end}
    local states = {p:is_alive()}
    p:start() states[2] = p:is_alive()
    p:kill() p:join() states[3] = p:is_alive()
    return string.format("%s %s %s", states[1], states[2], states[3]))") == "false true false");
}

TEST_CASE("join of a process returns after the timeout", "[multiprocessing]") {
  CHECK(run(std::string(kEndless) + R"(
    local start = time.monotonic()
    p:join(0.02)
    local waited, alive, code = time.monotonic() - start, p:is_alive(), p.exitcode
    p:kill() p:join()
    return string.format("%s %s %s", waited >= 0.02, alive, code))") == "true true nil");
}

TEST_CASE("a process is started once, and joined after that", "[multiprocessing]") {
  CHECK(run("local p = Process() p:start() p:start()") == "AssertionError: cannot start a process twice");
  CHECK(run("Process():join()") == "AssertionError: can only join a started process");
  CHECK(run("Process{target = 1}") == "TypeError: Process: target must be a function, got number");
}

TEST_CASE("processes do not see each other's changes", "[multiprocessing]") {
  CHECK(run(R"(
    x = 1
    local processes = {}
    for i = 1, 3 do
      processes[i] = Process{target = function() assert(x == 1) x = x + i os.exit(x) end}
      processes[i]:start()
    end
    local codes = {}
    for i, p in ipairs(processes) do p:join() codes[i] = p.exitcode end
    return table.concat(codes, " ") .. " " .. x)") == "2 3 4 1");
}

TEST_CASE("a process may start processes of its own", "[multiprocessing]") {
  CHECK(run(R"(
    local p = Process{target = function()
      local q = Process{target = os.exit, args = {4}}
      q:start() q:join()
      os.exit(q.exitcode + 1)
    end}
    p:start() p:join()
    return p.exitcode)") == "5");
}

TEST_CASE("a process does not join its sibling", "[multiprocessing]") {
  CHECK(run(std::string(kEndless) + R"(
    local q = Process{target = function()
      local ok, message = pcall(p.join, p)
      os.exit(tostring(message) == "AssertionError: can only join a child process" and 0 or 1)
    end}
    q:start() q:join() p:kill()
    return q.exitcode)") == "0");
}

TEST_CASE("a process may start threads, and waits for them", "[multiprocessing]") {
  CHECK(run(R"(
    local p = Process{target = function()
      local t = threading.Thread{target = function() time.sleep(0.01) os.exit(8) end}
      t:start()
    end}
    p:start() p:join()
    return p.exitcode)") == "8");
}

TEST_CASE("a thread may start a process while others run", "[multiprocessing]") {
  CHECK(run(R"(
    -- The codes' table has its full size beforehand: without a lock, a growth may lose another thread's store.
    local stop, threads, codes = false, {}, {false, false, false}
    for i = 1, 3 do
      threads[i] = threading.Thread{target = function() local t = {} while not stop do t[#t + 1] = {} if #t > 100 then t = {} end end end}
      threads[i]:start()
    end
    for i = 1, 3 do
      threads[3 + i] = threading.Thread{target = function()
        local p = Process{target = function() local t = {} for k = 1, 1000 do t[k] = {k} end collectgarbage() os.exit(#t // 100) end}
        p:start() p:join()
        codes[i] = p.exitcode
      end}
      threads[3 + i]:start()
    end
    for i = 4, 6 do threads[i]:join() end
    stop = true
    for i = 1, 3 do threads[i]:join() end
    return table.concat(codes, " "))") == "10 10 10");
}

TEST_CASE("a process keeps its target and arguments while what runs after a fork collects garbage",
          "[multiprocessing]") {
  CHECK(run(R"(
    threading._register_at_fork(function() collectgarbage() for i = 1, 1000 do local t = {i, {}} end collectgarbage() end)
    local exitcode
    local t = threading.Thread{target = function()
      local p = Process{target = function(list) os.exit(#list) end, args = {{1, 2, 3}}}
      p:start() p:join()
      exitcode = p.exitcode
    end}
    t:start() t:join()
    return exitcode)") == "3");
}

TEST_CASE("threads that start and ask processes at the same time do not block each other",
          "[multiprocessing]") {
  CHECK(run(R"(
    -- Of its full size, as the codes above.
    local threads, ended = {}, {false, false, false, false}
    for i = 1, 4 do
      threads[i] = threading.Thread{target = function()
        for round = 1, 10 do
          local p = Process()
          p:start()
          while p:is_alive() do time.sleep(0) end
        end
        ended[i] = i
      end}
      threads[i]:start()
    end
    for i = 1, 4 do threads[i]:join() end
    return table.concat(ended, " "))") == "1 2 3 4");
}

TEST_CASE("the objects of children that have ended hold no descriptors, and leave no zombie",
          "[multiprocessing]") {
  CHECK(run(R"(
    local function output(command)
      local pipe <close> = io.popen(command)
      return tonumber(pipe:read("a"))
    end
    local descriptors, zombies = "ls /proc/" .. os.getpid() .. "/fd | wc -l", "ps --ppid " .. os.getpid() .. " -o stat= | grep -c Z"
    -- The command may look while its own pipe is still being set up; not each of ten times.
    local function least(command)
      local number = math.huge
      for _ = 1, 10 do number = math.min(number, output(command)) end
      return number
    end
    local before, processes = least(descriptors), {}
    for i = 1, 30 do
      processes[i] = Process()
      processes[i]:start()
      processes[i]:join()
    end
    return least(descriptors) - before .. " " .. output(zombies))") == "0 0");
}

TEST_CASE("processes that are no daemons are waited for at the end, daemons are ended", "[multiprocessing]") {
  const std::string path = "/tmp/gilvm_multiprocessing_test_" + std::to_string(getpid());
  for (const LockSettings& lock : lock_regimes()) {
    std::remove(path.c_str());
    ScriptVm vm(lock);
    CHECK(vm.run(R"(
      local Process, time = require("multiprocessing").Process, require("time")
      Process{daemon = true, target = function() time.sleep(1000) end}:start()
      Process{target = function() time.sleep(0.02) io.open(")" +
                 path + R"(", "w"):close() end}:start()
      return "left")") == "left");
    CHECK(std::remove(path.c_str()) == 0);
  }
}

}  // namespace
}  // namespace gilvm
