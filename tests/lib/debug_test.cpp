// The module `debug` at work on a coroutine that another thread runs.
#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

// A thread that counts in `work` until it is told to stop. The globals exist beforehand: nobody adds one.
const std::string kWorker = R"(
  threading = require "threading"
  stop, count, running = false, 0, false
  hooked, lines = false, 0
  function work(first, second)
    local sum = first + second
    local twice = sum + sum
    while not stop do count = count + 1 end
    return twice
  end
  worker = threading.Thread{target = function()
    running = coroutine.running()
    work(20, 1)
  end}
  worker:start()
  while not running or count == 0 do end
  function finish() stop = true worker:join() end
)";

}  // namespace

TEST_CASE("a hook that is set for another thread's coroutine runs there, while it runs", "[debug]") {
  CHECK(run_in_each_regime(kWorker + R"(
    debug.sethook(running, function(event, line) hooked = threading.current_thread() == worker and event end, "l")
    while not hooked do end
    local f, mask = debug.gethook(running)
    local is_set = type(f) == "function" and mask == "l" and debug.gethook() == nil
    finish()
    return tostring(is_set) .. " " .. tostring(hooked)
  )") == "true line");
}

TEST_CASE("a hook by count is told of the loop that another thread is in", "[debug]") {
  CHECK(run_in_each_regime(kWorker + R"(
    debug.sethook(running, function(event) hooked = event end, "", 1000)
    while not hooked do end
    finish()
    return hooked
  )") == "count");
}

TEST_CASE("a hook that is removed from another thread's coroutine is not called any more", "[debug]") {
  CHECK(run_in_each_regime(kWorker + R"(
    debug.sethook(running, function() lines = lines + 1 end, "l")
    while lines == 0 do end
    debug.sethook(running)
    -- One call of it may not have ended. What the worker does after that is told to nobody.
    local before = count
    while count < before + 2 do end
    local told = lines
    before = count
    while count < before + 1000 do end
    local same = lines == told and debug.gethook(running) == nil
    finish()
    return same
  )") == "true");
}

TEST_CASE("a local of another thread's coroutine is changed while it runs", "[debug]") {
  CHECK(run_in_each_regime(R"(
    threading = require "threading"
    running, turns, result = false, 0, false
    worker = threading.Thread{target = function()
      local goes_on = true
      running = coroutine.running()
      while goes_on do turns = turns + 1 end
      result = goes_on
    end}
    worker:start()
    while turns == 0 do end
    local name = debug.setlocal(running, 0, 1, nil)
    worker:join()
    return name .. " " .. tostring(result)
  )") == "goes_on nil");
}

}  // namespace gilvm
