#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("a timer calls its function after the interval", "[threading]") {
  CHECK(run_sync(R"(
    local got
    local t = threading.Timer(0.02, function(...) got = table.concat({...}, " ") end, {"a", 2})
    local begin = time.monotonic()
    t:start()
    t:join()
    return got .. tostring(time.monotonic() - begin >= 0.02) .. tostring(t.finished:is_set()))") ==
        "a 2truetrue");
}

TEST_CASE("the arguments of a timer may be keywords", "[threading]") {
  CHECK(run_sync(R"(
    local got
    local t = threading.Timer{interval = 0, ["function"] = function(a, k) got = a .. k.word end, args = {1},
                              kwargs = {word = "x"}}
    t:start()
    t:join()
    return got .. t.interval)") == "1x0");
  CHECK(run_sync("threading.Timer()") == "TypeError: Timer: interval must be a number, got nil");
  CHECK(run_sync("threading.Timer(1, print, 1)") == "TypeError: Timer: args must be a table, got number");
}

TEST_CASE("a timer that is cancelled in time calls nothing, and ends", "[threading]") {
  CHECK(run_sync(R"(
    local called = false
    local t = threading.Timer(60, function() called = true end)
    t:start()
    t:cancel()
    t:join()
    return tostring(called) .. tostring(t:is_alive()))") == "falsefalse");
  CHECK(run_sync(R"(
    local called = false
    local t = threading.Timer(0, function() called = true end)
    t:cancel()
    t:start()
    t:join()
    return called)") == "false");
}

TEST_CASE("cancelling a timer that has gone off changes nothing", "[threading]") {
  CHECK(run_sync(R"(
    local count = 0
    local t = threading.Timer(0, function() count = count + 1 end)
    t:start() t:join()
    t:cancel() t:cancel()
    return count)") == "1");
}

TEST_CASE("a timer is a thread", "[threading]") {
  CHECK(run_sync(R"(
    local inside
    local t = threading.Timer(0, function() inside = threading.current_thread() end)
    t.name = "T"
    t.daemon = true
    local before = tostring(t)
    t:start() t:join()
    return before .. tostring(inside == t) .. tostring(t))") ==
        "<Timer(T, initial daemon)>true<Timer(T, stopped daemon 2)>");
  CHECK(run_sync("local t = threading.Timer(0, print) t:cancel() t:start() t:start()") ==
        "RuntimeError: threads can only be started once");
}

TEST_CASE("8 timers that are cancelled as they go off call their functions once or never", "[threading]") {
  CHECK(run_sync(R"(
    local guard, called, more = threading.Lock(), {}, 0
    local timers = {}
    for i = 1, 40 do called[i] = 0 end
    for i = 1, 40 do
      timers[i] = threading.Timer(0.001, function()
        local held <close> = guard:hold()
        called[i] = called[i] + 1
      end)
      timers[i]:start()
      if i % 4 == 0 then for j = i - 3, i do timers[j]:cancel() end end
    end
    for i = 1, 40 do timers[i]:join() if called[i] > 1 then more = more + 1 end end
    return more)") == "0");
}

}  // namespace
}  // namespace gilvm
