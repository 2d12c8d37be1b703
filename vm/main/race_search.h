// What a detector finds in runs of a program, one after the other, each finding once, with the schedule of
// the first run that shows it.
//
// Threads: the main one, between runs.
#pragma once

#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "vm/main/script_host.h"

namespace gilvm {

class RaceSearch {
 public:
  // A run follows: its detector, for SchedulePlan. The host of the run before is gone.
  RaceDetector* begin();
  // Its host, before a script runs in it.
  void watch(ScriptHost& host);
  // A deadlock is a finding, and nothing is printed. REQUIRES: as watch().
  void note_deadlocks(ScriptHost& host);
  bool is_deadlocked() const { return deadlock_.has_value(); }
  // It has finished, and its schedule was that one.
  void end(const std::string& schedule);

  std::vector<RaceFinding>& findings() { return findings_; }
  std::uint64_t runs() const { return runs_; }

 private:
  // One that says all that another one does takes its place.
  void add(RaceFinding finding, const std::string& schedule);

  std::unique_ptr<RaceDetector> detector_;
  std::optional<RaceFinding> deadlock_;  // the run's
  std::uint64_t runs_ = 0;
  std::vector<RaceFinding> findings_;
  std::unordered_set<std::string> identities_;
};

}  // namespace gilvm
