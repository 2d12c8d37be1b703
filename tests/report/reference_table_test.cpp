#include "vm/report/reference_table.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "vm/base/text.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

ReferenceReport unbalanced() {
  return {40, {{"shared", "table", true, 2, 9, 2}, {"", "function", false, 1, -3, 1}}};
}

TEST_CASE("a ledger that balances takes one line", "[references]") {
  choose_language(Language::kEnglish);
  CHECK(reference_table({40, {}}) == "reference counts: the ledger balances (40 objects)\n");
}

TEST_CASE("a ledger that does not balance is shown by variable", "[references]") {
  choose_language(Language::kEnglish);
  CHECK(reference_table(unbalanced()) ==
        "reference counts: the ledger does not balance; 3 of 40 objects:\n"
        "  variable        objects  counts  references  in CPython\n"
        "  shared (table)        2       9           2  never freed\n"
        "  ? (function)          1      -3           1  freed while in use\n");
}

TEST_CASE("a long name gives way, and of many rows some are shown", "[references]") {
  choose_language(GENERATE(Language::kEnglish, Language::kPortuguese));
  ReferenceReport report{1000, {}};
  for (int number = 0; number < 30; ++number)
    report.wrong.push_back({std::string(100, 'x'), "table", true, 1, 123456, 0});
  std::istringstream lines(reference_table(report, {80, false}));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) CHECK(display_width(line) <= 80);
  CHECK(count == 23);  // the headline, that of the table, 20 rows, how many more there are
  choose_language(Language::kEnglish);
}

TEST_CASE("the JSON names what would have happened", "[references]") {
  const auto object = json_of(unbalanced());
  CHECK(object["balanced"] == false);
  CHECK(object["objects"] == 40);
  CHECK(object["wrong"][0]["variable"] == "shared");
  CHECK(object["wrong"][0]["outcome"] == "never_freed");
  CHECK(object["wrong"][1]["outcome"] == "freed_in_use");
  CHECK(json_of(ReferenceReport{1, {}})["balanced"] == true);
}

}  // namespace
}  // namespace gilvm
