#include "vm/main/typed_chunk.h"

#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

TypedChunk typed(const std::string& text) {
  static ScriptVm vm{LockSettings()};
  return load_typed(vm.thread(), text);
}

using State = TypedChunk::State;

}  // namespace

TEST_CASE("an expression and statements are complete", "[typed_chunk]") {
  for (const char* text :
       {"1 + 1", "f(1)", "x = 1", "f", "local x = 1; x = 2", "=1, 2", "", "  ", "-- no more", "return 1",
        "function() end", "(1 +\n1)", "for i = 1, 2 do\nend", "'a\\\nb'", "if x then return end"}) {
    INFO(text);
    const TypedChunk chunk = typed(text);
    CHECK(chunk.state == State::kComplete);
    CHECK(chunk.closure != nullptr);
  }
}

TEST_CASE("the beginning of an expression or a statement is incomplete", "[typed_chunk]") {
  for (const char* text : {"1 +", "{1,", "f(", "x =", "function f()", "function(", "for i = 1, 2 do\n",
                           "=1 +", "[[a", "'a\\", "--[[ a", "if x then\nelse", "a."}) {
    INFO(text);
    const TypedChunk chunk = typed(text);
    CHECK(chunk.state == State::kIncomplete);
    CHECK(chunk.closure == nullptr);
  }
}

TEST_CASE("what no line could mend is wrong, and named as a statement is", "[typed_chunk]") {
  CHECK(typed("x = = 1").state == State::kWrong);
  CHECK(typed("x = = 1").error == "stdin:1: unexpected symbol near '='");
  CHECK(typed("a b").error == "stdin:1: syntax error near 'b'");
  CHECK(typed("'a").error == "stdin:1: unfinished string near ''a'");
  CHECK(typed("for i = 1, 2 do\n) end").error == "stdin:2: unexpected symbol near ')'");
  CHECK(typed("=x = 1").state == State::kWrong);
}

}  // namespace gilvm
