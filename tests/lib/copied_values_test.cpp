#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

std::string run(const std::string& source) {
  return run_in_each_regime(
      "local mp = require '_multiprocessing' local function copy(v) return mp.loads(mp.dumps(v)) end "
      "local function refusal(v) local ok, e = pcall(mp.dumps, v) return tostring(e) end\n" +
      source);
}

TEST_CASE("plain values cross as they are", "[copied_values]") {
  CHECK(run(R"(
    local values = {0, -1, -32, -33, 127, 128, 223, 224, -129, 32767, 32768, -32769, 2147483648, 1 << 50, -(1 << 62),
                    math.mininteger, math.maxinteger, 1.5, -0.0, math.huge, "", "short", ("long "):rep(100), false, true}
    for i, v in ipairs(values) do
      local w = copy(v)
      assert(v == w and math.type(v) == math.type(w), tostring(v))
    end
    assert(copy(nil) == nil)
    local nan = copy(0/0)
    return tostring(nan ~= nan))") == "true");
}

TEST_CASE("cycles and shared parts of a copied table stay what they are", "[copied_values]") {
  CHECK(run(R"(
    local shared = {"shared"}
    local t = {shared, shared, key = {shared}}
    t.self, t[shared] = t, "by key"
    local u = copy(t)
    assert(u ~= t and u[1] ~= shared)
    assert(u.self == u and u[1] == u[2] and u.key[1] == u[1] and u[u[1]] == "by key")
    return #u .. u[1][1])") == "2shared");
}

TEST_CASE("a table of a hundred thousand levels can be copied", "[copied_values]") {
  CHECK(run(R"(
    local deep = {}
    local level = deep
    for i = 1, 100000 do level.next = {} level = level.next end
    local copied, count = copy(deep), 0
    while copied.next do copied = copied.next count = count + 1 end
    return count)") == "100000");
}

TEST_CASE("holes and mixed keys of a table are copied", "[copied_values]") {
  CHECK(run(R"(
    local t = {1, nil, 3, nil, 5, [2.5] = "float", [-1] = "negative", [1 << 60] = "large", [true] = "boolean"}
    local u, count = copy(t), 0
    for k, v in pairs(u) do assert(t[k] == v) count = count + 1 end
    return count)") == "7");
}

TEST_CASE("functions cross with what they have captured, and share it as before", "[copied_values]") {
  CHECK(run(R"(
    local n = 0
    local function add() n = n + 1 return n end
    local function get() return n end
    local both = copy{add, get, add}
    assert(both[1] == both[3] and both[1] ~= add)
    both[1]() both[1]()
    return both[2]() .. " " .. n)") == "2 0");
}

TEST_CASE("a copied function calls itself and sees the receiver's globals", "[copied_values]") {
  CHECK(run(R"(
    local function factorial(n) return n < 2 and 1 or n * factorial(n - 1) end
    counter = 0
    local count = copy(function() counter = counter + 1 end)
    count() count()
    return copy(factorial)(10) .. " " .. counter)") == "3628800 2");
}

TEST_CASE("an error in a copied function has its line", "[copied_values]") {
  CHECK(run(R"(
    local f = copy(function()
      local t = nil
      return t.field
    end)
    return select(2, pcall(f)))") == "test:5: attempt to index a nil value (local 't')");
}

TEST_CASE("metatables cross with their tables", "[copied_values]") {
  CHECK(run(R"(
    local Point = {}
    Point.__index = Point
    function Point:sum() return self.x + self.y end
    local points = copy{setmetatable({x = 1, y = 2}, Point), setmetatable({x = 3, y = 4}, Point)}
    assert(getmetatable(points[1]) == getmetatable(points[2]))
    return points[1]:sum() + points[2]:sum())") == "10");
}

TEST_CASE("a copied table with __gc is finalized", "[copied_values]") {
  CHECK(run(R"(
    finalized = 0
    local t = setmetatable({}, {__gc = function() finalized = finalized + 1 end})
    for i = 1, 10 do copy(t) end
    collectgarbage() collectgarbage()
    return tostring(finalized >= 9 and t ~= nil))") == "true");
}

TEST_CASE("modules and what is in them cross by name", "[copied_values]") {
  CHECK(run(R"(
    local builtins, threading = require "builtins", require "threading"
    local values = {string, string.format, print, _G, io.stdout, builtins.ValueError, threading.Condition, math.pi,
                    threading.Timer}
    local copies = copy(values)
    for i = 1, #values do assert(copies[i] == values[i], i) end
    local problem = copy(builtins.ValueError("wrong"))
    assert(builtins.isinstance(problem, builtins.ValueError) and getmetatable(problem))
    return tostring(problem))") == "ValueError: wrong");
}

TEST_CASE("a module that is loaded after others is known by its name", "[copied_values]") {
  CHECK(run(R"(
    copy{}
    package.preload.mine = function() return {value = 1, helper = function() return 2 end} end
    local mine = require "mine"
    assert(copy(mine) == mine)
    return copy(mine.helper)())") == "2");
}

TEST_CASE("what cannot cross is refused with its place", "[copied_values]") {
  CHECK(run("return refusal(coroutine.create(print))") == "TypeError: cannot send a thread");
  CHECK(run("return refusal{{worker = coroutine.create(print)}}") ==
        "TypeError: cannot send a thread (at [1].worker)");
  CHECK(run("return refusal{a = {b = {[\"c d\"] = {[true] = io.tmpfile()}}}}") ==
        "TypeError: cannot send a FILE* (at a.b[\"c d\"][boolean])");
  CHECK(run("local wrapped = coroutine.wrap(print) return refusal{function() return wrapped end}") ==
        "TypeError: cannot send a native function (at [1]<captured wrapped>)");
  CHECK(run("return refusal{x = {[io.tmpfile()] = 1}}") == "TypeError: cannot send a FILE* (at x<key>)");
  CHECK(run("return refusal(setmetatable({}, {lock = require('threading').Lock()}))") ==
        "TypeError: cannot send a Lock (at <metatable>.lock)");
}

TEST_CASE("bytes that are cut off or changed are an error or another value, and never a crash",
          "[copied_values]") {
  CHECK(run(R"(
    local shared = {1, 2, 3}
    local t = {shared, shared, name = "value", [1.5] = string, big = 1 << 60, n = setmetatable({}, {__index = shared})}
    t.f = function(a) local function g() return a, t, shared end return g end
    local bytes, state = mp.dumps(t), 12345
    for cut = 0, #bytes - 1 do
      local ok, problem = pcall(mp.loads, bytes:sub(1, cut))
      assert(not ok, cut)
      assert(tostring(problem) == "ValueError: the bytes of a copied value are damaged", tostring(problem))
    end
    for turn = 1, 3000 do
      state = (state * 1103515245 + 12345) % (1 << 31)
      local place = state // 256 % #bytes + 1
      local changed = bytes:sub(1, place - 1) .. string.char(state // 7 % 256) .. bytes:sub(place + 1)
      pcall(mp.loads, changed)
    end
    collectgarbage()
    return #copy(t)[1])") == "3");
}

TEST_CASE("threads may change a table while it is copied", "[copied_values]") {
  CHECK(run(R"(
    local threading = require "threading"
    local t, stop = {}, false
    local writer = threading.Thread{target = function()
      local i = 0
      while not stop do i = i + 1 t[i % 100 + 1] = {i} t["k" .. i % 50] = i if i % 1000 == 0 then t[5] = nil end end
    end}
    writer:start()
    for i = 1, 300 do assert(type(copy(t)) == "table") end
    stop = true
    writer:join()
    return "done")") == "done");
}

}  // namespace
}  // namespace gilvm
