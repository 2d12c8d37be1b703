// Scripts that meet the limit of their memory, by every way of allocating.
#include <new>

#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

constexpr std::size_t kLimit = 16 << 20;

// A collection at every safepoint would take hours; those that the limit asks for are enough.
#ifdef GILVM_STRESS
constexpr const char* kPrelude = "collectgarbage('stop') ";
#else
constexpr const char* kPrelude = "";
#endif

// What pcall says of a function with this body, in each lock regime; and that the VM goes on afterwards.
void check_runs_out(const std::string& body) {
  for (const LockSettings& lock : lock_regimes()) {
    INFO(body << " in lock regime " << static_cast<int>(lock.regime));
    ScriptVm vm(lock, kLimit);
    CHECK(vm.run(std::string(kPrelude) + "local ok, message = pcall(function() " + body +
                 " end) return tostring(ok) .. ' ' .. tostring(message)") == "false not enough memory");
    // Twice: the table of short strings stays as large as it was for the first of them.
    CHECK(vm.run("collectgarbage() collectgarbage() return collectgarbage('count') < 8000") == "true");
    CHECK(vm.run("local t = {} for i = 1, 1000 do t[i] = { i } end return #t") == "1000");
  }
}

}  // namespace

TEST_CASE("whatever a script allocates without end, it runs out of memory", "[memory]") {
  check_runs_out("local t = {} for i = 1, 1e9 do t[i] = {} end");
  check_runs_out("local t = {} for i = 1, 1e9 do t[i] = i end");
  check_runs_out("local t = {} for i = 1, 1e9 do t[i + 0.5] = i end");
  check_runs_out("local t = {} for i = 1, 1e9 do t['key' .. i] = i end");
  check_runs_out("local t = {} for i = 1, 1e9 do t[i] = (1 << 60) + i end");
  check_runs_out("local t = {} for i = 1, 1e9 do t[i] = function() return i end end");
  check_runs_out("local l for i = 1, 1e9 do l = { l } end");
  check_runs_out("local t = {} for i = 1, 1e9 do table.insert(t, i) end");
  check_runs_out("local t = {} for i = 1, 1e9 do rawset(t, i, i) end");
  check_runs_out("local t = {} for i = 1, 1e9 do t[i] = table.pack(i, i) end");
  check_runs_out("local t = {} for i = 1, 1e9 do t[i] = { table.unpack(t, 1, 100) } end");
  check_runs_out("local t = {} for i = 1, 1e9 do t[i] = tostring(i + 0.5) end");
  check_runs_out("local t = {} for i = 1, 1e9 do t[i] = load('return ' .. i) end");
  check_runs_out("local function f(n) return 1 + f(n + 1) end f(1)");
  check_runs_out(
      "local t = {} for i = 1, 1e5 do t[i] = i end for i = 1, 1e9 do t[-i] = { table.unpack(t) } end");
}

TEST_CASE("a text that is too long for the memory is refused before it is made", "[memory]") {
  check_runs_out("return ('x'):rep(1 << 30)");
  check_runs_out("local s = 'x' while true do s = s .. s end");
  check_runs_out("local t, s = {}, ('x'):rep(100000) for i = 1, 1000 do t[i] = s end return table.concat(t)");
  check_runs_out("return (('x'):rep(1e5):gsub('x', ('y'):rep(1000)))");
  check_runs_out("local y = ('y'):rep(1000) return (('x'):rep(1e5):gsub('x', function() return y end))");
  check_runs_out("local s = ('x'):rep(4e6) return string.format('%s%s%s%s%s%s', s, s, s, s, s, s)");
  check_runs_out("local s = ('x'):rep(6e6) local t = {} for i = 1, 9 do t[i] = s:upper() end");
}

TEST_CASE("garbage is collected before memory runs out, also where collecting is stopped", "[memory]") {
  for (const char* body : {"for i = 1, 200 do local s = ('x'):rep(4000000) end",
                           "collectgarbage('stop') for i = 1, 500000 do local t = { i } end",
                           "for i = 1, 20 do local t = {} for j = 1, 200000 do t[j] = j end end"}) {
    for (const LockSettings& lock : lock_regimes()) {
      CHECK(ScriptVm(lock, kLimit).run(std::string(kPrelude) + body + " return 'done'") == "done");
    }
  }
}

TEST_CASE("a native function whose allocation throws fails as others do, and the VM goes on", "[memory]") {
  ScriptVm vm({});
  VmThread& thread = vm.thread();
  NativeFunction* throwing = NativeFunction::make(
      thread.heap(), "throwing", [](NativeCall&) -> int { throw std::bad_alloc(); }, 0);
  set_field(thread, vm.vm().globals, "throwing", Value::native(throwing));
  CHECK(vm.run("local ok, message = pcall(throwing) return tostring(ok) .. ' ' .. message") ==
        "false not enough memory");
  CHECK(vm.run("return 1 + 1") == "2");
}

TEST_CASE("no message handler sees that memory has run out", "[memory]") {
  ScriptVm vm({}, kLimit);
  CHECK(vm.run(std::string(kPrelude) + R"(
    local called = false
    local ok, message = xpcall(function() local t = {} for i = 1, 1e9 do t[i] = {} end end,
                               function() called = true end)
    return message .. " " .. tostring(called)
  )") == "not enough memory false");
}

TEST_CASE("a thread that runs out of memory leaves it to the others", "[memory]") {
  for (const LockSettings& lock : lock_regimes()) {
    ScriptVm vm(lock, kLimit);
    CHECK(vm.run(std::string(kPrelude) + R"(
      local threading, time = require "threading", require "time"
      local results = { "", "", "", "" }  -- of its full size: without a lock, a growth may lose a store
      local all_have_begun = threading.Event()  -- or there might be no memory left to begin with
      local function work(number)
        all_have_begun:wait()
        local ok, message = pcall(function() local t = {} for i = 1, 1e9 do t[i] = { i } end end)
        results[number] = message
      end
      local threads = {}
      for number = 1, 4 do
        threads[number] = threading.Thread { target = work, args = { number } }
        threads[number]:start()
      end
      while #all_have_begun.condition.waiters < 4 do time.sleep(0.001) end
      all_have_begun:set()
      for _, thread in ipairs(threads) do thread:join() end
      return table.concat(results, ",")
    )") == "not enough memory,not enough memory,not enough memory,not enough memory");
  }
}

TEST_CASE("a text that no machine could hold is refused without a limit", "[memory]") {
  ScriptVm vm({});
  CHECK(vm.run("return select(2, pcall(string.rep, 'x', 1 << 40))") == "resulting string too large");
  CHECK(vm.run("return select(2, pcall(string.rep, 'x', -1))") == "");
}

TEST_CASE("a deep recursion gives its stack back", "[memory]") {
  ScriptVm vm({});
  CHECK(vm.run(std::string(kPrelude) + R"(
    local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
    collectgarbage()
    local before = collectgarbage("count")
    local depth = deep(150000)
    local during = collectgarbage("count")
    collectgarbage()
    return tostring(during - before > 5000) .. tostring(collectgarbage("count") - before < 500)
  )") == "truetrue");
}

}  // namespace gilvm
