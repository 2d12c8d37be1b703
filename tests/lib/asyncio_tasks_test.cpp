#include "tests/lib/asyncio_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("run returns what the main function returns, or raises its error", "[asyncio]") {
  CHECK(run_asyncio(R"(
    say(show(asyncio.run, function() return 1, nil, 3 end))
    say(show(asyncio.run, function() error("E", 0) end))
    say(show(asyncio.run, coro(function(a, b) turn() return a + b end, 2, 3)))
    say(show(asyncio.run, 3)) say(show(asyncio.run, function() end, {dbeug = true}))
    return said())") ==
        "true 1 nil 3 false E true 5 false ValueError: a coroutine was expected, got 3 "
        "false TypeError: run() got an unexpected keyword argument 'dbeug'");
}

TEST_CASE("run cannot be called where a loop runs, and can afterwards", "[asyncio]") {
  CHECK(run_in_task(R"(
    return show(asyncio.run, function() end))") ==
        "false RuntimeError: asyncio.run() cannot be called from a running event loop");
  CHECK(run_asyncio("asyncio.run(turn) asyncio.run(turn) return 'twice'") == "twice");
}

TEST_CASE("run cancels the tasks that are left, and waits for them", "[asyncio]") {
  CHECK(run_asyncio(R"(
    asyncio.run(function()
      create_task(function()
        local _, problem = pcall(await, sleep(1000))
        turn(3)
        say(problem)
        error(problem, 0)
      end)
      turn()
      say "main ends"
    end)
    return said())") == "main ends asyncio.CancelledError");
}

TEST_CASE("a task that fails while run ends is reported", "[asyncio]") {
  StderrCapture capture;
  run_in_task("create_task(function() pcall(await, sleep(1000)) error('at the end', 0) end) turn()");
  CHECK(capture.text().find("unhandled exception during asyncio.run() shutdown\ntask: <Task finished") !=
        std::string::npos);
}

TEST_CASE("a runner runs several functions in one loop", "[asyncio]") {
  CHECK(run_asyncio(R"(
    local runner = asyncio.Runner()
    local f
    runner:run(function() f = asyncio.Future() create_task(function() turn(2) f:set_result("kept") end) end)
    say(runner:run(function() return await(f) end))
    say(runner:get_loop() == f:get_loop())
    runner:close() runner:close()
    say(f:get_loop():is_closed()) say(show(runner.run, runner, turn))
    return said())") == "kept true true false RuntimeError: Runner is closed");
}

TEST_CASE("a task begins when the one that made it waits", "[asyncio]") {
  CHECK(run_in_task(R"(
    create_task(function() say "b" turn() say "d" end)
    create_task(function() say "c" turn() say "e" end)
    say "a"
    turn(2)
    return said())") == "a b c d e");
}

TEST_CASE("await gives a task's results, or raises its error", "[asyncio]") {
  CHECK(run_in_task(R"(
    local t = create_task(function(...) return 1, nil, select("#", ...) end)
    say(show(await, t)) say(show(await, t))
    say(show(await, create_task(coro(function(a, b, c) error(a .. b .. c, 0) end, 1, 2, 3))))
    say(show(await, create_task(function() error(nil) end)))
    return said())") == "true 1 nil 0 true 1 nil 0 false 123 false nil");
}

TEST_CASE("await makes the call of a coroutine itself, once", "[asyncio]") {
  CHECK(run_in_task(R"(
    local call = coro(function(a) return a, asyncio.current_task() end, 7)
    local a, task = await(call)
    say(a) say(task == asyncio.current_task()) say(show(await, call)) say(show(await, create_task(call)))
    say(select("#", await(function() return nil, nil end)))
    say(show(await, 3)) say(show(create_task, 3)) say(show(coro, 3)) say(show(asyncio.async, nil))
    return said())") ==
        "7 true false RuntimeError: cannot reuse already awaited coroutine false RuntimeError: cannot reuse "
        "already awaited coroutine 2 false TypeError: object number can't be used in 'await' expression "
        "false TypeError: a coroutine was expected, got 3 false TypeError: coro() takes a function, got 3 "
        "false TypeError: async() takes a function, got nil");
}

TEST_CASE("async makes functions whose calls are coroutines", "[asyncio]") {
  CHECK(run_in_task(R"(
    local double = asyncio.async(function(x) turn() return 2 * x end)
    local call = double(4)
    say(asyncio.iscoroutine(call)) say(asyncio.iscoroutine(double)) say(call)
    say(await(call)) say(call) say(table.concat(await(gather(double(1), double(2))), "+"))
    return said())") == "true false <coroutine of function at test:3> 8 <coroutine that was awaited> 2+4");
}

TEST_CASE("await passes pcall, metamethods, iterators and closing variables", "[asyncio]") {
  CHECK(run_in_task(R"(
    local meta = {__add = function(a, b) turn() return a.x + b.x end, __close = function() turn() say "closed" end}
    local one = setmetatable({x = 1}, meta)
    say(one + one)
    for x in function(_, x) turn() if x < 2 then return x + 1 end end, nil, 0 do say(x) end
    do local c <close> = one end
    say(pcall(pcall, function() local c <close> = one turn() error "E" end))
    return said())") == "2 1 2 closed closed true");
}

TEST_CASE("await outside of a task is refused", "[asyncio]") {
  CHECK(run_asyncio(R"(
    local loop = asyncio.new_event_loop()
    local f = loop:create_future()
    say(show(await, f)) say(show(await, sleep(0))) say(show(create_task, turn))
    loop:call_soon(function() say(show(await, f)) loop:stop() end)
    loop:run_forever()
    return said())") ==
        "false RuntimeError: no running event loop false RuntimeError: no running event loop false "
        "RuntimeError: "
        "no running event loop false RuntimeError: await() was called outside of a task");
}

TEST_CASE("a coroutine of Lua inside a task cannot await, nor can a task yield by itself", "[asyncio]") {
  CHECK(run_in_task(R"(
    say(show(coroutine.wrap(function() turn() end)))
    say(show(coroutine.wrap(function() return await(coro(function() return 5 end)) end)))
    say(show(await, create_task(function() coroutine.yield("x") end)))
    return said())") ==
        "false RuntimeError: sleep() was called in a coroutine that is not the task's true 5 "
        "false RuntimeError: Task got bad yield: 'x'");
}

TEST_CASE("a task cannot await itself, nor another loop's future", "[asyncio]") {
  CHECK(run_in_task(R"(
    local task
    task = create_task(function() await(task) end)
    say((show(await, task):gsub(" <.*", "")))
    say((show(await, asyncio.new_event_loop():create_future()):gsub("<Task.-> got", "T got")))
    return said())") ==
        "false RuntimeError: Task cannot await on itself: "
        "false RuntimeError: Task T got Future <Future pending> attached to a different loop");
}

TEST_CASE("sleep returns its result when its time has come, and 0 is a turn", "[asyncio]") {
  CHECK(run_in_task(R"(
    local began = time.monotonic()
    say(await(sleep(0.02, "result"))) say(time.monotonic() - began >= 0.02)
    say(await(sleep{delay = 0, result = 3})) say(select("#", await(sleep(-1))))
    say(show(sleep, "x"))
    await(gather(function() await(sleep(0.1)) say "second" end, function() await(sleep(0.001)) say "first" end))
    return said())") ==
        "result true 3 1 false TypeError: a number of seconds expected, got string first second");
}

TEST_CASE("a task that waits is cancelled at its await", "[asyncio]") {
  CHECK(run_in_task(R"(
    local function waits_for(what)
      return create_task(function() say(show(await, what())) await(sleep(0)) error(asyncio.CancelledError, 0) end)
    end
    local tasks = {waits_for(asyncio.Future), waits_for(coro(sleep, 1000)), waits_for(function() return sleep(0) end),
                   waits_for(function() return create_task(function() await(sleep(1000)) end) end)}
    tasks[2]:cancel() tasks[2] = waits_for(function() return sleep(1000) end)
    turn()
    for _, t in ipairs(tasks) do say(t:cancel("msg")) end
    turn(4)
    for _, t in ipairs(tasks) do say(t:cancelled()) say(t:cancel()) end
    return said())") == [] {
    const std::string caught = "false asyncio.CancelledError: msg ";
    return "true true true true " + caught + caught + caught + caught +
           "true false true false true false true false";
  }());
}

TEST_CASE("a task that has not begun is cancelled without a step", "[asyncio]") {
  CHECK(run_in_task(R"(
    local t = create_task(function() say "began" end)
    t:cancel("early")
    say(show(await, t)) say(t:cancelled())
    return said())") == "false asyncio.CancelledError: early true");
}

TEST_CASE("a task that cancels itself learns of it at its next await, or is cancelled at its end",
          "[asyncio]") {
  CHECK(run_in_task(R"(
    local function cancels_itself(what)
      return create_task(function() asyncio.current_task():cancel() say "on" what() say "never" end)
    end
    local f = asyncio.Future()
    local a = cancels_itself(function() await(f) end)
    local b = cancels_itself(function() await(sleep(1000)) end)
    local c = cancels_itself(function() turn() end)
    local d = create_task(function() asyncio.current_task():cancel() return 5 end)
    turn(3)
    for _, t in ipairs{a, b, c, d} do say(t:cancelled()) end
    say(f:cancelled())
    return said())") == "on on on true true true true true");
}

TEST_CASE("who catches a cancellation goes on", "[asyncio]") {
  CHECK(run_in_task(R"(
    local t = create_task(function()
      say(show(await, sleep(1000)))
      say(await(sleep(0, "goes on")))
      return "done"
    end)
    turn()
    t:cancel() t:cancel()
    say(await(t)) say(t:cancelling()) say(t:uncancel()) say(t:uncancel()) say(t:uncancel())
    return said())") == "false asyncio.CancelledError goes on done 2 1 0 0");
}

TEST_CASE("a cancellation reaches the innermost task, and comes back as its waiter's", "[asyncio]") {
  CHECK(run_in_task(R"(
    local inner = create_task(function() await(sleep(1000)) end)
    local outer = create_task(function() await(inner) end)
    turn()
    outer:cancel()
    turn(3)
    say(inner:cancelled()) say(outer:cancelled())
    return said())") == "true true");
}

TEST_CASE("a task's variables are closed, and may await, before it is done", "[asyncio]") {
  CHECK(run_in_task(R"(
    local closer = setmetatable({}, {__close = function(_, problem) turn(2) say("closed " .. tostring(problem)) end})
    local a = create_task(function() local c <close> = closer await(sleep(1000)) end)
    local b = create_task(function() local c <close> = closer error("E", 0) end)
    turn()
    a:cancel()
    say(show(await, b)) say(show(await, a))
    return said())") == "closed E false E closed asyncio.CancelledError false asyncio.CancelledError");
}

TEST_CASE("SystemExit in a task ends run", "[asyncio]") {
  CHECK(run_asyncio(R"(
    local ok, problem = pcall(asyncio.run, function()
      create_task(function() error(builtins.SystemExit(4), 0) end)
      await(sleep(1000))
    end)
    return tostring(ok) .. problem.code)") == "false4");
}

TEST_CASE("tasks have names, and can be listed", "[asyncio]") {
  CHECK(run_in_task(R"(
    local main = asyncio.current_task()
    local a = create_task(turn, {name = "a"})
    local b = asyncio.get_running_loop():create_task(turn, {name = 7})
    local c = asyncio.Task(turn)
    say(a:get_name()) say(b:get_name()) say(c:get_name():find("^Task%-%d+$") ~= nil)
    c:set_name("c") say(c:get_name())
    say(#asyncio.all_tasks()) say(main == asyncio.current_task()) say(show(create_task, turn, {nmae = "x"}))
    a:cancel() await(a:done() and turn or turn)
    await(b) await(c) turn()
    say(#asyncio.all_tasks()) say(asyncio.all_tasks()[1] == main)
    say(show(a.set_result, a, 1)) say(show(a.set_exception, a, 1))
    return said())") ==
        "a 7 true c 4 true false TypeError: create_task() got an unexpected keyword argument 'nmae' "
        "1 true false RuntimeError: Task does not support set_result operation "
        "false RuntimeError: Task does not support set_exception operation");
}

TEST_CASE("tasks can be shown in every state", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    local t = create_task(function()
      local r = await(f) return r end, {name = "t"})
    say(t)
    turn()
    say(t) say(f)
    f:set_result("r")
    await(t)
    say(t)
    return said())") ==
        "<Task pending name='t' coro=<function at test:4>> "
        "<Task pending name='t' coro=<function at test:4 running at test:5> wait_for=<Future pending cb=[t "
        "goes on]>> "
        "<Future pending cb=[t goes on]> <Task finished name='t' coro=<function at test:4 done> result='r'>");
}

TEST_CASE("ensure_future leaves futures alone, and makes tasks of coroutines", "[asyncio]") {
  CHECK(run_in_task(R"(
    local f = asyncio.Future()
    say(asyncio.ensure_future(f) == f) say(asyncio.isfuture(asyncio.ensure_future(turn))) say(asyncio.isfuture(turn))
    say(show(asyncio.ensure_future, 3)) say(show(asyncio.ensure_future, f, {loop = asyncio.new_event_loop()}))
    return said())") ==
        "true true false false TypeError: An asyncio.Future, a coroutine or an awaitable is required "
        "false ValueError: The future belongs to a different loop than the one specified as the loop "
        "argument");
}

TEST_CASE("a task that sleeps in a function of its own takes little more than a kilobyte", "[asyncio]") {
  ScriptVm vm({LockRegime::kGil, {}, SwitchPoints::kLoops});
  CHECK(vm.run(asyncio_prelude() + R"lua(
    local COUNT <const>, MOST <const> = 5000, 1100  -- bytes, of the heap and of the coroutines' stacks
    return asyncio.run(function()
      local function nap(i) await(sleep(1000 + i)) end
      collectgarbage()
      local before, tasks = collectgarbage("count"), {}
      for i = 1, COUNT do tasks[i] = create_task(coro(nap, i)) end
      turn()
      collectgarbage()
      local each = (collectgarbage("count") - before) * 1024 // COUNT
      return each <= MOST or each
    end))lua") == "true");
}

TEST_CASE("ten thousand tasks sleep and end in little memory", "[asyncio]") {
  ScriptVm vm({LockRegime::kGil, {}, SwitchPoints::kLoops}, 40u << 20);
  CHECK(vm.run(asyncio_prelude() + R"(
    return asyncio.run(function()
      local sum, tasks = 0, {}
      for i = 1, 10000 do tasks[i] = create_task(coro(function() local n = await(sleep(0.01, i)) sum = sum + n end)) end
      for i = 1, 10000 do await(tasks[i]) end
      return sum
    end))") == "50005000");
}

}  // namespace
}  // namespace gilvm
