#include "tests/lib/futures_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("map gives the results in the order of the calls, each after its number", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(2)
    local second_is_done, said = threading.Event(), {}
    local function call(x)
      if x == 1 then second_is_done:wait() end
      if x == 2 then second_is_done:set() end
      return x * x, -x
    end
    for i, square, negative in pool:map(call, {1, 2, 3}) do said[i] = square .. negative end
    return table.concat(said, " "))") == "1-1 4-2 9-3");
}

TEST_CASE("a result of map may be nil", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(2)
    local n = 0
    for i, result in pool:map(function() end, {1, 2, 3}) do n = n + (result == nil and 1 or 0) end
    return n)") == "3");
}

TEST_CASE("map takes lists and iterators, as many calls as the shortest has elements", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(2)
    local said = {}
    for _, text in pool:map(function(...) return table.concat({...}, "+") end,
                            {1, 2, 3, 4}, string.gmatch("a b c", "%a"), {"x", "y", "z"}) do
      said[#said + 1] = text
    end
    for _ in pool:map(tostring) do said[#said + 1] = "none" end
    for _ in pool:map(tostring, {}) do said[#said + 1] = "none" end
    return table.concat(said, " "))") == "1+a+x 2+b+y 3+c+z");
}

TEST_CASE("map submits at once, whether the results are asked for or not", "[futures]") {
  CHECK(run_futures(R"(
    local order = {}
    do
      local pool <close> = futures.ThreadPoolExecutor(1)
      pool:map(function(x) order[x] = x end, {1, 2, 3})
    end
    return table.concat(order, " "))") == "1 2 3");
}

TEST_CASE("map raises what a call raises, when it comes to it, and cancels the rest", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(1)
    local ran, said = {}, {}
    local go_on = threading.Event()
    local function call(x)
      ran[x] = true
      if x == 2 then error("broken", 0) end
      if x == 3 then go_on:wait() end
      return x
    end
    local next_result = pool:map(call, {1, 2, 3, 4, 5})
    said[1] = show(next_result)
    said[2] = show(next_result)
    said[3] = show(next_result)
    go_on:set()
    pool:shutdown()
    return table.concat(said, ",") .. tostring(ran[4]) .. tostring(ran[5]))") ==
        "true 1 1,false broken,true nilnilnil");
}

TEST_CASE("a loop over map that is left cancels what has not begun", "[futures]") {
  CHECK(run_futures(R"(
    local pool = futures.ThreadPoolExecutor(1)
    local second_runs, go_on, ran = threading.Event(), threading.Event(), 0
    local function call(x)
      ran = x
      if x == 2 then second_runs:set() go_on:wait() end
    end
    for i in pool:map(call, {1, 2, 3, 4}) do
      second_runs:wait()
      break
    end
    go_on:set()
    pool:shutdown()
    return ran)") == "2");
}

TEST_CASE("the timeout of map is one for all results, and cancels the rest", "[futures]") {
  CHECK(run_futures(R"(
    local pool = futures.ThreadPoolExecutor(1)
    local _, go_on = blocker(pool)
    local ran, begin = 0, time.monotonic()
    local said = show(function()
      for i in pool:map(function() ran = ran + 1 end, {1, 2, 3}, {timeout = 0.02, chunksize = 2}) do end
    end)
    local waited = time.monotonic() - begin >= 0.02
    go_on()
    pool:shutdown()
    return said .. tostring(waited) .. ran)") == "false TimeoutErrortrue0");
}

TEST_CASE("results that are there come also when the timeout of map is over", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(1)
    local next_result = pool:map(tostring, {1, 2}, {timeout = 0})
    wait_until(function() return pool._pool.unfinished == 0 end)
    return show(next_result) .. show(next_result) .. show(next_result))") == "true 1 1true 2 2true nil");
}

TEST_CASE("wrong arguments of map are errors", "[futures]") {
  const std::string pool = "local pool <close> = futures.ThreadPoolExecutor(1)\n";
  CHECK(run_futures(pool + "pool:map(print, 1)") == "TypeError: map: iterable must be a table, got number");
  CHECK(run_futures(pool + "pool:map(print, {1}, {timeuot = 1})") ==
        "TypeError: map() got an unexpected keyword argument 'timeuot'");
  CHECK(run_futures(pool + "pool:map(print, {1}, {timeout = 'x'})") ==
        "TypeError: a number of seconds expected, got string");
}

TEST_CASE("threads may share the results of map", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(2)
    local items, guard, sum = {}, threading.Lock(), 0
    for i = 1, 60 do items[i] = i end
    local next_result = pool:map(function(x) return 2 * x end, items)
    start(4, function()
      for i, double in next_result do
        local held <close> = guard:hold()
        sum = sum + double - i
      end
    end)()
    return sum)") == "1830");
}

}  // namespace
}  // namespace gilvm
