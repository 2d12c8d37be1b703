// What `gilvm explore` has found: a row an outcome, the schedule that leads there under it, and last what was
// covered.
//
// No line is wider than the width asked for, but one that holds a schedule: that is a word, to be copied.
//
// Threads: any; reads the chosen language.
#pragma once

#include <cstdint>
#include <optional>

#include "vm/report/compare_table.h"

namespace gilvm {

enum class OutcomeGrade : std::uint8_t { kExpected, kInconsistent, kDeadlock, kError };

struct ExploredOutcome {
  OutcomeGrade grade = OutcomeGrade::kExpected;
  nlohmann::json result;  // what was observed; null where nothing was
  std::string message;    // kError, kDeadlock: what happened
  std::uint64_t count = 0;
  unsigned switches = 0;  // of the schedule
  std::string schedule;   // of all that lead there, one with the fewest switches
  std::string why;        // what made that one come to it; empty: it is expected, or not known
};

struct ExploreResult {
  std::string script;
  std::string name;
  WorldDescription world;
  unsigned workers = 2;
  std::optional<unsigned> preemptions;  // in each schedule at most, and others were left out
  // Why others were left out, beyond that.
  enum class Stop : std::uint8_t {
    kNone,
    kMostSchedules,
    kTimeout,
    kInterrupted,
    kProcess,  // that explored a part has ended before it was done
  } stop = Stop::kNone;
  std::string ended;             // kProcess: how
  std::uint64_t given_up = 0;    // schedules that went on for too long
  bool waited_for_time = false;  // a thread has
  std::uint64_t schedules = 0;   // of all outcomes
  std::uint64_t executions = 0;  // these, and those that turned out to be like one of them
  double seconds = 0;
  std::vector<ExploredOutcome> outcomes;

  bool is_complete() const { return stop == Stop::kNone && given_up == 0; }
};

// Lines that each end in a line feed.
std::string explore_table(const ExploreResult& result, const TableStyle& style = {});
nlohmann::ordered_json json_of(const ExploreResult& result);

}  // namespace gilvm
