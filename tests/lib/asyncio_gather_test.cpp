#include "tests/lib/asyncio_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("gather gives the results in the order of its arguments", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    local results = await(gather(sleep(0.002, "a"), function() f:set_result("f") return "b" end, f, function() end))
    say(results.n) for i = 1, results.n do say(results[i]) end
    return said())") == "4 a b f nil");
}

TEST_CASE("gather of nothing is done at once", "[asyncio]") {
  CHECK(run_in_task("local g = gather() say(g:done()) say(await(g).n) return said()") == "true 0");
}

TEST_CASE("the first exception is gather's, and the others go on", "[asyncio]") {
  CHECK(run_in_task(R"(
    local slow = create_task(function() turn(4) say "slow ends" return 1 end)
    say(show(await, gather(slow, function() turn() error("E", 0) end, function() turn(2) error("F", 0) end)))
    say(slow:done()) await(slow)
    return said())") == "false E false slow ends");
}

TEST_CASE("with return_exceptions exceptions stand among the results", "[asyncio]") {
  CHECK(run_in_task(R"(
    local cancelled = create_task(function() await(sleep(1000)) end)
    cancelled:cancel()
    local results = await(gather(function() return 1 end, function() error("E", 0) end, cancelled, {return_exceptions = true}))
    for i = 1, results.n do say(results[i]) end
    return said())") == "1 E asyncio.CancelledError");
}

TEST_CASE("a child that is cancelled is as one that raises CancelledError", "[asyncio]") {
  CHECK(run_in_task(R"(
    local a, b = create_task(coro(turn, 5)), create_task(coro(turn, 5))
    local g = gather(a, b)
    turn()
    a:cancel()
    say(show(await, g)) say(g:cancelled()) say(b:done())
    return said())") == "false asyncio.CancelledError false false");
}

TEST_CASE("to cancel gather is to cancel its children", "[asyncio]") {
  CHECK(run_in_task(R"(
    for _, return_exceptions in ipairs{false, true} do
      local a, b = create_task(function() await(sleep(1000)) end), create_task(function() await(sleep(1000)) end)
      local g = gather(a, b, {return_exceptions = return_exceptions})
      local waiter = create_task(function() await(g) end)
      turn()
      say(waiter:cancel())
      say(show(await, waiter)) say(a:cancelled()) say(b:cancelled()) say(g:cancel())
    end
    return said())") ==
        "true false asyncio.CancelledError true true false "
        "true false asyncio.CancelledError true true false");
}

TEST_CASE("gather waits for a future that is given twice once", "[asyncio]") {
  CHECK(run_in_task(R"(
    local count = 0
    local call = coro(function() count = count + 1 return count end)
    local results = await(gather(call, call))
    return results[1] .. results[2] .. count)") == "111");
}

TEST_CASE("gather refuses what cannot be awaited, and futures of two loops", "[asyncio]") {
  CHECK(run_in_task(R"(
    say(show(gather, 3)) say(show(gather, asyncio.new_event_loop():create_future()))
    say(show(gather, {return_exception = true}))
    return said())") ==
        "false TypeError: An asyncio.Future, a coroutine or an awaitable is required "
        "false ValueError: The future belongs to a different loop than the one specified as the loop "
        "argument false TypeError: gather() got an unexpected keyword argument 'return_exception'");
}

}  // namespace
}  // namespace gilvm
