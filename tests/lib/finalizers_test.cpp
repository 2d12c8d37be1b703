// Weak tables, finalizers and warnings in scripts, in every lock regime. What they have in common with lua5.4
// is in tests/differential/cases.
#include "vm/interp/finalizers.h"
#include "tests/lib/script_vm.h"

namespace gilvm {

TEST_CASE("the thread that collects calls the finalizers, when its script goes on", "[finalizers]") {
  CHECK(run_in_each_regime(R"(
    local threading = require "threading"
    local names = {}
    local function work()
      setmetatable({}, { __gc = function() names[#names + 1] = threading.current_thread().name end })
      collectgarbage()
    end
    local thread = threading.Thread { target = work, name = "worker" }
    thread:start()
    thread:join()
    return table.concat(names, ",")
  )") == "worker");
}

TEST_CASE("a finalizer leaves no trace in the registers, varargs and open lists it interrupts",
          "[finalizers]") {
  CHECK(run_in_each_regime(R"(
    local calls = 0
    local counting = { __gc = function(...) calls = calls + 1; local a, b, c = 1, 2, { ... } end }
    local function many(n, ...)
      setmetatable({ ("x"):rep(1000) }, counting)
      if n == 0 then return ... end
      return many(n - 1, n, ...)
    end
    local function check(...) return select("#", ...), select(-1, ...) end
    local wrong = 0
    for i = 1, 500 do
      local count, last = check(0, many(50))
      if count ~= 51 or last ~= 50 then wrong = wrong + 1 end
    end
    return wrong .. " " .. tostring(calls > 1000)
  )") == "0 true");
}

TEST_CASE("a finalizer's error does not replace the one that a message handler is at work on",
          "[finalizers]") {
  CHECK(run_in_each_regime(R"(
    local failing = { __gc = function() error "in the finalizer" end }
    local ok, message = xpcall(error, function(failure)
      setmetatable({}, failing)
      collectgarbage()
      for i = 1, 20000 do setmetatable({ ("x"):rep(60) .. i }, failing) end
      return "handled " .. failure
    end, "the error")
    return message
  )") == "handled the error");
}

TEST_CASE("a finalizer that makes another one each time does not stop the script", "[finalizers]") {
  CHECK(run_in_each_regime(R"(
    local count = 0
    local endless = {}
    endless.__gc = function(object)
      count = count + 1
      setmetatable({}, endless)
      if count % 10 == 0 then local garbage = ("x"):rep(1000000) end
    end
    setmetatable({}, endless)
    for i = 1, 50 do collectgarbage() end
    return count >= 50
  )") == "true");
}

TEST_CASE("a finalizer that is interrupted by a collection waits for no other", "[finalizers]") {
  CHECK(run_in_each_regime(R"(
    local inside, deepest = 0, 0
    local heavy = { __gc = function()
      inside = inside + 1
      deepest = math.max(deepest, inside)
      for i = 1, 3000 do local garbage = ("x"):rep(60) .. i end
      inside = inside - 1
    end }
    for i = 1, 20 do setmetatable({}, heavy) end
    collectgarbage()
    return deepest
  )") == "1");
}

TEST_CASE("the end of a state finalizes all, and only once", "[finalizers]") {
  for (const LockSettings& lock : lock_regimes()) {
    ScriptVm vm(lock);
    REQUIRE(vm.run(R"(
      log = {}
      local logging = { __gc = function(object)
        log[#log + 1] = object.name
        setmetatable({ name = "late" }, getmetatable(object))
      end }
      first = setmetatable({ name = "first" }, logging)
      second = setmetatable({ name = "second" }, logging)
      return #log
    )") == "0");
    close_state(vm.thread());
    CHECK(vm.run("return table.concat(log, ' ')") == "second first");
    close_state(vm.thread());
    CHECK(vm.run("collectgarbage() return #log") == "2");
  }
}

TEST_CASE("values in weak tables that other threads fill are whole or gone", "[finalizers]") {
  CHECK(run_in_each_regime(R"(
    local threading = require "threading"
    local cache = setmetatable({}, { __mode = "v" })
    local wrong = 0
    local function work(seed)
      for i = 1, 3000 do
        cache[i % 100] = { i, text = "value " .. i }
        local found = cache[(i * seed) % 100]
        if found and found.text ~= "value " .. found[1] then wrong = wrong + 1 end
        if i % 500 == 0 then collectgarbage() end
      end
    end
    local threads = {}
    for seed = 1, 4 do
      threads[seed] = threading.Thread { target = work, args = { seed } }
      threads[seed]:start()
    end
    for _, thread in ipairs(threads) do thread:join() end
    return wrong
  )") == "0");
}

}  // namespace gilvm
