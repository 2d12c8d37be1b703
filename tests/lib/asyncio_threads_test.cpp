#include "tests/lib/asyncio_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("to_thread calls in another thread, while the loop goes on", "[asyncio]") {
  CHECK(run_in_task(R"(
    local go_on, main = threading.Event(), threading.get_ident()
    local call = create_task(asyncio.to_thread(function(a, b) go_on:wait() return a + b, threading.get_ident() ~= main end, 2, 3))
    turn(3)
    say(call:done())
    go_on:set()
    local sum, elsewhere = await(call)
    say(sum) say(elsewhere)
    say(show(await, asyncio.to_thread(error, "E", 0)))
    return said())") == "false 5 true false E");
}

TEST_CASE("run_in_executor takes the loop's executor or another one", "[asyncio]") {
  CHECK(run_in_task(R"(
    local futures = require "concurrent.futures"
    local loop = asyncio.get_running_loop()
    local function name() return (threading.current_thread().name:gsub("_.*", "")) end
    local own = futures.ThreadPoolExecutor{max_workers = 1, thread_name_prefix = "own"}
    say(await(loop:run_in_executor(nil, name))) say(await(loop:run_in_executor(own, name)))
    loop:set_default_executor(own)
    say(await(loop:run_in_executor(nil, name)))
    say(show(loop.run_in_executor, loop, nil, 3))
    return said())") ==
        "asyncio own own false TypeError: a callable object was expected by run_in_executor(), got 3");
}

TEST_CASE("a call that has not begun can be cancelled", "[asyncio]") {
  CHECK(run_in_task(R"(
    local futures = require "concurrent.futures"
    local own, go_on, began = futures.ThreadPoolExecutor(1), threading.Event(), false
    local loop = asyncio.get_running_loop()
    local first = loop:run_in_executor(own, function() go_on:wait() end)
    local second = loop:run_in_executor(own, function() began = true end)
    second:cancel()
    turn()
    go_on:set()
    await(first)
    own:shutdown()
    say(second:cancelled()) say(began)
    return said())") == "true false");
}

TEST_CASE("run waits for the threads of the loop's executor", "[asyncio]") {
  CHECK(run_asyncio(R"(
    local ended = false
    asyncio.run(function() asyncio.get_running_loop():run_in_executor(nil, function() time.sleep(0.01) ended = true end) end)
    return ended)") == "true");
}

TEST_CASE("after shutdown_default_executor there is none", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    await(asyncio.to_thread(print))
    await(loop:shutdown_default_executor())
    return show(loop.run_in_executor, loop, nil, print))") ==
        "false RuntimeError: Executor shutdown has been called");
}

TEST_CASE("another thread can have a coroutine run, and wait for its result", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop, got, left, done = asyncio.get_running_loop(), {"", "", ""}, 3, asyncio.Future()
    local join = start(3, function(i)
      local future = asyncio.run_coroutine_threadsafe(coro(function(x)
        turn()
        if x == 3 then error("E", 0) end
        return x * 10
      end, i), loop)
      got[i] = show(future.result, future)
      loop:call_soon_threadsafe(function() left = left - 1 if left == 0 then done:set_result() end end)
    end)
    await(done)
    join()
    return table.concat(got, " "))") == "true 10 true 20 false E");
}

TEST_CASE("to cancel what another thread has had run is to cancel the task", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop, ended, began = asyncio.get_running_loop(), asyncio.Future(), threading.Event()
    local join = start(1, function()
      local future = asyncio.run_coroutine_threadsafe(function()
        began:set()
        ended:set_result(show(await, sleep(1000)))
      end, loop)
      began:wait()
      say(future:cancel())
    end)
    say(await(ended))
    join()
    say(show(asyncio.run_coroutine_threadsafe, 3, loop))
    table.sort(list)
    return said())") == "false TypeError: A coroutine object is required false asyncio.CancelledError true");
}

}  // namespace
}  // namespace gilvm
