#include "vm/report/json_report.h"

#include <catch2/catch.hpp>
#include <limits>

namespace gilvm {
namespace {

RunResult a_run() {
  RepeatResult repeat;
  repeat.expected = 400000;
  repeat.observed = 231003;
  repeat.wall_seconds = 0.5;
  repeat.cpu_seconds = 0.25;
  repeat.gil = {7, 9, 0.5, 0.125};
  return {"a.lua", "lost_update", {"threads", "none", "5ms", "every"}, 4, {repeat}, 0};
}

}  // namespace

TEST_CASE("a run has the keys of the specification in their order", "[json_report]") {
  CHECK(
      json_text(json_of(a_run())) ==
      R"({"script":"a.lua","name":"lost_update","world":{"workers":"threads","lock":"none",)"
      R"("switch_interval":"5ms","switch_points":"every","gil_policy":"interval"},"workers":4,)"
      R"("repeats":[{"expected":400000,"observed":231003,"ok":false,"wall_seconds":0.5,"cpu_seconds":0.25,"gil":{"switches":7,)"
      R"("requests":9,"held_seconds":0.5,"waited_seconds":0.125}}]})"
      "\n");
}

TEST_CASE("a comparison holds one run a world", "[json_report]") {
  const CompareResult compare = {"a.lua", "lost_update", {a_run(), a_run()}};
  const nlohmann::ordered_json object = json_of(compare);
  CHECK(object["script"] == "a.lua");
  CHECK(object["name"] == "lost_update");
  REQUIRE(object["worlds"].size() == 2);
  CHECK(object["worlds"][1] == json_of(a_run()));
}

TEST_CASE("a failed run has its error, and only a failed one", "[json_report]") {
  RunResult run = a_run();
  CHECK_FALSE(json_of(run)["repeats"][0].contains("error"));
  run.repeats[0].error = "a.lua:1: no";
  CHECK(json_of(run)["repeats"][0]["error"] == "a.lua:1: no");
}

TEST_CASE("the time of one worker is there when it was measured", "[json_report]") {
  RunResult run = a_run();
  CHECK_FALSE(json_of(run).contains("single_wall_seconds"));
  run.single_wall_seconds = 0.25;
  CHECK(json_of(run)["single_wall_seconds"] == 0.25);
}

TEST_CASE("a result that JSON cannot write does not stop the report", "[json_report]") {
  RunResult run = a_run();
  run.repeats[0].observed = "\xff";
  run.repeats[0].expected = std::numeric_limits<double>::quiet_NaN();
  const std::string text = json_text(json_of(run));
  CHECK(text.find("\"expected\":null") != std::string::npos);
  CHECK(text.find("\"observed\":\"\xEF\xBF\xBD\"") != std::string::npos);
}

TEST_CASE("integers keep all of their 64 bits", "[json_report]") {
  RunResult run = a_run();
  run.repeats[0].observed = std::numeric_limits<std::int64_t>::min();
  CHECK(json_text(json_of(run)).find("-9223372036854775808") != std::string::npos);
}

TEST_CASE("tables keep their shape", "[json_report]") {
  RunResult run = a_run();
  run.repeats[0].observed = {{"list", {1, 2, 3}}, {"text", "x"}};
  CHECK(json_of(run)["repeats"][0]["observed"].dump() == R"({"list":[1,2,3],"text":"x"})");
}

TEST_CASE("a report is one line", "[json_report]") {
  RunResult run = a_run();
  run.name = "two\nlines";
  const std::string text = json_text(json_of(run));
  CHECK(text.find('\n') == text.size() - 1);
}

}  // namespace gilvm
