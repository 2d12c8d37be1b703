#include "vm/report/compare_table.h"

#include <catch2/catch.hpp>
#include <limits>
#include <sstream>

#include "vm/base/text.h"
#include "vm/report/statistics_table.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

using Values = std::vector<nlohmann::json>;

RunResult run_in(WorldDescription world, const nlohmann::json& expected, const Values& observed) {
  RunResult run{"scripts/lost_update.lua", "lost_update", std::move(world), 4, {}, 0.1};
  for (const nlohmann::json& value : observed) {
    RepeatResult repeat;
    repeat.expected = expected;
    repeat.observed = value;
    repeat.ok = expected == value;
    repeat.wall_seconds = 0.2;
    repeat.cpu_seconds = 0.4;
    run.repeats.push_back(std::move(repeat));
  }
  return run;
}

const WorldDescription kGilEvery = {"threads", "gil", "5ms", "every"};
const WorldDescription kGilLoops = {"threads", "gil", "5ms", "loops"};
const WorldDescription kNoLock = {"threads", "none", "5ms", "every"};
const WorldDescription kProcesses = {"processes", "gil", "5ms", "every"};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string table_of(const std::vector<RunResult>& worlds, const TableStyle& style = {}) {
  return compare_table({"scripts/lost_update.lua", "lost_update", worlds}, style);
}

// The words of a world's row, and its sentence on one line.
std::vector<std::string> row_of(const RunResult& run) {
  const std::vector<std::string> lines = lines_of(table_of({run}));
  REQUIRE(lines.size() > 4);
  std::istringstream row(lines[4].substr(display_width(world_label(run.world))));
  std::vector<std::string> words;
  for (std::string word; row >> word;) words.push_back(word);
  return words;
}

std::string sentence_of(const RunResult& run) {
  const std::vector<std::string> lines = lines_of(table_of({run}));
  std::string sentence;
  for (std::size_t index = 5; index < lines.size(); ++index) {
    if (!sentence.empty()) sentence += ' ';
    sentence += lines[index].substr(2);
  }
  return sentence;
}

bool claims_loss(const std::string& sentence) { return sentence.find("overwrote") != std::string::npos; }

struct InPortuguese {
  InPortuguese() { choose_language(Language::kPortuguese); }
  ~InPortuguese() { choose_language(Language::kEnglish); }
};

}  // namespace

TEST_CASE("a world is named as its flags are", "[compare_table]") {
  CHECK(world_label(kGilEvery) == "threads/gil every");
  CHECK(world_label(kGilLoops) == "threads/gil loops");
  CHECK(world_label(kNoLock) == "threads/none");
  CHECK(world_label(kProcesses) == "processes");
}

TEST_CASE("a row has least, median and most of what was observed", "[compare_table]") {
  const RunResult run = run_in(kNoLock, 100, {30, 10, 50, 20, 40});
  CHECK(row_of(run) == std::vector<std::string>{"100", "10", "30", "50", "70.0%", "200±0", "200%", "2.00x"});
}

TEST_CASE("the median of an even number of runs is a value that was observed", "[compare_table]") {
  CHECK(row_of(run_in(kNoLock, 100, {10, 20, 30, 40}))[2] == "20");
}

TEST_CASE("speed-up is throughput against one worker", "[compare_table]") {
  RunResult run = run_in(kNoLock, 1, {1});
  run.workers = 8;
  run.single_wall_seconds = 0.05;
  CHECK(row_of(run).back() == "2.00x");
  run.single_wall_seconds = 0;
  CHECK(row_of(run).back() == "-");
}

TEST_CASE("the wall time is the median with half of its spread", "[compare_table]") {
  RunResult run = run_in(kNoLock, 1, {1, 1, 1});
  run.repeats[0].wall_seconds = 0.1;
  run.repeats[2].wall_seconds = 0.34;
  CHECK(row_of(run)[5] == "200±120");
}

TEST_CASE("a loss that rounds to nothing is not shown as nothing", "[compare_table]") {
  CHECK(row_of(run_in(kNoLock, 1000000, {999999}))[4] == "<0.1%");
  CHECK(row_of(run_in(kNoLock, 1000000, {1}))[4] == ">99.9%");
  CHECK(row_of(run_in(kNoLock, 1000000, {0}))[4] == "100%");
  CHECK(row_of(run_in(kNoLock, 1000000, {1000000}))[4] == "0%");
}

TEST_CASE("the sentence claims a loss only where there was one", "[compare_table]") {
  const WorldDescription world = GENERATE_COPY(kGilEvery, kNoLock);
  CHECK(claims_loss(sentence_of(run_in(world, 100, {100, 90, 100}))));
  const std::string nothing_lost = sentence_of(run_in(world, 100, {100, 100, 100}));
  CHECK_FALSE(claims_loss(nothing_lost));
  CHECK(nothing_lost.starts_with("Nothing was lost this time, but it can be"));
}

TEST_CASE("more than expected is no loss", "[compare_table]") {
  const WorldDescription world = GENERATE_COPY(kGilEvery, kGilLoops, kNoLock);
  const RunResult run = run_in(world, 100, {101, 100});
  CHECK_FALSE(claims_loss(sentence_of(run)));
  CHECK(sentence_of(run) == "In 1 of 2 runs the result was not the expected one.");
  CHECK(row_of(run_in(world, 100, {101}))[4] == "-");
}

TEST_CASE("with switch points at loops the sentence says where the lock can change hands",
          "[compare_table]") {
  CHECK(sentence_of(run_in(kGilLoops, 100, {100})) ==
        "The lock changes hands only at a backward jump or a function's entry, never inside a statement such "
        "as "
        "counter = counter + 1.");
  CHECK(sentence_of(run_in(kGilLoops, 100, {90})).find("here one of those lies between") !=
        std::string::npos);
}

TEST_CASE("processes are said to have memories of their own", "[compare_table]") {
  CHECK(sentence_of(run_in(kProcesses, 100, {0, 0})) ==
        "Each process counted in its own memory; the parent still has what it set up.");
  CHECK(sentence_of(run_in(kProcesses, 0, {0, 0})).find("does not depend on that") != std::string::npos);
}

TEST_CASE("results that are no numbers are shown as text or counted", "[compare_table]") {
  CHECK(row_of(run_in(kNoLock, "abc", {"abc", "abc"}))[2] == "abc");
  CHECK(row_of(run_in(kNoLock, {1, 2}, {{1, 2}}))[2] == "[1,2]");
  const std::string table = table_of({run_in(kNoLock, "abc", {"abc", "acb", "bca", "abc"})});
  CHECK(table.find("3 values") != std::string::npos);
  CHECK(table.find("In 2 of 4 runs the result was not the expected one.") != std::string::npos);
}

TEST_CASE("a script that expects nothing is not said to lose", "[compare_table]") {
  const RunResult run = run_in(kNoLock, nullptr, {5});
  CHECK(row_of(run)[0] == "-");
  CHECK(row_of(run)[4] == "-");
  CHECK(sentence_of(run) == "The script says nothing of what to expect.");
}

TEST_CASE("a failed run is told with the first line of its error", "[compare_table]") {
  RunResult run = run_in(kNoLock, 100, {100, 100});
  run.repeats[1].error = "a.lua:3: \x1b[31mbad\nstack traceback:";
  const std::string sentence = sentence_of(run);
  CHECK(sentence.find("1 of 2 runs failed: a.lua:3: ?[31mbad") != std::string::npos);
  CHECK(sentence.find("traceback") == std::string::npos);
  run.repeats[0].error = "no";
  CHECK(row_of(run) == std::vector<std::string>(8, "-"));
  CHECK(sentence_of(run).starts_with("2 of 2 runs failed"));
}

TEST_CASE("a table without worlds or repeats is still a table", "[compare_table]") {
  CHECK(table_of({}).find("lost_update") == 0);
  CHECK(sentence_of(run_in(kNoLock, 1, {})) == "Nothing was run.");
}

TEST_CASE("no line is wider than asked for, in both languages", "[compare_table]") {
  const auto language = GENERATE(Language::kEnglish, Language::kPortuguese);
  const auto width = GENERATE(std::size_t{20}, std::size_t{40}, std::size_t{80}, std::size_t{120});
  const std::int64_t number = GENERATE(std::int64_t{7}, std::int64_t{400000}, std::int64_t{40000000},
                                       std::numeric_limits<std::int64_t>::max());
  choose_language(language);
  std::vector<RunResult> worlds;
  for (const WorldDescription& world : {kGilEvery, kGilLoops, kNoLock, kProcesses}) {
    worlds.push_back(run_in(world, number, {number, number / 2, 0}));
    worlds.push_back(run_in(world, number, {number}));
    worlds.push_back(run_in(world, std::string(300, 'x'), {"漢字漢字漢字漢字漢字", "é"}));
  }
  worlds[0].repeats[0].error = std::string(200, 'e');
  for (const std::string& line : lines_of(table_of(worlds, {width, false}))) {
    INFO(line);
    CHECK(display_width(line) <= width);
  }
  choose_language(Language::kEnglish);
}

TEST_CASE("the usual table of four worlds leaves two blanks between columns of 80", "[compare_table]") {
  const std::string table =
      table_of({run_in(kGilEvery, 400000, {400000, 231003, 300000}),
                run_in(kGilLoops, 400000, {400000, 400000, 400000}),
                run_in(kNoLock, 400000, {100001, 131003, 200000}), run_in(kProcesses, 400000, {0, 0, 0})});
  CHECK(table.find("threads/gil every    400000  231003  300000  400000  25.0%") != std::string::npos);
}

TEST_CASE("Portuguese has its words and its decimal comma", "[compare_table]") {
  const InPortuguese language;
  const std::string table = table_of({run_in(kGilEvery, 1000, {750})});
  CHECK(table.find("esperado") != std::string::npos);
  CHECK(table.find("25,0%") != std::string::npos);
  CHECK(table.find("A trava passou a outra thread") != std::string::npos);
}

TEST_CASE("colour is there only when asked for, and changes no text", "[compare_table]") {
  const std::vector<RunResult> worlds = {run_in(kGilEvery, 100, {50}), run_in(kGilLoops, 100, {100})};
  const std::string plain = table_of(worlds);
  std::string colored = table_of(worlds, {80, true});
  CHECK(plain.find('\x1b') == std::string::npos);
  CHECK(colored.find("\x1b[31mthreads/gil every") != std::string::npos);
  CHECK(colored.find("\x1b[32mthreads/gil loops") != std::string::npos);
  for (std::size_t begin; (begin = colored.find('\x1b')) != std::string::npos;) {
    colored.erase(begin, colored.find('m', begin) - begin + 1);
  }
  CHECK(colored == plain);
}

TEST_CASE("width is counted in columns, not in bytes", "[terminal_text]") {
  CHECK(display_width("ação") == 4);
  CHECK(display_width("漢字") == 4);
  CHECK(display_width("e\u0301") == 1);
  CHECK(shortened("ações", 4) == "açõ…");
  CHECK(shortened("漢字漢", 5) == "漢字…");
  CHECK(pad_before("é", 3) == "  é");
}

TEST_CASE("text from outside cannot steer the terminal", "[terminal_text]") {
  CHECK(printable("a\x1b[2J\r\n\tb\x7f") == "a?[2J???b?");
  CHECK(printable("\xff\xc3") == "??");
  CHECK(printable("\xc2\x9b") == "?");
  CHECK(printable("\u202Ex") == "?x");
  CHECK(printable("ação") == "ação");
}

TEST_CASE("a word longer than a line is broken", "[terminal_text]") {
  CHECK(wrapped("ab abcdefgh c", 4) == std::vector<std::string>{"ab", "abcd", "efgh", "c"});
  CHECK(wrapped("", 10).empty());
}

TEST_CASE("statistics have a line for each thread and their sum", "[statistics_table]") {
  const std::vector<std::string> lines = lines_of(
      statistics_table({{"MainThread", {2, 1, 0.0015, 0.25}}, {"Thread-1 (work)", {40, 30, 0.5, 0.0001}}}));
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "thread           switches  requests  held ms  waited ms");
  CHECK(lines[1] == "MainThread              2         1      1.5      250.0");
  CHECK(lines[3] == "all                    42        31    501.5      250.1");
}

TEST_CASE("statistics of one thread have no sum", "[statistics_table]") {
  CHECK(lines_of(statistics_table({{"MainThread", {}}})).size() == 2);
}

TEST_CASE("a long name of a thread gives way to the figures", "[statistics_table]") {
  for (const std::string& line : lines_of(statistics_table({{std::string(200, 'n'), {1, 2, 3, 4}}}))) {
    CHECK(display_width(line) <= 80);
  }
}

}  // namespace gilvm
