// The queues of the module `concurrent.interpreters`.
#include "tests/lib/interpreter_scripts.h"

namespace gilvm {

TEST_CASE("an interpreter takes first what was put first", "[interpreters]") {
  CHECK(run_interpreter_queues(R"(
    local q = interpreters.create_queue()
    for i = 1, 3 do q:put{i} end
    return q:qsize() .. q:get()[1] .. q:get_nowait()[1] .. q:get{block = false}[1] .. tostring(q:empty()))") ==
        "3123true");
}

TEST_CASE("what is taken is a copy", "[interpreters]") {
  CHECK(run_interpreter_queues(R"(
    local q, list = interpreters.create_queue(), {1}
    q:put(list)
    list[1] = 2
    local taken = q:get()
    return taken[1] .. tostring(taken == list))") == "1false");
}

TEST_CASE("nil and false cross as items", "[interpreters]") {
  CHECK(run_interpreter_queues(R"(
    local q = interpreters.create_queue()
    q:put(nil)
    q:put(false)
    return tostring(q:get()) .. tostring(q:get()) .. problem(q.get_nowait, q))") ==
        "nilfalseconcurrent.interpreters.QueueEmpty");
}

TEST_CASE("an empty queue and a full one raise errors that are the module queue's too", "[interpreters]") {
  CHECK(run_interpreter_queues(R"(
    local builtins, queue = require 'builtins', require 'queue'
    local q = interpreters.create_queue(1)
    local _, empty = pcall(q.get, q, true, 0)
    q:put(1)
    local _, full = pcall(q.put_nowait, q, 2)
    return tostring(empty == interpreters.QueueEmpty) .. tostring(builtins.isinstance(empty, queue.Empty)) ..
      tostring(full == interpreters.QueueFull) .. tostring(builtins.isinstance(full, queue.Full)) ..
      problem(q.put, q, 2, {timeout = 0}))") == "truetruetruetrueconcurrent.interpreters.QueueFull");
}

TEST_CASE("a queue has its number, its size and its largest size", "[interpreters]") {
  CHECK(run_interpreter_queues(R"(
    local q, p = interpreters.create_queue(), interpreters.create_queue{maxsize = 2}
    p:put(1)
    local before = p:full()
    p:put(2)
    return q.id .. p.id .. q.maxsize .. p.maxsize .. tostring(q:full()) .. tostring(before) .. tostring(p:full()) ..
      tostring(p) .. tostring(q == p))") == "0102falsefalsetrueQueue(1)false");
}

TEST_CASE("a queue's attributes are constant", "[interpreters]") {
  CHECK(run_interpreter_queues(
            "local q = interpreters.create_queue() return problem(function() q.maxsize = 2 end)") ==
        "AttributeError: 'Queue' object attribute 'maxsize' is read-only");
}

TEST_CASE("a queue wants a number of seconds that is not negative", "[interpreters]") {
  CHECK(run_interpreter_queues(R"(
    local q = interpreters.create_queue()
    return problem(q.get, q, true, -1) .. ', ' .. problem(q.get, q, true, 'x') .. ', ' ..
      problem(q.put, q, 1, {time = 1}) .. ', ' .. problem(interpreters.create_queue, 'x') .. ', ' ..
      problem(q.get, q, false, -1))") ==
        "ValueError: 'timeout' must be a non-negative number, "
        "TypeError: a number of seconds expected, got string, "
        "TypeError: put() got an unexpected keyword argument 'time', "
        "TypeError: create_queue: maxsize must be a number, got string, concurrent.interpreters.QueueEmpty");
}

TEST_CASE("a queue refuses what cannot cross, and stays as it was", "[interpreters]") {
  CHECK(run_interpreter_queues(R"(
    local q = interpreters.create_queue(1)
    return problem(q.put, q, {coroutine.create(print)}) .. q:qsize())") ==
        "concurrent.interpreters.NotShareableError: cannot send a thread (at [1])0");
}

TEST_CASE("a queue and an interpreter cross as themselves", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local q, a = interpreters.create_queue(), interpreters.create()
    q:put{q, a}
    local taken = q:get()
    return tostring(taken[1] == q) .. tostring(taken[2] == a) ..
      tostring(a:call(function(p) p:put(p) return p end, q) == q) .. tostring(q:get() == q))") ==
        "truetruetruetrue");
}

TEST_CASE("a queue in itself is freed", "[interpreters]") {
  CHECK(run_interpreter_queues(R"(
    local q = interpreters.create_queue()
    q:put(q)
    return q:qsize())") == "1");
}

TEST_CASE("who waits for room gets it before who comes later", "[interpreters]") {
  CHECK(run_interpreter_queues(R"(
    local q, waits = interpreters.create_queue(1), threading.Event()
    q:put('a')
    local thread = threading.Thread{target = function() waits:set() q:put('b') end}
    thread:start()
    waits:wait()
    local first = q:get()
    return first .. q:get())") == "ab");
}

TEST_CASE("items of an interpreter that was closed are still there", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local q, a = interpreters.create_queue(), interpreters.create()
    a:call(function(q) q:put{1, {2}} mine = q end, q)
    a:close()
    return q:get()[2][1])") == "2");
}

TEST_CASE("eight threads in four interpreters hand on every item once", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local rounds = 500
    local work, done, threads, vms = interpreters.create_queue(3), interpreters.create_queue(), {}, {}
    local function take_part(rounds)
      local threading = require 'threading'
      local taker = threading.Thread{target = function()
        local sum = 0
        while true do
          local item = work:get()
          if not item then break end
          sum = sum + item[1]
        end
        done:put(sum)
      end}
      taker:start()
      for i = 1, rounds do work:put{i} end
      done:put(0)
      taker:join()
    end
    for i = 1, 3 do
      vms[i] = interpreters.create()
      threads[i] = vms[i]:call_in_thread(take_part, rounds)
    end
    threads[4] = threading.Thread{target = take_part, args = {rounds}}
    threads[4]:start()
    local sum = 0
    for i = 1, 4 do sum = sum + done:get() end    -- all have put
    for i = 1, 4 do work:put(false) end
    for i = 1, 4 do sum = sum + done:get() end
    for i = 1, 4 do threads[i]:join() end
    for i = 1, 3 do vms[i]:close() end
    return sum .. ' ' .. work:qsize() .. done:qsize())") == "501000 00");
}

TEST_CASE("two interpreters that wait for each other in loops both go on", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a, b = interpreters.create(), interpreters.create()
    local ping, pong = interpreters.create_queue(), interpreters.create_queue()
    local function turn(mine, theirs)
      local count = 0
      for i = 1, 50 do
        theirs:put(i)
        while mine:empty() do count = count + 1 end
        mine:get()
      end
      return true
    end
    local thread = a:call_in_thread(turn, ping, pong)
    local done = b:call(turn, pong, ping)
    thread:join()
    return done)") == "true");
}

}  // namespace gilvm
