// The texts of schedules, and the record of steps that they are made from.
#include "vm/sched/schedule.h"

#include <catch2/catch.hpp>

#include "vm/sched/recorded_schedule.h"

using namespace gilvm;

namespace {

RecordedSchedule example() {
  RecordedSchedule schedule;
  schedule.version = "0.1.0";
  schedule.program = 0x9c3f21aa;
  schedule.lock.regime = LockRegime::kNone;
  schedule.workers = 2;
  schedule.kind = ScheduleKind::kRandom;
  schedule.seed = 7;
  schedule.checkpoints = {{1, 0x4be29a}, {2, 0xd01f3c}};
  schedule.answers = Schedule::from_text("1-2");
  return schedule;
}

// Steps of two threads in turns, with `instructions` between them.
void record(StepRecord& steps, int count, std::uint64_t instructions = 5) {
  for (int step = 1; step <= count; ++step) {
    steps.add(static_cast<std::uint64_t>(step) * instructions, 2, 1 + static_cast<ThreadId>(step % 2));
  }
}

}  // namespace

TEST_CASE("answers in a row are one run of the schedule's text", "[schedule]") {
  Schedule schedule;
  for (const ThreadId thread : {1, 1, 1, 2, 1}) schedule.add(thread);
  CHECK(schedule.text() == "1x3-2-1");
  CHECK(schedule.size() == 5);
  CHECK(Schedule::from_text("1x3-2-1")->text() == "1x3-2-1");
  CHECK(Schedule::from_text("1x3-2-1")->size() == 5);
}

TEST_CASE("what is no schedule is none", "[schedule]") {
  for (const char* text : {"1x", "1x0", "0", "1-", "-1", "1--2", "1-1", "a", "1x2x3", "1,2",
                           "1x18446744073709551615-2x2", "99999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(Schedule::from_text(text));
  }
}

TEST_CASE("a recorded schedule is what its text says", "[schedule]") {
  const std::string text = example().text();
  CHECK(text == "0.1.0,9c3f21aa,none,every,5ms,2,random,7,1.4be29a-2.d01f3c,1-2");
  const auto read = RecordedSchedule::from_text(text);
  REQUIRE(read);
  CHECK(read->text() == text);
  CHECK(read->seed == 7);
  CHECK(read->lock.regime == LockRegime::kNone);
  CHECK(read->checkpoints == example().checkpoints);

  RecordedSchedule other = example();
  other.lock = {LockRegime::kGil, {std::chrono::microseconds(1500), 0}, SwitchPoints::kLoops};
  other.own_scripts = true;
  other.kind = ScheduleKind::kRoundRobin;
  other.checkpoints = {};
  other.answers = std::nullopt;
  CHECK(other.text() == "0.1.0,9c3f21aa,gil,loops,1500us,2s,round-robin,7,0");
  CHECK(RecordedSchedule::from_text(other.text())->text() == other.text());
  other.lock.interval.instructions = 100;
  CHECK(RecordedSchedule::from_text(other.text())->lock.interval.instructions == 100);
  CHECK_FALSE(RecordedSchedule::from_text(other.text())->counts_references);
  other.counts_references = true;
  CHECK(other.text() == "0.1.0,9c3f21aa,gil+refcounts,loops,100i,2s,round-robin,7,0");
  CHECK(RecordedSchedule::from_text(other.text())->counts_references);
  CHECK(RecordedSchedule::from_text(other.text())->text() == other.text());
}

TEST_CASE("a text with a part that is wrong is no recorded schedule", "[schedule]") {
  const std::string well = example().text();
  const auto with = [&well](const std::string& part, const std::string& other) {
    std::string text = well;
    return text.replace(text.find(part), part.size(), other);
  };
  for (const std::string& text :
       {with("9c3f21aa", "9c3f21aag"), with("none", "some"), with("every", "each"), with("5ms", "5"),
        with("5ms", "9223372036854775807ms"), with("5ms", "0i"), with("random", "os"), with("random", "dice"),
        with(",7,", ",-7,"), with("1.4be29a-2.", "2.4be29a-2."), with("4be29a", ""), with(",1-2", ",1-"),
        with(",1-2", ",1-2,3"), with(",2,", ",two,"), std::string(), std::string(",,,,,,,,")}) {
    INFO(text);
    CHECK_FALSE(RecordedSchedule::from_text(text));
  }
}

TEST_CASE("there are few checkpoints of many steps, and the last is that of the end", "[schedule]") {
  for (const int count : {0, 1, 7, 100, 12345}) {
    StepRecord steps;
    record(steps, count);
    const std::vector<Checkpoint> checkpoints = steps.checkpoints();
    CHECK(checkpoints.size() <= StepRecord::kMostCheckpoints + 1);
    if (count > 0) CHECK(checkpoints.back().step == static_cast<std::uint64_t>(count));
  }
}

TEST_CASE("answers are kept while they are few", "[schedule]") {
  StepRecord steps;
  record(steps, static_cast<int>(StepRecord::kMostRuns));
  REQUIRE(steps.answers());
  CHECK(steps.answers()->size() == StepRecord::kMostRuns);
  steps.add(1, 2, 7);
  CHECK_FALSE(steps.answers());
}

TEST_CASE("a run is compared with the recorded one", "[schedule]") {
  constexpr int kCount = 100;
  StepRecord recorded;
  record(recorded, kCount);
  std::vector<Divergence> found;
  StepRecord steps;
  steps.expect(recorded.checkpoints(), [&](Divergence divergence) { found.push_back(divergence); });

  SECTION("the same steps are no divergence") {
    record(steps, kCount);
    steps.finish();
    CHECK(found.empty());
    steps.add(1, 2, 1);  // what comes afterwards is not compared
    CHECK(found.empty());
  }
  SECTION("other steps are one, found at the next checkpoint") {
    record(steps, kCount, 6);
    steps.finish();
    REQUIRE(found.size() == 1);
    CHECK(found[0].first == 1);
    CHECK(found[0].last == recorded.checkpoints().front().step);
  }
  SECTION("fewer steps are one") {
    record(steps, kCount - 1);
    CHECK(found.empty());
    steps.finish();
    REQUIRE(found.size() == 1);
    CHECK(found[0].last == kCount);
  }
  SECTION("more steps are one") {
    record(steps, kCount);
    CHECK(found.empty());
    steps.add(1, 2, 1);
    REQUIRE(found.size() == 1);
    CHECK(found[0].first == kCount + 1);
    CHECK(found[0].last == kCount + 1);
  }
}
