#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("a semaphore is acquired as often as its value says", "[threading]") {
  CHECK(run_sync(R"(
    local s = threading.Semaphore(2)
    local got = {s:acquire(), s:acquire(), s:acquire(false), s:acquire{timeout = 0.001}, s:acquire(true, -1)}
    s:release()
    got[6] = s:acquire{blocking = false}
    for i = 1, 6 do got[i] = tostring(got[i]) end
    return table.concat(got, " "))") == "true true false false false true");
  CHECK(run_sync(
            "local s = threading.Semaphore() return tostring(s:acquire()) .. tostring(s:acquire(false))") ==
        "truefalse");
  CHECK(run_sync("return threading.Semaphore(0):acquire(false)") == "false");
}

TEST_CASE("wrong arguments of a semaphore are errors", "[threading]") {
  CHECK(run_sync("threading.Semaphore(-1)") == "ValueError: semaphore initial value must be >= 0");
  CHECK(run_sync("threading.BoundedSemaphore{value = -1}") ==
        "ValueError: semaphore initial value must be >= 0");
  CHECK(run_sync("threading.Semaphore('one')") == "TypeError: Semaphore: value must be a number, got string");
  CHECK(run_sync("threading.Semaphore{size = 1}") ==
        "TypeError: Semaphore() got an unexpected keyword argument 'size'");
  CHECK(run_sync("threading.Semaphore():acquire(false, 1)") ==
        "ValueError: can't specify timeout for non-blocking acquire");
  CHECK(run_sync("threading.Semaphore():release(0)") == "ValueError: n must be one or more");
  CHECK(run_sync("threading.Semaphore():acquire(true, 'soon')") ==
        "TypeError: a number of seconds expected, got string");
}

TEST_CASE("a semaphore may be released beyond its first value, a bounded one may not", "[threading]") {
  CHECK(run_sync("local s = threading.Semaphore() s:release{n = 3} return s.value") == "4");
  CHECK(run_sync("threading.BoundedSemaphore():release()") ==
        "ValueError: Semaphore released too many times");
  CHECK(run_sync("local s = threading.BoundedSemaphore(3) s:acquire() s:release(2)") ==
        "ValueError: Semaphore released too many times");
  CHECK(run_sync(
            "local s = threading.BoundedSemaphore(3) s:acquire() s:acquire() s:release(2) return s.value") ==
        "3");
}

TEST_CASE("acquire of a semaphore gives up after its timeout", "[threading]") {
  CHECK(run_sync(R"(
    local s = threading.Semaphore(0)
    local begin = time.monotonic()
    local got = s:acquire(true, 0.02)
    return tostring(got) .. tostring(time.monotonic() - begin >= 0.02))") == "falsetrue");
}

TEST_CASE("permits are given in the order in which threads came", "[threading]") {
  CHECK(run_sync(R"(
    local s, order, joins = threading.Semaphore(0), {}, {}
    for i = 1, 5 do
      joins[i] = start(1, function() s:acquire() order[#order + 1] = i end)
      wait_until(function() return #s.condition.waiters == i end)
    end
    for i = 1, 5 do
      s:release()
      wait_until(function() return #order == i end)
    end
    for i = 1, 5 do joins[i]() end
    return table.concat(order, " "))") == "1 2 3 4 5");
}

TEST_CASE("a permit for a thread that waits is not taken by one that comes by", "[threading]") {
  CHECK(run_sync(R"(
    local s, stolen = threading.Semaphore(0), 0
    for _ = 1, 20 do
      local join = start(1, function() s:acquire() end)
      wait_until(function() return #s.condition.waiters == 1 end)
      s:release()
      if s:acquire(false) then stolen = stolen + 1 s:release() end
      join()
    end
    return stolen)") == "0");
}

TEST_CASE("release of several permits wakes as many threads", "[threading]") {
  CHECK(run_sync(R"(
    local s = threading.Semaphore(0)
    local join = start(4, function() s:acquire() end)
    wait_until(function() return #s.condition.waiters == 4 end)
    s:release(5)
    join()
    return s.value)") == "1");
}

TEST_CASE("a held semaphore is released at the end of the block", "[threading]") {
  CHECK(run_sync(R"(
    local s = threading.BoundedSemaphore(2)
    pcall(function() local held <close> = s:hold() error("broken") end)
    local inside
    do local held <close> = s:hold() inside = s.value end
    return inside .. s.value)") == "12");
}

TEST_CASE("tostring of a semaphore shows its value", "[threading]") {
  CHECK(run_sync("return (tostring(threading.Semaphore(3)):gsub('0x%x+', 'X'))") ==
        "<threading.Semaphore at X: value=3>");
  CHECK(run_sync(
            "local s = threading.BoundedSemaphore(3) s:acquire() return (tostring(s):gsub('0x%x+', 'X'))") ==
        "<threading.BoundedSemaphore at X: value=2/3>");
}

TEST_CASE("no more of 8 threads are inside a semaphore than it lets in, and none starves", "[threading]") {
  for (const char* const kind : {"Semaphore", "BoundedSemaphore"}) {
    CHECK(run_sync(std::string("local s = threading.") + kind + R"((3)
      local guard, inside, most, rounds = threading.Lock(), 0, 0, 0
      start(8, function(i)
        for _ = 1, 150 do
          -- One of them is impatient.
          if i ~= 1 or s:acquire(true, 0.0001) then
            if i ~= 1 then s:acquire() end
            do
              local held <close> = guard:hold()
              inside = inside + 1
              if inside > most then most = inside end
              if i ~= 1 then rounds = rounds + 1 end
            end
            do local held <close> = guard:hold() inside = inside - 1 end
            s:release()
          end
        end
      end)()
      return string.format("%d %s %d %d", rounds, most <= 3, inside, s.value))") == "1050 true 0 3");
  }
}

}  // namespace
}  // namespace gilvm
