#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

std::string run(const std::string& source) {
  return run_sync("local builtins = require 'builtins' local isinstance = builtins.isinstance\n" + source);
}

TEST_CASE("an exception type is shown by its name, an exception with its arguments", "[builtins]") {
  CHECK(run("return queue.Empty") == "queue.Empty");
  CHECK(run("return builtins.RuntimeError()") == "RuntimeError");
  CHECK(run("return builtins.RuntimeError('too much', 3)") == "RuntimeError: too much, 3");
}

TEST_CASE("isinstance is true for a type, for its exceptions and for those of its subtypes", "[builtins]") {
  CHECK(run("return isinstance(queue.Empty, queue.Empty)") == "true");
  CHECK(run("return isinstance(queue.Empty(), queue.Empty)") == "true");
  CHECK(run("return isinstance(queue.Empty, builtins.Exception)") == "true");
  CHECK(run("return isinstance(threading.BrokenBarrierError(), builtins.RuntimeError)") == "true");
  CHECK(run("return isinstance(builtins.SystemExit, builtins.BaseException)") == "true");
  CHECK(run("return isinstance(builtins.SystemExit, builtins.Exception)") == "false");
  CHECK(run("return isinstance(queue.Empty, queue.Full)") == "false");
  CHECK(run("return isinstance('queue.Empty', queue.Empty)") == "false");
  CHECK(run("return isinstance({}, queue.Empty)") == "false");
  CHECK(run("return isinstance({__class__ = {}}, queue.Empty)") == "false");
  CHECK(run("isinstance({}, {})") == "TypeError: isinstance() arg 2 must be an exception type");
}

TEST_CASE("errors that Python's documentation names are exceptions of that name", "[builtins]") {
  CHECK(run(R"(
    local raised = {}
    local function try(f, ...)
      local _, problem = pcall(f, ...)
      raised[#raised + 1] = problem.__class__.__name__ .. tostring(isinstance(problem, problem.__class__))
    end
    local lock, thread = threading.Lock(), threading.Thread()
    try(lock.release, lock)
    try(lock.acquire, lock, false, 1)
    try(lock.acquire, lock, true, threading.TIMEOUT_MAX * 2)
    try(lock.acquire, lock, {patience = 1})
    try(thread.join, thread)
    try(threading.Semaphore, -1)
    try(function() thread.colour = 1 end)
    return table.concat(raised, " "))") ==
        "RuntimeErrortrue ValueErrortrue OverflowErrortrue TypeErrortrue RuntimeErrortrue ValueErrortrue "
        "AttributeErrortrue");
  CHECK(run("return isinstance(builtins.OverflowError(), builtins.ArithmeticError)") == "true");
  CHECK(run("return threading.ThreadError == builtins.RuntimeError") == "true");
  CHECK(run("local _, problem = pcall(threading.Barrier, 0) return problem.args[1]") ==
        "parties must be > 0");
}

TEST_CASE("a script can make exception types of its own", "[builtins]") {
  CHECK(run("local Mine = builtins.exception_type('Mine', builtins.Exception)\n"
            "local _, problem = pcall(error, Mine('why'))\n"
            "return tostring(problem) .. tostring(isinstance(problem, Mine)) .. problem.args[1]") ==
        "Mine: whytruewhy");
}

TEST_CASE("an exception that nobody catches is shown with a traceback", "[builtins]") {
  ScriptVm vm({LockRegime::kGil, {}, SwitchPoints::kEvery});
  std::string error;
  Closure* closure = load_source(vm.thread(), "error(require('queue').Full)", "=test",
                                 Value::table(vm.vm().globals), &error);
  REQUIRE(closure);
  CHECK_FALSE(call_reporting(vm.thread(), Value::closure(closure), {}, &error));
  CHECK(error ==
        "queue.Full\nstack traceback:\n\t[C]: in function 'error'\n\ttest:1: in main chunk\n\t[C]: in ?");
}

TEST_CASE("threads that require a module at once all get the same", "[package]") {
  for (const LockSettings& lock : lock_regimes()) {
    CHECK(ScriptVm(lock).run(R"(
      local thread, found, threads = require "_thread", {0, 0, 0, 0, 0, 0, 0, 0}, {}
      for i = 1, 8 do
        threads[i] = thread.Thread{target = function() found[i] = require("queue").Empty end}
        threads[i]:start()
      end
      local others = 0
      for i = 1, 8 do
        threads[i]:join()
        if found[i] ~= require("queue").Empty then others = others + 1 end
      end
      return others)") == "0");
  }
}

TEST_CASE("a module that is written in Lua is read once, also when it is required again", "[package]") {
  CHECK(run("package.loaded.queue = nil return require('queue') == queue") == "true");
}

TEST_CASE("a traceback has the lines of modules that are written in Lua", "[package]") {
  ScriptVm vm({LockRegime::kGil, {}, SwitchPoints::kEvery});
  std::string error;
  Closure* closure = load_source(vm.thread(), "require('threading').Condition():notify()", "=test",
                                 Value::table(vm.vm().globals), &error);
  REQUIRE(closure);
  CHECK_FALSE(call_reporting(vm.thread(), Value::closure(closure), {}, &error));
  INFO(error);
  CHECK(error.starts_with("RuntimeError: cannot notify on un-acquired lock\nstack traceback:\n"));
  CHECK(error.find("\n\tthreading.lua:") != std::string::npos);
}

}  // namespace
}  // namespace gilvm
