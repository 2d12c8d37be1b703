#include "vm/frontend/dump.h"

#include "tests/frontend/front_end.h"

using namespace gilvm;

namespace {

constexpr const char* kSource =
    "local a, b <const> = 1.5, 'text'\n"
    "for i = 1, 3 do local c = i; function f(...) c = c + a; return c, ... end end\n"
    "return a, nil, true, 9007199254740993, 'a string that is long enough not to be kept as a short one'\n";

LuaFunction read(const std::string& chunk) {
  std::string error;
  std::optional<LuaFunction> function = read_chunk(chunk, &error);
  INFO(error);
  REQUIRE(function);
  return *function;
}

}  // namespace

TEST_CASE("a dumped function reads as liblua's own chunk does", "[dump]") {
  FrontEnd front_end;
  const std::string original = FrontEnd::chunk_of(kSource);
  const LuaFunction wanted = read(original), got = read(dump(*front_end.load(kSource), false));
  CHECK(got.source == wanted.source);
  CHECK(got.lines == wanted.lines);
  CHECK(got.constants.size() == wanted.constants.size());
  CHECK(got.registers == wanted.registers);
  REQUIRE(got.code.size() == wanted.code.size());
  for (std::size_t index = 0; index < got.code.size(); ++index)
    CHECK(got.code[index].word == wanted.code[index].word);
  REQUIRE(got.locals.size() == wanted.locals.size());
  CHECK(got.locals[0].name == "a");
  REQUIRE(got.functions.size() == 1);
  CHECK(got.functions[0].source == wanted.source);
  CHECK(got.functions[0].upvalues[0].name == "c");
}

TEST_CASE("a stripped function keeps what its cells need, and no names", "[dump]") {
  FrontEnd front_end;
  const LuaFunction stripped = read(dump(*front_end.load(kSource), true));
  CHECK(stripped.source == "=?");
  CHECK(stripped.lines.empty());
  REQUIRE(!stripped.locals.empty());
  for (const LuaLocal& local : stripped.locals) CHECK(local.name.empty());
  CHECK(stripped.functions[0].locals.empty());
  CHECK(stripped.functions[0].upvalues[0].name.empty());

  std::string error;
  Prototype* prototype = translate(stripped, *front_end.local, front_end.strings, &error);
  CHECK(error.empty());
  REQUIRE(prototype);
  CHECK(prototype->is_stripped);
  CHECK(verify(*prototype).empty());
}

TEST_CASE("no prefix of a dumped function is a chunk", "[dump]") {
  FrontEnd front_end;
  const std::string chunk = dump(*front_end.load(kSource), false);
  for (std::size_t size = 0; size < chunk.size(); ++size) {
    std::string error;
    CHECK(!read_chunk(std::string_view(chunk).substr(0, size), &error));
    CHECK(error == "truncated chunk");
  }
}
