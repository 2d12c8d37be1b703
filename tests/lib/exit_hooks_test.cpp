#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("at exit, functions are called last first, before threads are waited for", "[threading]") {
  CHECK(run_one_after_the_other(kSyncPrelude, R"(
    order, go_on = {}, threading.Event()
    start(1, function() go_on:wait() order[3] = "thread" end)
    threading._register_atexit(function() order[#order + 1] = "first" go_on:set() end)
    threading._register_atexit(function() order[#order + 1] = "last" end)
    return "")",
                                "return table.concat(order, ' ')") == "last first thread");
}

TEST_CASE("an error in a function at exit is printed, and the others are called", "[threading]") {
  StderrCapture capture;
  CHECK(run_one_after_the_other(kSyncPrelude, R"(
    threading._register_atexit(function() called = "called" end)
    threading._register_atexit(function() error("broken") end)
    return "")",
                                "return called") == "called");
  CHECK(capture.text().find("Exception in threading._shutdown:\ntest:4: broken\nstack traceback:\n") !=
        std::string::npos);
}

TEST_CASE("at exit no more functions can be registered", "[threading]") {
  CHECK(run_one_after_the_other(kSyncPrelude, R"(
    threading._register_atexit(function() said = tostring(select(2, pcall(threading._register_atexit, print))) end)
    return "")",
                                "return said") == "RuntimeError: can't register atexit after shutdown");
}

TEST_CASE("in a child process the parent's threads have ended", "[threading]") {
  CHECK(run_sync(R"(
    local go_on = threading.Event()
    local t = threading.Thread{target = function() go_on:wait() end}
    t:start()
    local child = require("multiprocessing").Process{target = function()
      assert(not t:is_alive())
      t:join()
    end}
    child:start() child:join()
    go_on:set()
    return child.exitcode)") == "0");
}

}  // namespace
}  // namespace gilvm
