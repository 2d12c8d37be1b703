#include "tests/lib/futures_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("wait returns lists of what is done and what is not, in the order given", "[futures]") {
  CHECK(run_futures(R"(
    local a, b, c, d = future_in("PENDING"), future_in("FINISHED"), future_in("RUNNING"), future_in("FAILED")
    local e = future_in("CANCELLED_AND_NOTIFIED")
    local done, not_done = futures.wait({a, b, c, d, e}, 0)
    return tostring(#done == 3 and done[1] == b and done[2] == d and done[3] == e
                    and #not_done == 2 and not_done[1] == a and not_done[2] == c))") == "true");
}

TEST_CASE("wait for nothing, or for what is done already, returns at once", "[futures]") {
  CHECK(run_futures(R"(
    local said = {}
    for _, when in ipairs{futures.FIRST_COMPLETED, futures.FIRST_EXCEPTION, futures.ALL_COMPLETED} do
      for _, fs in ipairs{{}, {future_in("FINISHED"), future_in("FAILED"), future_in("CANCELLED_AND_NOTIFIED")}} do
        local done, not_done = futures.wait(fs, nil, when)
        said[#said + 1] = #done .. #not_done
      end
    end
    return table.concat(said, " "))") == "00 30 00 30 00 30");
}

TEST_CASE("duplicates are waited for and returned once", "[futures]") {
  CHECK(run_futures(R"(
    local f, g = future_in("PENDING"), future_in("FINISHED")
    local join = start(1, function()
      wait_until(function() return #f._waiters == 1 end)
      f:set_result(1)
    end)
    local done, not_done = futures.wait{f, g, f, f, g}
    join()
    local n = 0
    for _ in futures.as_completed{f, g, f} do n = n + 1 end
    return #done .. #not_done .. n)") == "202");
}

// Sets futures off one after the other, each when the one before has had every chance to wake the waiter.
const std::string kOneByOne = R"(
  local a, b, c = future_in("PENDING"), future_in("PENDING"), future_in("PENDING")
  local list, returned = {a, b, c}, threading.Event()
  local done, not_done
  local join = start(1, function()
    done, not_done = futures.wait{fs = list, return_when = when, timeout = timeout}
    returned:set()
  end)
  wait_until(function() return #c._waiters == 1 end)
  local steps = {}
  for i, step in ipairs{function() a:set_result(1) end, function() act(b) end, function() c:set_result(3) end} do
    step()
    steps[i] = tostring(returned:wait(i == last and 300 or 0.001))
  end
  join()
  return table.concat(steps, " ") .. " " .. #done .. #not_done .. #a._waiters .. #b._waiters .. #c._waiters)";

TEST_CASE("FIRST_COMPLETED returns when one is done", "[futures]") {
  CHECK(run_futures("local when, last = futures.FIRST_COMPLETED, 1 local function act() end" + kOneByOne)
            .starts_with("true true true "));
}

TEST_CASE("FIRST_EXCEPTION returns when one has raised something", "[futures]") {
  CHECK(run_futures("local when, last = futures.FIRST_EXCEPTION, 2 "
                    "local function act(f) f:set_exception('broken') end" +
                    kOneByOne)
            .starts_with("false true true "));
}

TEST_CASE("FIRST_EXCEPTION returns when all are done and none has raised anything", "[futures]") {
  CHECK(
      run_futures("local when, last = futures.FIRST_EXCEPTION, 3 local function act(f) f:set_result(2) end" +
                  kOneByOne) == "false false true 30000");
  CHECK(run_futures("local when, last = futures.FIRST_EXCEPTION, 3 "
                    "local function act(f) f:cancel() f:set_running_or_notify_cancel() end" +
                    kOneByOne) == "false false true 30000");
}

TEST_CASE("ALL_COMPLETED returns when all are done, whatever they have raised", "[futures]") {
  CHECK(run_futures("local when, last = nil, 3 local function act(f) f:set_exception('broken') end" +
                    kOneByOne) == "false false true 30000");
}

TEST_CASE("wait returns at once for one that is done, or has failed, beside others that are not",
          "[futures]") {
  CHECK(run_futures(R"(
    local done, not_done = futures.wait({future_in("PENDING"), future_in("FINISHED")}, nil, "FIRST_COMPLETED")
    local failed, others = futures.wait({future_in("FAILED"), future_in("RUNNING")}, {return_when = "FIRST_EXCEPTION"})
    return #done .. #not_done .. #failed .. #others)") == "1111");
}

TEST_CASE("wait gives up after its timeout, and leaves nothing behind", "[futures]") {
  CHECK(run_futures(R"(
    local f, g, begin = future_in("PENDING"), future_in("FINISHED"), time.monotonic()
    local done, not_done = futures.wait({f, g}, {timeout = 0.02})
    local waited = time.monotonic() - begin >= 0.02
    local none, both = futures.wait({f}, -1)
    return tostring(waited) .. #done .. #not_done .. #none .. #both .. #f._waiters)") == "true11010");
}

TEST_CASE("a cancelled future is done for wait when its executor has come to it", "[futures]") {
  CHECK(run_futures(R"(
    local f = future_in("CANCELLED")
    local done, not_done = futures.wait({f}, 0)
    f:set_running_or_notify_cancel()
    local later = futures.wait({f}, 0)
    return #done .. #not_done .. #later)") == "011");
}

TEST_CASE("the keys of a table can be futures", "[futures]") {
  CHECK(run_futures(R"(
    local names, said = {[future_in("FINISHED")] = "one", [future_in("FAILED")] = "two"}, {}
    for f in futures.as_completed(names) do said[#said + 1] = names[f] end
    table.sort(said)
    return table.concat(said, " ") .. #futures.wait(names))") == "one two2");
}

TEST_CASE("wrong arguments of wait and as_completed are errors", "[futures]") {
  CHECK(run_futures("futures.wait({}, 0, 'LAST')") == "ValueError: Invalid return condition: LAST");
  CHECK(run_futures("futures.wait({}, {timeuot = 1})") ==
        "TypeError: wait() got an unexpected keyword argument 'timeuot'");
  CHECK(run_futures("futures.wait(future_in('FINISHED'), 0)") ==
        "TypeError: wait: a Future expected, got string");
  CHECK(run_futures("futures.as_completed({1})") == "TypeError: as_completed: a Future expected, got number");
  CHECK(run_futures("futures.as_completed()") == "TypeError: as_completed: fs must be a table, got nil");
  CHECK(run_futures("futures.as_completed({}, 'x')") ==
        "TypeError: a number of seconds expected, got string");
}

TEST_CASE("as_completed gives futures as they are done", "[futures]") {
  CHECK(run_futures(R"(
    local a, b, c, d = future_in("PENDING"), future_in("PENDING"), future_in("FINISHED"), future_in("PENDING")
    local names, order = {[a] = "a", [b] = "b", [c] = "c", [d] = "d"}, {}
    for f in futures.as_completed{a, b, c, d} do
      order[#order + 1] = names[f]
      if f == c then b:set_exception("broken") a:set_result(1) end
      if f == a then d:cancel() d:set_running_or_notify_cancel() end
    end
    return table.concat(order, " ") .. #a._waiters .. #d._waiters)") == "c b a d00");
}

TEST_CASE("as_completed waits for another thread", "[futures]") {
  CHECK(run_futures(R"(
    local list, sum = {}, 0
    for i = 1, 20 do list[i] = futures.Future() end
    local join = start(2, function(n) for i = n, 20, 2 do list[i]:set_result(i) end end)
    for f in futures.as_completed(list) do sum = sum + f:result() end
    join()
    return sum)") == "210");
}

TEST_CASE("as_completed without time gives what is done, then raises", "[futures]") {
  CHECK(run_futures(R"(
    local pending, n, problem = future_in("PENDING"), 0
    local ok, problem = pcall(function()
      for f in futures.as_completed({future_in("CANCELLED_AND_NOTIFIED"), pending, future_in("FAILED")}, 0) do
        n = n + 1
      end
    end)
    return n .. tostring(builtins.isinstance(problem, futures.TimeoutError)) .. tostring(problem) .. #pending._waiters)") ==
        "2trueTimeoutError: 1 (of 3) futures unfinished0");
}

TEST_CASE("the timeout of as_completed is one for all", "[futures]") {
  CHECK(run_futures(R"(
    local begin = time.monotonic()
    local ok, problem = pcall(function()
      for f in futures.as_completed({future_in("PENDING"), future_in("PENDING")}, {timeout = 0.02}) do end
    end)
    return tostring(problem) .. tostring(time.monotonic() - begin >= 0.02))") ==
        "TimeoutError: 2 (of 2) futures unfinishedtrue");
}

TEST_CASE("a loop over as_completed that is left leaves nothing behind", "[futures]") {
  CHECK(run_futures(R"(
    local f, during = future_in("PENDING")
    for _ in futures.as_completed{f, future_in("FINISHED")} do during = #f._waiters break end
    return during .. #f._waiters)") == "10");
}

TEST_CASE("threads may share the iterator of as_completed", "[futures]") {
  CHECK(run_futures(R"(
    local list, guard, seen = {}, threading.Lock(), 0
    for i = 1, 40 do list[i] = futures.Future() end
    local next_done = futures.as_completed(list)
    local join = start(4, function()
      for f in next_done do
        local held <close> = guard:hold()
        seen = seen + f:result()
      end
    end)
    for i = 1, 40 do list[i]:set_result(i) end
    join()
    return seen)") == "820");
}

TEST_CASE("as_completed keeps no future that it has given", "[futures]") {
  CHECK(run_futures(R"(
    local weak = setmetatable({}, {__mode = "v"})
    local function two()
      local f, g = future_in("FINISHED"), future_in("FINISHED")
      weak[1], weak[2] = f, g
      return {f, g}
    end
    local next_done, _, _, closing = futures.as_completed(two())
    next_done()
    collectgarbage()
    local left = weak[1] and "1" or weak[2] and "2"
    next_done()
    collectgarbage()
    return left .. tostring(weak[1] or weak[2]))") == "2nil");
}

TEST_CASE("8 threads wait for futures that 8 threads finish", "[futures]") {
  CHECK(run_futures(R"(
    local list, missing = {}, {}
    for i = 1, 80 do list[i] = futures.Future() end
    for i = 1, 8 do missing[i] = -1 end
    start(16, function(i)
      if i > 8 then
        for n = i - 8, 80, 8 do
          if n % 3 == 0 then list[n]:cancel() list[n]:set_running_or_notify_cancel() else list[n]:set_result(n) end
        end
      elseif i > 4 then
        local n = 0
        for _ in futures.as_completed(list) do n = n + 1 end
        missing[i] = 80 - n
      else
        missing[i] = #select(2, futures.wait(list))
      end
    end)()
    return table.concat(missing, " "))") == "0 0 0 0 0 0 0 0");
}

}  // namespace
}  // namespace gilvm
