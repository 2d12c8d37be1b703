#include "tests/lib/asyncio_scripts.h"

namespace gilvm {
namespace {

// limited(delay, body): what a block with that limit raises; the limit.
const std::string kLimited = R"(
  local function limited(delay, body)
    local limit
    local ok, problem = pcall(function()
      local l <close> = asyncio.timeout(delay)
      limit = l
      body(l)
    end)
    return ok and "ok" or tostring(problem), limit
  end )";

TEST_CASE("a block that takes too long ends with TimeoutError", "[asyncio]") {
  CHECK(run_in_task(kLimited + R"(
    local result, limit = limited(0.001, function(l) say(l:expired()) await(sleep(1000)) end)
    say(result) say(limit:expired()) say(asyncio.current_task():cancelling())
    result, limit = limited(1000, function() turn() end)
    say(result) say(limit:expired())
    result, limit = limited(nil, function(l) say(l:when()) turn() end)
    say(result) say(limit)
    say((limited(0, function() await(sleep(1000)) end)))
    say((limited(1000, function() error("E", 0) end)))
    return said())") == "false TimeoutError true 0 ok false nil ok <Timeout [finished]> TimeoutError E");
}

TEST_CASE("a limit can be rescheduled", "[asyncio]") {
  CHECK(run_in_task(kLimited + R"(
    local loop = asyncio.get_running_loop()
    local result, limit = limited(0.001, function(l) l:reschedule(loop:time() + 1000) await(sleep(0.005)) end)
    say(result) say(limit:expired()) say(show(limit.reschedule, limit, 1))
    say((limited(1000, function(l) l:reschedule(loop:time() - 1) await(sleep(1000)) end)))
    say((limited(1000, function(l) l:reschedule{when = nil} say(l:when()) turn() end)))
    local at <close> = asyncio.timeout_at(loop:time() + 1000)
    say(at:when() > loop:time() + 900)
    return said())") ==
        "ok false false RuntimeError: Cannot change state of finished Timeout TimeoutError nil ok true");
}

TEST_CASE("a cancellation from elsewhere stays one", "[asyncio]") {
  CHECK(run_in_task(kLimited + R"(
    local t = create_task(function() say((limited(1000, function() await(sleep(1000)) end))) end)
    turn() t:cancel() turn(2)
    -- Both at once.
    local both
    both = create_task(function()
      say((limited(0.001, function() pcall(await, sleep(1000)) both:cancel() await(sleep(1000)) end)))
    end)
    await(asyncio.wait{both})
    return said())") == "asyncio.CancelledError asyncio.CancelledError");
}

TEST_CASE("the inner limit is the inner block's", "[asyncio]") {
  CHECK(run_in_task(kLimited + R"(
    say((limited(1000, function() say((limited(0.001, function() await(sleep(1000)) end))) turn() end)))
    say((limited(0.001, function() say((limited(1000, function() await(sleep(1000)) end))) await(sleep(0)) end)))
    return said())") == "TimeoutError ok asyncio.CancelledError ok");
}

TEST_CASE("a limit belongs to a task", "[asyncio]") {
  CHECK(run_asyncio("return show(asyncio.timeout, nil)") ==
        "false RuntimeError: Timeout should be used inside a task");
  CHECK(run_in_task("return show(asyncio.timeout, 'x')") ==
        "false TypeError: a number of seconds expected, got string");
}

// grouped(body): what a block with a group raises.
const std::string kGrouped = R"(
  local function grouped(body)
    local ok, problem = pcall(function()
      local group <close> = asyncio.TaskGroup()
      body(group)
    end)
    return ok and "ok" or tostring(problem), problem
  end )";

TEST_CASE("a group waits for its tasks, also for those that its tasks make", "[asyncio]") {
  CHECK(run_in_task(kGrouped + R"(
    local group
    say((grouped(function(g)
      group = g
      local t = g:create_task(function() turn(2) say "a" g:create_task(function() turn() say "b" end) end, {name = "t"})
      say(t:get_name())
    end)))
    say(show(group.create_task, group, turn))
    return said())") == "t a b ok false RuntimeError: TaskGroup is finished");
}

TEST_CASE("the first error cancels the other tasks and the block; all errors are raised", "[asyncio]") {
  CHECK(run_in_task(kGrouped + R"(
    local text, problem = grouped(function(g)
      g:create_task(function() say(show(await, sleep(1000))) error("F", 0) end)
      g:create_task(function() turn() error("E", 0) end)
      say(show(await, sleep(1000)))
      say(show(g.create_task, g, turn))
      turn()
    end)
    say(builtins.isinstance(problem, builtins.ExceptionGroup)) say(problem.message)
    say(#problem.exceptions) say(problem.exceptions[1]) say(problem.exceptions[2])
    say(asyncio.current_task():cancelling()) say(text:gsub("\n", "|"))
    return said())") ==
        "false asyncio.CancelledError false asyncio.CancelledError "
        "false RuntimeError: TaskGroup is shutting down true unhandled errors in a TaskGroup 2 E F 0 "
        "ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)|  E|  F");
}

TEST_CASE("an error in the block cancels the tasks", "[asyncio]") {
  CHECK(run_in_task(kGrouped + R"(
    local t
    local _, problem = grouped(function(g) t = g:create_task(function() await(sleep(1000)) end) turn() error("B", 0) end)
    say(problem.exceptions[1]) say(#problem.exceptions) say(t:cancelled())
    return said())") == "B 1 true");
}

TEST_CASE("who cancels the block cancels the tasks, and it stays a cancellation", "[asyncio]") {
  CHECK(run_in_task(kGrouped + R"(
    local inner
    local t = create_task(function()
      say((grouped(function(g) inner = g:create_task(function() await(sleep(1000)) end) end)))
    end)
    turn(2) t:cancel() await(asyncio.wait{t})
    say(inner:cancelled())
    return said())") == "asyncio.CancelledError true");
}

TEST_CASE("a task of a group that is cancelled is no error", "[asyncio]") {
  CHECK(run_in_task(kGrouped + R"(
    say((grouped(function(g) local t = g:create_task(function() await(sleep(1000)) end) turn() t:cancel() end)))
    return said())") == "ok");
}

TEST_CASE("a group belongs to a task", "[asyncio]") {
  CHECK(run_asyncio("return show(asyncio.TaskGroup)") == "false RuntimeError: no running event loop");
}

}  // namespace
}  // namespace gilvm
