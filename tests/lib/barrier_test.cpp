#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("a barrier lets all go when the last has come, each with a number of its own", "[threading]") {
  CHECK(run_sync(R"(
    local b, numbers = threading.Barrier(4), {0, 0, 0, 0}
    start(4, function(i) numbers[i] = b:wait() end)()
    table.sort(numbers)
    return table.concat(numbers, " "))") == "0 1 2 3");
}

TEST_CASE("a barrier for one does not wait", "[threading]") {
  CHECK(run_sync("return threading.Barrier(1):wait()") == "0");
}

TEST_CASE("wrong arguments of a barrier are errors", "[threading]") {
  CHECK(run_sync("threading.Barrier(0)") == "ValueError: parties must be > 0");
  CHECK(run_sync("threading.Barrier()") == "TypeError: Barrier: parties must be a number, got nil");
  CHECK(run_sync("threading.Barrier{parties = 2, act = print}") ==
        "TypeError: Barrier() got an unexpected keyword argument 'act'");
}

TEST_CASE("a barrier knows how many are waiting, and for how many", "[threading]") {
  CHECK(run_sync(R"(
    local b = threading.Barrier(3)
    local join = start(2, function() b:wait() end)
    wait_until(function() return b.n_waiting == 2 end)
    local before = tostring(b):gsub("0x%x+", "X")
    b:wait()
    join()
    return string.format("%s %d %d %s", before, b.n_waiting, b.parties, b.broken))") ==
        "<threading.Barrier at X: waiters=2/3> 0 3 false");
}

TEST_CASE("the action of a barrier runs once a round, before anyone goes on", "[threading]") {
  CHECK(run_sync(R"(
    local rounds, wrong = 0, 0
    local b = threading.Barrier{parties = 4, action = function() rounds = rounds + 1 end}
    start(4, function()
      for round = 1, 20 do
        b:wait()
        if rounds ~= round then wrong = wrong + 1 end
        b:wait()
        if rounds < round then wrong = wrong + 1 end
      end
    end)
    wait_until(function() return rounds == 40 end)
    return "done")") == "done");
}

TEST_CASE("an error in the action breaks the barrier for the others", "[threading]") {
  CHECK(run_sync(R"(
    local b, problem = threading.Barrier(2, function() error("broken action", 0) end)
    local join = start(1, function() problem = select(2, pcall(b.wait, b)) end)
    wait_until(function() return b.n_waiting == 1 end)
    local ok, message = pcall(b.wait, b)
    join()
    return string.format("%s; %s; %s", message, problem == threading.BrokenBarrierError, b.broken))") ==
        "broken action; true; true");
}

TEST_CASE("a thread that gives up breaks the barrier", "[threading]") {
  CHECK(run_sync(R"(
    local b, problems = threading.Barrier(3), {}
    local join = start(1, function() problems[1] = select(2, pcall(b.wait, b)) end)
    wait_until(function() return b.n_waiting == 1 end)
    problems[2] = select(2, pcall(b.wait, b, 0.005))
    join()
    problems[3] = select(2, pcall(b.wait, b))
    local right = 0
    for i = 1, 3 do if problems[i] == threading.BrokenBarrierError then right = right + 1 end end
    return right .. " " .. tostring(b):gsub("0x%x+", "X"))") == "3 <threading.Barrier at X: broken>");
  CHECK(run_sync("local b = threading.Barrier{parties = 2, timeout = 0.005} b:wait()") ==
        "threading.BrokenBarrierError");
  CHECK(run_sync("local b = threading.Barrier(2) b:wait{timeout = 0.001}") == "threading.BrokenBarrierError");
}

TEST_CASE("abort breaks the barrier, and reset repairs it", "[threading]") {
  CHECK(run_sync(R"(
    local b, problem = threading.Barrier(2)
    local join = start(1, function() problem = select(2, pcall(b.wait, b)) end)
    wait_until(function() return b.n_waiting == 1 end)
    b:abort()
    join()
    local broken = b.broken
    b:reset()
    join = start(1, function() b:wait() end)
    b:wait()
    join()
    return string.format("%s %s %s", problem, broken, b.broken))") ==
        "threading.BrokenBarrierError true false");
}

TEST_CASE("reset sends away those who are waiting", "[threading]") {
  CHECK(run_sync(R"(
    local b, guard, sent_away = threading.Barrier(4), threading.Lock(), 0
    local join = start(3, function()
      local ok, problem = pcall(b.wait, b)
      local held <close> = guard:hold()
      if problem == threading.BrokenBarrierError then sent_away = sent_away + 1 end
    end)
    wait_until(function() return b.n_waiting == 3 end)
    b:reset()
    join()
    join = start(3, function() b:wait() end)
    b:wait()
    join()
    return sent_away .. tostring(b.broken))") == "3false");
}

TEST_CASE("reset of a barrier that nobody waits at changes nothing", "[threading]") {
  CHECK(run_sync("local b = threading.Barrier(1) b:reset() return b:wait() .. tostring(b.broken)") ==
        "0false");
}

TEST_CASE("of 8 threads none passes a barrier before the others have come, in many rounds", "[threading]") {
  CHECK(run_sync(R"(
    local ROUNDS, b, guard, wrong, sum = 50, threading.Barrier(8), threading.Lock(), 0, 0
    local arrived = {}
    for round = 1, ROUNDS do arrived[round] = 0 end
    start(8, function()
      for round = 1, ROUNDS do
        do local held <close> = guard:hold() arrived[round] = arrived[round] + 1 end
        local number = b:wait()
        local held <close> = guard:hold()
        if arrived[round] ~= 8 then wrong = wrong + 1 end
        sum = sum + number
      end
    end)()
    return wrong .. " " .. sum)") == "0 1400");
}

}  // namespace
}  // namespace gilvm
