#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

// Runs the script after `local threading = require "threading"`.
std::string run(const std::string& source) {
  return run_in_each_regime("local threading = require 'threading' local time = require 'time'\n" + source);
}

// Thread

TEST_CASE("a thread runs its target with its arguments", "[threading]") {
  CHECK(run(R"(
    local got
    local t = threading.Thread{target = function(...) got = table.concat({...}, " ") end, args = {1, "two", 3}}
    t:start() t:join()
    return got)") == "1 two 3");
}

TEST_CASE("arguments of Thread may be given by position", "[threading]") {
  CHECK(run(R"(
    local got
    local t = threading.Thread(function(x) got = x end, {7}, "seven", true)
    t:start() t:join()
    return got .. t.name .. tostring(t.daemon))") == "7seventrue");
}

TEST_CASE("a thread without a target does nothing", "[threading]") {
  CHECK(run("local t = threading.Thread() t:start() t:join() return t:is_alive()") == "false");
}

TEST_CASE("a table that can be called is a target", "[threading]") {
  CHECK(run(R"(
    local got
    local t = threading.Thread{target = setmetatable({}, {__call = function(self, x) got = x end}), args = {5}}
    t:start() t:join()
    return got)") == "5");
}

TEST_CASE("a thread is started once", "[threading]") {
  CHECK(run("local t = threading.Thread() t:start() t:start()") ==
        "RuntimeError: threads can only be started once");
}

TEST_CASE("a thread that has ended is not started again", "[threading]") {
  CHECK(run("local t = threading.Thread() t:start() t:join() t:start()") ==
        "RuntimeError: threads can only be started once");
}

TEST_CASE("a thread is not joined before it is started", "[threading]") {
  CHECK(run("threading.Thread():join()") == "RuntimeError: cannot join thread before it is started");
}

TEST_CASE("a thread does not join itself", "[threading]") {
  CHECK(run(R"(
    local message
    local t t = threading.Thread{target = function() message = select(2, pcall(t.join, t)) end}
    t:start() t:join()
    return message)") == "RuntimeError: cannot join current thread");
  CHECK(run("threading.current_thread():join()") == "RuntimeError: cannot join current thread");
}

TEST_CASE("join returns after the timeout when the thread goes on", "[threading]") {
  CHECK(run(R"(
    local go = threading.Lock() go:acquire()
    local t = threading.Thread{target = function() go:acquire() end}
    t:start()
    local start = time.monotonic()
    t:join(0.02)
    local waited = time.monotonic() - start
    local alive = t:is_alive()
    go:release() t:join{timeout = 10}
    return tostring(waited >= 0.02) .. tostring(alive) .. tostring(t:is_alive()))") == "truetruefalse");
}

TEST_CASE("every thread that joins one thread goes on when it ends", "[threading]") {
  CHECK(run(R"(
    local go, done, count = threading.Lock(), threading.Lock(), 0
    go:acquire()
    local t = threading.Thread{target = function() go:acquire() end}
    t:start()
    local joiners = {}
    for i = 1, 5 do
      joiners[i] = threading.Thread{target = function()
        t:join()
        local held <close> = done:hold()
        count = count + 1
      end}
      joiners[i]:start()
    end
    go:release()
    for _, joiner in ipairs(joiners) do joiner:join() end
    return count)") == "5");
}

TEST_CASE("is_alive is true from start to end", "[threading]") {
  CHECK(run(R"(
    local go = threading.Lock() go:acquire()
    local t = threading.Thread{target = function() go:acquire() end}
    local states = {t:is_alive()}
    t:start() states[2] = t:is_alive()
    go:release() t:join() states[3] = t:is_alive()
    return string.format("%s %s %s", states[1], states[2], states[3]))") == "false true false");
}

TEST_CASE("a thread has a name that can be changed", "[threading]") {
  CHECK(run("local t = threading.Thread{name = 'A'} t.name = t.name .. 'B' return t.name") == "AB");
  CHECK(run("return (threading.Thread().name:match('^Thread%-%d+$')) ~= nil") == "true");
  CHECK(run("threading.Thread().name = 1") == "AttributeError: cannot set attribute 'name' of a Thread");
  CHECK(run("threading.Thread().colour = 1") == "AttributeError: cannot set attribute 'colour' of a Thread");
}

TEST_CASE("threads without a name are counted anew in every VM, timers too", "[threading]") {
  CHECK(run("local names = {threading.Thread().name, threading.Thread{name = 'A'}.name, "
            "threading.Thread().name,\n"
            "threading.Timer(1, print).name} return table.concat(names, ' ')") ==
        "Thread-1 A Thread-2 Thread-3");
}

TEST_CASE("daemon is set before the start only", "[threading]") {
  CHECK(run("local t = threading.Thread() local was = t.daemon t.daemon = true return tostring(was) .. "
            "tostring(t.daemon)") == "falsetrue");
  CHECK(run("local t = threading.Thread() t:start() t.daemon = true") ==
        "RuntimeError: cannot set daemon status of active thread");
}

TEST_CASE("tostring of a thread shows its name and state", "[threading]") {
  CHECK(run("return threading.Thread{name = 'A'}") == "<Thread(A, initial)>");
  CHECK(run("local t = threading.Thread{name = 'A', daemon = true} t:start() t:join() return t") ==
        "<Thread(A, stopped daemon 2)>");
}

TEST_CASE("wrong arguments of Thread are errors", "[threading]") {
  CHECK(run("threading.Thread{target = 1}") == "TypeError: Thread: target must be a function, got number");
  CHECK(run("threading.Thread{args = 1}") == "TypeError: Thread: args must be a table, got number");
  CHECK(run("threading.Thread{tarqet = print}") ==
        "TypeError: Thread() got an unexpected keyword argument 'tarqet'");
  CHECK(run("threading.Thread().start({})") ==
        "test:2: bad argument #1 to 'start' (Thread expected, got table)");
}

TEST_CASE("keyword arguments are the target's last argument", "[threading]") {
  CHECK(run(R"(
    local got
    local t = threading.Thread{target = function(a, k) got = a .. k.word end, args = {1}, kwargs = {word = "x"}}
    t:start() t:join()
    return got)") == "1x");
  CHECK(run("threading.Thread{kwargs = 1}") == "TypeError: Thread: kwargs must be a table, got number");
}

TEST_CASE("a thread is a daemon when the thread that makes it is one", "[threading]") {
  CHECK(run(R"(
    local own, child, told
    local t = threading.Thread{daemon = true, target = function()
      own, child = threading.Thread().daemon, threading.Thread{daemon = false}.daemon
    end}
    t:start() t:join()
    return string.format("%s %s %s", own, child, threading.Thread().daemon))") == "true false false");
}

TEST_CASE("ident and native_id are known as soon as a thread was started", "[threading]") {
  CHECK(run(R"(
    local go, inside = threading.Lock()
    go:acquire()
    local t = threading.Thread{target = function() go:acquire() inside = threading.get_native_id() end}
    local before = tostring(t.ident) .. tostring(t.native_id)
    t:start()
    local known = t.ident ~= nil and t.native_id
    go:release() t:join()
    return before .. tostring(known == inside) .. tostring(known ~= threading.main_thread().native_id))") ==
        "nilniltruetrue");
}

TEST_CASE("join with a timeout below zero does not wait", "[threading]") {
  CHECK(run(R"(
    local go = threading.Lock() go:acquire()
    local t = threading.Thread{target = function() go:acquire() end}
    t:start()
    t:join(-1) t:join(0)
    local alive = t:is_alive()
    go:release() t:join()
    return alive)") == "true");
}

TEST_CASE("a thread that joins the main thread goes on when the script has ended", "[threading]") {
  for (const LockSettings& lock : lock_regimes()) {
    ScriptVm vm(lock);
    CHECK(vm.run(R"(
      local threading = require "threading"
      ended = "early"
      threading.Thread{target = function() threading.main_thread():join() ended = "after" end}:start()
      return ended)") == "early");
    CHECK(vm.run("return ended") == "after");
  }
}

TEST_CASE("an error in a thread leaves the others alone", "[threading]") {
  CHECK(run(R"(
    threading.excepthook = function() end
    local t = threading.Thread{target = error, args = {"broken"}}
    t:start() t:join()
    local after = false
    local u = threading.Thread{target = function() after = true end}
    u:start() u:join()
    return after)") == "true");
}

TEST_CASE("current_thread is the thread that runs", "[threading]") {
  CHECK(run("return threading.current_thread().name") == "MainThread");
  CHECK(run("return threading.current_thread() == threading.main_thread()") == "true");
  CHECK(run(R"(
    local inside
    local t = threading.Thread{name = "inner", target = function() inside = threading.current_thread() end}
    t:start() t:join()
    return tostring(inside == t) .. inside.name)") == "trueinner");
}

TEST_CASE("ident is the thread's own from its start", "[threading]") {
  CHECK(run(R"(
    local inside
    local t = threading.Thread{target = function() inside = threading.get_ident() end}
    local before = t.ident
    t:start() t:join()
    return string.format("%s %s %s", before, inside == t.ident, inside ~= threading.get_ident()))") ==
        "nil true true");
}

TEST_CASE("enumerate and active_count know the threads that run", "[threading]") {
  CHECK(run(R"(
    local go = threading.Lock() go:acquire()
    local threads = {}
    for i = 1, 3 do
      threads[i] = threading.Thread{name = "T" .. i, target = function() go:acquire() go:release() end}
      threads[i]:start()
    end
    local names = {}
    for _, t in ipairs(threading.enumerate()) do names[#names + 1] = t.name end
    table.sort(names)
    local counted = threading.active_count()
    go:release()
    for _, t in ipairs(threads) do t:join() end
    return table.concat(names, " ") .. " " .. counted .. " " .. threading.active_count())") ==
        "MainThread T1 T2 T3 4 1");
}

// Lock

TEST_CASE("a lock is acquired once and released", "[threading]") {
  CHECK(run(R"(
    local lock = threading.Lock()
    local states = {lock:locked(), lock:acquire(), lock:locked(), lock:acquire(false)}
    lock:release()
    states[5] = lock:locked()
    for i = 1, 5 do states[i] = tostring(states[i]) end
    return table.concat(states, " "))") == "false true true false false");
}

TEST_CASE("releasing a lock that nobody holds is an error", "[threading]") {
  CHECK(run("threading.Lock():release()") == "RuntimeError: release unlocked lock");
  CHECK(run("local lock = threading.Lock() lock:acquire() lock:release() lock:release()") ==
        "RuntimeError: release unlocked lock");
}

TEST_CASE("another thread than the holder may release a lock", "[threading]") {
  CHECK(run(R"(
    local lock = threading.Lock() lock:acquire()
    local t = threading.Thread{target = function() lock:release() end}
    t:start()
    return lock:acquire())") == "true");
}

TEST_CASE("acquire gives up after its timeout", "[threading]") {
  CHECK(run(R"(
    local lock = threading.Lock() lock:acquire()
    local start = time.monotonic()
    local got = lock:acquire{timeout = 0.02}
    local waited = time.monotonic() - start
    return tostring(got) .. tostring(waited >= 0.02) .. tostring(lock:acquire(true, 0)))") ==
        "falsetruefalse");
}

TEST_CASE("a timeout that is not over acquires the lock", "[threading]") {
  CHECK(run(R"(
    local lock = threading.Lock() lock:acquire()
    local t = threading.Thread{target = function() lock:release() end}
    t:start()
    return lock:acquire(true, 60))") == "true");
}

TEST_CASE("acquire refuses a timeout that does not wait", "[threading]") {
  CHECK(run("local lock = threading.Lock() lock:acquire() lock:acquire(false, 1)") ==
        "ValueError: can't specify a timeout for a non-blocking call");
  CHECK(run("threading.Lock():acquire{blocking = false, timeout = 1}") ==
        "ValueError: can't specify a timeout for a non-blocking call");
}

TEST_CASE("a held lock is released at the end of the block, also by an error", "[threading]") {
  CHECK(run(R"(
    local lock = threading.Lock()
    local inside
    do local held <close> = lock:hold() inside = lock:locked() end
    local after = lock:locked()
    pcall(function() local held <close> = lock:hold() error("broken") end)
    return string.format("%s %s %s", inside, after, lock:locked()))") == "true false false");
}

TEST_CASE("a lock keeps 8 threads from losing updates", "[threading]") {
  CHECK(run(R"(
    local lock, count, threads = threading.Lock(), 0, {}
    for i = 1, 8 do
      threads[i] = threading.Thread{target = function()
        for _ = 1, 2000 do
          lock:acquire()
          count = count + 1
          lock:release()
        end
      end}
    end
    for _, t in ipairs(threads) do t:start() end
    for _, t in ipairs(threads) do t:join() end
    return count)") == "16000");
}

TEST_CASE("waiters that give up leave the lock to the others", "[threading]") {
  CHECK(run(R"(
    local lock, guard, got, threads = threading.Lock(), threading.Lock(), 0, {}
    for i = 1, 8 do
      threads[i] = threading.Thread{target = function()
        for round = 1, 100 do
          local mine = i % 2 == 0 and lock:acquire(true, 0.0001) or i % 2 == 1 and lock:acquire()
          if mine then
            got = got + 1
            lock:release()
          end
        end
      end}
      threads[i]:start()
    end
    for _, t in ipairs(threads) do t:join() end
    return tostring(got >= 400) .. tostring(lock:locked()))") == "truefalse");
}

// The GIL

TEST_CASE("sleep lets the other threads run", "[time]") {
  CHECK(run(R"(
    local count, stop = 0, false
    local t = threading.Thread{target = function() while not stop do count = count + 1 end end}
    t:start()
    while count == 0 do time.sleep(0.001) end
    local before, too_late = count, time.monotonic() + 300
    repeat time.sleep(0.05) until count - before > 100 or time.monotonic() > too_late
    local during = count - before
    stop = true
    t:join()
    return during > 100)") == "true");
}

TEST_CASE("sleep lasts at least as long as asked, and refuses less than nothing", "[time]") {
  CHECK(run("local start = time.monotonic() time.sleep(0.02) return time.monotonic() - start >= 0.02") ==
        "true");
  CHECK(run("time.sleep(-1)") == "ValueError: sleep length must be non-negative");
  CHECK(run("time.sleep('soon')") == "test:2: bad argument #1 to 'sleep' (number expected, got string)");
  CHECK(run("time.sleep(0) return 'done'") == "done");
}

TEST_CASE("a thread that waits for a lock lets the others run", "[threading]") {
  CHECK(run(R"(
    local lock, count = threading.Lock(), 0
    lock:acquire()
    local t = threading.Thread{target = function() for _ = 1, 1000 do count = count + 1 end lock:release() end}
    t:start()
    lock:acquire()
    return count)") == "1000");
}

TEST_CASE("setswitchinterval changes the interval of a running VM", "[sys]") {
  CHECK(run("local sys = require 'sys' sys.setswitchinterval(0.001) return sys.getswitchinterval()") ==
        "0.001");
  CHECK(run("require('sys').setswitchinterval(0)") ==
        "ValueError: switch interval must be strictly positive");
}

TEST_CASE("is_gil_enabled tells the lock regime", "[sys]") {
  const std::string source = "return require('sys').is_gil_enabled()";
  CHECK(ScriptVm({LockRegime::kGil, {}, SwitchPoints::kEvery}).run(source) == "true");
  CHECK(ScriptVm({LockRegime::kNone, {}, SwitchPoints::kEvery}).run(source) == "false");
}

}  // namespace
}  // namespace gilvm
