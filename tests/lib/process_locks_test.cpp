#include "tests/lib/process_scripts.h"

namespace gilvm {
namespace {

constexpr auto run = run_processes;

TEST_CASE("a lock between processes is held by one at a time", "[process_locks]") {
  for (const char* kind : {"Lock()", "RLock()", "Semaphore()", "BoundedSemaphore(1)", "Condition()"}) {
    CHECK(run(std::string("local lock = mp.") + kind + R"(
      local inside = require("_multiprocessing").Counter()
      local ps = start(3, function()
        for i = 1, 200 do
          local held <close> = lock:hold()
          assert(inside:add(1) == 1)
          inside:add(-1)
        end
      end)
      return join(ps))") == "0 0 0");
  }
}

TEST_CASE("acquire waits as long as it is told", "[process_locks]") {
  for (const char* kind : {"Lock()", "Semaphore()"}) {
    CHECK(run(std::string("local lock = mp.") + kind + R"(
      local first = lock:acquire()
      local start = time.monotonic()
      local results = {lock:acquire(false), lock:acquire(true, 0.02), lock:acquire{timeout = -1}, lock:acquire{block = false}}
      local waited = time.monotonic() - start >= 0.02
      for i = 1, 4 do assert(results[i] == false) end
      lock:release()
      return tostring(first) .. tostring(waited) .. tostring(lock:acquire(false)))") == "truetruetrue");
  }
}

TEST_CASE("any process may release a lock", "[process_locks]") {
  CHECK(run(R"(
    local lock = mp.Lock()
    lock:acquire()
    local ps = start(1, function() lock:release() end)
    local codes = join(ps)
    return codes .. tostring(lock:acquire(false)))") == "0true");
}

TEST_CASE("a lock that is not held is not released", "[process_locks]") {
  CHECK(run(R"(
    local lock, rlock, bounded = mp.Lock(), mp.RLock(), mp.BoundedSemaphore(2)
    rlock:acquire()
    local elsewhere = start(1, function() os.exit(problem(rlock.release, rlock):find("not owned") and 5 or 6) end)
    return problem(lock.release, lock) .. "; " .. join(elsewhere) .. "; " .. problem(bounded.release, bounded) .. "; " ..
      problem(rlock.release, rlock) .. "; " .. problem(rlock.release, rlock))") ==
        "ValueError: semaphore or lock released too many times; 5; ValueError: semaphore or lock released "
        "too many "
        "times; none; AssertionError: attempt to release recursive lock not owned by thread");
}

TEST_CASE("its owner may take an RLock again, and no other process", "[process_locks]") {
  CHECK(run(R"(
    local lock = mp.RLock()
    lock:acquire() lock:acquire() lock:release()
    local ps = start(1, function() os.exit(lock:acquire(false) and 1 or 2) end)
    local first = join(ps)
    lock:release()
    return first .. " " .. join(start(1, function() os.exit(lock:acquire(false) and 1 or 2) end)))") ==
        "2 1");
}

TEST_CASE("a semaphore lets as many in as it has permits", "[process_locks]") {
  CHECK(run(R"(
    local s = mp.Semaphore(2)
    local results = {s:acquire(false), s:acquire(false), s:acquire(false)}
    s:release() s:release() s:release()
    return tostring(results[1]) .. tostring(results[2]) .. tostring(results[3]) .. s:get_value() .. " " ..
      problem(mp.Semaphore, -1))") == "truetruefalse3 OSError: [Errno 22] Invalid argument");
}

TEST_CASE("who takes the lock of a killed process is told so", "[process_locks]") {
  for (const char* kind : {"Lock()", "RLock()", "Condition()"}) {
    CHECK(run(std::string("local lock, ready = mp.") + kind + R"(, mp.Event()
      local p = start(1, function() lock:acquire() ready:set() time.sleep(1000) end)[1]
      ready:wait()
      assert(lock:acquire(false) == false)
      p:kill()
      -- Before and after somebody has waited for the child.
      local acquired, whose = lock:acquire()
      assert(acquired == true and whose == p.pid)
      p:join()
      lock:release()
      return select("#", lock:acquire()))") == "1");
  }
}

TEST_CASE("processes killed while they use locks never leave one that nobody gets", "[process_locks]") {
  CHECK(run(R"(
    local last, round, recovered = time.monotonic() + 1, 0, 0
    local lock, semaphore = mp.Lock(), mp.Semaphore(1000)
    repeat
      round = round + 1
      local ps = start(3, function() while true do lock:acquire() lock:release() end end)
      for i = 1, round * 37 % 400 do lock:acquire() lock:release() end
      for _, p in ipairs(ps) do p:kill() end
      local acquired, whose = lock:acquire()
      if whose then recovered = recovered + 1 end
      lock:release()
      assert(acquired and join(ps) == "-9 -9 -9")
    until time.monotonic() > last
    return "done")") == "done");
}

TEST_CASE("notify wakes as many as it says, in the order of arrival", "[process_locks]") {
  CHECK(run(R"(
    local c, order, waiting = mp.Condition(), mp.Queue(), mp.Semaphore(0)
    local ps = {}
    for i = 1, 3 do
      ps[i] = start(1, function() local held <close> = c:hold() waiting:release() assert(c:wait() == true) order:put(i) end)[1]
      waiting:acquire()
    end
    do local held <close> = c:hold() c:notify() end
    local text = order:get()
    do local held <close> = c:hold() c:notify(2) end
    local codes = join(ps)
    local others = order:get() + order:get()
    return text .. " " .. others .. " " .. codes .. tostring(order:empty()))") == "1 5 0 0 0true");
}

TEST_CASE("wait for a condition without notification is false after the timeout", "[process_locks]") {
  CHECK(run(R"(
    local c = mp.Condition()
    local without = problem(c.wait, c) .. "; " .. problem(c.notify, c)
    c:acquire()
    local result = c:wait(0.01)
    local reached = c:wait_for(function() return false end, 0.01)
    c:notify_all()
    c:release()
    return without .. "; " .. tostring(result) .. tostring(reached) .. tostring(c:acquire(false)))") ==
        "AssertionError: must acquire() condition before using wait(); AssertionError: lock is not owned; "
        "falsefalsetrue");
}

TEST_CASE("a notification is not lost with a killed process", "[process_locks]") {
  CHECK(run(R"(
    local c, waiting, woken = mp.Condition(), mp.Semaphore(0), mp.Queue()
    local function wait(i) local held <close> = c:hold() waiting:release() c:wait() woken:put(i) end
    local first = start(1, wait)[1]
    waiting:acquire()
    local second = start(1, function() wait(2) end)[1]
    waiting:acquire()
    do local held <close> = c:hold() end
    first:kill() first:join()
    do local held <close> = c:hold() c:notify() end
    return woken:get() .. " " .. join{second})") == "2 0");
}

TEST_CASE("an event wakes all who wait for it", "[process_locks]") {
  CHECK(run(R"(
    local e = mp.Event()
    local before = tostring(e:is_set()) .. tostring(e:wait(0.01))
    local ps = start(3, function() os.exit(e:wait() and 3 or 4) end)
    e:set()
    local codes = join(ps)
    local set = tostring(e:is_set()) .. tostring(e:wait(0))
    e:clear()
    return before .. " " .. codes .. " " .. set .. tostring(e:is_set()))") ==
        "falsefalse 3 3 3 truetruefalse");
}

TEST_CASE("a barrier lets its parties go together, round after round", "[process_locks]") {
  CHECK(run(R"(
    local Counter = require("_multiprocessing").Counter
    local arrived, actions = Counter(), Counter()
    local b = mp.Barrier(3, function() actions:add(1) end)
    local ps = start(3, function()
      for round = 1, 20 do
        arrived:add(1)
        local index = b:wait()
        assert(index >= 0 and index < 3 and arrived:value() >= 3 * round)
        b:wait()
      end
    end)
    return join(ps) .. " " .. actions:value() .. " " .. b.parties .. b.n_waiting .. tostring(b.broken))") ==
        "0 0 0 40 30false");
}

TEST_CASE("a barrier whose party was killed breaks after its timeout", "[process_locks]") {
  CHECK(run(R"(
    local b = mp.Barrier{parties = 3, timeout = 0.02}
    local p = start(1, function() b:wait(300) end)[1]
    while b.n_waiting == 0 do time.sleep(0.001) end
    p:kill() p:join()
    local text = problem(b.wait, b)
    local broken = b.broken
    local aborted = mp.Barrier(2)
    aborted:abort()
    return text .. tostring(broken) .. " " .. problem(aborted.wait, aborted))") ==
        "threading.BrokenBarrierErrortrue threading.BrokenBarrierError");
}

TEST_CASE("locks between processes serve the threads of a process too", "[process_locks]") {
  CHECK(run(R"(
    local lock, n, threads = mp.RLock(), 0, {}
    for i = 1, 4 do
      threads[i] = threading.Thread{target = function()
        for turn = 1, 300 do local held <close> = lock:hold() n = n + 1 end
      end}
      threads[i]:start()
    end
    for i = 1, 4 do threads[i]:join() end
    return n)") == "1200");
}

TEST_CASE("a lock is not sent to a process that runs already", "[process_locks]") {
  CHECK(run(R"(
    local q = mp.Queue()
    return problem(q.put, q, {mp.Lock()}) .. "; " .. problem(q.put, q, {s = mp.Semaphore()}))") ==
        "TypeError: cannot send a Lock: Lock objects should only be shared between processes through "
        "inheritance "
        "(at [1]); TypeError: cannot send a Semaphore: synchronization objects should only be shared between "
        "processes through inheritance (at s)");
}

}  // namespace
}  // namespace gilvm
