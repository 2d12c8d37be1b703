#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

const char* const kKinds[] = {"Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"};

TEST_CASE("a queue gives its items in the order of its kind", "[queue]") {
  const std::string script = R"(
    for _, item in ipairs{3, 1, 2} do q:put(item) end
    local first = q:get()
    q:put(0)
    local items = {first}
    while not q:empty() do items[#items + 1] = q:get() end
    return table.concat(items, " "))";
  CHECK(run_sync("local q = queue.Queue()" + script) == "3 1 2 0");
  CHECK(run_sync("local q = queue.LifoQueue()" + script) == "2 0 1 3");
  CHECK(run_sync("local q = queue.PriorityQueue()" + script) == "1 0 2 3");
  CHECK(run_sync("local q = queue.SimpleQueue()" + script) == "3 1 2 0");
}

TEST_CASE("a priority queue sorts", "[queue]") {
  CHECK(run_sync(R"(
    local q, items, wrong = queue.PriorityQueue(), {}, 0
    local seed = 7
    for i = 1, 500 do
      seed = (seed * 1103515245 + 12345) % 2147483648
      items[i] = seed % 100
      q:put(items[i])
    end
    table.sort(items)
    for i = 1, 500 do if q:get() ~= items[i] then wrong = wrong + 1 end end
    return wrong .. q:qsize())") == "00");
}

TEST_CASE("a priority queue compares lists as Python compares tuples", "[queue]") {
  CHECK(run_sync(R"(
    local q, tasks = queue.PriorityQueue(), {}
    for _, item in ipairs{{2, "b"}, {1, "z"}, {2, "a"}, {1}, {0, {2}}, {0, {1, 5}}} do q:put(item) end
    while not q:empty() do
      local item = q:get()
      tasks[#tasks + 1] = item[1] .. (type(item[2]) == "table" and "t" .. item[2][1] or item[2] or "")
    end
    return table.concat(tasks, " "))") == "0t1 0t2 1 1z 2a 2b");
  CHECK(run_sync(R"(
    local q = queue.PriorityQueue()
    q:put{1, print} q:put{1, print}
    return #q:get() + #q:get())") == "4");
}

TEST_CASE("a priority queue orders objects by their __lt, and refuses what has no order", "[queue]") {
  CHECK(run_sync(R"(
    local Task = {__lt = function(a, b) return a.rank < b.rank end}
    local q = queue.PriorityQueue()
    q:put(setmetatable({rank = 2}, Task)) q:put(setmetatable({rank = 1}, Task))
    return q:get().rank)") == "1");
  CHECK(run_sync(R"(
    local q = queue.PriorityQueue()
    q:put(1)
    local ok, message = pcall(q.put, q, "one")
    local free = q.mutex:acquire(false)
    return tostring(ok) .. tostring(message:match("attempt to compare .*")) .. tostring(free))") ==
        "falseattempt to compare string with numbertrue");
}

TEST_CASE("nil and false are items", "[queue]") {
  for (const char* const kind : {"Queue", "LifoQueue", "SimpleQueue"}) {
    CHECK(run_sync(std::string("local q = queue.") + kind + R"(()
      q:put(nil) q:put(false) q:put(nil)
      local size, items = q:qsize(), {}
      for i = 1, 3 do items[i] = tostring(q:get()) end
      return size .. table.concat(items, " "))") == "3nil false nil");
  }
}

TEST_CASE("a table is an item, whatever its keys are called", "[queue]") {
  CHECK(run_sync("local q = queue.Queue() q:put{block = 1} return q:get().block") == "1");
}

TEST_CASE("get of an empty queue raises Empty where it is not to wait", "[queue]") {
  for (const char* const kind : kKinds) {
    CHECK(run_sync(std::string("local q = queue.") + kind + R"(()
      local raised = {}
      local function try(f, ...) raised[#raised + 1] = tostring(select(2, pcall(f, q, ...)) == queue.Empty) end
      try(q.get, false) try(q.get, {block = false}) try(q.get_nowait) try(q.get, false, -1)
      local begin = time.monotonic()
      try(q.get, {timeout = 0.02})
      raised[#raised + 1] = tostring(time.monotonic() - begin >= 0.02)
      try(q.get, true, 0)
      return table.concat(raised, " "))") == "true true true true true true true");
  }
}

TEST_CASE("put into a full queue raises Full where it is not to wait", "[queue]") {
  CHECK(run_sync(R"(
    local q, raised = queue.Queue(2), {}
    local function try(f, ...) raised[#raised + 1] = tostring(select(2, pcall(f, q, ...)) == queue.Full) end
    q:put(1) q:put(2)
    raised[1] = tostring(q:full())
    try(q.put, 3, false) try(q.put, 3, {block = false}) try(q.put_nowait, 3)
    local begin = time.monotonic()
    try(q.put, 3, {timeout = 0.02})
    raised[#raised + 1] = tostring(time.monotonic() - begin >= 0.02)
    return table.concat(raised, " ") .. q:qsize())") == "true true true true true true2");
}

TEST_CASE("a queue without maxsize, or with one below 1, is never full", "[queue]") {
  for (const char* const size : {"", "0", "-5"}) {
    CHECK(run_sync(std::string("local q = queue.Queue(") + size + R"()
      for i = 1, 100 do q:put_nowait(i) end
      return q:qsize() .. tostring(q:full()))") == "100false");
  }
  CHECK(run_sync("local q = queue.Queue{maxsize = 1} q:put(1) return q:full()") == "true");
}

TEST_CASE("wrong arguments of a queue are errors", "[queue]") {
  CHECK(run_sync("queue.Queue():get(true, -1)") == "ValueError: 'timeout' must be a non-negative number");
  CHECK(run_sync("queue.Queue():put(1, true, -1)") == "ValueError: 'timeout' must be a non-negative number");
  CHECK(run_sync("queue.SimpleQueue():get{timeout = -1}") ==
        "ValueError: 'timeout' must be a non-negative number");
  CHECK(run_sync("queue.Queue():get{tiemout = 1}") ==
        "TypeError: get() got an unexpected keyword argument 'tiemout'");
  CHECK(run_sync("queue.Queue('big')") == "TypeError: Queue: maxsize must be a number, got string");
}

TEST_CASE("get waits for an item", "[queue]") {
  for (const char* const kind : kKinds) {
    CHECK(run_sync(std::string("local q = queue.") + kind + R"(()
      local join = start(1, function() time.sleep(0.005) q:put(7) end)
      local item = q:get{timeout = 20}
      join()
      return item)") == "7");
  }
}

TEST_CASE("put waits for room", "[queue]") {
  CHECK(run_sync(R"(
    local q, size = queue.Queue(1)
    q:put(1)
    local join = start(1, function()
      wait_until(function() return #q.not_full.waiters == 1 end)
      size = q:qsize()
      q:get()
    end)
    q:put(2)
    join()
    return size .. q:get())") == "12");
}

TEST_CASE("who waits longest is served first, and not one that comes by", "[queue]") {
  CHECK(run_sync(R"(
    local q, order, joins, stolen = queue.Queue(), {}, {}, 0
    for i = 1, 5 do
      joins[i] = start(1, function() q:get() order[#order + 1] = i end)
      wait_until(function() return #q.not_empty.waiters == i end)
    end
    for i = 1, 5 do
      q:put(i)
      if pcall(q.get_nowait, q) then stolen = stolen + 1 end
      wait_until(function() return #order == i end)
    end
    for i = 1, 5 do joins[i]() end
    return table.concat(order, " ") .. ", " .. stolen)") == "1 2 3 4 5, 0");
  CHECK(run_sync(R"(
    local q, order, joins, stolen = queue.Queue(1), {}, {}, 0
    q:put(0)
    for i = 1, 5 do
      joins[i] = start(1, function() q:put(i) end)
      wait_until(function() return #q.not_full.waiters == i end)
    end
    for i = 0, 5 do
      order[i] = q:get()
      if pcall(q.put_nowait, q, 100) then stolen = stolen + (i < 5 and 1 or 0) end
    end
    for i = 1, 5 do joins[i]() end
    return table.concat(order, " ", 0) .. ", " .. stolen)") == "0 1 2 3 4 5, 0");
}

TEST_CASE("join waits until every item is done", "[queue]") {
  CHECK(run_sync(R"(
    local q, done = queue.Queue(), 0
    for i = 1, 20 do q:put(i) end
    local join = start(3, function()
      while true do
        local item = q:get()
        if item == nil then return end
        done = done + 1
        q:task_done()
      end
    end)
    q:join()
    local unfinished = q.unfinished_tasks
    for _ = 1, 3 do q:put(nil) end
    join()
    return unfinished)") == "0");
  CHECK(run_sync("local q = queue.Queue() q:join() return 'at once'") == "at once");
}

TEST_CASE("task_done more often than put is an error", "[queue]") {
  CHECK(run_sync("queue.Queue():task_done()") == "ValueError: task_done() called too many times");
  CHECK(run_sync("local q = queue.Queue() q:put(1) q:get() q:task_done() q:task_done()") ==
        "ValueError: task_done() called too many times");
}

TEST_CASE("after shutdown items can be taken, and none be put", "[queue]") {
  CHECK(run_sync(R"(
    local q = queue.Queue()
    q:put(1) q:put(2)
    q:shutdown()
    local ok, put_problem = pcall(q.put, q, 3)
    local items = q:get() + q:get()
    local ok, get_problem = pcall(q.get, q)
    local ok, nowait_problem = pcall(q.get_nowait, q)
    return string.format("%s %d %s %s", put_problem, items, get_problem == queue.ShutDown,
                         nowait_problem == queue.ShutDown))") == "queue.ShutDown 3 true true");
}

TEST_CASE("shutdown at once empties the queue and lets join return", "[queue]") {
  CHECK(run_sync(R"(
    local q, problem = queue.Queue()
    q:put(1) q:put(2)
    local join = start(1, function() q:join() end)
    wait_until(function() return #q.all_tasks_done.waiters == 1 end)
    q:shutdown{immediate = true}
    join()
    return q:qsize() .. tostring(select(2, pcall(q.get, q))))") == "0queue.ShutDown");
}

TEST_CASE("shutdown sends away those who wait", "[queue]") {
  CHECK(run_sync(R"(
    local q, full, guard, raised = queue.Queue(), queue.Queue(1), threading.Lock(), 0
    full:put(1)
    local function try(f, ...)
      local ok, problem = pcall(f, ...)
      local held <close> = guard:hold()
      if problem == queue.ShutDown then raised = raised + 1 end
    end
    local join = start(6, function(i) if i % 2 == 0 then try(q.get, q) else try(full.put, full, 2) end end)
    wait_until(function() return #q.not_empty.waiters == 3 and #full.not_full.waiters == 3 end)
    q:shutdown() full:shutdown()
    join()
    return raised)") == "6");
}

TEST_CASE("a finalizer may put into a simple queue in the middle of anything", "[queue]") {
  CHECK(run_sync(R"(
    local q, taken = queue.SimpleQueue(), 0
    for i = 1, 2000 do
      setmetatable({}, {__gc = function() q:put("finalized") end})
      q:put("item")
      q:get()
      if i % 500 == 0 then collectgarbage() end
    end
    collectgarbage()
    while not q:empty() do q:get() taken = taken + 1 end
    return taken > 1000)") == "true");
}

TEST_CASE("4 threads put and 4 take: no item is lost, none comes twice", "[queue]") {
  for (const char* const kind : kKinds) {
    for (const char* const size : {"", "3"}) {
      const bool is_simple = std::string(kind) == "SimpleQueue";
      if (is_simple && size[0] != 0) continue;
      INFO(kind << "(" << size << ")");
      CHECK(run_sync(std::string("local q = queue.") + kind + "(" + size + R"()
        local N, seen = 150, {}
        for i = 1, 4 * N do seen[i] = 0 end
        local guard, wrong = threading.Lock(), 0
        start(8, function(i)
          if i <= 4 then
            for item = (i - 1) * N + 1, i * N do q:put(item) end
          else
            for _ = 1, N do
              local item = q:get()
              local held <close> = guard:hold()
              seen[item] = seen[item] + 1
            end
          end
        end)()
        for i = 1, 4 * N do if seen[i] ~= 1 then wrong = wrong + 1 end end
        return wrong .. " " .. q:qsize())") == "0 0");
    }
  }
}

TEST_CASE("4 threads put and 4 take with timeouts: every item arrives", "[queue]") {
  for (const char* const kind : kKinds) {
    INFO(kind);
    CHECK(run_sync(std::string("local q = queue.") + kind + R"(()
      local N, guard, sum, left = 100, threading.Lock(), 0, 4
      start(8, function(i)
        if i <= 4 then
          for item = 1, N do q:put(item) end
          local held <close> = guard:hold()
          left = left - 1
        else
          while true do
            local last = left == 0
            local ok, item = pcall(q.get, q, true, 0.0002)
            if ok then
              local held <close> = guard:hold()
              sum = sum + item
            elseif last then
              return
            end
          end
        end
      end)()
      return sum .. " " .. q:qsize())") == "20200 0");
  }
}

TEST_CASE("a forked process forgets the threads that were waiting in its parent", "[queue]") {
  CHECK(run_sync(R"(
    local lock, condition, semaphore = threading.Lock(), threading.Condition(), threading.Semaphore(0)
    local q, simple = queue.Queue(), queue.SimpleQueue()
    lock:acquire()
    local join = start(5, function(i)
      if i == 1 then lock:acquire() lock:release() end
      if i == 2 then local held <close> = condition:hold() condition:wait() end
      if i == 3 then semaphore:acquire() end
      if i == 4 then q:get() end
      if i == 5 then simple:get() end
    end)
    wait_until(function()
      return #condition.waiters == 1 and #semaphore.condition.waiters == 1 and #q.not_empty.waiters == 1
    end)
    time.sleep(0.005)
    local child = require("multiprocessing").Process{target = function()
      lock:release()
      assert(lock:acquire(true, 10))
      lock:release()
      do local held <close> = condition:hold() condition:notify() assert(not condition:wait(0)) end
      semaphore:release()
      assert(semaphore:acquire(true, 10))
      q:put("item")
      assert(q:get(true, 10) == "item")
      simple:put("item")
      assert(simple:get(true, 10) == "item")
      assert(threading.active_count() == 1)
      assert(threading.current_thread() == threading.main_thread())
    end}
    child:start()
    child:join()
    lock:release()
    do local held <close> = condition:hold() condition:notify() end
    semaphore:release()
    q:put(1) simple:put(1)
    join()
    return child.exitcode)") == "0");
}

}  // namespace
}  // namespace gilvm
