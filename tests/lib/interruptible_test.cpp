// Calls that Vm::interrupt(thread) ends, while the VM and its other threads go on.
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

// Runs the script, and interrupts its thread each time it calls ready(). What the script returns, or its
// error with the traceback.
class InterruptedVm {
 public:
  explicit InterruptedVm(const LockSettings& lock) : vm_(lock) {
    NativeFunction* ready = NativeFunction::make(vm_.thread().heap(), "ready", call_ready, 1);
    ready->slots()[0].store(vm_.thread().integer(reinterpret_cast<std::intptr_t>(this)));
    set_field(vm_.thread(), vm_.vm().globals, "ready", Value::native(ready));
  }

  ScriptVm& vm() { return vm_; }
  // From now on an interruption comes so long after ready().
  void set_patience(std::chrono::microseconds patience) { patience_ = patience; }

  std::string run(const std::string& source) {
    VmThread& thread = vm_.thread();
    ready_ = ended_ = false;
    std::thread interrupter([&] {
      while (!ended_) {
        if (ready_.exchange(false)) {
          // Not asleep: that would take longer than all the moments there are.
          const auto moment = std::chrono::steady_clock::now() + patience_;
          while (std::chrono::steady_clock::now() < moment) {
          }
          vm_.vm().interrupt(thread);
        }
        std::this_thread::yield();
      }
    });
    std::string failure;
    Closure* closure = load_source(thread, source, "=test", Value::table(vm_.vm().globals), &failure);
    REQUIRE(closure);
    std::vector<Value> results;
    const bool ok = call_interruptibly(thread, Value::closure(closure), {}, &failure, &results);
    Value text;
    if (ok) REQUIRE(to_text(thread, results.empty() ? Value::nil() : results[0], &text));
    ended_ = true;
    interrupter.join();
    vm_.vm().end_interruption(thread);
    return ok ? std::string(text.as_string()->view()) : failure;
  }

 private:
  static int call_ready(NativeCall& call) {
    reinterpret_cast<InterruptedVm*>(call.function()->slots()[0].load().as_integer())->ready_ = true;
    return call.none();
  }

  ScriptVm vm_;
  std::chrono::microseconds patience_{0};
  std::atomic<bool> ready_{false};
  std::atomic<bool> ended_{false};
};

const char* const kInterruptedInMain = "interrupted!\nstack traceback:\n\ttest:1: in main chunk\n\t[C]: in ?";

}  // namespace

TEST_CASE("an endless loop ends with the error that says where it was", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    CHECK(InterruptedVm(lock).run("ready() while true do end") == kInterruptedInMain);
  }
}

TEST_CASE("the thread runs the next call as if nothing had been", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    for (int turn = 0; turn < 3; ++turn) CHECK(vm.run("ready() while true do end") == kInterruptedInMain);
    CHECK(vm.run("local sum = 0 for i = 1, 1000 do sum = sum + i end return sum") == "500500");
    CHECK(vm.run("return (require 'time').sleep(0)") == "nil");
  }
}

TEST_CASE("no pcall of the script catches an interruption, and no handler sees it", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run("ready() while true do pcall(function() while true do end end) end")
              .starts_with("interrupted!"));
    CHECK(vm.run("handled = false ready() xpcall(function() while true do end end, function() handled = true "
                 "end)")
              .starts_with("interrupted!"));
    CHECK(vm.run("return handled") == "false");
  }
}

TEST_CASE("an interruption goes through native functions that call the script", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run("table.sort({3, 2, 1}, function() ready() while true do end end)")
              .starts_with("interrupted!"));
    CHECK(vm.run("local _ = ('x'):gsub('x', function() ready() while true do end end)")
              .starts_with("interrupted!"));
  }
}

TEST_CASE("an interruption ends a match that would go back for years", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run("subject = ('a'):rep(60) pattern = ('a?'):rep(60) .. subject") == "nil");
    for (const char* statement : {"subject:find(pattern)", "subject:match(pattern)",
                                  "subject:gsub(pattern, '')", "for _ in subject:gmatch(pattern) do end"}) {
      CHECK(
          vm.run(std::string("ready() pcall(function() ") + statement + " end)").starts_with("interrupted!"));
    }
    CHECK(vm.run("return subject:match('a+') == subject") == "true");
  }
}

TEST_CASE("an interruption ends a loop over a table that would take years", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run(R"(
      none = function() end
      long = setmetatable({}, {__len = function() return 1 << 60 end, __index = none, __newindex = none})
      texts = setmetatable({}, {__len = function() return 1 << 60 end, __index = function() return '' end}))") ==
          "nil");
    for (const char* statement : {"table.move({}, 1, 1 << 60, 2)", "table.move({}, 1, 1 << 60, 2, {})",
                                  "table.move(long, 1, 1 << 60, 2)", "table.insert(long, 1, 1)",
                                  "table.remove(long, 1)", "table.concat(texts)"}) {
      INFO(statement);
      CHECK(
          vm.run(std::string("ready() pcall(function() ") + statement + " end)").starts_with("interrupted!"));
    }
    CHECK(vm.run("return table.concat(table.move({1, 2, 3}, 1, 3, 2), ' ')") == "1 1 2 3");
  }
}

TEST_CASE("the variables that an interrupted call leaves open are closed", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(
        vm.run(
              "lock = require('threading').Lock() local held <close> = lock:hold() ready() while true do end")
            .starts_with("interrupted!"));
    CHECK(vm.run("return lock:locked()") == "false");
  }
}

TEST_CASE("an interruption goes through coroutines, however they were resumed", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run("caught = false spin = function() ready() while true do end end") == "nil");
    CHECK(vm.run("for _ in coroutine.wrap(spin) do end caught = true").starts_with("interrupted!"));
    CHECK(vm.run("co = coroutine.create(spin) pcall(coroutine.resume, co) caught = true")
              .starts_with("interrupted!"));
    CHECK(vm.run("return caught") == "false");
    CHECK(vm.run("return coroutine.status(co)") == "dead");
    CHECK(vm.run("inner = coroutine.wrap(function() pcall(spin) caught = true end) "
                 "coroutine.wrap(function() table.sort({2, 1}, function() pcall(inner) caught = true end) "
                 "end)() caught = true")
              .starts_with("interrupted!"));
    CHECK(vm.run("return caught") == "false");
    // The thread's own coroutine runs again, and others can be run.
    CHECK(vm.run("return select(2, coroutine.running())") == "true");
    CHECK(vm.run("local sum = 0 for i in coroutine.wrap(function() for i = 1, 9 do coroutine.yield(i) end "
                 "end) do sum = sum + i end return sum") == "45");
  }
}

TEST_CASE("an interruption says where it was in the coroutine that ran", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    CHECK(InterruptedVm(lock).run("coroutine.wrap(function()\n ready()\n while true do end\n end)()") ==
          "interrupted!\nstack traceback:\n\ttest:3: in function <test:1>");
  }
}

TEST_CASE("a coroutine that waits is interrupted", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run("lock = require('threading').Lock() lock:acquire()") == "nil");
    CHECK(vm.run("for _ in coroutine.wrap(function() ready() lock:acquire() end) do end")
              .starts_with("interrupted!"));
    CHECK(vm.run("pcall(coroutine.wrap(function() ready() require('time').sleep(1000) end))")
              .starts_with("interrupted!"));
    CHECK(vm.run("lock:release() return lock:acquire(false)") == "true");
  }
}

TEST_CASE("the variables that interrupted coroutines leave open are closed, the inner first",
          "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run(R"(
      closed = {}
      function closing(name, before)
        return setmetatable({}, {__close = function(_, error)
          if before then before() end
          closed[#closed + 1] = name .. (tostring(error):find("^interrupted!") and "" or "?")
        end})
      end
      function result() local all = table.concat(closed, " ") closed = {} return all end
      function spin() ready() while true do end end)") == "nil");
    CHECK(vm.run(R"(
      local a <close> = closing("a")
      for _ in coroutine.wrap(function()
        local b <close> = closing("b")
        pcall(coroutine.resume, coroutine.create(function()
          local c <close> = closing("c")
          pcall(function() local d <close> = closing("d") spin() end)
        end))
      end) do end)")
              .starts_with("interrupted!"));
    CHECK(vm.run("return result()") == "d c b a");
    // And a method that closes one may be interrupted in its turn.
    CHECK(vm.run(R"(
      local a <close> = closing("a")
      local b <close> = closing("b", spin)
      coroutine.wrap(function()
        local c <close> = closing("c")
        local d <close> = closing("d", spin)
        local e <close> = closing("e")
        spin()
      end)())")
              .starts_with("interrupted!"));
    CHECK(vm.run("return result()") == "e c a");
    // So may coroutine.close.
    CHECK(vm.run(R"(
      co = coroutine.create(function()
        local a <close> = closing("a")
        local b <close> = closing("b", spin)
        coroutine.yield()
      end)
      coroutine.resume(co)
      coroutine.close(co))")
              .starts_with("interrupted!"));
    CHECK(vm.run("return result() .. ' ' .. coroutine.status(co)") == "a dead");
    // An error in a method is what the others, and the user, are told.
    CHECK(vm.run(R"(
      local a <close> = closing("a")
      coroutine.wrap(function()
        local b <close> = closing("b", function() error("while closing") end)
        spin()
      end)())") == "test:4: while closing");
    CHECK(vm.run("return result()") == "a?");
  }
}

TEST_CASE("an interruption that comes while an error is handled is one all the same", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run("caught = false xpcall(error, function() ready() while true do end end) caught = true")
              .starts_with("interrupted!"));
    CHECK(vm.run("return caught") == "false");
  }
}

TEST_CASE("an interrupted finalizer is not called again, and the others still are", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run(R"(
      calls, others = 0, 0
      local kept = {}
      for _ = 1, 3 do kept[#kept + 1] = setmetatable({}, {__gc = function() others = others + 1 end}) end
      kept[4] = setmetatable({}, {__gc = function() calls = calls + 1 ready() while true do end end})
      for _ = 1, 3 do kept[#kept + 1] = setmetatable({}, {__gc = function() others = others + 1 end}) end
      kept = nil
      collectgarbage()
      while true do end)")
              .starts_with("interrupted!"));
    CHECK(vm.run("collectgarbage() collectgarbage() return calls .. ' ' .. others") == "1 6");
  }
}

TEST_CASE("a hook that was interrupted is removed, as lua does", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run("debug.sethook(function() ready() while true do end end, 'l')\nlocal x = 1")
              .starts_with("interrupted!"));
    CHECK(vm.run("return debug.gethook() == nil") == "true");
    CHECK(vm.run("coroutine.wrap(function() debug.sethook(function() ready() while true do end end, 'c') "
                 "print() end)()")
              .starts_with("interrupted!"));
    CHECK(vm.run("return debug.gethook() == nil") == "true");
  }
}

TEST_CASE("an interruption may come at any moment, and leaves a thread that works", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run(R"(
      opened, closed = 0, 0
      local method = {__close = function() closed = closed + 1 end}
      function body(depth)
        opened = opened + 1
        local variable <close> = setmetatable({}, method)
        if depth < 4 then
          for _ in coroutine.wrap(function() body(depth + 1) end) do end
          for _ in coroutine.wrap(function() for i = 1, 4 do coroutine.yield(i) end end) do end
          pcall(coroutine.resume, coroutine.create(error), {})
          xpcall(error, function(message) return tostring(message) end, {})
          table.sort({3, 1, 2}, function(a, b) return a < b end)
          local other = coroutine.create(coroutine.yield)
          coroutine.resume(other)
          coroutine.close(other)
          setmetatable({}, {__gc = function() finalized = (finalized or 0) + 1 end})
        end
      end
      function work() ready() while true do coroutine.wrap(body)(0) end end)") == "nil");
    for (int turn = 0; turn < 60; ++turn) {
      vm.set_patience(std::chrono::microseconds(turn * 7));
      const std::string report = vm.run("work()");
      INFO(report);
      REQUIRE(report.starts_with("interrupted!"));
      // One may have been counted and not been made yet.
      REQUIRE(vm.run("return opened - closed <= " + std::to_string(turn + 1)) == "true");
      REQUIRE(vm.run("return select(2, coroutine.running())") == "true");
    }
  }
}

TEST_CASE("a wait of the interrupted thread ends, and says which", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run("lock = require('threading').Lock() lock:acquire()") == "nil");
    // The interruption may come before the thread waits: then it names no function.
    bool named = false;
    for (int turn = 0; turn < 10000 && !named; ++turn) {
      const std::string report = vm.run("ready() lock:acquire()");
      REQUIRE(report.starts_with("interrupted!"));
      named = report.find("[C]: in method 'acquire'") != std::string::npos;
    }
    CHECK(named);
    // Nobody waits for it any more.
    CHECK(vm.run("lock:release() return lock:acquire(false)") == "true");
    CHECK(vm.run("ready() require('time').sleep(1000)").starts_with("interrupted!"));
  }
}

TEST_CASE("the other threads go on when one is interrupted", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run(R"(
      threading = require "threading"
      go = threading.Lock()
      go:acquire()
      waiter = threading.Thread{target = function() go:acquire() waited = true end}
      worker = threading.Thread{target = function() while not stop do count = (count or 0) + 1 end end}
      waiter:start() worker:start()
      ready() while true do end)")
              .starts_with("interrupted!"));
    CHECK(vm.run(
              "local before = count while count == before do end go:release() waiter:join() return waited") ==
          "true");
    CHECK(vm.run("stop = true worker:join() return worker:is_alive()") == "false");
  }
}

TEST_CASE("an interruption of the whole VM is no error that could be reported", "[interruptible]") {
  for (const LockSettings& lock : lock_regimes()) {
    InterruptedVm vm(lock);
    CHECK(vm.run("os.exit(3)").empty());
    CHECK(vm.vm().vm().interruption() == Interruption::kExit);
    vm.vm().vm().end_interruption(vm.vm().thread());
    CHECK(vm.vm().thread().interrupted());
  }
}

}  // namespace gilvm
