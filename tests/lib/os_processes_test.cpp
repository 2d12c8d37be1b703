// What Python's `os` says of processes and cores, and the module `gil`.
#include <sched.h>
#include <unistd.h>

#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("a process and its parent have numbers", "[os]") {
  CHECK(run_sync("return os.getpid() .. ' ' .. os.getppid()") ==
        std::to_string(getpid()) + " " + std::to_string(getppid()));
}

TEST_CASE("a child process has another number, and its parent is the one that started it", "[os]") {
  CHECK(run_sync(R"(
    local file = os.tmpname()
    local child = require("multiprocessing").Process{target = function()
      local out <close> = io.open(file, "w")
      out:write(os.getpid(), " ", os.getppid())
    end}
    child:start() child:join()
    local text = io.open(file):read("a")
    os.remove(file)
    return tostring(text == child.pid .. " " .. os.getpid()))") == "true");
}

TEST_CASE("a thread that asks for one core has that one", "[os]") {
  CHECK(run_sync(R"(
    local all = os.sched_getaffinity(0)
    local only, count
    local thread = threading.Thread{target = function()
      os.sched_setaffinity(0, {all[#all]})
      only, count = os.sched_getaffinity(0), os.process_cpu_count()
    end}
    thread:start() thread:join()
    assert(#only == 1 and only[1] == all[#all] and count == 1)
    assert(#os.sched_getaffinity(0) == #all and os.process_cpu_count() == #all)
    return tostring(os.cpu_count() >= #all))") == "true");
}

TEST_CASE("cores and processes that do not exist are refused", "[os]") {
  CHECK(run_sync("os.sched_setaffinity(0, {})") == "OSError: [Errno 22] Invalid argument");
  CHECK(run_sync("os.sched_setaffinity(0, {-1})") == "ValueError: negative CPU number");
  CHECK(run_sync("os.sched_setaffinity(0, {'one'})") == "TypeError: a list of integers expected");
  CHECK(run_sync("os.sched_getaffinity(1 << 30)") == "ProcessLookupError: [Errno 3] No such process");
  CHECK(run_sync(R"(
    local builtins = require "builtins"
    local _, problem = pcall(os.sched_getaffinity, 1 << 30)
    return tostring(builtins.isinstance(problem, builtins.OSError)))") == "true");
}

TEST_CASE("gil.stats has an entry for each thread, and counts what the lock did", "[gil]") {
  const std::string source = std::string(kSyncPrelude) + R"(
    start(2, function() for i = 1, 1000 do end end)()
    local names, switches = {}, 0
    for index, entry in ipairs(require("gil").stats()) do
      names[index] = entry.thread
      switches = switches + entry.switches
      assert(entry.held >= 0 and entry.waited >= 0 and math.type(entry.requests) == "integer")
    end
    table.sort(names)
    return table.concat(names, " ") .. " " .. tostring(switches > 0))";
  for (const LockSettings& lock : lock_regimes()) {
    ScriptVm vm(lock);
    const bool counts = lock.regime == LockRegime::kGil;
    CHECK(vm.run(source) == std::string("Thread-1 Thread-2 main ") + (counts ? "true" : "false"));
  }
}

}  // namespace
}  // namespace gilvm
