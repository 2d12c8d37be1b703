#include "vm/report/step_reason.h"

#include <catch2/catch.hpp>

using namespace gilvm;

namespace {

constexpr auto kRead = StepRow::Kind::kRead;
constexpr auto kWrite = StepRow::Kind::kWrite;

StepRow access(std::size_t thread, StepRow::Kind kind, int value, int line, std::uint64_t variable = 1) {
  StepRow row;
  row.thread = thread;
  row.kind = kind;
  row.file = "a.lua";
  row.line = line;
  row.name = variable == 1 ? "x" : "y";
  row.variable = variable;
  row.values = {{std::to_string(value), value}};
  return row;
}

StepTable table_of(std::vector<StepRow> rows) {
  StepTable table;
  table.threads = {"A", "B"};
  table.script = "a.lua";
  table.rows = std::move(rows);
  return table;
}

std::string reason(std::vector<StepRow> rows) {
  return reason_of_result(table_of(std::move(rows)), std::nullopt);
}

}  // namespace

TEST_CASE("what a thread read before another one wrote it is the reason", "[explore]") {
  CHECK(reason({access(0, kRead, 0, 1), access(1, kWrite, 1, 2), access(0, kRead, 1, 3)}) ==
        "A read x = 0 (line 1); B wrote x = 1 (line 2); A read x = 1 (line 3)");
  CHECK(reason({access(0, kRead, 0, 1), access(1, kWrite, 1, 2), access(0, kWrite, 5, 3)}) ==
        "A read x = 0 (line 1); B wrote x = 1 (line 2); A wrote x = 5 (line 3)");
}

TEST_CASE("so is what comes between two accesses of which the first is a write", "[explore]") {
  CHECK(reason({access(0, kWrite, 0, 1), access(1, kWrite, 1, 2), access(0, kRead, 1, 3)}) ==
        "A wrote x = 0 (line 1); B wrote x = 1 (line 2); A read x = 1 (line 3)");
  CHECK(reason({access(0, kWrite, 0, 1), access(1, kRead, 0, 2), access(0, kWrite, 1, 3)}) ==
        "A wrote x = 0 (line 1); B read x = 0 (line 2); A wrote x = 1 (line 3)");
}

TEST_CASE("what an order of whole threads could have given is no reason", "[explore]") {
  const std::string order = "they ran in this order: A, B";
  CHECK(reason({access(0, kRead, 0, 1), access(1, kRead, 0, 2), access(0, kWrite, 1, 3)}) == order);
  CHECK(reason({access(0, kWrite, 0, 1), access(1, kWrite, 1, 2), access(0, kWrite, 1, 3)}) == order);
  CHECK(reason({access(0, kRead, 0, 1), access(1, kWrite, 1, 2, 2), access(0, kRead, 1, 3)}) == order);
  CHECK(reason({access(1, kRead, 0, 1), access(0, kWrite, 0, 2)}) == "they ran in this order: B, A");
  CHECK(reason({}).empty());
}

TEST_CASE("of several reasons the last one is told that begins with a read", "[explore]") {
  CHECK(reason({access(0, kRead, 0, 1), access(1, kWrite, 1, 2), access(0, kWrite, 2, 3),
                access(1, kWrite, 3, 4), access(0, kRead, 3, 5)}) ==
        "A read x = 0 (line 1); B wrote x = 1 (line 2); A wrote x = 2 (line 3)");
}

TEST_CASE("a lost update is told with its values", "[explore]") {
  RaceFinding lost;
  lost.kind = RaceFinding::Kind::kLostUpdate;
  lost.variable = "x";
  lost.accesses.resize(3);
  for (std::size_t index = 0; index < 3; ++index) {
    lost.accesses[index].file = "a.lua";
    lost.accesses[index].thread = index == 1 ? "B" : "A";
    lost.accesses[index].line = 5;
    lost.accesses[index].writes = index > 0;
  }
  const StepTable table = table_of({access(0, kRead, 0, 5), access(1, kRead, 0, 5), access(1, kWrite, 1, 5),
                                    access(0, kWrite, 1, 5), access(0, kRead, 1, 6)});
  CHECK(reason_of_result(table, lost) ==
        "A read x = 0 (line 5); B wrote x = 1 (line 5); A wrote x = 1 (line 5): an update was lost");
  CHECK(reason_of_result(table_of({}), lost) ==
        "A read x (line 5); B wrote x (line 5); A wrote x (line 5): an update was lost");
}

TEST_CASE("a failure comes from what another thread had written", "[explore]") {
  StepRow failed;
  failed.thread = 1;
  failed.kind = StepRow::Kind::kFail;
  CHECK(reason_of_failure(table_of({access(0, kWrite, 0, 1), access(1, kRead, 0, 2), failed})) ==
        "A wrote x = 0 (line 1); B read x = 0 (line 2)");
  CHECK(reason_of_failure(
            table_of({access(1, kRead, 7, 2), access(0, kWrite, 0, 1), access(1, kRead, 0, 3), failed})) ==
        "B read x = 7 (line 2); A wrote x = 0 (line 1); B read x = 0 (line 3)");
  CHECK(reason_of_failure(table_of({access(0, kWrite, 0, 1), access(1, kRead, 0, 2)})).empty());
}
