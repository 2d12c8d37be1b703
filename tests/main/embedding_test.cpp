#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "vm/gilvm.h"

namespace gilvm {
namespace {

ScriptValue integer(std::int64_t value) { return value; }
ScriptValue text(const char* value) { return std::string(value); }

const LockSettings kNoLock = {LockRegime::kNone, {}, SwitchPoints::kEvery};

TEST_CASE("run returns the first result", "[embedding]") {
  Interpreter interpreter;
  CHECK(interpreter.run("return 1, 2").value == integer(1));
  CHECK(interpreter.run("return 2.5").value == ScriptValue(2.5));
  CHECK(interpreter.run("return true").value == ScriptValue(true));
  CHECK(interpreter.run("return 'text'").value == text("text"));
  CHECK(interpreter.run("return math.mininteger").value == integer(INT64_MIN));
  CHECK(interpreter.run("").value == ScriptValue());
  CHECK(interpreter.run("return setmetatable({}, {__tostring = function() return 'a table' end})").value ==
        text("a table"));
}

TEST_CASE("run hands arguments over", "[embedding]") {
  Interpreter interpreter;
  const std::vector<ScriptValue> arguments = {integer(1), text("a\0b"), {}, ScriptValue(false)};
  CHECK(interpreter.run("return select('#', ...) .. tostring((...))", arguments).value == text("41"));
}

TEST_CASE("an error is a value with a message and a traceback", "[embedding]") {
  Interpreter interpreter;
  const ScriptResult result = interpreter.run("local x = nil\nreturn x.field", {}, "mine");
  REQUIRE(!result.ok());
  CHECK(result.error->message == "mine:2: attempt to index a nil value (local 'x')");
  CHECK(result.error->traceback == "stack traceback:\n\tmine:2: in main chunk\n\t[C]: in ?");
  CHECK(interpreter.run("x = = 1", {}, "mine").error->message == "mine:1: unexpected symbol near '='");
  CHECK(interpreter.run_file("/does/not/exist.lua").error->message ==
        "cannot open /does/not/exist.lua (No such file or directory)");
  CHECK(interpreter.call("nothing").error->message == "attempt to call a nil value");
  CHECK(interpreter.run("return 'it goes on'").value == text("it goes on"));
}

TEST_CASE("globals are set and read", "[embedding]") {
  Interpreter interpreter;
  interpreter.set_global("x", 20.5);
  CHECK(interpreter.run("y = x * 2 t = {} return y").value == ScriptValue(41.0));
  CHECK(interpreter.global("y") == ScriptValue(41.0));
  CHECK(interpreter.global("unset") == ScriptValue());
  CHECK(interpreter.global("t") == std::nullopt);
}

TEST_CASE("interpreters share nothing", "[embedding]") {
  Interpreter first, second;
  first.set_global("x", integer(1));
  CHECK(second.global("x") == ScriptValue());
}

TEST_CASE("a registered function gets arguments and returns a value", "[embedding]") {
  for (CallbackLock lock : {CallbackLock::kHolds, CallbackLock::kReleases}) {
    Interpreter interpreter;
    interpreter.register_function(
        "count",
        [](const std::vector<ScriptValue>& arguments) { return ScriptValue(std::int64_t(arguments.size())); },
        lock);
    CHECK(interpreter.run("return count(1, nil, 'x', true, nil)").value == integer(5));
    CHECK(interpreter.run("return count({})").error->message ==
          "script:1: bad argument #1 to 'count' (nil, boolean, number or string expected, got table)");
  }
}

TEST_CASE("an error or exception of a registered function is raised in the script", "[embedding]") {
  Interpreter interpreter;
  interpreter.register_function("fail", [](const auto&) -> CallbackResult {
    return ScriptError{"no luck", ""};
  });
  interpreter.register_function("fling",
                                [](const auto&) -> CallbackResult { throw std::runtime_error("caught"); });
  CHECK(interpreter.run("fail()").error->message == "script:1: no luck");
  CHECK(interpreter.run("return select(2, pcall(fling))").value == text("caught"));
}

TEST_CASE("a function runs in threads, each with its number", "[embedding]") {
  for (const LockSettings& lock : {LockSettings(), kNoLock}) {
    Interpreter interpreter(lock);
    // Each thread has an entry that exists already: one table must not grow in several threads at once.
    REQUIRE(interpreter.run("done = {0, 0, 0, 0, 0, 0, 0, 0} function work(i, n) done[i] = i * n end").ok());
    CHECK(interpreter.call_in_threads("work", 8).ok());
    CHECK(interpreter.run("local sum = 0 for i = 1, 8 do sum = sum + done[i] end return sum").value ==
          integer(288));
  }
}

TEST_CASE("the error of a thread is that of the first by number", "[embedding]") {
  Interpreter interpreter(kNoLock);
  interpreter.run("function work(i) if i > 1 then error('thread ' .. i, 0) end end");
  const ScriptResult result = interpreter.call_in_threads("work", 3);
  REQUIRE(!result.ok());
  CHECK(result.error->message == "thread 2");
  CHECK(!result.error->traceback.empty());
}

TEST_CASE("a function that releases the GIL lets other threads run", "[embedding]") {
  Interpreter interpreter;
  std::atomic<int> inside{0};
  // Each waits until both are inside, which never happens while one holds the GIL.
  interpreter.register_function(
      "meet",
      [&](const auto&) -> CallbackResult {
        ++inside;
        while (inside < 2) std::this_thread::yield();
        return ScriptValue();
      },
      CallbackLock::kReleases);
  interpreter.run("function work() meet() end");
  CHECK(interpreter.call_in_threads("work", 2).ok());
}

TEST_CASE("run waits for the threads that the text starts", "[embedding]") {
  Interpreter interpreter;
  CHECK(interpreter
            .run("local t = require('threading').Thread{target = function() require('time').sleep(0.02) "
                 "ended = true end} t:start()")
            .ok());
  CHECK(interpreter.global("ended") == ScriptValue(true));
}

TEST_CASE("stop ends what runs, from any thread", "[embedding]") {
  for (const LockSettings& lock : {LockSettings(), kNoLock}) {
    Interpreter interpreter(lock);
    std::thread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      interpreter.stop();
    });
    const ScriptResult result = interpreter.run("while true do pcall(error) end");
    stopper.join();
    REQUIRE(!result.ok());
    CHECK(result.error->message == "interrupted");
    CHECK(interpreter.run("return 1").error->message == "interrupted");
  }
}

TEST_CASE("daemon threads end with the interpreter", "[embedding]") {
  for (const LockSettings& lock : {LockSettings(), kNoLock}) {
    Interpreter interpreter(lock);
    CHECK(interpreter
              .run("require('threading').Thread{daemon = true, target = function() while true do end "
                   "end}:start()")
              .ok());
  }
}

}  // namespace
}  // namespace gilvm
