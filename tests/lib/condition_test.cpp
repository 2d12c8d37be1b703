#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

// Starts `n` threads that wait for `cond` one after the other, and notes in `order` who goes on.
const std::string kWaitInOrder = R"(
  local order = {}
  local function wait_in_order(cond, n)
    local joins = {}
    for i = 1, n do
      joins[i] = start(1, function()
        local held <close> = cond:hold()
        cond:wait()
        order[#order + 1] = i
      end)
      wait_until(function() return #cond.waiters == i end)
    end
    return function() for i = 1, n do joins[i]() end end
  end
)";

TEST_CASE("wait and notify need the lock", "[threading]") {
  CHECK(run_sync("threading.Condition():wait()") == "RuntimeError: cannot wait on un-acquired lock");
  CHECK(run_sync("threading.Condition():wait_for(print)") == "RuntimeError: cannot wait on un-acquired lock");
  CHECK(run_sync("threading.Condition():notify()") == "RuntimeError: cannot notify on un-acquired lock");
  CHECK(run_sync("threading.Condition(threading.Lock()):notify_all()") ==
        "RuntimeError: cannot notify on un-acquired lock");
  CHECK(run_sync(R"(
    local cond, message = threading.Condition()
    cond:acquire()
    start(1, function() message = select(2, pcall(cond.notify, cond)) end)()
    return message)") == "RuntimeError: cannot notify on un-acquired lock");
}

TEST_CASE("acquire and release of a condition are its lock's, and so are their errors", "[threading]") {
  CHECK(run_sync("threading.Condition():release()") == "RuntimeError: cannot release un-acquired lock");
  CHECK(run_sync("threading.Condition(threading.Lock()):release()") == "RuntimeError: release unlocked lock");
  CHECK(run_sync("threading.Condition():acquire(true, -3)") ==
        "ValueError: timeout value must be a non-negative number");
  CHECK(run_sync(R"(
    local lock = threading.Lock()
    local cond = threading.Condition{lock = lock}
    local got = cond:acquire()
    return tostring(got) .. tostring(lock:locked()) .. tostring(cond:acquire(false)))") == "truetruefalse");
  CHECK(run_sync("threading.Condition(7)") ==
        "TypeError: Condition: lock must be a Lock or an RLock, got number");
}

TEST_CASE("notify without waiters changes nothing", "[threading]") {
  CHECK(run_sync(R"(
    local cond = threading.Condition()
    local held <close> = cond:hold()
    cond:notify() cond:notify_all() cond:notify(5)
    return cond:wait(0.005))") == "false");
}

TEST_CASE("wait gives up after its timeout, with the lock held again", "[threading]") {
  CHECK(run_sync(R"(
    local cond = threading.Condition()
    cond:acquire()
    local begin = time.monotonic()
    local notified = cond:wait{timeout = 0.02}
    local waited = time.monotonic() - begin
    cond:release()
    return string.format("%s %s %d", notified, waited >= 0.02, #cond.waiters))") == "false true 0");
  CHECK(run_sync("local c = threading.Condition() c:acquire() return c:wait(0)") == "false");
  CHECK(run_sync("local c = threading.Condition() c:acquire() return c:wait(-1)") == "false");
}

TEST_CASE("notify wakes as many as it is told, those first that wait longest", "[threading]") {
  CHECK(run_sync(kWaitInOrder + R"(
    local cond = threading.Condition()
    local join = wait_in_order(cond, 5)
    do local held <close> = cond:hold() cond:notify() end
    wait_until(function() return #order == 1 end)
    do local held <close> = cond:hold() cond:notify{n = 2} end
    wait_until(function() return #order == 3 end)
    local three = {table.unpack(order)}
    table.sort(three)
    do local held <close> = cond:hold() cond:notify_all() end
    join()
    return order[1] .. " of " .. table.concat(three) .. ", then " .. #order)") == "1 of 123, then 5");
}

TEST_CASE("a waiter that has given up takes no notification from the others", "[threading]") {
  CHECK(run_sync(kWaitInOrder + R"(
    local cond = threading.Condition()
    start(2, function() local held <close> = cond:hold() cond:wait(0.005) end)()
    local join = wait_in_order(cond, 1)
    do local held <close> = cond:hold() cond:notify() end
    join()
    return table.concat(order, " "))") == "1");
}

TEST_CASE("a notification that comes with the end of the timeout is not lost", "[threading]") {
  CHECK(run_sync(R"(
    local cond, sent, received, done = threading.Condition(), 0, 0, 0
    local join = start(4, function()
      for _ = 1, 60 do
        local held <close> = cond:hold()
        if cond:wait(0.0005) then received = received + 1 end
      end
      local held <close> = cond:hold()
      done = done + 1
    end)
    while done < 4 do
      local held <close> = cond:hold()
      if #cond.waiters > 0 then
        cond:notify()
        sent = sent + 1
      end
      cond.lock:release()
      time.sleep(0.0004)
      cond.lock:acquire()
    end
    join()
    return sent == received)") == "true");
}

TEST_CASE("an RLock that is held twice is released by wait, and held twice afterwards", "[threading]") {
  CHECK(run_sync(R"(
    local cond, free_inside = threading.Condition()
    local join = start(1, function()
      wait_until(function() return #cond.waiters == 1 end)
      local held <close> = cond:hold()
      free_inside = true
      cond:notify()
    end)
    cond:acquire() cond:acquire()
    local notified = cond:wait()
    local count = cond.lock:_recursion_count()
    cond:release() cond:release()
    join()
    return string.format("%s %s %d", notified, free_inside, count))") == "true true 2");
}

TEST_CASE("wait_for waits until its predicate is true, and returns what it returned", "[threading]") {
  CHECK(run_sync(R"(
    local cond, value = threading.Condition(), 0
    local join = start(1, function()
      for _ = 1, 4 do
        time.sleep(0.001)
        local held <close> = cond:hold()
        value = value + 1
        cond:notify()
      end
    end)
    local held <close> = cond:hold()
    return cond:wait_for(function() return value == 4 and "four" end))") == "four");
}

TEST_CASE("wait_for gives up after its timeout however often it is notified", "[threading]") {
  CHECK(run_sync(R"(
    local cond, stop = threading.Condition(), false
    local join = start(1, function()
      while not stop do
        time.sleep(0.001)
        local held <close> = cond:hold()
        cond:notify_all()
      end
    end)
    cond:acquire()
    local begin = time.monotonic()
    local result = cond:wait_for{predicate = function() return false end, timeout = 0.02}
    local waited = time.monotonic() - begin
    cond:release()
    stop = true
    join()
    return tostring(result) .. tostring(waited >= 0.02))") == "falsetrue");
}

TEST_CASE("an error in the predicate of wait_for leaves the lock held", "[threading]") {
  CHECK(run_sync(R"(
    local cond = threading.Condition()
    cond:acquire()
    local ok, message = pcall(cond.wait_for, cond, function() error("broken", 0) end)
    return message .. cond.lock:_recursion_count())") == "broken1");
}

TEST_CASE("a wait is not ended by what woke the thread for something else", "[threading]") {
  CHECK(run_sync(R"(
    local cond, early = threading.Condition(), 0
    for _ = 1, 20 do
      local t = threading.Thread()
      t:start()
      t:join(0.00005)
      local held <close> = cond:hold()
      local begin = time.monotonic()
      if cond:wait(0.001) or time.monotonic() - begin < 0.001 then early = early + 1 end
      t:join()
    end
    return early)") == "0");
}

TEST_CASE("tostring of a condition shows its lock and how many wait", "[threading]") {
  CHECK(run_sync("return (tostring(threading.Condition(threading.Lock())):gsub('0x%x+', 'X'))") ==
        "<Condition(<unlocked _thread.lock object at X>, 0)>");
}

TEST_CASE("8 threads hand a ball around with one condition", "[threading]") {
  CHECK(run_sync(R"(
    local cond, ball, turns = threading.Condition(threading.Lock()), 1, {}
    for i = 1, 8 do turns[i] = 0 end
    start(8, function(i)
      for _ = 1, 40 do
        local held <close> = cond:hold()
        while ball ~= i do cond:wait() end
        turns[i] = turns[i] + 1
        ball = ball % 8 + 1
        cond:notify_all()
      end
    end)()
    return table.concat(turns, " "))") == "40 40 40 40 40 40 40 40");
}

}  // namespace
}  // namespace gilvm
