#include "vm/report/step_table.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "vm/base/text.h"
#include "vm/report/terminal_text.h"

using namespace gilvm;

namespace {

StepRow access(std::size_t thread, StepRow::Kind kind, const std::string& name, int value, int line = 1) {
  StepRow row;
  row.thread = thread;
  row.kind = kind;
  row.instruction = kind == StepRow::Kind::kRead ? "GetGlobal" : "SetGlobal";
  row.file = "a.lua";
  row.line = line;
  row.name = name;
  row.values = {{std::to_string(value), value}};
  return row;
}

StepRow read(std::size_t thread, int value) { return access(thread, StepRow::Kind::kRead, "counter", value); }
StepRow write(std::size_t thread, int value) {
  return access(thread, StepRow::Kind::kWrite, "counter", value);
}

StepRow after_switch(StepRow row, std::size_t from, StepSwitch::Why why, const std::string& wait = "") {
  row.switched = StepSwitch{from, why, wait};
  return row;
}

StepTable two_threads() {
  StepTable table;
  table.threads = {"A", "B"};
  table.rows = {read(0, 0), after_switch(read(1, 0), 0, StepSwitch::Why::kNoLock), write(1, 1)};
  table.sources["a.lua"] = {"  counter = counter + 1"};
  table.script = "a.lua";
  return table;
}

std::size_t widest(const std::string& text) {
  std::size_t width = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) width = std::max(width, display_width(line));
  return width;
}

}  // namespace

TEST_CASE("two threads have a column each, with the source of each new line", "[steps]") {
  CHECK(step_table(two_threads(), {60, false}) ==
        "step  A                           B\n"
        "      1: counter = counter + 1\n"
        "   1  GetGlobal    counter → 0\n"
        "── switch: B goes on (no lock: anyone may go on) ──\n"
        "                                  1: counter = counter + 1\n"
        "   2                              GetGlobal    counter → 0\n"
        "   3                              SetGlobal    counter = 1\n");
}

TEST_CASE("values are hidden one by one", "[steps]") {
  StepTable table = two_threads();
  table.hides_values = true;
  StepRow call = write(1, 7);
  call.kind = StepRow::Kind::kCall;
  call.arguments = {{"1", 1}, {"2", 2}};
  table.rows.push_back(call);
  const std::string text = step_table(table, {80, false});
  CHECK(text.find("counter → ?\n") != std::string::npos);
  CHECK(text.find("counter = ?\n") != std::string::npos);
  CHECK(text.find("counter(?, ?) → ?\n") != std::string::npos);
  CHECK(step_lines(table).find("\"value\":\"?\"") != std::string::npos);
  CHECK(step_lines(table).find("\"value\":0") == std::string::npos);
}

TEST_CASE("a watched variable is shown beside the step that has changed it", "[steps]") {
  StepTable table = two_threads();
  table.watched = {"counter"};
  table.rows[0].watched = {{0, {"0", 0}}};
  table.rows[1].watched = {{0, {"0", 0}}};
  table.rows[2].watched = {{0, {"1", 1}}};
  const std::string text = step_table(table, {80, false});
  std::istringstream lines(text);
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line);) all.push_back(line);
  REQUIRE(all.size() == 7);
  CHECK(all[0].ends_with("counter"));
  const std::size_t place = display_width(all[0]) - std::string("counter").size();
  CHECK(display_width(all[2]) == place + 1);
  CHECK(all[2].ends_with(" 0"));
  CHECK(display_width(all[5]) < place);  // it is as it was
  CHECK(display_width(all[6]) == place + 1);
  CHECK(all[6].ends_with(" 1"));
}

TEST_CASE("a watched variable begins with the value that steps before the range have left", "[steps]") {
  StepTable table = two_threads();
  table.watched = {"counter"};
  table.rows[0].watched = {{0, {"5", 5}}};
  table.rows[2].watched = {{0, {"5", 5}}};
  table.first = 3;
  const std::string text = step_table(table, {80, false});
  CHECK(text.find("counter = 1\n") != std::string::npos);
}

TEST_CASE("no line is wider than the width, whatever the names are", "[steps]") {
  StepTable table = two_threads();
  table.threads = {std::string(50, 'a'), std::string(50, 'b')};
  table.watched = {std::string(30, 'w')};
  table.rows[2].name = std::string(200, 'n');
  table.rows[2].watched = {{0, {std::string(100, 'v'), "v"}}};
  table.sources["a.lua"] = {std::string(300, 's')};
  for (const std::size_t width : {20u, 40u, 60u, 80u, 120u}) {
    const TableStyle style{width, false};
    INFO(width);
    CHECK(widest(step_table(table, style)) <= std::max<std::size_t>(width, 60));
  }
  CHECK(widest(step_table(table, {80, false})) <= 80);
}

TEST_CASE("what does not fit beside its instruction stands under it", "[steps]") {
  StepTable table = two_threads();
  table.rows.resize(1);
  table.rows.push_back(after_switch(write(1, 1), 0, StepSwitch::Why::kNoLock));
  table.rows[0].name = "a_counter_with_a_long_name";
  const std::string text = step_table(table, {60, false});
  CHECK(text.find("   1  GetGlobal\n        a_counter_with_a_lon") != std::string::npos);
}

TEST_CASE("where columns do not fit, each row names its thread", "[steps]") {
  StepTable table = two_threads();
  table.threads = {"A", "B", "C", "D", "E"};
  for (std::size_t thread = 2; thread < 5; ++thread) {
    table.rows.push_back(after_switch(read(thread, 1), thread - 1, StepSwitch::Why::kEnded));
  }
  const std::string text = step_table(table, {80, false});
  CHECK(text.starts_with("step\n      A  1: counter"));
  CHECK(text.find("   4  C  GetGlobal    counter → 1\n") != std::string::npos);
  CHECK(text.find("── switch: C goes on (B has ended) ──\n") != std::string::npos);
  // Those that fit do not.
  CHECK(step_table(table, {160, false}).find("step  A") == 0);
}

TEST_CASE("a thread that takes no step beside another one has no column", "[steps]") {
  StepTable table = two_threads();
  table.threads.push_back("main");
  StepRow row = write(2, 0);
  row.alone = true;
  table.rows.insert(table.rows.begin(), row);
  const std::string text = step_table(table, {80, false});
  CHECK(text.find("main") == text.find("main  1: counter"));
  CHECK(text.find("   1  main  SetGlobal    counter = 0\n") != std::string::npos);
}

TEST_CASE("a range leaves out the other steps, and says so", "[steps]") {
  StepTable table = two_threads();
  table.first = 2;
  table.last = 2;
  const std::string text = step_table(table, {80, false});
  CHECK(text.find("   2  ") != std::string::npos);
  CHECK(text.find("   1  ") == std::string::npos);
  CHECK(text.find("   3  ") == std::string::npos);
  CHECK(text.find("Not shown: 2 of 3 steps") != std::string::npos);
  table.first = 9;
  CHECK(step_table(table, {80, false}).find("Not shown: 3 of 3 steps") != std::string::npos);
  CHECK(step_lines(table).empty());
}

TEST_CASE("a long reason for a switch is wrapped", "[steps]") {
  StepTable table = two_threads();
  table.rows[1] = after_switch(read(1, 0), 0, StepSwitch::Why::kWaits,
                               "for the Lock that worker 2 took at a_directory/another_one/a_script.lua:123");
  const std::string text = step_table(table, {80, false});
  CHECK(text.find("── switch: B goes on (A waits for the Lock that worker 2 took at\n"
                  "   a_directory/another_one/a_script.lua:123) ──\n") != std::string::npos);
}

TEST_CASE("each step is a line of JSON", "[steps]") {
  StepTable table = two_threads();
  table.rows.resize(2);
  CHECK(step_lines(table) ==
        R"({"step":1,"thread":"A","kind":"read","file":"a.lua","line":1,"instruction":"GetGlobal",)"
        R"("name":"counter","value":0})"
        "\n"
        R"({"step":2,"thread":"B","kind":"read","file":"a.lua","line":1,"instruction":"GetGlobal",)"
        R"("name":"counter","value":0,"switched":{"from":"A","why":"no_lock"}})"
        "\n");
}

TEST_CASE("colours do not change what is where", "[steps]") {
  const std::string plain = step_table(two_threads(), {80, false});
  std::string colored = step_table(two_threads(), {80, true});
  CHECK(colored != plain);
  for (std::size_t begin; (begin = colored.find('\x1b')) != std::string::npos;) {
    colored.erase(begin, colored.find('m', begin) + 1 - begin);
  }
  CHECK(colored == plain);
}
