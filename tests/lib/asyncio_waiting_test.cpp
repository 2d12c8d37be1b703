#include "tests/lib/asyncio_scripts.h"

namespace gilvm {
namespace {

// after(n, x): a task that returns x after n turns; failing(n): one that raises "E".
const std::string kTasks = R"(
  local function after(n, x) return create_task(function() turn(n) return x end) end
  local function failing(n) return create_task(function() turn(n) error("E", 0) end) end
  local function counts(done, pending) say(#done) say(#pending) end )";

TEST_CASE("wait returns what is done and what is not, when what it waits for has happened", "[asyncio]") {
  CHECK(run_in_task(kTasks + R"(
    counts(await(asyncio.wait{after(1), after(9), failing(2)}))
    counts(await(asyncio.wait({after(1), after(20), failing(9)}, {return_when = asyncio.FIRST_COMPLETED})))
    counts(await(asyncio.wait({after(1), after(9), failing(2)}, {return_when = asyncio.FIRST_EXCEPTION})))
    counts(await(asyncio.wait({after(1), after(2)}, {return_when = asyncio.FIRST_EXCEPTION})))
    asyncio.get_running_loop():set_exception_handler(function() end)
    return said())") == "3 0 1 2 2 1 2 0");
}

TEST_CASE("wait's lists are in the order of its argument, each future once", "[asyncio]") {
  CHECK(run_in_task(kTasks + R"(
    local a, b, c = after(3, "a"), after(1, "b"), after(2, "c")
    local done = await(asyncio.wait{a, b, a, c})
    for _, t in ipairs(done) do say(t:result()) end
    return said())") == "a b c");
}

TEST_CASE("when wait's time is over it cancels nothing and raises nothing", "[asyncio]") {
  CHECK(run_in_task(kTasks + R"(
    local slow = create_task(function() await(sleep(1000)) end)
    local fast = after(0)
    turn(2)
    local done, pending = await(asyncio.wait({fast, slow}, 0.001))
    counts(done, pending) say(pending[1] == slow) say(slow:done())
    counts(await(asyncio.wait({slow}, 0)))
    return said())") == "1 1 true false 0 1");
}

TEST_CASE("wait refuses coroutines, nothing, and what it does not know", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    say(show(await, asyncio.wait{turn})) say(show(await, asyncio.wait{})) say(show(await, asyncio.wait(f)))
    say((show(await, asyncio.wait({f}, {return_when = "never"}))))
    return said())") ==
        "false TypeError: Passing coroutines is forbidden, use tasks explicitly. "
        "false ValueError: Set of Tasks/Futures is empty. "
        "false TypeError: expect a list of futures, not <Future pending> "
        "false ValueError: Invalid return_when value: 'never'");
}

TEST_CASE("a cancelled wait leaves its futures alone", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    local t = create_task(function() await(asyncio.wait{f}) end)
    turn() t:cancel() turn()
    say(t:cancelled()) say(f)
    return said())") == "true <Future pending>");
}

TEST_CASE("wait_for returns the result in time, or cancels and raises TimeoutError", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    local cleaned = create_task(function() pcall(await, sleep(1000)) turn(2) say "cleaned" error(asyncio.CancelledError, 0) end)
    say(await(asyncio.wait_for(sleep(0, "in time"), 1000)))
    say(await(asyncio.wait_for(function() turn() return "no limit" end, nil)))
    say(show(await, asyncio.wait_for(f, 0.001))) say(f:cancelled())
    say(show(await, asyncio.wait_for(cleaned, 0.001)))
    say(select(2, pcall(await, asyncio.wait_for(sleep(1000), 0))) == builtins.TimeoutError)
    say(show(await, asyncio.wait_for(function() error("E", 0) end, 1000)))
    say(show(await, asyncio.wait_for(f, "soon")))
    return said())") ==
        "in time no limit false TimeoutError true cleaned false TimeoutError true false E "
        "false TypeError: a number of seconds expected, got string");
}

TEST_CASE("wait_for without time gives the result of what is done already", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    f:set_result(5)
    say(await(asyncio.wait_for(f, 0))) say(await(asyncio.wait_for(f, -1)))
    say(show(await, asyncio.wait_for(asyncio.Future(), 0)))
    return said())") == "5 5 false TimeoutError");
}

TEST_CASE("a cancelled wait_for cancels what it waits for", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    local t = create_task(asyncio.wait_for(f, 1000))
    turn() t:cancel()
    say(show(await, t)) say(f:cancelled())
    return said())") == "false asyncio.CancelledError true");
}

TEST_CASE("shield keeps a cancellation from its argument", "[asyncio]") {
  CHECK(run_in_task(R"(
    local inner = create_task(function() turn(3) say "inner ends" return "result" end)
    local outer = create_task(function() return await(asyncio.shield(inner)) end)
    turn()
    outer:cancel()
    say(show(await, outer)) say(inner:done())
    say(await(inner)) say(asyncio.shield(inner) == inner)
    return said())") == "false asyncio.CancelledError false inner ends result true");
}

TEST_CASE("shield passes results, errors and the argument's own cancellation on", "[asyncio]") {
  CHECK(run_in_task(R"(
    say(await(asyncio.shield(function() turn() return 7 end)))
    say(show(await, asyncio.shield(function() turn() error("E", 0) end)))
    local inner = create_task(function() await(sleep(1000)) end)
    local shielded = asyncio.shield(inner)
    turn() inner:cancel()
    say(show(await, shielded))
    return said())") == "7 false E false asyncio.CancelledError");
}

TEST_CASE("as_completed gives the results in the order in which they come", "[asyncio]") {
  CHECK(run_in_task(kTasks + R"(
    for next_one in asyncio.as_completed{after(3, "c"), after(1, "a"), failing(2)} do say(show(await, next_one)) end
    for _ in asyncio.as_completed{} do say "never" end
    return said())") == "true a false E true c");
}

TEST_CASE("as_completed raises TimeoutError for each that is not done in time", "[asyncio]") {
  CHECK(run_in_task(kTasks + R"(
    local slow, fast = {asyncio.Future(), asyncio.Future()}, asyncio.Future()
    fast:set_result("a")
    for next_one in asyncio.as_completed({slow[1], fast, slow[2]}, 0.002) do say(show(await, next_one)) end
    say(slow[1]:done())
    say(show(asyncio.as_completed, slow[1]))
    return said())") ==
        "true a false TimeoutError false TimeoutError false "
        "false TypeError: expect a list of futures, not <Future pending>");
}

}  // namespace
}  // namespace gilvm
