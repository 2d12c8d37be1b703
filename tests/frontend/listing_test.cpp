#include "vm/frontend/listing.h"

#include <sstream>

#include "tests/frontend/front_end.h"
#include "vm/base/text.h"

namespace gilvm {
namespace {

const std::string kLostUpdate = R"(counter = 0
function worker()
  for i = 1, 1000 do
    counter = counter + 1
  end
end
)";

std::string listing_of(const std::string& source) {
  FrontEnd front_end;
  return listing(*front_end.load(source), source);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t columns_of(const std::string& line) {
  std::size_t columns = 0;
  for (const char byte : line) columns += (byte & 0xC0) != 0x80;
  return columns;
}

// The line that contains `part`.
std::string line_with(const std::string& text, const std::string& part) {
  for (const std::string& line : lines_of(text)) {
    if (contains(line, part)) return line;
  }
  FAIL("no line with " << part << " in\n" << text);
  return {};
}

}  // namespace

TEST_CASE("the load, the addition and the store of an increment stand under its line", "[listing]") {
  CHECK(contains(listing_of(kLostUpdate), R"(
   4 |     counter = counter + 1
   * |     4  GetGlobal    R4 _ENV "counter"
     |     5  AddInteger   R4 R4 1
   * |     6  SetGlobal    R4 _ENV "counter"
)"));
}

TEST_CASE("the margin marks what other threads reach and where the GIL may change hands", "[listing]") {
  const std::string text =
      listing_of(kLostUpdate + "local x = 0\nlocal function f() x = #x end\nt.a[1] = f(t[x]) + 1\n");
  for (const char* name : {"GetGlobal", "SetGlobal", "GetField", "SetInteger", "GetIndex", "LoadCell",
                           "LoadUpvalue", "StoreUpvalue", "Length"}) {
    CHECK(line_with(text, name).substr(0, 7) == "   * | ");
  }
  for (const char* name : {"ForLoop", "Call"}) CHECK(line_with(text, name).substr(0, 7) == "   > | ");
  for (const char* name : {"LoadInteger", "AddInteger", "ForPrepare", "ReturnNone", "Closure"}) {
    CHECK(line_with(text, name).substr(0, 7) == "     | ");
  }
  CHECK(contains(text, "\n   *   touches"));
  CHECK(contains(text, "\n   >   the GIL"));
}

TEST_CASE("a function is called by what it is stored in", "[listing]") {
  const std::string text = listing_of(
      "function global() end\n"
      "local function own() end\n"
      "local plain = function() end\n"
      "local function captured() return captured end\n"
      "local M = {}\n"
      "function M.field() end\n"
      "function M:method() end\n"
      "own = function() end\n"
      "f(function() own = function() end end)\n");
  CHECK(contains(text, "\nfunction global, line 1\n"));
  CHECK(contains(text, "\nfunction own, line 2\n"));
  CHECK(contains(text, "\nfunction plain, line 3\n"));
  CHECK(contains(text, "\nfunction captured, line 4\n"));
  CHECK(contains(text, "\nfunction field, line 6\n"));
  CHECK(contains(text, "\nfunction method, line 7\n"));
  CHECK(contains(text, "\nfunction without a name, line 9\n"));
  CHECK(contains(text, "\nfunction own, line 9\n"));
}

TEST_CASE("each instruction of each function is listed once, under its own line", "[listing]") {
  for (const std::string& path : example_programs()) {
    const std::string source = content_of(path);
    if (!compile_lua(source, "@" + path).ok) continue;
    INFO(path);
    FrontEnd front_end;
    const Prototype* main = front_end.load(source);
    std::size_t listed = 0;
    for (const std::string& line : lines_of(listing(*main, source))) {
      listed += line.size() > 14 && line.substr(4, 3) == " | " && line[0] == ' ' &&
                line.substr(2, 1) == " " && std::isdigit(line[11]) != 0 && line.substr(12, 2) == "  " &&
                std::isupper(line[14]) != 0;
    }
    std::size_t expected = 0;
    const auto count = [&](const auto& self, const Prototype& prototype) -> void {
      expected += prototype.code_size;
      for (const Prototype* nested : prototype.prototypes) self(self, *nested);
    };
    count(count, *main);
    CHECK(listed == expected);
  }
}

TEST_CASE("no line is wider than 80 columns", "[listing]") {
  const std::string wide =
      "local a_rather_long_name_of_a_variable_that_is_local = 'çãé" + std::string(200, 'x') + "'\n" +
      "function f()\n\treturn a_rather_long_name_of_a_variable_that_is_local .. \"\\n\\0\" end\n";
  std::vector<std::string> sources = {wide};
  for (const std::string& path : example_programs()) {
    if (compile_lua(content_of(path), "@" + path).ok) sources.push_back(content_of(path));
  }
  for (const Language language : {Language::kEnglish, Language::kPortuguese}) {
    choose_language(language);
    for (const std::string& source : sources) {
      for (const std::string& line : lines_of(listing_of(source))) {
        INFO(line);
        CHECK(columns_of(line) <= 80);
        CHECK((line.empty() || line.back() != ' '));
      }
    }
    choose_language(Language::kEnglish);
  }
}

TEST_CASE("headings and legend are in the chosen language", "[listing]") {
  choose_language(Language::kPortuguese);
  const std::string text = listing_of(kLostUpdate);
  choose_language(Language::kEnglish);
  CHECK(text.starts_with("bloco principal, test.lua\n"));
  CHECK(contains(text, "\nfunção worker, linha 2\n"));
  CHECK(contains(text, "\n   *   mexe"));
}

TEST_CASE("lines of a nested function are left out of the function around it", "[listing]") {
  const std::string text = listing_of(kLostUpdate);
  const std::string main = text.substr(0, text.find("\nfunction worker"));
  CHECK_FALSE(contains(main, "   4 |"));
  CHECK(contains(main, "   6 | end"));
  CHECK(contains(main, "     | ..."));
}

TEST_CASE("a local's cell stands under the statement that declares it", "[listing]") {
  const std::string text = listing_of("local total = 5\nprint()\nf(function() return total end)\n");
  CHECK(contains(text, R"(
   1 | local total = 5
     |     0  LoadInteger  R0 5                         ; R0: total
     |     1  MakeCell     R0                           ; R0: total
   2 | print()
)"));
}

TEST_CASE("constants are written as in Lua", "[listing]") {
  const std::string text =
      listing_of("f(2.0, 1e100, 0x7fffffffffffffff, 'a\"b\\n', 1 // 0.5 ~= -2.5, x == nil)");
  for (const char* constant : {"2.0", "1e+100", "9223372036854775807", "\"a\\\"b\\n\""})
    CHECK(contains(text, constant));
}

TEST_CASE("an empty script has a listing too", "[listing]") { CHECK(contains(listing_of(""), "Return")); }

TEST_CASE("of the lines that the source does not have, only those with instructions are listed",
          "[listing]") {
  const std::string source = "local a = 1\nreturn a";
  FrontEnd front_end;
  std::string error;
  std::optional<LuaFunction> main = read_chunk(FrontEnd::chunk_of(source), &error);
  REQUIRE(main);
  REQUIRE(main->lines.size() > 2);
  main->first_line = 0x7FFFFFF0;
  main->last_line = 0x7FFFFFFF;
  main->lines.front() = -0x7FFFFFFF;
  main->lines.back() = 0x7FFFFFFF;
  const Prototype* prototype = translate(*main, *front_end.local, front_end.strings, &error);
  REQUIRE(prototype);
  const std::string text = listing(*prototype, source);
  CHECK(contains(text, "   2 | return a\n"));
  CHECK(contains(text, "\n2147483647 |\n"));
  CHECK(lines_of(text).size() < 30);
}

}  // namespace gilvm
