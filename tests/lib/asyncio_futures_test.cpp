#include "tests/lib/asyncio_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("a future that is pending has neither result nor exception", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    say(f:done()) say(f:cancelled()) say(show(f.result, f)) say(show(f.exception, f)) say(f)
    return said())") ==
        "false false false asyncio.InvalidStateError: Result is not set. "
        "false asyncio.InvalidStateError: Exception is not set. <Future pending>");
}

TEST_CASE("a future is done once", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f, g, h = asyncio.Future(), asyncio.Future(), asyncio.Future()
    f:set_result(1) g:set_exception("E") h:cancel()
    for _, future in ipairs{f, g, h} do
      say(show(future.set_result, future, 2)) say(show(future.set_exception, future, 2)) say(future:cancel()) say(future:done())
    end
    g:exception()
    return said())") == [] {
    const std::string refused = "false asyncio.InvalidStateError: invalid state ";
    const std::string each = refused + refused + "false true";
    return each + " " + each + " " + each;
  }());
}

TEST_CASE("result and exception give what was set", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f, g, h, n = asyncio.Future(), asyncio.Future(), asyncio.Future(), asyncio.Future()
    f:set_result(1, nil, 3) g:set_exception(builtins.ValueError("E")) h:cancel("why") n:set_result()
    say(show(f.result, f)) say(show(f.exception, f))
    say(show(g.result, g)) say(show(g.exception, g))
    say(show(h.result, h)) say(show(h.exception, h))
    say(show(n.result, n))
    return said())") ==
        "true 1 nil 3 true nil false ValueError: E true ValueError: E "
        "false asyncio.CancelledError: why false asyncio.CancelledError: why true nil");
}

TEST_CASE("callbacks of a future are called later, in their order, with the future", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    f:add_done_callback(function(x) say("a" .. tostring(x == f)) end)
    f:add_done_callback(function(x) say("b" .. x:result()) end)
    f:set_result(5)
    f:add_done_callback(function() say "c" end)
    say "set"
    turn()
    return said())") == "set atrue b5 c");
}

TEST_CASE("a callback can be removed, every time it was added", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    local function a() say "a" end
    local function b() say "b" end
    f:add_done_callback(a) f:add_done_callback(b) f:add_done_callback(a)
    say(f:remove_done_callback(a)) say(f:remove_done_callback(a))
    f:cancel()
    turn()
    say(f:remove_done_callback(b)) say(show(f.add_done_callback, f, 3))
    return said())") == "2 0 b 0 false TypeError: a callable object was expected, got 3");
}

TEST_CASE("several tasks wait for one future, beside callbacks", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    local function waiter(name) say(name .. await(f)) end
    create_task(coro(waiter, "a"))
    turn()
    f:add_done_callback(function() say "callback" end)
    create_task(coro(waiter, "b"))
    turn()
    f:set_result(1)
    turn()
    return said())") == "a1 callback b1");
}

TEST_CASE("futures can be shown in every state", "[asyncio]") {
  CHECK(run_in_task(R"(
    local function future() return asyncio.Future() end
    local f = future()
    f:add_done_callback(print) f:add_done_callback(function() end)
    say(f)
    f:remove_done_callback(print)
    f:set_result("text") say(f)
    local g, h, i = future(), future(), future()
    g:set_exception(builtins.ValueError("a", 1)) h:cancel() i:set_result(1, "b")
    say(g) say(h) say(i)
    g:exception()
    return said())") ==
        "<Future pending cb=[built-in function, function at test:5]> <Future finished result='text'> "
        "<Future finished exception=ValueError('a', 1)> <Future cancelled> "
        "<Future finished result=(1, 'b')>");
}

TEST_CASE("an exception that nobody asks for is reported, once", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    loop:set_exception_handler(function(_, context)
      say(context.message) say(context.exception) say(without_names(context.future):gsub("function at %S+", "f"))
      say(context.traceback and context.traceback:find("test:10") ~= nil)
    end)
    local function forget()
      asyncio.Future():set_exception("forgotten future")
      create_task(function()
        error("forgotten task", 0) end)
    end
    forget()
    turn()
    collectgarbage() collectgarbage()
    turn()
    table.sort(list)
    return said())") ==
        "<Future finished exception='forgotten future'> "
        "<Task finished coro=<f done> exception='forgotten task'> "
        "Future exception was never retrieved Task exception was never retrieved "
        "forgotten future forgotten task nil true");
}

TEST_CASE("an exception that somebody has asked for is not reported", "[asyncio]") {
  CHECK(run_in_task(R"(
    local loop = asyncio.get_running_loop()
    loop:set_exception_handler(function(_, context) say(context.message) end)
    local function ask()
      local f, g, t = asyncio.Future(), asyncio.Future(), create_task(function() error("E") end)
      f:set_exception("E") g:set_exception("E")
      f:exception() pcall(g.result, g) pcall(await, t)
      pcall(await, gather(function() error("E") end, function() error("F") end))
    end
    ask()
    turn()
    collectgarbage() collectgarbage()
    turn()
    return said() .. loop._unretrieved)") == "0");
}

TEST_CASE("the end of the loop is the last moment for such a report", "[asyncio]") {
  StderrCapture capture;
  CHECK(run_in_task("create_task(function() error('lost', 0) end) turn()") == "nil");
  CHECK(capture.text().find("Task exception was never retrieved\nfuture: <Task finished name='Task-") !=
        std::string::npos);
}

}  // namespace
}  // namespace gilvm
