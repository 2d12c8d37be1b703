#include "tests/lib/process_scripts.h"

namespace gilvm {
namespace {

constexpr auto run = run_processes;

TEST_CASE("items cross a queue in the order in which a process puts them", "[process_queue]") {
  for (const char* kind : {"SimpleQueue()", "Queue()", "Queue(3)", "JoinableQueue()"}) {
    CHECK(run(std::string("local q = mp.") + kind + R"(
      local ps = start(1, function() for i = 1, 2000 do q:put{i} end end)
      for i = 1, 2000 do assert(q:get()[1] == i) end
      return join(ps))") == "0");
  }
}

TEST_CASE("many processes put and get, and every item comes once", "[process_queue]") {
  CHECK(run(R"(
    local tasks, results = mp.Queue(), mp.Queue()
    local ps = start(3, function()
      for item in function() return tasks:get() end do results:put(item) end
    end)
    local putters = start(2, function(n) for i = n, 1000, 2 do tasks:put(i) end end)
    local seen, count = {}, 0
    for i = 1, 1000 do
      local item = results:get()
      assert(not seen[item])
      seen[item] = true
    end
    for i = 1, 3 do tasks:put(nil) end
    return join(ps) .. " " .. join(putters) .. " " .. #seen)") == "0 0 0 0 0 1000");
}

TEST_CASE("put does not wait for a reader, however much is in the queue", "[process_queue]") {
  CHECK(run(R"(
    local q = mp.Queue()
    for i = 1, 3000 do q:put{i, ("x"):rep(i % 100)} end
    q:put(("long"):rep(100000))
    local size = q:qsize()
    local ps = start(1, function() for i = 1, 3000 do assert(q:get()[1] == i) end os.exit(#q:get() // 100000) end)
    return size .. " " .. join(ps) .. " " .. q:qsize())") == "3001 4 0");
}

TEST_CASE("a process sends what it has put before it ends", "[process_queue]") {
  CHECK(run(R"(
    local q = mp.Queue()
    local ps = start(1, function() for i = 1, 3000 do q:put(i) end end)
    local sum = 0
    for i = 1, 3000 do sum = sum + q:get() end
    return sum .. " " .. join(ps))") == "4501500 0");
}

TEST_CASE("a process that gives up what it has put ends without sending it", "[process_queue]") {
  CHECK(run(R"(
    local q = mp.Queue()
    local ps = start(1, function() for i = 1, 3000 do q:put(i) end q:cancel_join_thread() end)
    return join(ps) .. " " .. q:get())") == "0 1");
}

TEST_CASE("a full queue and an empty one raise as those of the module queue", "[process_queue]") {
  CHECK(run(R"(
    local queue = require "queue"
    local q = mp.Queue(2)
    local first = tostring(q:empty()) .. tostring(q:full())
    q:put(1) q:put(2)
    local problems = {}
    for _, call in ipairs{{"put", 3, false}, {"put", 3, true, 0.01}, {"put", 3, {timeout = 0}}, {"put_nowait", 3}} do
      local ok, e = pcall(q[call[1]], q, table.unpack(call, 2))
      problems[#problems + 1] = tostring(not ok and e == queue.Full)
    end
    local size = q:qsize() .. tostring(q:full())
    q:get() q:get{block = false}
    for _, call in ipairs{{"get", false}, {"get", true, 0.01}, {"get", true, -1}, {"get_nowait"}} do
      local ok, e = pcall(q[call[1]], q, table.unpack(call, 2))
      problems[#problems + 1] = tostring(not ok and e == queue.Empty)
    end
    return first .. " " .. size .. " " .. table.concat(problems, " "))") ==
        "truefalse 2true true true true true true true true true");
}

TEST_CASE("put waits for room until another process has taken an item", "[process_queue]") {
  CHECK(run(R"(
    local q = mp.Queue(1)
    q:put(1)
    local ps = start(1, function() time.sleep(0.02) q:get() end)
    q:put(2)
    local codes = join(ps)
    return q:get() .. " " .. codes)") == "2 0");
}

TEST_CASE("a closed queue is used no more by the process that closed it", "[process_queue]") {
  CHECK(
      run(R"(
    local q = mp.Queue()
    local early = problem(q.join_thread, q)
    q:put(1)
    local ps = start(1, function() os.exit(q:get()) end)
    join(ps)
    q:close() q:close() q:join_thread()
    local function shown(text) return (text:gsub("table: 0x%x+", "Q"):gsub("multiprocessing.Queue: 0x%x+", "Q")) end
    return shown(early) .. "; " .. shown(problem(q.put, q, 1)) .. "; " .. shown(problem(q.get, q)) .. "; " .. ps[1].exitcode)") ==
      "AssertionError: Queue Q not closed; ValueError: Queue Q is closed; ValueError: Queue Q is closed; 1");
}

TEST_CASE("what cannot be sent is refused by put, and not counted", "[process_queue]") {
  CHECK(run(R"(
    local q = mp.JoinableQueue(1)
    local text = problem(q.put, q, {coroutine.create(print)})
    q:join()
    return text .. " " .. q:qsize() .. tostring(q:empty()))") ==
        "TypeError: cannot send a thread (at [1]) 0true");
}

TEST_CASE("join of a queue returns when each item is done with", "[process_queue]") {
  CHECK(run(R"(
    local q, done = mp.JoinableQueue(), mp.Queue()
    local ps = start(2, function()
      for item in function() return q:get() end do done:put(item) q:task_done() end
      q:task_done()
    end)
    for i = 1, 50 do q:put(i) end
    q:join()
    local count = done:qsize()
    q:put(nil) q:put(nil)
    q:join()
    return count .. " " .. join(ps) .. " " .. problem(q.task_done, q))") ==
        "50 0 0 ValueError: task_done() called too many times");
}

TEST_CASE("workers killed at any moment leave a queue that works", "[process_queue]") {
  CHECK(run(R"(
    local last, round = time.monotonic() + 1.2, 0
    repeat
      round = round + 1
      local tasks, results = mp.Queue(round % 2 * 5), mp.Queue()
      local function work() while true do results:put{tasks:get(), ("x"):rep(round % 3 * 20000)} end end
      local ps = start(3, work)
      for i = 1, 5 do tasks:put(i) end
      for i = 1, round * 13 % 500 do local t = {} end
      for _, p in ipairs(ps) do p:kill() end
      assert(join(ps) == "-9 -9 -9")
      -- What a killed worker had taken is gone with it; all else is there, whole, and the queue goes on.
      local before, seen = results:qsize(), {}
      local p = start(1, work)
      for i = 6, 9 do tasks:put(i) end
      local count = 0
      while count < 4 do
        local result = results:get()
        assert(not seen[result[1]] and #result[2] == round % 3 * 20000)
        seen[result[1]] = true
        if result[1] > 5 then count = count + 1 end
      end
      p[1]:kill() p[1]:join()
    until time.monotonic() > last
    return "done")") == "done");
}

TEST_CASE("os.exit in another thread ends a wait for a queue", "[process_queue]") {
  CHECK(run(R"(
    local full, empty = mp.Queue(1), mp.Queue()
    full:put(1)
    local ps = start(2, function(n)
      threading.Thread{target = function() time.sleep(0.01) os.exit(7) end}:start()
      if n == 1 then full:put(2) else empty:get() end
    end)
    return join(ps))") == "7 7");
}

}  // namespace
}  // namespace gilvm
