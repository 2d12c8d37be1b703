#include <unistd.h>

#include <cstdio>

#include "tests/lib/process_scripts.h"

namespace gilvm {
namespace {

std::string run(const std::string& source) {
  return run_processes("local futures = require 'concurrent.futures' " + source);
}

TEST_CASE("an executor of processes submits and maps", "[process_executor]") {
  CHECK(run(R"(
    local executor = futures.ProcessPoolExecutor(2)
    local here = os.getpid()
    local elsewhere = executor:submit(os.getpid):result() ~= here
    local texts = {}
    for i, x in executor:map(function(a, b) return a * b end, {1, 2, 3}, {4, 5, 6}) do texts[i] = x end
    local failed = executor:submit(error, "broken")
    local refused = executor:submit(print, coroutine.create(print))
    executor:shutdown()
    return tostring(elsewhere) .. " " .. table.concat(texts, " ") .. " " .. problem(failed.result, failed) .. "; " ..
      problem(refused.result, refused) .. "; " .. problem(executor.submit, executor, print))") ==
        "true 4 10 18 broken; TypeError: cannot send a thread (at [3][1]); RuntimeError: cannot schedule new "
        "futures after "
        "shutdown");
}

TEST_CASE("an executor is broken when one of its processes is killed", "[process_executor]") {
  CHECK(run(R"(
    local executor = futures.ProcessPoolExecutor(2)
    local lost = executor:submit(os.exit, 3)
    local waiting = executor:submit(time.sleep, 1000)
    local isinstance, Broken = require("builtins").isinstance, futures.process.BrokenProcessPool
    local kinds = {isinstance(lost:exception(), Broken), isinstance(waiting:exception(), Broken)}
    local ok, e = pcall(executor.submit, executor, print)
    kinds[3] = isinstance(e, Broken) and isinstance(e, futures.BrokenExecutor)
    executor:shutdown()
    return tostring(kinds[1]) .. tostring(kinds[2]) .. tostring(kinds[3]) .. #mp.active_children())") ==
        "truetruetrue0");
}

TEST_CASE("a future that no process has begun can be cancelled", "[process_executor]") {
  CHECK(run(R"(
    local gate = mp.Event()
    local executor = futures.ProcessPoolExecutor{max_workers = 1, initializer = function(g) its_gate = g end, initargs = {gate}}
    local first = executor:submit(function() its_gate:wait() return "first" end)
    local rest = {}
    for i = 1, 4 do rest[i] = executor:submit(function() its_gate:wait() return i end) end
    while not first:running() do time.sleep(0.001) end
    local cancelled = rest[2]:cancel()
    local t = threading.Thread{target = function() executor:shutdown{cancel_futures = true} end}
    t:start()
    while not rest[4]:cancelled() do time.sleep(0.001) end
    gate:set()
    t:join()
    return tostring(cancelled) .. tostring(rest[3]:cancelled()) .. first:result())") == "truetruefirst");
}

TEST_CASE("what an executor was given is done before the program ends", "[process_executor]") {
  const std::string path = "/tmp/gilvm_process_executor_test_" + std::to_string(getpid());
  for (const LockSettings& lock : lock_regimes()) {
    std::remove(path.c_str());
    ScriptVm vm(lock);
    CHECK(vm.run("require('concurrent.futures').ProcessPoolExecutor(1):submit(function(path) "
                 "require('time').sleep(0.02) io.open(path, 'w'):close() end, '" +
                 path + "') return 'left'") == "left");
    CHECK(std::remove(path.c_str()) == 0);
  }
}

}  // namespace
}  // namespace gilvm
