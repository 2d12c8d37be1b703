#include "tests/lib/asyncio_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("a lock is taken in the order of arrival", "[asyncio]") {
  CHECK(run_in_task(R"(
    local lock = asyncio.Lock()
    local function worker(i) local held <close> = lock:hold() say(i) turn() say(-i) end
    await(gather(coro(worker, 1), coro(worker, 2), coro(worker, 3)))
    say(lock) say(await(lock:acquire())) say(lock:locked()) say(lock)
    lock:release()
    say(show(lock.release, lock))
    return said())") ==
        "1 -1 2 -2 3 -3 <asyncio.Lock [unlocked]> true true <asyncio.Lock [locked]> "
        "false RuntimeError: Lock is not acquired.");
}

TEST_CASE("who is cancelled in line for a lock lets the next have it", "[asyncio]") {
  CHECK(run_in_task(R"(
    local lock = asyncio.Lock()
    await(lock:acquire())
    local a = create_task(function() await(lock:acquire()) say "a" end)
    local b = create_task(function() await(lock:acquire()) say "b" end)
    turn()
    say(lock)
    lock:release() a:cancel()  -- woken, and cancelled in the same moment
    turn(3)
    say(a:cancelled()) say(lock:locked()) say(b:done())
    return said())") == "<asyncio.Lock [locked, waiters:2]> b true true true");
}

TEST_CASE("nobody overtakes a task that was woken for the lock", "[asyncio]") {
  CHECK(run_in_task(R"(
    local lock = asyncio.Lock()
    await(lock:acquire())
    local waiter = create_task(function() await(lock:acquire()) say "waiter" lock:release() end)
    turn()
    lock:release()
    await(lock:acquire())
    say "main"
    return said())") == "waiter main");
}

TEST_CASE("an event wakes all who wait, and those who come later pass", "[asyncio]") {
  CHECK(run_in_task(R"(
    local event = asyncio.Event()
    local a, b = create_task(event:wait()), create_task(event:wait())
    turn()
    say(event) say(event:is_set())
    event:set()
    say(await(a)) say(await(b)) say(await(event:wait())) say(event)
    event:clear()
    say(event:is_set()) say(show(await, asyncio.wait_for(event:wait(), 0.001))) say(event)
    return said())") ==
        "<asyncio.Event [unset, waiters:2]> false true true true <asyncio.Event [set]> false "
        "false TimeoutError <asyncio.Event [unset]>");
}

TEST_CASE("a condition wakes as many as it is told to, with the lock", "[asyncio]") {
  CHECK(run_in_task(R"(
    local condition, open = asyncio.Condition(), false
    local function waiter(i)
      local held <close> = condition:hold()
      say(await(condition:wait())) say(condition:locked()) say(i)
    end
    local tasks = {}
    for i = 1, 3 do tasks[i] = create_task(coro(waiter, i)) end
    turn()
    do local held <close> = condition:hold() condition:notify() end
    turn(3) say "|"
    do local held <close> = condition:hold() condition:notify_all() end
    await(gather(table.unpack(tasks)))
    local waits = create_task(function()
      local held <close> = condition:hold()
      return await(condition:wait_for(function() return open and "opened" end))
    end)
    turn(2)
    do local held <close> = condition:hold() condition:notify() end
    turn(2) say(waits:done())
    do local held <close> = condition:hold() open = true condition:notify() end
    say(await(waits))
    say(show(condition.notify, condition)) say(show(await, condition:wait()))
    return said())") ==
        "true true 1 | true true 2 true true 3 false opened "
        "false RuntimeError: cannot notify on un-acquired lock "
        "false RuntimeError: cannot wait on un-acquired lock");
}

TEST_CASE("who is cancelled while he waits for a condition has the lock again first", "[asyncio]") {
  CHECK(run_in_task(R"(
    local condition = asyncio.Condition()
    local t = create_task(function()
      local held <close> = condition:hold()
      local _, problem = pcall(await, condition:wait())
      say(condition:locked())
      error(problem, 0)
    end)
    turn()
    await(condition:acquire())
    t:cancel() turn(3)
    say(t:done())
    condition:release()
    say(show(await, t)) say(condition:locked())
    return said())") == "false true false asyncio.CancelledError false");
}

TEST_CASE("a semaphore lets so many in", "[asyncio]") {
  CHECK(run_in_task(R"(
    local semaphore, inside, most = asyncio.Semaphore(2), 0, 0
    local function worker()
      local held <close> = semaphore:hold()
      inside = inside + 1 most = math.max(most, inside) turn(2) inside = inside - 1
    end
    await(gather(coro(worker), coro(worker), coro(worker), coro(worker), coro(worker)))
    say(most) say(semaphore) say(semaphore:locked())
    say(await(semaphore:acquire())) await(semaphore:acquire()) say(semaphore:locked())
    say(show(asyncio.Semaphore, -1))
    local bounded = asyncio.BoundedSemaphore{value = 1}
    say(show(bounded.release, bounded)) await(bounded:acquire()) bounded:release() say(bounded)
    return said())") ==
        "2 <asyncio.Semaphore [unlocked, value:2]> false true true "
        "false ValueError: Semaphore initial value must be >= 0 "
        "false ValueError: BoundedSemaphore released too many times "
        "<asyncio.BoundedSemaphore [unlocked, value:1]>");
}

TEST_CASE("a permit that was given to a task which is cancelled goes to the next", "[asyncio]") {
  CHECK(run_in_task(R"(
    local semaphore = asyncio.Semaphore(1)
    await(semaphore:acquire())
    local a, b = create_task(semaphore:acquire()), create_task(semaphore:acquire())
    turn()
    semaphore:release() a:cancel()
    turn(3)
    say(a:cancelled()) say(b:done()) say(semaphore:locked())
    semaphore:release() semaphore:release()
    say(semaphore)
    return said())") == "true true true <asyncio.Semaphore [unlocked, value:2]>");
}

TEST_CASE("a barrier lets all go when the last has come, round after round", "[asyncio]") {
  CHECK(run_in_task(R"(
    local barrier, sum, done = asyncio.Barrier(3), 0, 0
    local function worker(i)
      for _ = 1, 2 do sum = sum + await(barrier:wait()) * 0 + 1 done = done + 1 turn(i) end
    end
    local tasks = {create_task(coro(worker, 1)), create_task(coro(worker, 2))}
    turn(5)
    say(done) say(barrier.n_waiting) say(barrier.parties) say(barrier)
    tasks[3] = create_task(coro(worker, 3))
    await(gather(table.unpack(tasks)))
    say(done) say(barrier.n_waiting) say(barrier.broken)
    return said())") == "0 2 3 <asyncio.Barrier [filling, waiters:2/3]> 6 0 false");
}

TEST_CASE("reset and abort end the wait with BrokenBarrierError", "[asyncio]") {
  CHECK(run_in_task(R"(
    local barrier = asyncio.Barrier(2)
    local a = create_task(barrier:wait())
    turn() await(barrier:reset())
    say(show(await, a)) say(barrier.broken)
    local b = create_task(barrier:wait())
    turn() await(barrier:abort())
    say(show(await, b)) say(barrier.broken) say(show(await, barrier:wait()))
    await(barrier:reset()) say(barrier.broken) say(show(asyncio.Barrier, 0))
    return said())") ==
        "false asyncio.BrokenBarrierError: Abort or reset of barrier false "
        "false asyncio.BrokenBarrierError: Abort or reset of barrier true "
        "false asyncio.BrokenBarrierError: Barrier aborted false "
        "false ValueError: parties must be >= 1");
}

}  // namespace
}  // namespace gilvm
