// InterpreterPoolExecutor: what it has that ThreadPoolExecutor, whose tests are its own, has not.
#include <string>

#include "tests/lib/futures_scripts.h"

namespace gilvm {
namespace {

// No schedule has several VMs.
std::string run(const std::string& source) {
  std::string first;
  for (const LockSettings& lock : lock_regimes()) {
    INFO("lock regime " << static_cast<int>(lock.regime) << ", switch points "
                        << static_cast<int>(lock.points));
    const std::string result = ScriptVm(lock).run(futures_prelude() + source);
    if (first.empty()) first = result;
    CHECK(result == first);
  }
  return first;
}

}  // namespace

TEST_CASE("an executor of interpreters submits and maps", "[interpreter_executor]") {
  CHECK(run(R"(
    here = true
    local pool <close> = futures.InterpreterPoolExecutor(2)
    local elsewhere = pool:submit(function() return here end):result()
    local texts = {}
    for i, x in pool:map(function(a, b) return a * b end, {1, 2, 3}, {4, 5, 6}) do texts[i] = x end
    return tostring(elsewhere) .. ' ' .. table.concat(texts, ' ') .. ' ' ..
      futures.interpreter.InterpreterPoolExecutor.__name)") ==
        "nil 4 10 18 concurrent.futures.InterpreterPoolExecutor");
}

TEST_CASE("an error in a worker's interpreter is the future's", "[interpreter_executor]") {
  CHECK(run(R"(
    local pool <close> = futures.InterpreterPoolExecutor(1)
    local typed = pool:submit(function() error(require 'builtins'.ValueError('bad')) end):exception()
    local text = pool:submit(function() error('plain', 0) end):exception()
    local kept = pool:submit(function() error(coroutine.create(print)) end):exception()
    local refused = pool:submit(print, coroutine.create(print)):exception()
    return tostring(typed) .. tostring(builtins.isinstance(typed, builtins.ValueError)) .. ' ' .. text .. ' ' ..
      kept.__class__.__name__ .. ' ' .. refused.args[1])") ==
        "ValueError: badtrue plain concurrent.interpreters.ExecutionFailed cannot send a thread (at [2])");
}

TEST_CASE("each worker has an interpreter, which the initializer sets up", "[interpreter_executor]") {
  CHECK(run(R"(
    local pool = futures.InterpreterPoolExecutor{max_workers = 1, initializer = function(x) base = x end, initargs = {40}}
    local first = pool:submit(function() base = base + 1 return base end)
    local second = pool:submit(function() base = base + 1 return base end)
    local sum = first:result() .. second:result() .. tostring(base)
    pool:shutdown()
    return sum .. #require 'interpreters'.list_all())") == "4142nil1");
}

TEST_CASE("an initializer that fails breaks the pool of interpreters", "[interpreter_executor]") {
  StderrCapture capture;
  CHECK(run(R"(
    local pool = futures.InterpreterPoolExecutor{max_workers = 1, initializer = error, initargs = {'no'}}
    local lost = pool:submit(print)
    local broken = lost:exception()
    local ok, refused = pcall(pool.submit, pool, print)
    pool:shutdown()
    local Broken = futures.interpreter.BrokenInterpreterPool
    return tostring(builtins.isinstance(broken, Broken)) .. tostring(builtins.isinstance(refused, Broken)) ..
      tostring(builtins.isinstance(refused, futures.BrokenExecutor)) .. #require 'interpreters'.list_all())") ==
        "truetruetrue1");
}

TEST_CASE("an executor of interpreters says its own name", "[interpreter_executor]") {
  CHECK(run("return show(futures.InterpreterPoolExecutor, {workers = 1})") ==
        "false TypeError: InterpreterPoolExecutor() got an unexpected keyword argument 'workers'");
}

}  // namespace gilvm
