#include "tests/lib/futures_scripts.h"

namespace gilvm {
namespace {

const std::string kInEachState = R"(
  local shown = {}
  for _, state in ipairs{"PENDING", "RUNNING", "CANCELLED", "CANCELLED_AND_NOTIFIED", "FAILED", "FINISHED"} do
    local f = future_in(state)
    shown[#shown + 1] = tostring(try(f))
  end
  return table.concat(shown, " "))";

TEST_CASE("a future knows its state", "[futures]") {
  CHECK(run_futures("local function try(f) return f:cancelled() end" + kInEachState) ==
        "false false true true false false");
  CHECK(run_futures("local function try(f) return f:running() end" + kInEachState) ==
        "false true false false false false");
  CHECK(run_futures("local function try(f) return f:done() end" + kInEachState) ==
        "false false true true true true");
}

TEST_CASE("only what has not begun can be cancelled, as often as one likes", "[futures]") {
  CHECK(run_futures("local function try(f) f:cancel() return f:cancel() end" + kInEachState) ==
        "true false true true false false");
}

TEST_CASE("a future as a text says what it has become", "[futures]") {
  CHECK(run_futures("local function try(f) return (tostring(f):gsub('at %S+ ', '')) end" + kInEachState) ==
        "<Future state=pending> <Future state=running> <Future state=cancelled> <Future state=cancelled> "
        "<Future state=finished raised string> <Future state=finished returned number>");
  CHECK(run_futures("local f = futures.Future() f:set_exception(queue.Empty)\n"
                    "return (tostring(f):gsub('at %S+ ', ''))") ==
        "<Future state=finished raised queue.Empty>");
}

TEST_CASE("result returns what was set, raises what was raised, or waits in vain", "[futures]") {
  CHECK(run_futures("local function try(f) return show(f.result, f, 0) .. ',' end" + kInEachState) ==
        "false TimeoutError, false TimeoutError, false concurrent.futures.CancelledError, "
        "false concurrent.futures.CancelledError, false broken, true 42,");
}

TEST_CASE("exception returns what was raised, or nil", "[futures]") {
  CHECK(run_futures("local function try(f) return show(f.exception, f, {timeout = 0}) .. ',' end" +
                    kInEachState) ==
        "false TimeoutError, false TimeoutError, false concurrent.futures.CancelledError, "
        "false concurrent.futures.CancelledError, true broken, true nil,");
}

TEST_CASE("a timeout is over no earlier than it says", "[futures]") {
  CHECK(run_futures(R"(
    local f, begin = futures.Future(), time.monotonic()
    local first = select(2, pcall(f.result, f, 0.02)) == futures.TimeoutError
    local second = select(2, pcall(f.exception, f, 0.02)) == builtins.TimeoutError
    local third = select(2, pcall(f.result, f, -1)) == futures.TimeoutError
    return tostring(first and second and third) .. tostring(time.monotonic() - begin >= 0.04))") ==
        "truetrue");
  CHECK(run_futures("futures.Future():result('soon')") ==
        "TypeError: a number of seconds expected, got string");
  CHECK(run_futures("futures.Future():result{tiemout = 1}") ==
        "TypeError: result() got an unexpected keyword argument 'tiemout'");
}

TEST_CASE("everyone who waits for a future is woken by its result, its error, its cancellation",
          "[futures]") {
  const std::string script = R"(
    local f, got = futures.Future(), {"", "", "", ""}
    local join = start(4, function(i) got[i] = show(i % 2 == 0 and f.result or f.exception, f) end)
    wait_until(function() return #f._condition.waiters == 4 end)
    finish(f)
    join()
    return table.concat(got, "|"))";
  CHECK(run_futures("local function finish(f) f:set_result(7, nil) end" + script) ==
        "true nil|true 7 nil|true nil|true 7 nil");
  CHECK(run_futures("local function finish(f) f:set_exception('E') end" + script) ==
        "true E|false E|true E|false E");
  CHECK(run_futures("local function finish(f) f:cancel() end" + script) ==
        "false concurrent.futures.CancelledError|false concurrent.futures.CancelledError|"
        "false concurrent.futures.CancelledError|false concurrent.futures.CancelledError");
}

TEST_CASE("any value can be a result or an error, and none is the result nil", "[futures]") {
  CHECK(run_futures(R"(
    local f, g, h, i = futures.Future(), futures.Future(), futures.Future(), futures.Future()
    f:set_result() g:set_result(nil, false, nil) h:set_exception(nil)
    local problem = {}
    i:set_exception(problem)
    return select("#", f:result()) .. select("#", g:result()) .. show(h.result, h) .. show(h.exception, h)
      .. tostring(select(2, pcall(i.result, i)) == problem))") == "13false niltrue niltrue");
}

TEST_CASE("a future is finished once", "[futures]") {
  const std::string script = R"(
    local said = {}
    for _, state in ipairs{"CANCELLED", "CANCELLED_AND_NOTIFIED", "FAILED", "FINISHED"} do
      local f = future_in(state)
      local before = tostring(f)
      local ok, problem = pcall(f[method], f, 1)
      local kept = tostring(f) == before and builtins.isinstance(problem, futures.InvalidStateError)
      said[#said + 1] = tostring(ok) .. tostring(kept) .. (tostring(problem):gsub("at %S+ ", ""))
    end
    return table.concat(said, "\n"))";
  const char* const kExpected =
      "falsetrueconcurrent.futures.InvalidStateError: CANCELLED: <Future state=cancelled>\n"
      "falsetrueconcurrent.futures.InvalidStateError: CANCELLED_AND_NOTIFIED: <Future state=cancelled>\n"
      "falsetrueconcurrent.futures.InvalidStateError: FINISHED: <Future state=finished raised string>\n"
      "falsetrueconcurrent.futures.InvalidStateError: FINISHED: <Future state=finished returned number>";
  CHECK(run_futures("local method = 'set_result'" + script) == kExpected);
  CHECK(run_futures("local method = 'set_exception'" + script) == kExpected);
}

TEST_CASE("of 8 threads that finish or cancel a future one succeeds", "[futures]") {
  CHECK(run_futures(R"(
    local guard, wins, rounds, wrong = threading.Lock(), 0, 50, 0
    local barrier, list = threading.Barrier(8), {}
    for round = 1, rounds do list[round] = futures.Future() end
    start(8, function(i)
      for round = 1, rounds do
        local f = list[round]
        barrier:wait()
        local won
        if i % 2 == 0 then won = f:cancel() and i == 2 else won = pcall(f.set_result, f, i) end
        barrier:wait()
        -- One of the four who set a result has won, or all of those who cancelled.
        local held <close> = guard:hold()
        if won then wins = wins + 1 end
        if not f:done() then wrong = wrong + 1 end
      end
    end)()
    return wins .. " " .. wrong)") == "50 0");
}

TEST_CASE("an executor asks a future whether to begin", "[futures]") {
  CHECK(run_futures("local function try(f) return (show(f.set_running_or_notify_cancel, f)) .. ',' end" +
                    kInEachState) ==
        "true true, false RuntimeError: Future in unexpected state, true false, "
        "false RuntimeError: Future in unexpected state, false RuntimeError: Future in unexpected state, "
        "false RuntimeError: Future in unexpected state,");
}

TEST_CASE("callbacks are called once each, in their order, when the future is done", "[futures]") {
  const std::string script = R"(
    local f, called = futures.Future(), {}
    for i = 1, 3 do f:add_done_callback(function(of) called[#called + 1] = i .. tostring(of == f and f:done()) end) end
    local before = #called
    finish(f)
    return before .. " " .. table.concat(called, " "))";
  CHECK(run_futures("local function finish(f) f:set_result(1) end" + script) == "0 1true 2true 3true");
  CHECK(run_futures("local function finish(f) f:set_exception(1) end" + script) == "0 1true 2true 3true");
  CHECK(run_futures("local function finish(f) f:cancel() f:cancel() end" + script) == "0 1true 2true 3true");
}

TEST_CASE("a callback of a future that is done is called at once, by who adds it", "[futures]") {
  CHECK(run_futures(R"(
    local function try(f)
      local by
      f:add_done_callback(function() by = threading.current_thread() end)
      return by == threading.current_thread()
    end)" + kInEachState) == "false false true true true true");
  CHECK(
      run_futures("local f, n = future_in('FINISHED'), 0 f:add_done_callback{fn = function() n = n + 1 end} "
                  "return n") == "1");
}

TEST_CASE("a callback may use its future, add another callback, and wait for it", "[futures]") {
  CHECK(run_futures(R"(
    local f, said = futures.Future(), {}
    f:add_done_callback(function()
      said[#said + 1] = f:result()
      f:add_done_callback(function() said[#said + 1] = "second" end)
    end)
    f:set_result("first")
    return table.concat(said, " "))") == "first second");
}

TEST_CASE("each callback is called once, whoever adds it while the future is being finished", "[futures]") {
  CHECK(run_futures(R"(
    local guard, called, barrier, rounds = threading.Lock(), 0, threading.Barrier(4), 60
    local list = {}
    for round = 1, rounds do list[round] = futures.Future() end
    start(4, function(i)
      for round = 1, rounds do
        local f = list[round]
        barrier:wait()
        if i == 1 then f:set_result(round) end
        if i > 1 then
          f:add_done_callback(function() local held <close> = guard:hold() called = called + 1 end)
        end
      end
    end)()
    return called)") == "180");
}

TEST_CASE("an error in a callback is printed and does no harm", "[futures]") {
  StderrCapture capture;
  CHECK(run_futures(R"(
    local f, called = futures.Future(), 0
    f:add_done_callback(function() error("broken callback") end)
    f:add_done_callback(function() called = called + 1 end)
    f:set_result(1)
    f:add_done_callback(function() error(queue.Empty) end)
    return called .. f:result())") == "11");
  const std::string text = capture.text();
  CHECK(text.starts_with("exception calling callback for <Future at 0x"));
  CHECK(text.find(" state=finished returned number>\ntest:4: broken callback\nstack traceback:\n") !=
        std::string::npos);
  CHECK(text.find(" state=finished returned number>\nqueue.Empty\nstack traceback:\n") != std::string::npos);
}

}  // namespace
}  // namespace gilvm
