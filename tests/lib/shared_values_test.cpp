#include "tests/lib/process_scripts.h"

namespace gilvm {
namespace {

constexpr auto run = run_processes;

TEST_CASE("processes share a value and an array", "[shared_values]") {
  CHECK(run(R"(
    local v, a = mp.Value("i", 5), mp.Array("d", {1.5, 2.5, 3.5})
    local codes = join(start(1, function() v.value = v.value + 1 for i = 1, #a do a[i] = a[i] * 2 end end))
    local list = {}
    for i, x in ipairs(a) do list[i] = x end
    return codes .. " " .. v.value .. " " .. table.concat(list, " "))") == "0 6 3.0 5.0 7.0");
}

TEST_CASE("elements have the range of their type code", "[shared_values]") {
  CHECK(run(R"(
    local texts = {}
    for _, code in ipairs{"b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "f", "d"} do
      local v = mp.Value(code)
      local start = v.value
      v.value = -1
      texts[#texts + 1] = code .. start .. ":" .. v.value
    end
    local c = mp.Array("c", "abc")
    return table.concat(texts, " ") .. " " .. c[1] .. c[3] .. #c)") ==
        "b0:-1 B0:255 h0:-1 H0:65535 i0:-1 I0:4294967295 l0:-1 L0:-1 q0:-1 Q0:-1 f0.0:-1.0 d0.0:-1.0 ac3");
}

TEST_CASE("with its lock a shared counter loses nothing, without it each update is a race",
          "[shared_values]") {
  CHECK(run(R"(
    local safe = mp.Value("q", 0)
    local codes = join(start(2, function()
      for i = 1, 2000 do local held <close> = safe:get_lock():hold() safe.value = safe.value + 1 end
    end))
    -- Two processes on two cores lose updates sooner or later; a single round may not.
    local raw, lost, last = mp.RawValue("q", 0), false, time.monotonic() + 300
    while not lost and time.monotonic() < last do
      raw.value = 0
      local go = mp.Event()
      local ps = start(2, function() go:wait() for i = 1, 20000 do raw.value = raw.value + 1 end end)
      go:set()
      join(ps)
      lost = raw.value < 40000
    end
    return codes .. " " .. safe.value .. " " .. tostring(lost))") == "0 0 4000 true");
}

TEST_CASE("a value has an RLock unless it is given another or none", "[shared_values]") {
  CHECK(run(R"(
    local lock = mp.Lock()
    local default, given, none = mp.Value("i", 0), mp.Value("i", 7, {lock = lock}), mp.Value("i", {lock = false})
    local held = default:get_lock()
    held:acquire() held:acquire()
    default.value = 3
    lock:acquire()
    local busy = given:get_lock():acquire(false)
    lock:release()
    return default.value .. given.value .. none.value .. tostring(busy) .. tostring(none:get_lock()) .. " " ..
      default:get_obj().value .. " " .. problem(mp.Value, "i", 0, {lock = 5}))") ==
        "370falsenil 3 AttributeError: 'number' object has no method 'acquire'");
}

TEST_CASE("another process waits for a value whose lock is held", "[shared_values]") {
  CHECK(run(R"(
    local v, ready = mp.Value("i", 1), mp.Event()
    local lock = v:get_lock()
    lock:acquire()
    local ps = start(1, function() ready:set() v.value = 2 end)
    ready:wait()
    local before = v.value
    lock:release()
    return before .. " " .. join(ps) .. " " .. v.value)") == "1 0 2");
}

TEST_CASE("what does not fit a shared number is refused", "[shared_values]") {
  CHECK(run(R"(
    local a = mp.Array("i", 2)
    local function set(t, k, v) t[k] = v end
    return problem(set, a, 3, 1) .. "; " .. problem(set, a, 0, 1) .. "; " .. problem(set, a, 1, 1.5) .. "; " ..
      problem(set, mp.Value("d"), "value", "x") .. "; " .. problem(set, mp.Value("c"), "value", "ab") .. "; " ..
      problem(mp.Value, "z") .. "; " .. problem(mp.Array, "i", -1) .. "; " .. tostring(a[3]) .. tostring(a.x))") ==
        "IndexError: invalid index; IndexError: invalid index; TypeError: an integer is required (got type "
        "number); "
        "TypeError: must be real number, not string; TypeError: one character bytes, bytearray or integer "
        "expected; "
        "TypeError: bad typecode (must be c, b, B, h, H, i, I, l, L, q, Q, f or d); ValueError: Array length "
        "must be "
        ">= 0; nilnil");
}

TEST_CASE("named memory is shared by its name until it is unlinked", "[shared_values]") {
  CHECK(run(R"(
    local SharedMemory = require("multiprocessing.shared_memory").SharedMemory
    local memory = SharedMemory{create = true, size = 100}
    memory.buf[1] = 7
    memory.buf:set(2, "hello")
    local name = memory.name
    local codes = join(start(1, function()
      local same = SharedMemory(name)
      assert(same.buf[1] == 7 and same.buf:get(2, 6) == "hello" and #same.buf == same.size)
      same.buf:set(96, "world")
      same:close()
    end))
    local text = memory.buf:get(-5)
    local problems = {problem(SharedMemory, {name = name, create = true, size = 1})}
    local buf = memory.buf
    memory:close() memory:close()
    problems[2] = tostring(memory.buf) .. problem(function() return buf[1] end)
    memory:unlink()
    problems[3] = problem(SharedMemory, name)
    problems[4] = problem(memory.unlink, memory)
    return codes .. text .. " " .. table.concat(problems, "; "))") ==
        "0world FileExistsError: [Errno 17] File exists; nilValueError: operation forbidden on released "
        "memoryview "
        "object; FileNotFoundError: [Errno 2] No such file or directory; FileNotFoundError: [Errno 2] No "
        "such file or "
        "directory");
}

TEST_CASE("named memory has bytes and bounds", "[shared_values]") {
  CHECK(run(R"(
    local SharedMemory = require("multiprocessing.shared_memory").SharedMemory
    local memory = SharedMemory{create = true, size = 4}
    local buf = memory.buf
    local function set(k, v) buf[k] = v end
    local text = problem(set, 5, 1) .. "; " .. problem(set, 1, 256) .. "; " .. problem(set, 1, "a") .. "; " ..
      problem(buf.set, buf, 3, "abc") .. "; " .. tostring(buf[5]) .. #buf:get() .. "; " ..
      problem(SharedMemory, {create = true}) .. "; " .. problem(SharedMemory, {size = -1}) .. "; " .. problem(SharedMemory)
    memory:close() memory:unlink()
    return text)") ==
        "IndexError: index out of bounds; ValueError: memoryview: invalid value for format 'B'; TypeError: "
        "memoryview: "
        "invalid type for format 'B'; IndexError: index out of bounds; nil4; ValueError: 'size' must be a "
        "positive "
        "number different from zero; ValueError: 'size' must be a positive integer; ValueError: 'name' can "
        "only be None "
        "if create=True");
}

TEST_CASE("the memory of a killed process is unlinked with it", "[shared_values]") {
  CHECK(run(R"(
    local SharedMemory = require("multiprocessing.shared_memory").SharedMemory
    local r, w = mp.Pipe(false)
    local ps = start(1, function()
      w:send(SharedMemory{create = true, size = 10}.name)
      time.sleep(1000)
    end)
    local name = r:recv()
    local before = problem(SharedMemory, name)
    ps[1]:kill()
    return before .. " " .. join(ps) .. " " .. problem(SharedMemory, name))") ==
        "none -9 FileNotFoundError: [Errno 2] No such file or directory");
}

}  // namespace
}  // namespace gilvm
