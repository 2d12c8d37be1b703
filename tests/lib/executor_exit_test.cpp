#include "tests/lib/futures_scripts.h"

namespace gilvm {
namespace {

const std::string kPrelude = futures_prelude();

TEST_CASE("at exit the workers do what was submitted, and end", "[futures]") {
  CHECK(run_one_after_the_other(kPrelude, R"(
    count = 0
    local pool = futures.ThreadPoolExecutor(2)
    local guard, slow = threading.Lock(), futures.ThreadPoolExecutor(1)
    for i = 1, 20 do
      pool:submit(function() local held <close> = guard:hold() count = count + 1 end)
    end
    slow:submit(time.sleep, 0.01)
    slow:submit(function() last = "last" end)
    return "")",
                                "return count .. last .. threading.active_count()") == "20last1");
}

TEST_CASE("at exit nothing can be submitted any more", "[futures]") {
  CHECK(run_one_after_the_other(kPrelude, R"(
    local pool, is_exiting = futures.ThreadPoolExecutor(2), require("_thread").is_exiting
    local function try(n)
      wait_until(is_exiting)
      said[n] = show(pool.submit, pool, print) .. show(function()
        local new <close> = futures.ThreadPoolExecutor()
        new:submit(print)
      end)
    end
    said = {0, 0}
    pool:submit(try, 1)
    start(1, function() try(2) end)
    return "")",
                                "return tostring(said[1] == said[2]) .. said[1]") ==
        "truefalse RuntimeError: cannot schedule new futures after interpreter shutdown"
        "false RuntimeError: cannot schedule new futures after interpreter shutdown");
}

TEST_CASE("at exit a thread that submits until it cannot loses nothing", "[futures]") {
  CHECK(run_one_after_the_other(kPrelude, R"(
    submitted, ran = 0, 0
    local guard = threading.Lock()
    start(2, function()
      while true do
        local pool = futures.ThreadPoolExecutor(2)
        for n = 1, 3 do
          local ok = pcall(pool.submit, pool, function()
            local held <close> = guard:hold()
            ran = ran + 1
          end)
          if not ok then return end
          local held <close> = guard:hold()
          submitted = submitted + 1
        end
      end
    end)
    wait_until(function() return ran > 5 end)
    return "")",
                                "return tostring(submitted == ran)") == "true");
}

TEST_CASE("an executor that outlives a script gets new workers in the next", "[futures]") {
  CHECK(run_one_after_the_other(kPrelude, R"(
    pool = futures.ThreadPoolExecutor(2)
    return pool:submit(tostring, 1):result())",
                                "return pool:submit(tostring, 2):result()") == "12");
}

TEST_CASE("the new workers do all that was submitted before shutdown", "[futures]") {
  CHECK(run_one_after_the_other(kPrelude, R"(
    pool = futures.ThreadPoolExecutor(1)
    return pool:submit(tostring, 1):result())",
                                R"(
    -- The first thing that the worker does is to wait until nobody submits anything any more.
    pool._pool.initializer = function() wait_until(function() return pool._pool.is_shutdown end) end
    local f = pool:submit(tostring, 2)
    pool:shutdown()
    return f:result(0))") == "12");
}

TEST_CASE("a child process gets workers of its own", "[futures]") {
  CHECK(run_futures(R"(
    local pool <close> = futures.ThreadPoolExecutor(2)
    local f, go_on = blocker(pool)
    pool:submit(tostring, 1):result()
    local Process = require("multiprocessing").Process
    local function target()
      assert(pool:submit(tostring, 2):result() == "2")
      local new = futures.ThreadPoolExecutor()
      assert(new:submit(tostring, 3):result() == "3")
    end
    local child = Process{target = target}
    child:start() child:join()
    -- And one that a worker starts.
    local grandchild = pool:submit(function()
      local process = Process{target = target}
      process:start() process:join()
      return process.exitcode
    end):result()
    go_on()
    return child.exitcode .. grandchild .. f:result())") == "00let go");
}

}  // namespace
}  // namespace gilvm
