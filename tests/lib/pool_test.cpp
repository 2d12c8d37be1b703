#include "tests/lib/process_scripts.h"

namespace gilvm {
namespace {

constexpr auto run = run_processes;

TEST_CASE("a pool calls functions in its workers", "[pool]") {
  CHECK(run(R"(
    local pool <close> = mp.Pool(2)
    local here = os.getpid()
    assert(pool:apply(os.getpid) ~= here)
    local offset = 10
    local sum, text = pool:apply(function(a, b) return a + b + offset, "second" end, {1, 2})
    local named = pool:apply_async{func = function(a, t) return a .. t.key end, args = {1}, kwds = {key = "value"}}
    return sum .. text .. " " .. named:get())") == "13second 1value");
}

TEST_CASE("map and starmap keep the order of the elements", "[pool]") {
  CHECK(run(R"(
    local pool <close> = mp.Pool(3)
    local list = {}
    for i = 1, 100 do list[i] = i end
    for _, chunksize in ipairs{1, 7, 100, 1000} do
      local squares = pool:map(function(x) return x * x end, list, chunksize)
      assert(#squares == 100)
      for i = 1, 100 do assert(squares[i] == i * i) end
    end
    local n = 0
    local from_function = pool:map(function(x) return -x end, function() n = n + 1 if n <= 3 then return n end end)
    local products = pool:starmap(function(a, b) return a * b end, {{2, 3}, {4, 5}})
    return #pool:map(print, {}) .. " " .. table.concat(from_function, " ") .. " " .. table.concat(products, " "))") ==
        "0 -1 -2 -3 6 20");
}

TEST_CASE("imap gives the results in order, imap_unordered as they come", "[pool]") {
  CHECK(run(R"(
    local pool <close> = mp.Pool(2)
    local texts, sum = {}, 0
    for i, x in pool:imap(function(x) return x * 2 end, {1, 2, 3, 4, 5}, 2) do texts[#texts + 1] = i .. ":" .. x end
    for _, x in pool:imap_unordered(function(x) return x end, {1, 2, 3, 4, 5}) do sum = sum + x end
    local gate = mp.Event()
    local slow = mp.get_context().Pool{processes = 2, initializer = function(g) its_gate = g end, initargs = {gate}}
    local iterator = slow:imap(function(x) if x == 1 then its_gate:wait() end return x end, {1, 2})
    local ok, e = pcall(iterator.next, iterator, 0.01)
    gate:set()
    local i, x = iterator:next()
    slow:terminate()
    return table.concat(texts, " ") .. " " .. sum .. " " .. tostring(e) .. " " .. i .. x)") ==
        "1:2 2:4 3:6 4:8 5:10 15 multiprocessing.TimeoutError 11");
}

TEST_CASE("an error of a call is raised where its result is wanted", "[pool]") {
  CHECK(run(R"(
    local builtins = require "builtins"
    local pool <close> = mp.Pool(1)
    local texts = {
      problem(pool.apply, pool, function() error("text") end),
      problem(pool.apply, pool, function() error(builtins.ValueError("wrong")) end),
      problem(pool.map, pool, function(x) return x + {} end, {1}),
      problem(pool.apply, pool, function() return io.tmpfile() end):gsub("table: 0x%x+", "T"),
      problem(pool.apply, pool, print, {coroutine.create(print)}),
    }
    local ok, e = pcall(pool.apply, pool, error, {builtins.IndexError("key")})
    texts[#texts + 1] = tostring(builtins.isinstance(e, builtins.IndexError))
    return table.concat(texts, "; "))") ==
        "test:6: text; ValueError: wrong; test:8: attempt to perform arithmetic on a table value; "
        "multiprocessing.pool.MaybeEncodingError: Error sending result: 'T'. Reason: 'TypeError: cannot send "
        "a FILE* "
        "(at [2][1])'; TypeError: cannot send a thread (at [3][1]); true");
}

TEST_CASE("an asynchronous result says when it is there, and calls back", "[pool]") {
  CHECK(run(R"(
    local gate, calls = mp.Event(), {false, false}
    local pool <close> = mp.Pool{processes = 1, initializer = function(g) its_gate = g end, initargs = {gate}}
    local good = pool:apply_async(function(x) its_gate:wait() return x end, {5}, function(x) calls[1] = x end)
    local states = {good:ready(), problem(good.get, good, 0.01), (problem(good.successful, good):match("not ready"))}
    good:wait(0.01)
    gate:set()
    good:wait()
    local bad = pool:apply_async(error, {"broken"}, {error_callback = function(e) calls[2] = e end})
    bad:wait()
    return tostring(states[1]) .. " " .. states[2] .. " " .. states[3] .. " " .. good:get() .. tostring(good:successful()) ..
      tostring(bad:successful()) .. " " .. calls[1] .. calls[2])") ==
        "false multiprocessing.TimeoutError not ready 5truefalse 5broken");
}

TEST_CASE("a pool that is closed does what it was given and takes no more", "[pool]") {
  CHECK(run(R"(
    local pool = mp.Pool(2)
    local early = problem(pool.join, pool)
    local results = {}
    for i = 1, 50 do results[i] = pool:apply_async(math.abs, {-i}) end
    pool:close()
    local late = problem(pool.apply, pool, print)
    pool:join()
    local sum = 0
    for i = 1, 50 do sum = sum + results[i]:get() end
    return early .. "; " .. late .. "; " .. sum .. " " .. #mp.active_children())") ==
        "ValueError: Pool is still running; ValueError: Pool not running; 1275 0");
}

TEST_CASE("a pool that is terminated gives up what is not done", "[pool]") {
  CHECK(run(R"(
    local pool = mp.Pool(2)
    local results = {}
    for i = 1, 5 do results[i] = pool:apply_async(time.sleep, {1000}) end
    pool:terminate() pool:join()
    local texts = {}
    for i = 1, 5 do texts[i] = problem(results[i].get, results[i]) end
    for i = 2, 5 do assert(texts[i] == texts[1]) end
    return texts[1] .. " " .. #mp.active_children())") ==
        "multiprocessing.ProcessError: the pool was terminated 0");
}

TEST_CASE("the call in which a worker is killed fails, and the pool goes on", "[pool]") {
  CHECK(run(R"(
    local pool <close> = mp.Pool(2)
    local texts = {problem(pool.apply, pool, os.exit, {3})}
    local pid, ready = mp.Value("i", 0), mp.Event()
    local victims = mp.Pool{processes = 1, initializer = function(v, e) its_pid, its_ready = v, e end, initargs = {pid, ready}}
    local lost = victims:apply_async(function() its_pid.value = os.getpid() its_ready:set() time.sleep(1000) end)
    local next_one = victims:apply_async(math.abs, {-7})
    ready:wait()
    for _, child in ipairs(mp.active_children()) do if child.pid == pid.value then child:kill() end end
    texts[2] = problem(lost.get, lost)
    texts[3] = next_one:get()
    victims:close() victims:join()
    texts[4] = table.concat(pool:map(math.abs, {-1, -2, -3}), "")
    return table.concat(texts, "; "))") ==
        "multiprocessing.ProcessError: a worker process ended with exit code 3 before it had the result; "
        "multiprocessing.ProcessError: a worker process was killed by signal 9 before it had the result; 7; "
        "123");
}

TEST_CASE("every call of a pool ends however its workers are killed", "[pool]") {
  CHECK(run(R"(
    local last, round = time.monotonic() + 1, 0
    local pool <close> = mp.Pool(3)
    repeat
      round = round + 1
      local results, done, lost = {}, 0, 0
      for i = 1, 40 do results[i] = pool:apply_async(function(x) return x, ("x"):rep(x * 1000) end, {i}) end
      local children = mp.active_children()
      children[round % #children + 1]:kill()
      for i = 1, 40 do
        local ok, value, text = pcall(results[i].get, results[i])
        if ok then
          assert(value == i and #text == i * 1000)
          done = done + 1
        else
          assert(tostring(value):find("killed by signal 9"), tostring(value))
          lost = lost + 1
        end
      end
      assert(done + lost == 40 and lost <= 1, lost)
    until time.monotonic() > last
    return "done")") == "done");
}

TEST_CASE("a task that a killed worker has not begun is done by another", "[pool]") {
  CHECK(run(R"(
    local pool <close> = mp.Pool(1)
    for round = 1, 20 do
      pool:apply(math.abs, {-1})
      mp.active_children()[1]:kill()
      local results = {}
      for i = 1, 3 do results[i] = pool:apply_async(math.abs, {-i}) end
      for i = 1, 3 do assert(results[i]:get() == i) end
    end
    return "done")") == "done");
}

TEST_CASE("workers are replaced after so many tasks", "[pool]") {
  CHECK(run(R"(
    local pool <close> = mp.Pool{processes = 1, maxtasksperchild = 2}
    local pids, kinds = {}, 0
    for i = 1, 6 do
      local pid = pool:apply(os.getpid)
      if not pids[pid] then kinds = kinds + 1 end
      pids[pid] = true
    end
    return kinds)") == "3");
}

TEST_CASE("wrong arguments of a pool are refused as in Python", "[pool]") {
  CHECK(run(R"(
    local pool <close> = mp.Pool(1)
    return problem(mp.Pool, 0) .. "; " .. problem(mp.Pool, {processes = 1, maxtasksperchild = 0}) .. "; " ..
      problem(mp.Pool, {initializer = 5}) .. "; " .. problem(pool.imap, pool, print, {1}, 0))") ==
        "ValueError: Number of processes must be at least 1; ValueError: maxtasksperchild must be a positive "
        "int or "
        "None; TypeError: initializer must be a callable; ValueError: Chunksize must be 1+, not 0");
}

TEST_CASE("a pool that nobody ends is ended with the program", "[pool]") {
  CHECK(run(R"(
    pool = mp.Pool(2)
    return pool:apply(math.abs, {-1}))") == "1");
}

}  // namespace
}  // namespace gilvm
