#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

// Lock

TEST_CASE("a negative timeout of acquire is an error, unless it is -1", "[threading]") {
  CHECK(run_sync("threading.Lock():acquire(true, -2)") ==
        "ValueError: timeout value must be a non-negative number");
  CHECK(run_sync("threading.RLock():acquire{timeout = -0.5}") ==
        "ValueError: timeout value must be a non-negative number");
  CHECK(run_sync("return threading.Lock():acquire(true, -1)") == "true");
  CHECK(run_sync("return threading.Lock():acquire(false, -1)") == "true");
}

TEST_CASE("a timeout beyond TIMEOUT_MAX, or that is no number, is an error", "[threading]") {
  CHECK(run_sync("threading.Lock():acquire(true, threading.TIMEOUT_MAX * 2)") ==
        "OverflowError: timeout value is too large");
  CHECK(run_sync("return threading.Lock():acquire(true, threading.TIMEOUT_MAX)") == "true");
  CHECK(run_sync("threading.Lock():acquire(true, 0/0)") == "ValueError: Invalid value NaN (not a number)");
  CHECK(run_sync("threading.Lock():acquire(true, 'soon')") ==
        "TypeError: a number of seconds expected, got string");
}

TEST_CASE("tostring of a lock shows whether it is locked", "[threading]") {
  CHECK(run_sync("return (tostring(threading.Lock()):gsub('0x%x+', 'X'))") ==
        "<unlocked _thread.lock object at X>");
  CHECK(run_sync("local l = threading.Lock() l:acquire() return (tostring(l):gsub('0x%x+', 'X'))") ==
        "<locked _thread.lock object at X>");
  CHECK(run_sync("return (tostring(threading.RLock()):gsub('0x%x+', 'X'))") ==
        "<unlocked _thread.RLock object owner=0 count=0 at X>");
  CHECK(run_sync(
            "local l = threading.RLock() l:acquire() l:acquire() return (tostring(l):gsub('0x%x+', 'X'))") ==
        "<locked _thread.RLock object owner=1 count=2 at X>");
}

TEST_CASE("a thread gets a lock that seven others never stop taking", "[threading]") {
  for (const char* const kind : {"Lock", "RLock"}) {
    CHECK(run_sync(std::string("local lock = threading.") + kind + R"(()
      local done, too_late = false, time.monotonic() + 300
      local join = start(7, function()
        while not done and time.monotonic() < too_late do
          lock:acquire()
          lock:release()
        end
      end)
      for i = 1, 20 do
        lock:acquire()
        lock:release()
      end
      done = true
      join()
      return time.monotonic() < too_late)") == "true");
  }
}

TEST_CASE("threads that are waiting for a lock get it one after the other", "[threading]") {
  CHECK(run_sync(R"(
    local lock, inside, most, served = threading.Lock(), 0, 0, 0
    lock:acquire()
    local join = start(8, function()
      local held <close> = lock:hold()
      inside = inside + 1
      if inside > most then most = inside end
      served = served + 1
      inside = inside - 1
    end)
    time.sleep(0.005)
    lock:release()
    join()
    return served .. " " .. most)") == "8 1");
}

// RLock

TEST_CASE("the thread that holds an RLock takes it again, and no other does", "[threading]") {
  CHECK(run_sync(R"(
    local lock, other = threading.RLock(), {}
    local function try() start(1, function() other[#other + 1] = tostring(lock:acquire(false)) end)() end
    lock:acquire() lock:acquire() try()
    lock:release() try()
    lock:release() try()
    return table.concat(other, " "))") == "false false true");
}

TEST_CASE("an RLock is released by its thread alone, and as often as it was acquired", "[threading]") {
  CHECK(run_sync("threading.RLock():release()") == "RuntimeError: cannot release un-acquired lock");
  CHECK(run_sync("local l = threading.RLock() l:acquire() l:release() l:release()") ==
        "RuntimeError: cannot release un-acquired lock");
  CHECK(run_sync(R"(
    local lock, message = threading.RLock()
    lock:acquire()
    start(1, function() message = select(2, pcall(lock.release, lock)) end)()
    lock:release()
    return message)") == "RuntimeError: cannot release un-acquired lock");
}

TEST_CASE("acquire of an RLock gives up after its timeout", "[threading]") {
  CHECK(run_sync(R"(
    local lock, got, waited = threading.RLock()
    lock:acquire()
    start(1, function()
      local begin = time.monotonic()
      got = lock:acquire(true, 0.02)
      waited = time.monotonic() - begin
    end)()
    return tostring(got) .. tostring(waited >= 0.02))") == "falsetrue");
}

TEST_CASE("a held RLock is released at the end of the block, once for each block", "[threading]") {
  CHECK(run_sync(R"(
    local lock, counts = threading.RLock(), {}
    do
      local outer <close> = lock:hold()
      do local inner <close> = lock:hold() counts[1] = lock:_recursion_count() end
      counts[2] = lock:_recursion_count()
    end
    counts[3] = lock:_recursion_count()
    return table.concat(counts, " "))") == "2 1 0");
}

TEST_CASE("8 threads that hold an RLock twice lose no update", "[threading]") {
  CHECK(run_sync(R"(
    local lock, count, inside, wrong = threading.RLock(), 0, 0, 0
    start(8, function()
      for _ = 1, 1000 do
        lock:acquire()
        inside = inside + 1
        lock:acquire()
        if inside ~= 1 then wrong = wrong + 1 end
        count = count + 1
        lock:release()
        inside = inside - 1
        lock:release()
      end
    end)()
    return count .. " " .. wrong)") == "8000 0");
}

}  // namespace
}  // namespace gilvm
