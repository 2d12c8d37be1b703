#include "vm/sched/recorded_turns.h"

#include <catch2/catch.hpp>
#include <vector>

#include "vm/sched/recorded_schedule.h"

using namespace gilvm;

namespace {

// Threads 1 and 2 under a scheduler that asks at each instruction.
class Running {
 public:
  explicit Running(const std::vector<LoggedTurn>& turns)
      : strategy_(replay_turns(turns, round_robin(), [this] { ++divergences; })) {}

  // One more instruction is come to, or is left for a wait, and the strategy is asked.
  void step(TurnReason reason = TurnReason::kMayYield) {
    if (reason == TurnReason::kMayYield) ++instructions_;
    const Decision decision{candidates, running, reason, false, false, instructions_};
    awaited = strategy_->awaited(decision);
    running = strategy_->choose(decision);
  }

  // The same where it is no switch point.
  void skip() { ++instructions_; }

  std::vector<ThreadId> candidates = {1, 2};
  ThreadId running = 1, awaited = 0;
  int divergences = 0;

 private:
  std::unique_ptr<Strategy> strategy_;
  std::uint64_t instructions_ = 0;
};

}  // namespace

TEST_CASE("the log has a turn for each time that another thread takes the lock", "[recorded_turns]") {
  TurnLog log;
  log.taken(1);
  log.released({1, 5, true});
  log.taken(1);
  log.released({1, 9, false});
  log.taken(2);
  CHECK(log.turns() == std::vector<LoggedTurn>{{1, 9, false}});
  log.released({2, 3, true});
  log.taken(1);
  CHECK(log.turns() == std::vector<LoggedTurn>{{1, 9, false}, {2, 3, true}});
}

TEST_CASE("recorded turns have a text, which is read back", "[recorded_turns]") {
  const std::vector<LoggedTurn> turns = {{1, 1200, true}, {2, 300, false}, {1, 1200, true}, {1, 1207, false}};
  CHECK(text_of(turns) == "1x1200w-2x300-1x0w-1x7");
  CHECK(turns_from(text_of(turns)) == turns);
}

TEST_CASE("what is no text of turns is refused", "[recorded_turns]") {
  for (const char* text : {"", "1", "1x", "x5", "0x5", "1x5-", "1x5v", "1x5ww", "1x99999999999999999999",
                           "-1x5", "1x9223372036854775807"}) {
    CAPTURE(text);
    CHECK(!turns_from(text));
  }
}

TEST_CASE("a schedule of real threads has turns for answers", "[recorded_turns]") {
  RecordedSchedule schedule;
  schedule.version = "0.1.0";
  schedule.lock.interval.instructions = 1000;
  schedule.kind = ScheduleKind::kOs;
  schedule.turns = {{1, 4, true}, {2, 300, false}};
  CHECK(schedule.text() == "0.1.0,00000000,gil,every,1000i,0,os,0,0,1x4w-2x300");
  const auto read = RecordedSchedule::from_text(schedule.text());
  REQUIRE(read);
  CHECK(read->turns == schedule.turns);
  CHECK(RecordedSchedule::from_text("0.1.0,00000000,gil,every,5ms,0,os,0,0"));
  CHECK(!RecordedSchedule::from_text("0.1.0,00000000,gil,every,5ms,0,os,0,0,1x"));
}

TEST_CASE("a turn ends before the instruction that the record says", "[recorded_turns]") {
  Running run({{1, 3, false}, {2, 2, false}});
  run.step();
  run.step();
  CHECK(run.running == 1);
  run.step();
  CHECK(run.running == 2);
  run.step();
  CHECK(run.running == 2);
  // The second instruction is not begun; what the first thread does then is beyond the record.
  run.step();
  CHECK(run.divergences == 0);
}

TEST_CASE("a turn that ended in a wait ends inside of the instruction", "[recorded_turns]") {
  Running run({{1, 2, true}, {2, 1, false}});
  run.step();
  run.step();
  CHECK(run.running == 1);
  run.candidates = {2};
  run.step(TurnReason::kReturned);
  CHECK(run.awaited == 2);
  CHECK(run.running == 2);
  CHECK(run.divergences == 0);
}

TEST_CASE("who waited in the record and need not wait now is stopped at the next switch point",
          "[recorded_turns]") {
  Running run({{1, 2, true}, {2, 1, false}});
  for (int count = 0; count < 3; ++count) run.step();
  CHECK(run.running == 2);
  CHECK(run.divergences == 0);
}

TEST_CASE("a thread that cannot have its turn is a divergence, told once", "[recorded_turns]") {
  Running run({{1, 1, false}, {2, 5, false}, {1, 3, false}});
  run.candidates = {1};
  run.step();
  CHECK(run.awaited == 2);
  CHECK(run.divergences == 1);
  for (int count = 0; count < 10; ++count) run.step();
  CHECK(run.divergences == 1);
}

TEST_CASE("who runs on past the end of the turn has left the record", "[recorded_turns]") {
  Running run({{1, 1, true}, {2, 5, false}});
  run.step();
  CHECK(run.divergences == 0);
  run.step();
  CHECK(run.running == 2);
  Running other({{1, 2, false}, {2, 5, false}});
  other.step();
  other.skip();
  other.step();
  CHECK(other.divergences == 1);
}
