#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("an event is set until it is cleared", "[threading]") {
  CHECK(run_sync(R"(
    local e = threading.Event()
    local states = {e:is_set()}
    e:set() e:set() states[2] = e:is_set()
    states[3] = e:wait()
    e:clear() states[4] = e:is_set()
    for i = 1, 4 do states[i] = tostring(states[i]) end
    return table.concat(states, " "))") == "false true true false");
}

TEST_CASE("wait of an event gives up after its timeout", "[threading]") {
  CHECK(run_sync(R"(
    local e = threading.Event()
    local begin = time.monotonic()
    local got = e:wait{timeout = 0.02}
    return tostring(got) .. tostring(time.monotonic() - begin >= 0.02) .. tostring(e:wait(0)))") ==
        "falsetruefalse");
  CHECK(run_sync("local e = threading.Event() e:set() return e:wait(0)") == "true");
  CHECK(run_sync("threading.Event():wait('soon')") == "TypeError: a number of seconds expected, got string");
}

TEST_CASE("set releases every thread that waits, also when clear follows at once", "[threading]") {
  CHECK(run_sync(R"(
    local e, guard, released = threading.Event(), threading.Lock(), 0
    local join = start(6, function()
      if e:wait() then local held <close> = guard:hold() released = released + 1 end
    end)
    wait_until(function() return #e.condition.waiters == 6 end)
    e:set() e:clear()
    join()
    return released .. tostring(e:is_set()))") == "6false");
}

TEST_CASE("tostring of an event shows whether it is set", "[threading]") {
  CHECK(run_sync("return (tostring(threading.Event()):gsub('0x%x+', 'X'))") ==
        "<threading.Event at X: unset>");
  CHECK(run_sync("local e = threading.Event() e:set() return (tostring(e):gsub('0x%x+', 'X'))") ==
        "<threading.Event at X: set>");
}

TEST_CASE("8 threads miss no event in a chain of events", "[threading]") {
  CHECK(run_sync(R"(
    local ROUNDS, events, count = 40, {}, 0
    for i = 1, ROUNDS * 8 + 1 do events[i] = threading.Event() end
    local join = start(8, function(i)
      for round = 0, ROUNDS - 1 do
        events[round * 8 + i]:wait()
        count = count + 1
        events[round * 8 + i + 1]:set()
      end
    end)
    events[1]:set()
    join()
    return count)") == "320");
}

}  // namespace
}  // namespace gilvm
