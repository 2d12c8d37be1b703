// Coroutines where lua5.4 has no word in it: VM threads, processes, interruptions, the collector, native
// code. What Lua programs compute with them is compared with lua5.4 in tests/differential.
#include "tests/lib/script_vm.h"
#include "tests/lib/source_runner.h"

namespace gilvm {
namespace {

// Runs the script in each lock regime, with the modules at hand.
std::string run(const std::string& source) {
  return run_in_each_regime(
      "local threading, time = require 'threading', require 'time' local Thread = threading.Thread\n" +
      source);
}

TEST_CASE("a coroutine is resumed by another thread than the one that made it", "[coroutine]") {
  CHECK(run(R"(
    local co = coroutine.create(function(a)
      while true do a = coroutine.yield(threading.current_thread().name .. a) end
    end)
    local got = {}
    for i = 1, 3 do
      local t = Thread{name = "T" .. i, target = function() got[i] = select(2, coroutine.resume(co, i)) end}
      t:start() t:join()
    end
    return table.concat(got, " "))") == "T11 T22 T33");
}

TEST_CASE("a coroutine that a thread runs is running for the others, and not to be resumed", "[coroutine]") {
  CHECK(run(R"(
    local go, begun = threading.Lock(), threading.Lock()
    go:acquire() begun:acquire()
    local co = coroutine.create(function() begun:release() go:acquire() return "done" end)
    local result
    local t = Thread{target = function() result = select(2, coroutine.resume(co)) end}
    t:start()
    begun:acquire()
    local status = coroutine.status(co)
    local _, refused = coroutine.resume(co)
    local _, open = pcall(coroutine.close, co)
    go:release() t:join()
    return table.concat({status, refused, open, result, coroutine.status(co)}, "; "))") ==
        "running; cannot resume non-suspended coroutine; cannot close a running coroutine; done; dead");
}

TEST_CASE("a coroutine that has resumed another one is normal for other threads", "[coroutine]") {
  CHECK(run(R"(
    local go, begun = threading.Lock(), threading.Lock()
    go:acquire() begun:acquire()
    local outer = coroutine.create(function()
      coroutine.wrap(function() begun:release() go:acquire() end)()
    end)
    local t = Thread{target = function() coroutine.resume(outer) end}
    t:start()
    begun:acquire()
    local status = coroutine.status(outer)
    local _, open = pcall(coroutine.close, outer)
    go:release() t:join()
    return status .. "; " .. open)") == "normal; cannot close a normal coroutine");
}

TEST_CASE("threads that fight for a generator get each of its values once", "[coroutine]") {
  CHECK(run(R"(
    local co = coroutine.create(function() for i = 1, 2000 do coroutine.yield(i) end end)
    local lists, threads = {}, {}
    for number = 1, 4 do
      local list = {}
      lists[number] = list
      threads[number] = Thread{target = function()
        repeat
          local ok, value = coroutine.resume(co)
          if ok and value then list[#list + 1] = value end
        until not ok and value == "cannot resume dead coroutine"
      end}
    end
    for _, t in ipairs(threads) do t:start() end
    for _, t in ipairs(threads) do t:join() end
    local seen, count = {}, 0
    for _, list in ipairs(lists) do
      for _, value in ipairs(list) do
        if seen[value] then error("twice: " .. value) end
        seen[value] = true
        count = count + 1
      end
    end
    return count)") == "2000");
}

TEST_CASE("each thread has a main coroutine, which is dead when the thread has ended", "[coroutine]") {
  CHECK(run(R"(
    local main, of_thread, is_main = coroutine.running()
    local refused, status
    local t = Thread{target = function()
      of_thread, is_main = coroutine.running()
      status = coroutine.status(of_thread) .. " " .. coroutine.status(main)
      refused = select(2, pcall(coroutine.yield))
    end}
    t:start() t:join()
    return table.concat({tostring(is_main), tostring(main ~= of_thread), status, refused,
                         coroutine.status(of_thread), select(2, coroutine.resume(of_thread)),
                         tostring(coroutine.close(of_thread))}, "; "))") ==
        "true; true; running running; attempt to yield from outside a coroutine; dead; "
        "cannot resume dead coroutine; true");
}

TEST_CASE("a function of wrap is a thread's target", "[coroutine]") {
  CHECK(run(R"(
    local got
    local f = coroutine.wrap(function(a) got = a coroutine.yield() got = got + 1 end)
    local t = Thread{target = f, args = {5}}
    t:start() t:join()
    t = Thread{target = f}
    t:start() t:join()
    return got)") == "6");
}

TEST_CASE("a coroutine sleeps and waits for locks as its thread does", "[coroutine]") {
  CHECK(run(R"(
    local lock, order = threading.Lock(), {}
    local t = Thread{target = function()
      coroutine.wrap(function()
        local held <close> = lock:hold()
        order[#order + 1] = "thread"
        coroutine.yield()
      end)()
      time.sleep(0.01)
      order[#order + 1] = "still held"
    end}
    t:start() t:join()
    order[#order + 1] = tostring(lock:locked())
    return table.concat(order, " "))") == "thread still held true");
}

TEST_CASE("a process that is started in a coroutine runs on its own", "[coroutine]") {
  CHECK(run(R"(
    local Process = require("multiprocessing").Process
    local other
    local co = coroutine.create(function()
      local p = Process{target = function()
        -- Here the coroutine that started the process runs for ever, and new ones work as ever.
        local sum = 0
        for i in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do sum = sum + i end
        local _, is_main = coroutine.running()
        collectgarbage()
        local ok, message = coroutine.resume(other)
        local right = sum == 6 and is_main and not ok and message == "cannot resume non-suspended coroutine"
        os.exit(right and 7 or 8)
      end}
      p:start()
      coroutine.yield("started")
      p:join()
      return p.exitcode
    end)
    other = co
    coroutine.resume(co)
    return select(2, coroutine.resume(co)))") == "7");
}

TEST_CASE("a suspended coroutine goes on in a child process, with its own copy", "[coroutine]") {
  CHECK(run(R"(
    local Process = require("multiprocessing").Process
    local co = coroutine.wrap(function() for i = 1, 10 do coroutine.yield(i) end end)
    co() co()
    local p = Process{target = function() os.exit(co()) end}
    p:start() p:join()
    return p.exitcode .. " " .. co())") == "3 3");
}

TEST_CASE("an interruption ends a script deep in coroutines, and closes nothing", "[coroutine]") {
  for (const LockSettings& lock : lock_regimes()) {
    ScriptVm script(lock);
    CHECK(script
              .run(R"(
      closed, reached = 0, 0
      local function deep(n)
        local held <close> = setmetatable({}, {__close = function() closed = closed + 1 end})
        if n == 0 then
          reached = reached + 1
          os.exit(0)
        end
        if n % 2 == 0 then pcall(coroutine.wrap(deep), n - 1) else coroutine.resume(coroutine.create(deep), n - 1) end
        reached = reached + 1
      end
      table.sort({2, 1}, function() deep(50) end)
      reached = reached + 1)")
              .empty());
    Table* globals = script.vm().globals;
    CHECK(globals->get_short(script.thread().string("closed")) == Value::inline_integer(0));
    CHECK(globals->get_short(script.thread().string("reached")) == Value::inline_integer(1));
    CHECK(script.thread().coroutine->is_main());
    CHECK(script.thread().native_depth == 0);
  }
}

TEST_CASE("suspended coroutines survive collections with all they hold", "[coroutine]") {
  CHECK(run(R"(
    local all = {}
    for i = 1, 300 do
      all[i] = coroutine.wrap(function(...)
        local text, captured = "text " .. i, {i}
        local get = function() return captured[1] end
        local function deep(n, ...) if n == 0 then return coroutine.yield(text) end return (select(2, n, deep(n - 1, ...))) end
        local got = deep(i % 40, ...)
        return text .. got .. get() .. select("#", ...)
      end)
      all[i](table.unpack({}, 1, i % 7))
    end
    collectgarbage()
    local garbage = {} for i = 1, 1000 do garbage[i] = {tostring(i)} end
    for i = 1, 300 do
      local got, wanted = all[i](":"), "text " .. i .. ":" .. i .. i % 7
      if got ~= wanted then return got .. " is not " .. wanted end
    end
    return "right")") == "right");
}

TEST_CASE("coroutines that nothing reaches are freed", "[coroutine]") {
  CHECK(run(R"(
    local function make(count)
      for i = 1, count do
        local co
        -- It refers to itself, and holds a stack of some size.
        co = coroutine.wrap(function() local t = {co} local function deep(n) if n == 0 then coroutine.yield(t) else deep(n - 1) end end deep(100) end)
        co()
      end
    end
    make(10) collectgarbage()
    local before = collectgarbage("count")
    make(500) collectgarbage()
    return collectgarbage("count") - before < 50)") == "true");
}

TEST_CASE("a dead coroutine keeps nothing, a failed one its error and its variables", "[coroutine]") {
  CHECK(run(R"(
    local co = coroutine.create(function() local t = {} for i = 1, 20000 do t[i] = {} end return #t end)
    coroutine.resume(co) collectgarbage()
    local after = collectgarbage("count")
    co = nil collectgarbage()
    local closed
    co = coroutine.create(function()
      local x <close> = setmetatable({"kept"}, {__close = function(x, e) closed = x[1] .. e[1] end})
      error({" error"})
    end)
    coroutine.resume(co) collectgarbage()
    local ok, e = coroutine.close(co)
    return tostring(after - collectgarbage("count") < 100) .. " " .. closed .. tostring(ok) .. e[1])") ==
        "true kept errorfalse error");
}

TEST_CASE("native code resumes coroutines and gets what they yield", "[coroutine]") {
  SourceRunner script;
  CHECK(
      script.run("return coroutine.resume(coroutine.create(function(...) coroutine.yield(...) end), 1, 2)") ==
      "true 1 2");
  std::string error;
  Closure* make = script.load(
      "return coroutine.wrap(function(a) while true do a = coroutine.yield(a + 1) end end)", &error);
  REQUIRE(make);
  ScriptCall maker(*script.thread, Value::closure(make));
  REQUIRE(maker.run());
  for (int number = 1; number <= 3; ++number) {
    ScriptCall call(*script.thread, maker.result(0));
    call.push(Value::inline_integer(number));
    REQUIRE(call.run());
    CHECK(call.result_count() == 1);
    CHECK(call.result(0) == Value::inline_integer(number + 1));
  }
  CHECK(script.thread->coroutine->is_main());
}

TEST_CASE("an error out of a coroutine leaves native code as it was", "[coroutine]") {
  SourceRunner script;
  const Coroutine* main = script.thread->coroutine;
  const std::uint32_t depth = main->depth();
  CHECK(script.run("coroutine.wrap(function() coroutine.wrap(error)('e', 0) end)()") ==
        "error: script:1: script:1: e");
  CHECK(script.run("table.sort({1, 2}, coroutine.wrap(function() error('e', 0) end))") == "error: e");
  CHECK(script.run("coroutine.yield()") == "error: attempt to yield from outside a coroutine");
  CHECK(script.thread->coroutine == main);
  CHECK(main->depth() == depth);
  CHECK(main->status() == CoroutineStatus::kRunning);
  CHECK(script.thread->native_depth == 0);
}

TEST_CASE("dofile and pairs let a script yield", "[coroutine]") {
  CHECK(run(R"(
    local path = os.tmpname()
    local file = io.open(path, "w")
    file:write("local a = coroutine.yield('from the file') return a, 2, 3")
    file:close()
    local co = coroutine.wrap(function() return dofile(path) end)
    local first = co()
    local results = table.pack(co("x"))
    os.remove(path)
    return first .. " " .. results.n .. results[1] .. results[3])") == "from the file 3x3");
}

}  // namespace
}  // namespace gilvm
