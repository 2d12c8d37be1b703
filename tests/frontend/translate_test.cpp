// Closure conversion: which locals live in cells, where the cells are made, and that the result is sound.
#include "vm/frontend/translate.h"

#include <algorithm>

#include "tests/frontend/front_end.h"

namespace gilvm {
namespace {

// The function that the first `function` of the source becomes.
const Prototype& nested(const Prototype& prototype) {
  REQUIRE_FALSE(prototype.prototypes.empty());
  return *prototype.prototypes[0];
}

int count_of_cells(const std::string& source) {
  FrontEnd front_end;
  return count_of(*front_end.load(source), Opcode::kMakeCell);
}

}  // namespace

TEST_CASE("a local that no function captures lives in its register", "[translate]") {
  FrontEnd front_end;
  const Prototype* main = front_end.load("local a, b = 1, 2; a = a + b; return function(a) return a end, a");
  CHECK(count_of(*main, Opcode::kMakeCell) == 0);
  CHECK(count_of(*main, Opcode::kLoadCell) == 0);
  CHECK(count_of(*main, Opcode::kStoreCell) == 0);
}

TEST_CASE("a captured local is read and written through its cell", "[translate]") {
  FrontEnd front_end;
  const Prototype* main =
      front_end.load("local n = 0; local f = function() n = n + 1 end; f(); n = n * 2; return n");
  CHECK(count_of(*main, Opcode::kMakeCell) == 1);
  CHECK(count_of(*main, Opcode::kLoadCell) == 2);
  CHECK(count_of(*main, Opcode::kStoreCell) == 1);
  CHECK(count_of(nested(*main), Opcode::kLoadUpvalue) == 1);
  CHECK(count_of(nested(*main), Opcode::kStoreUpvalue) == 1);
}

TEST_CASE("a captured parameter becomes a cell at the function's entry", "[translate]") {
  FrontEnd front_end;
  const Prototype* main = front_end.load("local function f(a, b) return function() return b end end");
  const Prototype& f = nested(*main);
  CHECK(f.code[0].load().op() == Opcode::kMakeCell);
  CHECK(Instruction::number(f.code[0].load().a()) == 1);
  CHECK(count_of(f, Opcode::kMakeCell) == 1);
}

TEST_CASE("each iteration of a loop makes its cell anew", "[translate]") {
  // On the one way into the body, which the backward jump of the loop takes too.
  FrontEnd front_end;
  const std::string source = GENERATE("for i = 1, 3 do f(function() return i end) end",
                                      "for k, v in pairs(t) do f(function() return v end) end",
                                      "while x do local i = g(); f(function() return i end) end",
                                      "repeat local i = g(); f(function() return i end) until x");
  const Prototype* main = front_end.load(source);
  REQUIRE(count_of(*main, Opcode::kMakeCell) == 1);
  std::int64_t cell = 0, loop_target = -1;
  for (std::int64_t position = 0; position < main->code_size; ++position) {
    const Instruction instruction = main->code[static_cast<std::size_t>(position)].load();
    if (instruction.op() == Opcode::kMakeCell) cell = position;
    if (info_of(instruction.op()).b == OperandKind::WideLoop) loop_target = position + 1 + instruction.wide();
  }
  CHECK(loop_target >= 0);
  CHECK(loop_target <= cell);
}

TEST_CASE("a local function that captures itself has its cell before the closure is made", "[translate]") {
  FrontEnd front_end;
  const Prototype* main = front_end.load("local function f(n) return n == 0 or f(n - 1) end return f(3)");
  CHECK(main->code[0].load().op() == Opcode::kMakeCell);
  CHECK(main->code[1].load().op() == Opcode::kClosure);
  CHECK(main->code[2].load().op() == Opcode::kStoreCell);
  CHECK(nested(*main).upvalues.at(0).in_register);
}

TEST_CASE("what a function captures from further out it captures from its enclosing function",
          "[translate]") {
  FrontEnd front_end;
  const Prototype* main = front_end.load("local x = 1; return function() return function() return x end end");
  CHECK(nested(*main).upvalues.at(0).in_register);
  CHECK_FALSE(nested(nested(*main)).upvalues.at(0).in_register);
  CHECK(count_of(nested(*main), Opcode::kMakeCell) == 0);
}

TEST_CASE("several captured locals of one scope have a cell each", "[translate]") {
  CHECK(count_of_cells("local a, b, c = 1, 2, 3; return function() return a, b, c end") == 3);
  CHECK(count_of_cells("local a, b, c; return function() return a, c end") == 2);
}

TEST_CASE("nil is stored into the cells among the registers that it fills", "[translate]") {
  FrontEnd front_end;
  const Prototype* main = front_end.load("local a, b, c; f(function() b = 1 end); a, b, c = nil, nil, nil");
  CHECK(count_of(*main, Opcode::kMakeCell) == 1);
  CHECK(count_of(*main, Opcode::kStoreCell) == 1);
}

TEST_CASE("every way that control can take into a scope of captured locals is sound", "[translate]") {
  // load() verifies: on no path is a cell taken for a value, or a value for a cell.
  FrontEnd front_end;
  const std::string source = GENERATE(
      // Jumps to jumps, which land past the beginning of the scope.
      "while a do local x = a; if x then if b then g() else h() end end f(function() return x end) end",
      "for i = 1, 3 do local x = i; if i == 2 then goto continue end f(function() x = x + 1 end) "
      "::continue:: end",
      "do goto skip; local y; ::skip:: end local x = 1; f(function() return x end)",
      "::top:: local x = g(); f(function() return x end); if x then goto top end",
      "repeat local x = g(); local h = function() return x end until h() or x",
      // A value that is decided by a test.
      "local x; f(function() return x end); x = a and b or c; x = x or 1; x = not x and a",
      "local x = a or b; local y = x and function() return x end or function() x = nil end; return y",
      "local x; f(function() return x end); x = a < b; x = a == nil; return x == 1, x ~= a",
      // To-be-closed variables.
      "local x <close> = g(); f(function() return x end); return x",
      "for k, v in g() do local y <close> = v; f(function() return y, k end); if v then break end end",
      "do local x <close> = g(); do local y <close> = x; f(function() return y end) end end return 1",
      // Arguments, varargs, results.
      "local function v(a, ...) local b, c = ...; return function() return a, b, c end, ... end return v(1, "
      "2, 3)",
      "local x = 1; f(function() return x end); return x, g(x, h(x)), (h(x))",
      "local t = {}; function t:m(a) return function() return self, a end end return t:m(t).x",
      // Metamethod operands, constants, comparisons with constants.
      "local x = 1; f(function() return x end); return x + 1, 1 - x, x // 2.5, 2 ^ x, x .. 'a' .. x, x << 1, "
      "1 << x, ~x",
      "local x = 1; f(function() return x end); if x > 3 or 4 >= x or x == 'a' or x ~= 2.0 then return #x, "
      "-x end",
      "local x = {}; f(function() return x end); x.a, x[1], x[y] = x.b, x[2], x[z]; x.a.b = x; return x:m(x)",
      "local i = 1; local a = {f(function() return i end), i, [i] = i, n = i, g(i)}; i = a");
  front_end.load(source);
}

TEST_CASE("every program of the differential tests translates into sound code", "[translate]") {
  int sound = 0;
  for (const std::string& path : example_programs()) {
    INFO(path);
    const std::string source = content_of(path);
    if (!compile_lua(source, "@" + path).ok) continue;  // a case about syntax errors
    FrontEnd front_end;
    front_end.load(source);
    ++sound;
  }
  CHECK(sound > 50);
}

TEST_CASE("a function with more code than a short jump spans is sound", "[translate]") {
  std::string body;
  for (int count = 0; count < 4000; ++count) body += "x = a and b or c; if a < b then d(e) end\n";
  FrontEnd front_end;
  front_end.load("local x; f(function() return x end)\nwhile a do local y = x; f(function() return y end)\n" +
                 body + "end");
}

TEST_CASE("more constants than an operand can name are still reached", "[translate]") {
  std::string source = "local t = {}\n";
  for (int number = 0; number < 400; ++number) {
    const std::string name = "k" + std::to_string(number);
    source += "t." + name + " = '" + name + "v'; t:" + name + "(1." + std::to_string(number) + ");" + name +
              " = t." + name + " + " + std::to_string(number + 1000) + "\n";
  }
  FrontEnd front_end;
  front_end.load(source);
}

TEST_CASE("only instructions that poll the eval breaker jump backward", "[translate]") {
  for (const std::string& path : example_programs()) {
    const std::string source = content_of(path);
    if (!compile_lua(source, "@" + path).ok) continue;
    FrontEnd front_end;
    const Prototype* main = front_end.load(source);
    for (std::size_t position = 0; position < main->code_size; ++position) {
      const Instruction instruction = main->code[position].load();
      if (info_of(instruction.op()).b == OperandKind::WideForward) REQUIRE(instruction.wide() >= 0);
      if (info_of(instruction.op()).c == OperandKind::Jump) REQUIRE(instruction.signed_c() >= 0);
    }
  }
}

TEST_CASE("every instruction has a line and the Lua instruction that it comes from", "[translate]") {
  FrontEnd front_end;
  const Prototype* main = front_end.load("local x = 1\n\nfunction f()\n  return x\nend\nreturn f()");
  for (const Prototype* prototype : {main, static_cast<const Prototype*>(main->prototypes.at(0))}) {
    REQUIRE(prototype->lines.size() == prototype->code_size);
    REQUIRE(prototype->lua_position.size() == prototype->code_size);
    for (std::size_t position = 0; position < prototype->code_size; ++position) {
      CHECK(prototype->lines[position] >= 1);
      CHECK(prototype->lines[position] <= 6);
      CHECK(static_cast<std::size_t>(prototype->lua_position[position]) < prototype->lua_code.size());
    }
  }
}

}  // namespace gilvm
