#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

// What the script writes to standard error in one lock regime.
std::string errors_of(const std::string& source) {
  StderrCapture capture;
  ScriptVm({LockRegime::kGil, {}, SwitchPoints::kEvery}).run(kSyncPrelude + source);
  return capture.text();
}

TEST_CASE("an error in a thread is printed with its traceback", "[threading]") {
  CHECK(errors_of("local t = threading.Thread{name = 'A', target = function() error('broken') end}\n"
                  "t:start() t:join()") ==
        "Exception in thread A:\n"
        "test:2: broken\n"
        "stack traceback:\n"
        "\t[C]: in function 'error'\n"
        "\ttest:2: in function <test:2>\n"
        "\t[C]: in ?\n");
}

TEST_CASE("an exception in a thread is printed with its traceback too", "[threading]") {
  CHECK(errors_of("local t = threading.Thread{name = 'A', target = function() queue.Queue():get(false) end}\n"
                  "t:start() t:join()")
            .starts_with("Exception in thread A:\nqueue.Empty\nstack traceback:\n"));
}

TEST_CASE("an error in a thread is printed where threading was not required", "[threading]") {
  CHECK(errors_of("queue = nil local t = require('_thread').Thread{name = 'A', target = error, args = {'x'}} "
                  "t:start() t:join()")
            .starts_with("Exception in thread A:\nx\nstack traceback:\n"));
}

TEST_CASE("SystemExit ends a thread and is not printed", "[threading]") {
  CHECK(errors_of("local exit = require('builtins').SystemExit\n"
                  "start(1, function() error(exit) end)() start(1, function() error(exit(3)) end)()") == "");
}

TEST_CASE("excepthook is told of the error, and where it happened", "[threading]") {
  CHECK(run_sync(R"(
    local told
    threading.excepthook = function(args) told = args end
    local t = threading.Thread{target = function() error("broken") end}
    t:start() t:join()
    return string.format("%s|%s|%s|%s", told.exc_type, told.exc_value, told.thread == t,
                         told.exc_traceback:match("^[^\n]*")))") ==
        "string|test:5: broken|true|stack traceback:");
}

TEST_CASE("excepthook is given the exception and its type", "[threading]") {
  CHECK(run_sync(R"(
    local told
    threading.excepthook = function(args) told = args end
    start(1, function() queue.Queue():get(false) end)()
    local first = told.exc_type == queue.Empty and told.exc_value == queue.Empty
    local Exit = require("builtins").SystemExit
    start(1, function() error(Exit(7)) end)()
    return tostring(first) .. tostring(told.exc_type == Exit) .. told.exc_value.code)") == "truetrue7");
}

TEST_CASE("variables of the thread are closed before excepthook is called", "[threading]") {
  CHECK(run_sync(R"(
    local lock, free = threading.Lock()
    threading.excepthook = function() free = not lock:locked() end
    start(1, function() local held <close> = lock:hold() error("broken") end)()
    return free)") == "true");
}

TEST_CASE("an error in excepthook is printed", "[threading]") {
  const std::string printed = errors_of(
      "threading.excepthook = function() error('hook') end\n"
      "start(1, function() error('broken') end)()");
  CHECK(printed.starts_with("Exception in threading.excepthook:\ntest:2: hook\nstack traceback:\n"));
  CHECK(printed.find("broken") == std::string::npos);
}

TEST_CASE("the first excepthook can be put back", "[threading]") {
  CHECK(errors_of("threading.excepthook = print\n"
                  "threading.excepthook = threading.__excepthook__\n"
                  "start(1, error)()")
            .starts_with("Exception in thread Thread-"));
}

TEST_CASE("an error in a thread leaves the others running, and the main thread", "[threading]") {
  CHECK(run_sync(R"(
    local guard, ended, told = threading.Lock(), 0, 0
    threading.excepthook = function()
      local held <close> = guard:hold()
      told = told + 1
    end
    start(8, function(i)
      if i % 2 == 0 then error("broken") end
      local held <close> = guard:hold()
      ended = ended + 1
    end)()
    return ended .. " " .. told)") == "4 4");
}

}  // namespace
}  // namespace gilvm
