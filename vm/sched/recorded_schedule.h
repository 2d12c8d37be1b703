// A schedule with everything that it depends on, as a text that can be printed, kept and replayed.
//
// The parts of the text, separated by commas:
//     0.1.0,9c3f21aa,none,every,5ms,2,random,7,1.4be29a-2.d01f3c,1-2
// the version of gilvm; a fingerprint of the scripts and their arguments; the lock ("none+refcounts":
// references are counted too), the switch points and the interval; the workers (0: there are none, "2s": each
// has a script of its own); the strategy and its seed; the checkpoints, or 0 where there was no step; and the
// answers, where these are few. With or without them the strategy and the seed give the same answers again,
// as long as the program and gilvm are the same. Where the strategy is "os", turns stand in the answers'
// place (recorded_turns.h).
//
// Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vm/base/settings.h"
#include "vm/sched/recorded_turns.h"
#include "vm/sched/step_record.h"

namespace gilvm {

struct RecordedSchedule {
  std::string version;  // without a comma
  std::uint32_t program = 0;
  LockSettings lock;
  unsigned workers = 0;  // 0: the script ran alone
  bool own_scripts = false;
  bool counts_references = false;
  ScheduleKind kind = ScheduleKind::kRandom;
  std::uint64_t seed = 0;
  std::vector<Checkpoint> checkpoints;
  std::optional<Schedule> answers;
  std::vector<LoggedTurn> turns;  // kOs: those of a run on OS threads, which has no answers

  std::string text() const;
  // Nothing where the text is none.
  static std::optional<RecordedSchedule> from_text(std::string_view text);
};

// "random", as the command line has it.
const char* name_of(ScheduleKind kind);
std::optional<ScheduleKind> schedule_kind(std::string_view name);

}  // namespace gilvm
