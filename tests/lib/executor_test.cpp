#include "tests/lib/futures_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("submit calls a function with its arguments and returns a future", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor()
    local f = pool:submit(function(...) return select("#", ...), ... end, 1, nil, 3, nil)
    local of_class = getmetatable(f) == futures.Future
    return show(f.result, f) .. tostring(of_class))") == "true 4 1 nil 3 niltrue");
}

TEST_CASE("an error of the call is that of its future", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(1)
    local function raise(problem) error(problem, 0) end
    local f, g, h = pool:submit(raise, "text"), pool:submit(raise, queue.Empty), pool:submit(nil)
    return show(f.result, f) .. show(g.exception, g) .. show(h.result, h) .. pool:submit(tostring, 1):result())") ==
        "false texttrue queue.Emptyfalse attempt to call a nil value1");
}

TEST_CASE("threads are made while there is more to do than there are workers", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor{max_workers = 3}
    local counts, let_go = {#pool._pool.threads}, {}
    for i = 1, 3 do
      local _, go_on = blocker(pool)
      let_go[i] = go_on
      counts[i + 1] = #pool._pool.threads
    end
    for i = 1, 5 do pool:submit(tostring, i) end
    counts[5] = #pool._pool.threads
    for i = 1, 3 do let_go[i]() end
    return table.concat(counts, " "))") == "0 1 2 3 3");
}

TEST_CASE("a worker that is idle is used again", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(8)
    local names = {}
    for i = 1, 20 do
      names[pool:submit(function() return threading.current_thread().name end):result()] = true
      wait_until(function() return pool._pool.unfinished == 0 end)
    end
    return tostring(next(names)) .. tostring(next(names, next(names))) .. #pool._pool.threads)") ==
        "ThreadPoolExecutor-0_0nil1");
}

TEST_CASE("calls that wait for one another get as many workers as they need", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(4)
    for round = 1, 20 do
      local barrier = threading.Barrier(4)
      local list = {}
      for i = 1, 4 do list[i] = pool:submit(function() return barrier:wait(300) end) end
      for i = 1, 4 do list[i]:result() end
    end
    return #pool._pool.threads)") == "4");
}

TEST_CASE("calls begin in the order of submission", "[futures]") {
  CHECK(run_futures(R"(
    local order = {}
    do
      local pool <close> = futures.ThreadPoolExecutor(1)
      local _, go_on = blocker(pool)
      for i = 1, 9 do pool:submit(function() order[i] = #order + 1 end) end
      go_on()
    end
    return table.concat(order, " "))") == "1 2 3 4 5 6 7 8 9");
}

TEST_CASE("workers are named after their executor", "[futures]") {
  CHECK(run_futures(R"(
    local function name_in(...)
      local pool <close> = futures.ThreadPoolExecutor(...)
      return pool:submit(function() return threading.current_thread().name end):result()
    end
    return name_in(2, "A") .. name_in{thread_name_prefix = "B"} .. name_in() .. name_in(2, ""))") ==
        "A_0B_0ThreadPoolExecutor-2_0ThreadPoolExecutor-3_0");
}

TEST_CASE("by default there are 4 workers more than processors, and 32 at most", "[futures]") {
  CHECK(run_futures(R"(
    local pool = futures.ThreadPoolExecutor()
    return pool._pool.max_workers == math.min(32, require("multiprocessing").cpu_count() + 4))") == "true");
}

TEST_CASE("wrong arguments of an executor are errors", "[futures]") {
  CHECK(run_futures("futures.ThreadPoolExecutor(0)") == "ValueError: max_workers must be greater than 0");
  CHECK(run_futures("futures.ThreadPoolExecutor{max_workers = -1}") ==
        "ValueError: max_workers must be greater than 0");
  CHECK(run_futures("futures.ThreadPoolExecutor('4')") ==
        "TypeError: ThreadPoolExecutor: max_workers must be a number, got string");
  CHECK(run_futures("futures.ThreadPoolExecutor{initializer = 1}") ==
        "TypeError: initializer must be a callable");
  CHECK(run_futures("futures.ThreadPoolExecutor{initargs = 1}") ==
        "TypeError: ThreadPoolExecutor: initargs must be a table, got number");
  CHECK(run_futures("futures.ThreadPoolExecutor{workers = 1}") ==
        "TypeError: ThreadPoolExecutor() got an unexpected keyword argument 'workers'");
}

TEST_CASE("the initializer is called in each worker, before its first call", "[futures]") {
  CHECK(run_futures(R"(
    local own, guard, count = threading.local_(), threading.Lock(), 0
    local function begin(a, b)
      own.value = a + b
      local held <close> = guard:hold()
      count = count + 1
    end
    local pool <close> = futures.ThreadPoolExecutor{max_workers = 2, initializer = begin, initargs = {1, 2}}
    local first, go_on = blocker(pool)
    local value = pool:submit(function() return own.value end):result()
    go_on()
    return value .. count)") == "32");
}

TEST_CASE("an initializer that fails breaks the pool", "[futures]") {
  StderrCapture capture;
  CHECK(run_futures(R"(
    local broken = futures.thread.BrokenThreadPool
    local may_fail = threading.Event()
    local pool <close> = futures.ThreadPoolExecutor{max_workers = 1, initializer = function()
      may_fail:wait()
      error("no luck")
    end}
    local f, g, h = pool:submit(tostring, 1), pool:submit(tostring, 2), pool:submit(tostring, 3)
    g:cancel()
    local again
    h:add_done_callback(function() again = select(2, pcall(pool.submit, pool, tostring)) end)
    may_fail:set()
    local done = futures.wait{f, g, h}
    wait_until(function() return again end)
    local is_broken = builtins.isinstance(f:exception(), broken) and builtins.isinstance(again, broken)
      and builtins.isinstance(again, futures.BrokenExecutor) and builtins.isinstance(again, builtins.RuntimeError)
    return tostring(is_broken) .. #done .. tostring(g:cancelled()) .. show(pool.submit, pool, tostring))") ==
        "true3truefalse concurrent.futures.thread.BrokenThreadPool: "
        "A thread initializer failed, the thread pool is not usable anymore");
  CHECK(capture.text().starts_with("Exception in initializer:\ntest:7: no luck\nstack traceback:\n"));
}

TEST_CASE("after shutdown nothing can be submitted", "[futures]") {
  CHECK(run_futures(R"(
    local pool = futures.ThreadPoolExecutor(1)
    pool:shutdown() pool:shutdown()
    return show(pool.submit, pool, print) .. show(pool.map, pool, print, {1}))") ==
        "false RuntimeError: cannot schedule new futures after shutdown"
        "false RuntimeError: cannot schedule new futures after shutdown");
}

TEST_CASE("shutdown waits until everything is done and every worker has ended", "[futures]") {
  CHECK(run_futures(R"(
    local guard, count = threading.Lock(), 0
    local pool = futures.ThreadPoolExecutor(3)
    for i = 1, 50 do
      pool:submit(function() local held <close> = guard:hold() count = count + 1 end)
    end
    pool:shutdown()
    return count .. threading.active_count())") == "501");
}

TEST_CASE("shutdown that does not wait lets go on what was submitted", "[futures]") {
  CHECK(run_futures(R"(
    local pool = futures.ThreadPoolExecutor(1)
    local f, go_on = blocker(pool)
    local g = pool:submit(tostring, 2)
    pool:shutdown{wait = false}
    local before = tostring(f:done()) .. show(pool.submit, pool, print)
    go_on()
    return before .. f:result() .. g:result())") ==
        "falsefalse RuntimeError: cannot schedule new futures after shutdownlet go2");
}

TEST_CASE("shutdown can cancel what has not begun", "[futures]") {
  CHECK(run_futures(R"(
    local pool = futures.ThreadPoolExecutor(2)
    local f, go_on = blocker(pool)
    local g, go_on_too = blocker(pool)
    local rest = {}
    for i = 1, 5 do rest[i] = pool:submit(tostring, i) end
    local told
    rest[5]:add_done_callback(function() told = show(pool.submit, pool, print) end)
    -- Who waits for them is woken.
    local settled = 0
    local join = start(1, function() settled = #futures.wait(rest) end)
    wait_until(function() return #rest[5]._waiters == 1 end)
    pool:shutdown(false, true)
    join()
    local cancelled = 0
    for i = 1, 5 do cancelled = cancelled + (rest[i]:cancelled() and 1 or 0) end
    go_on() go_on_too()
    pool:shutdown()
    return settled .. cancelled .. f:result() .. g:result() .. told)") ==
        "55let golet gofalse RuntimeError: cannot schedule new futures after shutdown");
}

TEST_CASE("shutdown from a call of the pool's own does not wait for itself", "[futures]") {
  CHECK(run_futures(R"(
    local pool = futures.ThreadPoolExecutor(1)
    local f = pool:submit(function() pool:shutdown(false) return show(pool.shutdown, pool) end)
    return f:result())") == "false RuntimeError: cannot join current thread");
}

TEST_CASE("several threads may shut an executor down while others submit", "[futures]") {
  CHECK(run_futures(R"(
    local wrong, guard = 0, threading.Lock()
    for round = 1, 20 do
      local pool, submitted, ran = futures.ThreadPoolExecutor(2), 0, 0
      start(4, function(i)
        for n = 1, 10 do
          local ok, problem = pcall(pool.submit, pool, function()
            local held <close> = guard:hold()
            ran = ran + 1
          end)
          local held <close> = guard:hold()
          if ok then
            submitted = submitted + 1
          elseif problem.args[1] ~= "cannot schedule new futures after shutdown" then
            wrong = wrong + 1
          end
        end
        if i > 2 then pool:shutdown() end
      end)()
      if submitted ~= ran then wrong = wrong + 1 end
    end
    return wrong .. threading.active_count())") == "01");
}

TEST_CASE("an executor is closed with its block, also by an error", "[futures]") {
  CHECK(run_futures(R"(
    local pool, f
    local said = show(function()
      local closed <close> = futures.ThreadPoolExecutor(1)
      pool = closed
      f = pool:submit(tostring, 1)
      error("left", 0)
    end)
    return said .. f:result() .. show(pool.submit, pool, print) .. threading.active_count())") ==
        "false left1false RuntimeError: cannot schedule new futures after shutdown1");
}

TEST_CASE("a call that is waiting can be cancelled, one that runs cannot", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(1)
    local f, go_on = blocker(pool)
    local ran, g = 0, pool:submit(function() ran = 1 end)
    g = {g, f:running(), g:running(), f:cancel(), g:cancel()}
    go_on()
    local done = futures.wait{f, g[1]}
    local after = f:cancel()
    return show(table.unpack, g, 2) .. ran .. #done .. f:result() .. tostring(after))") ==
        "true true false false true02let gofalse");
}

TEST_CASE("with one worker a call that waits for another call waits for ever", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(1)
    local inner
    local outer = pool:submit(function()
      inner = pool:submit(tostring, 1)
      return show(inner.result, inner, 0.01)
    end)
    return outer:result() .. inner:result())") == "false TimeoutError1");
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(2)
    return pool:submit(function() return pool:submit(tostring, 1):result() end):result())") == "1");
}

TEST_CASE("a callback may wait for another call of the same pool", "[futures]") {
  CHECK(run_futures(R"(
    local got
    do
      local pool <close> = futures.ThreadPoolExecutor(2)
      local f, go_on = blocker(pool)
      local called = threading.Event()
      f:add_done_callback(function() got = pool:submit(tostring, 7):result() called:set() end)
      go_on()
      called:wait()
    end
    return got)") == "7");
}

TEST_CASE("a worker survives somebody who finishes its future", "[futures]") {
  StderrCapture capture;
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(1)
    local f, go_on = blocker(pool)
    f:set_result("mine")
    go_on()
    return f:result() .. pool:submit(tostring, 2):result())") == "mine2");
  CHECK(capture.text().starts_with("Exception in worker:\nconcurrent.futures.InvalidStateError: FINISHED: "));
}

TEST_CASE("an executor that nobody has any more lets its workers end", "[futures]") {
  CHECK(run_futures(R"(
    local function use()
      local pool = futures.ThreadPoolExecutor(3)
      local list = {}
      for i = 1, 3 do list[i] = pool:submit(tostring, i) end
      for i = 1, 3 do list[i]:result() end
    end
    use()
    wait_until(function() collectgarbage() return threading.active_count() == 1 end)
    return "ended")") == "ended");
}

TEST_CASE("a worker keeps nothing of what it has done", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(1)
    local weak = setmetatable({}, {__mode = "v"})
    local function use()
      local object = {}
      weak[1] = object
      weak[2] = pool:submit(function(same) return same end, object)
      weak[2]:result()
    end
    use()
    wait_until(function() collectgarbage() return not weak[1] and not weak[2] end)
    return "collected")") == "collected");
}

TEST_CASE("an executor of one's own needs submit, and has map", "[futures]") {
  CHECK(run_futures(R"(
    local Executor, Mine = futures.Executor, {}
    Mine.__index, Mine.__close = Mine, Executor.__close
    setmetatable(Mine, {__index = Executor})
    function Mine:submit(fn, ...)
      local f = futures.Future()
      f:set_result(fn(...))
      return f
    end
    local said = {show(Executor.submit, Executor(), print)}
    local mine <close> = setmetatable({}, Mine)
    for i, double in mine:map(function(x) return 2 * x end, {1, 2, 3}) do said[i + 1] = double end
    return table.concat(said, " "))") == "false NotImplementedError 2 4 6");
}

}  // namespace
}  // namespace gilvm
