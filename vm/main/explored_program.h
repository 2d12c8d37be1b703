// An experiment that is run in one schedule after the other, each from where its script has been loaded: one
// VM is brought back there, as long as memory is all that the script changes; else each schedule has its own.
//
// Threads: the main one, of the program or of a process that it has forked.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vm/explore/path_moments.h"
#include "vm/explore/vm_snapshot.h"
#include "vm/main/experiment_runner.h"
#include "vm/main/explore_tally.h"

namespace gilvm {

// How many schedules may still be run, by all processes together that share it.
struct ScheduleAllowance {
  std::uint64_t most = UINT64_MAX;
  std::atomic<std::uint64_t> taken{0};  // run, or being run
  std::atomic<std::uint64_t> run{0};    // those that count

  // False: all have been run.
  bool take();
  // One that take() has allowed is over.
  void give_back(bool counts);
};

class ExploredProgram {
 public:
  // After so many schedules, also those that were given up, or instructions a part is given back: some 30 ms.
  // Counts, since what is explored must not depend on how fast that is.
  static constexpr std::uint64_t kMostSchedules = 1000;
  static constexpr std::uint64_t kMostInstructions = 2'000'000;

  enum class Stop : std::uint8_t {
    kNone,
    kAllowance,  // no more schedules are allowed, and there are more in the part
    kInterrupted,
    kFailed,
  };
  struct Result {
    ExploreTally tally;
    std::vector<ExplorationPart> left;  // of the part, after kNone
    Stop stop = Stop::kNone;
  };

  ExploredProgram(const Options& options, Supervisor& supervisor, const Script& script,
                  ScheduleAllowance& allowance);

  // Explores a part, or a share of it. `after_each`: told what there is so far after each schedule.
  Result explore(ExplorationPart part, const std::function<void(const ExploreTally&)>& after_each = {});
  // Memory is all that the script has changed so far, and is brought back: so other processes, forked from
  // here, can run it at the same time.
  bool can_be_forked() const { return changes_only_memory_ && has_snapshots_; }
  // kFailed: there is no experiment. The exit status, and what to say unless it is empty.
  int status() const { return status_; }
  const std::string& problem() const { return problem_; }
  // The experiment's.
  const std::string& name() const { return name_; }
  void drop_vm();

 private:
  bool run_schedule();
  void prepare_explorer();
  bool make_vm();
  void go_back();
  void run_from_snapshot();
  SnapshotArea* area() { return area_ ? &*area_ : nullptr; }
  void run_workers();
  void take_steps();
  static ExploredOutcome outcome_of(const RepeatResult& repeat, Explorer::Ending ending, bool deadlocked);
  void note(ExploredOutcome outcome, const ScriptHost& host);

  const Options& options_;
  Supervisor& supervisor_;
  const Script& script_;
  ScheduleAllowance& allowance_;
  const std::uint32_t program_;
  Explorer explorer_;
  // The VM. Declared in this order, since each of these refers to those before it.
  std::optional<SnapshotArea> area_;
  std::unique_ptr<ExperimentRunner> runner_;
  std::optional<VmSnapshot> snapshot_;
  PathMoments moments_;
  const PathMoments::Moment* from_ = nullptr;  // where the schedule goes on from; null: the start
  bool changes_only_memory_ = true;            // the script, as far as it was seen
  bool has_snapshots_ = false;                 // has had one
  std::size_t most_threads_ = 0;               // at once, in any schedule
  std::size_t reserved_threads_ = 0;           // of the VM, those with a stack
  bool is_allowed_ = true;                     // the schedule, or it only shows whether it would count
  bool would_count_ = false;                   // it would, and is not allowed
  bool deadlocked_ = false;                    // the schedule
  std::string loops_;                          // who goes round in which, where the schedule ends so
  std::string name_;
  int status_ = 0;
  std::string problem_;
  ExploreTally tally_;
};

}  // namespace gilvm
