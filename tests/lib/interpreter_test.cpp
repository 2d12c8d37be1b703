// The interpreter's loop, its calls and its errors. (Here and not in tests/interp, because only the library
// can load source text.) What Lua programs compute is compared with lua5.4 in tests/differential.
#include <catch2/catch.hpp>
#include <cinttypes>
#include <cstdio>

#include "tests/lib/source_runner.h"

namespace gilvm {
namespace {

// What a call from native code must leave as it was.
struct Balance {
  explicit Balance(const VmThread& thread)
      : top(thread.coroutine->index_of(thread.coroutine->top)),
        depth(thread.coroutine->frame() - thread.coroutine->first_frame()),
        native_depth(thread.native_depth),
        to_be_closed(thread.coroutine->to_be_closed.size()) {}
  bool operator==(const Balance&) const = default;

  std::uint32_t top;
  std::ptrdiff_t depth;
  unsigned native_depth;
  std::size_t to_be_closed;
};

}  // namespace

TEST_CASE("pcall returns true and the results, or false and the error", "[interpreter]") {
  SourceRunner script;
  CHECK(script.run("return pcall(function(...) return ... end, 1, nil, 3)") == "true 1 nil 3");
  CHECK(script.run("return pcall(error, 'message')") == "false message");
  CHECK(script.run("local e = {}; local ok, got = pcall(error, e); return ok, got == e") == "false true");
  CHECK(script.run("return pcall(pcall, error, 'inner')") == "true false inner");
  CHECK(script.run("return pcall(pcall)") == "false bad argument #1 to 'pcall' (value expected)");
}

TEST_CASE("an error leaves every function up to the innermost pcall", "[interpreter]") {
  SourceRunner script;
  CHECK(script.run(R"lua(
    local trail = ""
    local function level(n)
      if n == 0 then error("deep", 0) end
      level(n - 1)
      trail = trail .. "not reached"
    end
    local ok, message = pcall(function()
      local inner, inner_message = pcall(level, 100)
      trail = trail .. inner_message
      error("outer", 0)
    end)
    return ok, message, trail)lua") == "false outer deep");
}

TEST_CASE("an error that nothing catches comes out of the call with its position", "[interpreter]") {
  SourceRunner script;
  CHECK(script.run("local x\nreturn x.y") == "error: script:2: attempt to index a nil value (local 'x')");
  CHECK(script.run("return 1") == "1");
}

TEST_CASE("xpcall's handler sees the error once, with the stack as it was", "[interpreter]") {
  SourceRunner script;
  CHECK(script.run(R"lua(
    local calls = 0
    local ok, result = xpcall(function() error("e", 0) end, function(m) calls = calls + 1; return m .. "!" end)
    return ok, result, calls)lua") == "false e! 1");
}

TEST_CASE("an error in a __close method replaces the one before", "[interpreter]") {
  SourceRunner script;
  CHECK(script.run(R"lua(
    local function closing(text)
      return setmetatable({}, {__close = function(_, e) error(text .. "(" .. tostring(e) .. ")", 0) end})
    end
    return pcall(function()
      local a <close> = closing("a")
      local b <close> = closing("b")
      error("first", 0)
    end))lua") == "false a(b(first))");
}

TEST_CASE("variables are closed on every way out of their block", "[interpreter]") {
  SourceRunner script;
  CHECK(script.run(R"lua(
    local trail = {}
    local function closing(name)
      return setmetatable({}, {__close = function() trail[#trail + 1] = name end})
    end
    local function returns() local x <close> = closing("return"); return "r" end
    returns()
    for i = 1, 2 do local x <close> = closing("break" .. i); if i == 2 then break end end
    pcall(function() local x <close> = closing("error"); error("e") end)
    do local x <close> = closing("goto"); goto out end
    ::out::
    for _ in next, {1}, nil, closing("for") do end
    return table.concat(trail, " "))lua") == "return break1 break2 error goto for");
}

TEST_CASE("what an error leaves open under native code is closed by the pcall around it", "[interpreter]") {
  SourceRunner script;
  CHECK(script.run(R"lua(
    local trail = ""
    local function compare()
      local x <close> = setmetatable({}, {__close = function(_, e) trail = trail .. "closed after " .. e end})
      error("e", 0)
    end
    local ok, message = pcall(table.sort, {3, 2, 1}, compare)
    return ok, message, trail)lua") == "false e closed after e");
}

TEST_CASE("150,000 levels of recursion fit", "[interpreter]") {
  SourceRunner script;
  CHECK(script.run("local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end "
                   "return depth(150000)") == "150000");
}

TEST_CASE("tail calls take no room", "[interpreter]") {
  SourceRunner script;
  CHECK(script.run(
            "local function loop(n, ...) if n == 0 then return 'done', ... end return loop(n - 1, ...) end "
            "return loop(2000000, 1, 2)") == "done 1 2");
}

TEST_CASE("a stack overflow is an error that a script can catch, again and again", "[interpreter]") {
  SourceRunner script;
  const std::string source =
      GENERATE("local function f() return 1 + f() end return pcall(f)",
               "local function f(...) return 1 + f(1, ...) end return pcall(f)",
               "local t = setmetatable({}, {}); getmetatable(t).__index = function(t, k) return t[k + 1] end "
               "return pcall(function() return t[1] end)",
               "local t = setmetatable({}, {}); getmetatable(t).__add = function(a, b) return a + b end "
               "return pcall(function() return t + 1 end)",
               "local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end return pcall(f)",
               "local function f() table.sort({1, 2}, function() f() end) end return pcall(f)",
               "local function f(s) return (s:gsub('.', f)) end return pcall(f, 'x')",
               "local function f() return tostring(setmetatable({}, {__tostring = f})) end return pcall(f)");
  INFO(source);
  const Balance before(*script.thread);
  for (int round = 0; round < 3; ++round) {
    const std::string result = script.run(source);
    CHECK(result.substr(0, 6) == "false ");
    CHECK(result.find("stack overflow") != std::string::npos);
  }
  CHECK(Balance(*script.thread) == before);
  CHECK(script.run("return 1") == "1");
}

TEST_CASE("too many results and too many arguments are errors", "[interpreter]") {
  SourceRunner script;
  CHECK(script.run("local t = {} for i = 1, 2000000 do t[i] = i end return pcall(table.unpack, t)")
            .substr(0, 5) == "false");
  CHECK(script.run("local function f(...) return select('#', ...) end "
                   "local t = {} for i = 1, 200000 do t[i] = i end return f(table.unpack(t))") == "200000");
}

TEST_CASE("a call from native code leaves the stack as it was", "[interpreter]") {
  SourceRunner script;
  const Balance before(*script.thread);
  for (const char* source :
       {"", "return 1", "return 1, 2, 3, 4, 5", "return table.unpack({}, 1, 500)", "error('e')", "error()",
        "local x <close> = setmetatable({}, {__close = function() error('c') end}) return 1",
        "return pcall(error, 'e')", "return select('#', ...)", "local t <const> = {}; return t.x.y",
        "return xpcall(error, function(m) error(m) end, 'e')",
        "table.sort({3, 2, 1}, function(a, b) error('e') end)", "local function f() return 1 + f() end f()",
        "return ('x'):rep(3, ',')", "syntax error"}) {
    INFO(source);
    script.run(source);
    CHECK(Balance(*script.thread) == before);
  }
}

TEST_CASE("a call from native code hands over its arguments and gets all results", "[interpreter]") {
  SourceRunner script;
  const std::vector<Value> arguments = {Value::nil(), Value::boolean(false), Value::number(0.5),
                                        Value::nil()};
  CHECK(script.run("return select('#', ...), ...", arguments) == "4 nil false 0.5 nil");
}

TEST_CASE("a result beyond the last is nil", "[interpreter]") {
  SourceRunner script;
  std::string error;
  ScriptCall call(*script.thread, Value::closure(script.load("return 7", &error)));
  REQUIRE(call.run());
  CHECK(call.result_count() == 1);
  CHECK(call.result(0) == Value::inline_integer(7));
  CHECK(call.result(1).is_nil());
}

TEST_CASE("a wide integer survives every way that a value can take", "[interpreter]") {
  const std::int64_t wide =
      GENERATE(std::int64_t{1} << 50, -(std::int64_t{1} << 50), (std::int64_t{1} << 53) + 1,
               (std::int64_t{1} << 62) + 1, INT64_MAX, INT64_MIN, INT64_MIN + 1);
  const std::string way = GENERATE(
      "return W",
      // Table elements, as values and as keys.
      "local t = {}; t.x = W; return t.x", "local t = {}; t[1] = W; return t[1]",
      "local t = {}; t[W] = W; return t[W]", "local t, k = {}, 'k'; t[k] = W; return t[k]",
      "local t = {1, W, n = W}; return t[2], t.n", "local t = {[W] = 1}; return (next(t))",
      "local t = {}; t[W] = 1; t[W] = nil; return t[W] == nil and W",
      "local t = {[W] = W}; for k, v in pairs(t) do t[k] = nil; collectgarbage(); return v, k end",
      "local t = {}; rawset(t, W, W); return rawget(t, W)", "return table.unpack({W, W})",
      // Cells, upvalues, globals.
      "local c = 1; local function f() return c end; c = W; return f()",
      "local c; local function f() c = W end; f(); return c",
      "local c = W; return (function() return c end)()", "G = W; collectgarbage(); return G",
      // Calls, results, extra arguments.
      "local function f(a, b) return b end; return f(1, W)",
      "local function f() return 1, W end; return select(2, f())",
      "local function f(...) return ... end; return f(W)",
      "local function f(...) local a, b = ...; return b end; return f(1, W)",
      "local function f(...) return {...} end; return f(1, W)[2]",
      "local function f(a) return a end; return (f(W))", "return pcall(function(x) return x end, W)",
      "return select(2, pcall(error, W))", "local t = {}; function t:m(x) return x end; return t:m(W)",
      "return table.unpack(table.pack(W))", "return math.max(W, W), math.min(W)",
      "return (('x'):gsub('x', function() return W end))",
      // Moves and tests.
      "local x = W; local y = x; x = 1; return y", "local x = false or W; local y = W and x; return y",
      "return W and W or 1",
      // Concatenation and text.
      "return W .. ''", "return '' .. W", "return tostring(W)", "return string.format('%d', W)",
      "return math.tointeger(W .. '')", "return tonumber(tostring(W))", "return table.concat({W})",
      // Arithmetic.
      "return W + 1 - 1, W - 1 + 1, 1 + W - 1, W + 0, W * 1, 1 * W, W // 1, -(-W)",
      "local o, z = 1, 0; return W + o - o, W * o, W // o, W - z",
      "return ~~W, W & -1, W | 0, W ~ 0, W << 0, W >> 0", "local z = 0; return W & ~z, W | z, W ~ z, W << z",
      "return W % W + W",
      // Comparison.
      "return W == W and W", "local x = W; return x == W and not (x ~= W) and W",
      "return W <= W and W >= W and not (W < W) and W", "return W ~= 1 and W ~= 0.5 and W ~= 'x' and W",
      "if W > 0 then return W >= 1 and W end return W < 0 and W <= -1 and W", "return rawequal(W, W) and W",
      "return math.type(W) == 'integer' and W",
      // Loops.
      "for i = W, W do return i end", "local n = 0; for i = W, W do n = n + 1 end; return n == 1 and W",
      "for x in function(_, c) if c == nil then return W end end do return x end",
      "for i = W, W, W > 0 and 1 or -1 do local f = function() return i end; return f() end",
      // Metamethods.
      "local t = setmetatable({}, {__index = function(_, k) return k end}); return t[W]",
      "local r; local t = setmetatable({}, {__newindex = function(_, k, v) r = k == v and v end}); t[W] = W; "
      "return r",
      "local m = setmetatable({}, {__add = function(a, b) return b end, __concat = function(a, b) return a "
      "end}); return m + W, W .. m",
      "local m = setmetatable({}, {__lt = function(a, b) return a == W end, __call = function(_, x) return x "
      "end}); return W < m and m(W)",
      "local m = setmetatable({}, {__unm = function() return W end, __len = function() return W end}); "
      "return -m, #m");
  char literal[32];
  std::snprintf(literal, sizeof literal, "0x%" PRIx64, static_cast<std::uint64_t>(wide));
  INFO(literal << ": " << way);
  SourceRunner script;
  // Whether the integer is a constant of the function, a local, or comes from outside in a box.
  std::string constant = way;
  for (std::size_t at = 0; (at = constant.find('W', at)) != std::string::npos; at += 2)
    constant.replace(at, 1, "(" + std::string(literal) + ")");
  const std::string expected = std::to_string(wide);
  for (const std::string& result :
       {script.run(constant), script.run("local W = " + std::string(literal) + " " + way),
        script.run("local W = ...; " + way, {script.thread->integer(wide)})}) {
    std::string rest = result.starts_with("true ") ? result.substr(5) : result;
    REQUIRE_FALSE(rest.empty());
    // Every result is the integer.
    while (!rest.empty()) {
      const std::size_t space = rest.find(' ');
      REQUIRE(rest.substr(0, space) == expected);
      rest = space == std::string::npos ? "" : rest.substr(space + 1);
    }
  }
}

TEST_CASE("a loop that counts up to the largest integer ends", "[interpreter]") {
  SourceRunner script;
  CHECK(script.run("local n = 0 for i = math.maxinteger - 2, math.maxinteger do n = n + 1 end return n") ==
        "3");
  CHECK(script.run(
            "local n = 0 for i = math.mininteger + 2, math.mininteger, -1 do n = n + 1 end return n") == "3");
  CHECK(script.run("local n = 0 for i = math.mininteger, math.maxinteger, math.maxinteger do n = n + 1 end "
                   "return n") == "3");
}

TEST_CASE("a cell that is made anew does not hold the one before", "[interpreter]") {
  // By hand, and accepted by the verifier: what the translator makes stores a value first.
  SourceRunner script;
  Prototype* prototype = Prototype::make(script.thread->heap());
  const Instruction code[] = {Instruction(Opcode::kMakeCell, 0, 0, 0),
                              Instruction(Opcode::kMakeCell, 0, 0, 0),
                              Instruction(Opcode::kLoadCell, Instruction::offset(1), 0, 0),
                              Instruction(Opcode::kReturnOne, Instruction::offset(1), 0, 0)};
  prototype->frame_size = 2;
  prototype->code_size = 4;
  prototype->code = std::make_unique<CodeWord[]>(4);
  for (std::size_t index = 0; index < 4; ++index) prototype->code[index].store(code[index]);
  ScriptCall call(*script.thread, Value::closure(Closure::make(script.thread->heap(), prototype)));
  REQUIRE(call.run());
  CHECK(call.result(0).is_nil());
}

TEST_CASE("a result does not depend on how often threads switch", "[interpreter]") {
  LockSettings lock;
  lock.interval.instructions = GENERATE(1u, 7u, 1000u);
  lock.points = GENERATE(SwitchPoints::kEvery, SwitchPoints::kLoops);
  SourceRunner script(lock);
  CHECK(script.run("local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end "
                   "return fib(18)") == "2584");
}

}  // namespace gilvm
