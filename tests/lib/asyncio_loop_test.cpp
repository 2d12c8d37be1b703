#include "tests/lib/asyncio_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("callbacks run in the order of call_soon, with their arguments, and not at once", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    loop:call_soon(say, "a")
    loop:call_soon(function(x, y, z) say(x .. y .. tostring(z)) end, "b", 2, nil)
    loop:call_soon(function() say "c" end)
    say "first"
    turn()
    return said())") == "first a b2nil c");
}

TEST_CASE("what a callback makes ready is done in the next round", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    loop:call_soon(function() say "a" loop:call_soon(say, "later") end)
    loop:call_soon(say, "b")
    turn() say "|" turn()
    return said())") == "a b | later");
}

TEST_CASE("timers run in the order of their times, and of equal ones the older first", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    local now = loop:time()
    for _, delay in ipairs{5, 1, 4, 1, 3, 2} do loop:call_at(now + delay / 1000, say, delay) end
    loop:call_at(now + 0.001, say, "third of 1")
    loop:call_at(now - 1, say, "past")
    await(sleep(0.02))
    return said())") == "past 1 1 third of 1 2 3 4 5");
}

TEST_CASE("a timer is not early", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    local began, done = loop:time(), loop:create_future()
    loop:call_later(0.02, function() done:set_result(loop:time() - began >= 0.02) end)
    return await(done))") == "true");
}

TEST_CASE("a handle that was cancelled calls nothing, at whatever time", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    local soon, later, next_one = loop:call_soon(say, 1), loop:call_later(0.001, say, 2), loop:call_later(0.002, say, 3)
    say(soon:cancelled())
    soon:cancel() later:cancel() later:cancel()
    say(soon:cancelled()) say(later:cancelled()) say(next_one:when() > later:when())
    await(sleep(0.01))
    return said())") == "false true true true 3");
}

TEST_CASE("a thousand timers of which every other is cancelled run in order", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    local now, handles, last, count = loop:time(), {}, -1, 0
    for i = 1, 1000 do
      local place = i * 7919 % 1000
      handles[i] = loop:call_at(now + place * 1e-6, function()
        assert(place > last)
        last, count = place, count + 1
      end)
    end
    for i = 1, 1000, 2 do handles[i]:cancel() end
    await(sleep(0.01))
    return count)") == "500");
}

TEST_CASE("an error in a callback is reported, and the loop goes on", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    loop:set_exception_handler(function(_, context)
      say(context.message:gsub(" at .*", "")) say(context.exception) say(context.traceback:find("traceback") ~= nil)
    end)
    loop:call_soon(function() error(builtins.ValueError("no")) end)
    loop:call_soon(say, "next")
    turn()
    return said())") == "Exception in callback <Handle function ValueError: no true next");
}

TEST_CASE("without a handler the report goes to standard error", "[asyncio]") {
  StderrCapture capture;
  CHECK(run_in_task(R"(
    asyncio.get_running_loop():call_soon(function() error("no", 0) end)
    asyncio.get_running_loop():call_exception_handler{message = "told", future = 12}
    turn())") == "nil");
  const std::string text = capture.text();
  CHECK(text.find("told\nfuture: 12\n") != std::string::npos);
  CHECK(text.find("Exception in callback <Handle function at test:3>\n") != std::string::npos);
  CHECK(text.find("\nno\nstack traceback:") != std::string::npos);
}

TEST_CASE("an error in the exception handler is reported too", "[asyncio]") {
  StderrCapture capture;
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    loop:set_exception_handler(function() error("worse", 0) end)
    loop:call_exception_handler{message = "bad"}
    return show(loop.set_exception_handler, loop, 3))") ==
        "false TypeError: A callable object or None is expected, got 3");
  CHECK(capture.text().find("Unhandled error in exception handler\ncontext: bad\nworse\n") !=
        std::string::npos);
}

TEST_CASE("SystemExit ends the loop, which can go on with what was left", "[asyncio]") {
  CHECK(run_asyncio(R"(
    local loop = asyncio.new_event_loop()
    loop:call_soon(say, 1)
    loop:call_soon(function() error(builtins.SystemExit(3), 0) end)
    loop:call_soon(say, 2)
    say(select(2, pcall(loop.run_forever, loop)).code)
    loop:call_soon(loop.stop, loop)
    loop:run_forever()
    return said())") == "1 3 2");
}

TEST_CASE("a loop runs one at a time, until it is stopped, and not when it is closed", "[asyncio]") {
  CHECK(run_asyncio(R"(
    local loop, other = asyncio.new_event_loop(), asyncio.new_event_loop()
    loop:call_soon(function()
      say(show(loop.run_forever, loop)) say(show(other.run_forever, other)) say(show(loop.close, loop))
      say(loop:is_running())
      loop:call_soon(say, "not any more")
      loop:stop()
    end)
    loop:run_forever()
    say(loop:is_running())
    loop:call_soon(loop.stop, loop)
    say(show(loop.run_until_complete, loop, loop:create_future()))
    return said())") ==
        "false RuntimeError: This event loop is already running "
        "false RuntimeError: Cannot run the event loop while another loop is running "
        "false RuntimeError: Cannot close a running event loop true false not any more "
        "false RuntimeError: Event loop stopped before Future completed.");
}

TEST_CASE("a closed loop refuses everything", "[asyncio]") {
  CHECK(run_asyncio(R"(
    local loop = asyncio.new_event_loop()
    loop:close() loop:close()
    for _, name in ipairs{"call_soon", "call_soon_threadsafe"} do say(show(loop[name], loop, print)) end
    say(show(loop.call_later, loop, 1, print)) say(show(loop.run_forever, loop)) say(loop:is_closed())
    return said())") ==
        "false RuntimeError: Event loop is closed false RuntimeError: Event loop is closed "
        "false RuntimeError: Event loop is closed false RuntimeError: Event loop is closed true");
}

TEST_CASE("what cannot be called is refused at once", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    say(show(loop.call_soon, loop, 3)) say(show(loop.call_later, loop, nil, print))
    say(show(loop.call_later, loop, 0 / 0, print))
    return said())") ==
        "false TypeError: a callable object was expected by call_soon(), got 3 "
        "false TypeError: delay must not be None "
        "false ValueError: Invalid value NaN (not a number)");
}

TEST_CASE("another thread wakes the loop that waits", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop, done = asyncio.get_running_loop(), asyncio.Future()
    local count = 0
    local join = start(4, function(i)
      for _ = 1, 50 do loop:call_soon_threadsafe(function() count = count + 1 if count == 200 then done:set_result(count) end end) end
    end)
    local result = await(done)
    join()
    return result)") == "200");
}

TEST_CASE("every thread has a loop of its own", "[asyncio]") {
  CHECK(run_asyncio(R"(
    local sums = {0, 0, 0, 0}
    start(4, function(i)
      asyncio.run(function()
        assert(asyncio.get_running_loop():is_running())
        for _ = 1, 20 do turn() sums[i] = sums[i] + 1 end
      end)
      sums[i] = sums[i] + (show(asyncio.get_running_loop):find("no running event loop") and 100 or 0)
    end)()
    return table.concat(sums, " "))") == "120 120 120 120");
}

TEST_CASE("which loop: the running one, or the one that was set", "[asyncio]") {
  CHECK(run_asyncio(R"(
    say(show(asyncio.get_event_loop)) say(show(asyncio.get_running_loop))
    local loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    say(asyncio.get_event_loop() == loop)
    asyncio.run(function() say(asyncio.get_event_loop() == loop) say(asyncio.get_event_loop() == asyncio.get_running_loop()) end)
    asyncio.set_event_loop(nil)
    say(show(asyncio.set_event_loop, 3))
    return said())") ==
        "false RuntimeError: There is no current event loop in this thread. "
        "false RuntimeError: no running event loop true false true "
        "false TypeError: loop must be an instance of EventLoop or None, not 3");
}

TEST_CASE("callbacks can be shown", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    local handle, timer = loop:call_soon(function() end), loop:call_at(7, print)
    say(handle) say(timer)
    handle:cancel() timer:cancel()
    say(handle) say(timer)
    say(tostring(loop):gsub("0x%x+", "?"))
    return said())") ==
        "<Handle function at test:4> <TimerHandle built-in function when=7> <Handle cancelled> "
        "<TimerHandle cancelled when=7> <asyncio.EventLoop running=true closed=false debug=false>");
}

TEST_CASE("an interruption ends a loop that waits", "[asyncio]") {
  ScriptVm vm({LockRegime::kGil, {}, SwitchPoints::kEvery});
  CHECK(vm.run(asyncio_prelude() + R"(
    local waits = threading.Thread{daemon = true, target = function()
      asyncio.run(function() await(asyncio.Future()) end)
    end}
    waits:start()
    return "the test ends, and with it the thread")") == "the test ends, and with it the thread");
}

}  // namespace
}  // namespace gilvm
