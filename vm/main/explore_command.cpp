// gilvm explore: an experiment in every order of its threads' steps.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "vm/explore/vm_snapshot.h"
#include "vm/main/commands.h"
#include "vm/main/deadlock_report.h"
#include "vm/main/experiment_runner.h"
#include "vm/main/outcome_reason.h"
#include "vm/main/program_schedule.h"
#include "vm/main/silence.h"
#include "vm/report/explore_table.h"
#include "vm/report/json_report.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

class Exploring {
 public:
  Exploring(const Options& options, Supervisor& supervisor, const Script& script)
      : options_(options),
        supervisor_(supervisor),
        script_(script),
        program_(fingerprint_of({script}, options.arguments)),
        explorer_({.reduced = !counts(options.lock), .preemptions = options.preemptions}, {}) {
    result_.script = script.name;
    result_.world = describe({WorkerKind::kThreads, options.lock, options.max_memory});
    result_.workers = options.count;
  }

  // False: there is no experiment; the exit status is in *status, and what to say in `problem()`.
  bool run(int* status) {
    const Instant start = monotonic_now();
    while (explorer_.begin()) {
      if (supervisor_.exit_status()) {
        result_.stop = ExploreResult::Stop::kInterrupted;
        break;
      }
      if (options_.most_schedules && result_.schedules + result_.given_up >= *options_.most_schedules) {
        result_.stop = ExploreResult::Stop::kMostSchedules;
        break;
      }
      if (!run_schedule(status)) return false;
    }
    if (options_.preemptions && explorer_.has_left_out()) result_.preemptions = options_.preemptions;
    result_.waited_for_time = explorer_.has_waited_for_time();
    result_.seconds = std::chrono::duration<double>(monotonic_now() - start).count();
    drop_vm();
    for (ExploredOutcome& outcome : result_.outcomes) {
      if (supervisor_.exit_status()) break;
      if (outcome.grade == OutcomeGrade::kExpected || !outcome.why.empty()) continue;
      outcome.why = reason_of(outcome, options_, script_, supervisor_);
    }
    return true;
  }
  const ExploreResult& result() const { return result_; }
  const std::string& problem() const { return problem_; }

 private:
  // With a counted interval a thread must let others go on where it stands: which orders there are depends on
  // more than on what the steps touch.
  static bool counts(const LockSettings& lock) {
    return lock.regime == LockRegime::kGil && lock.interval.counted();
  }

  // The first schedule shows how many threads there are. The VM of the second one serves all that follow: it
  // is brought back to where the script has been loaded, unless memory is not all that the script changes.
  bool run_schedule(int* status) {
    if (!snapshot_) {
      if (!make_vm(status)) return false;
    } else {
      supervisor_.hold_back([this] { snapshot_->restore(); });
      // It may have forgotten an interruption.
      if (supervisor_.exit_status()) return true;
      prepare_explorer();
    }
    run_workers();
    {
      const SnapshotArea::Inside inside(area());
      runner_->host().end_threads();
    }
    most_threads_ = std::max(most_threads_, runner_->host().fibers()->capacity());
    if (area_ && area_->has_effects()) changes_only_memory_ = false;
    if (!snapshot_ || !changes_only_memory_ || most_threads_ > reserved_threads_) drop_vm();
    return true;
  }

  void prepare_explorer() {
    loops_.clear();
    explorer_.prepare(runner_->host().thread(), [this](Explorer::Ending ending) {
      if (ending == Explorer::Ending::kEndless) loops_ = waits_in_one_line(runner_->host().vm());
      const SnapshotArea::Inside inside(area());
      runner_->host().vm().interrupt(Interruption::kExit);
    });
  }

  // The VM with the script loaded, and a snapshot of it, where that will do. As run().
  bool make_vm(int* status) {
    if (most_threads_ > 0 && changes_only_memory_) area_.emplace();
    if (area_ && !area_->is_usable()) area_.reset();
    std::string error;
    bool loaded, plain;
    {
      const SnapshotArea::Inside inside(area());
      SchedulePlan plan;
      plan.kind = ScheduleKind::kRoundRobin;
      plan.explorer = &explorer_;
      runner_ =
          std::make_unique<ExperimentRunner>(World{WorkerKind::kThreads, options_.lock, options_.max_memory},
                                             plan, supervisor_, options_.arguments);
      Vm& vm = runner_->host().vm();
      vm.on_interruption = [this] { explorer_.stop(); };
      vm.scheduler().on_deadlock = [this, &vm] {
        if (vm.interruption() != Interruption::kNone) return;
        deadlocked_ = true;
        vm.interrupt(Interruption::kExit, kExitDeadlock);
      };
      runner_->on_waiting = [this](bool waits) { explorer_.set_main_waits(waits); };
      prepare_explorer();
      if (area_) runner_->host().fibers()->reserve(most_threads_ - 1);
      loaded = runner_->load(script_, &error, &plain);
    }
    if (!loaded) {
      problem_ = plain ? filled(translate("{0}: not an experiment; `explore` needs a script that returns "
                                          "experiment{{...}}"),
                                script_.name)
                       : std::string(error.begin(), error.end());
      *status = runner_->host().exit_status(kExitScriptError);
      explorer_.end();
      drop_vm();
      return false;
    }
    result_.name = runner_->name();
    // What the script has done before its workers start counts only where nobody could have run in between.
    reserved_threads_ = runner_->host().fibers()->capacity();
    if (area_ && !area_->has_effects() && explorer_.is_at_start() && reserved_threads_ == most_threads_) {
      snapshot_.emplace(*area_, runner_->host().vm().heap());
    }
    return true;
  }

  void drop_vm() {
    snapshot_.reset();
    runner_.reset();
    area_.reset();
  }

  SnapshotArea* area() { return area_ ? &*area_ : nullptr; }

  void run_workers() {
    deadlocked_ = false;
    std::optional<RepeatResult> repeat;
    {
      const SnapshotArea::Inside inside(area());
      repeat = runner_->run(options_.count);
    }
    const unsigned switches = explorer_.switches();
    const Explorer::Ending ending = explorer_.end();
    if (supervisor_.exit_status() || ending == Explorer::Ending::kSeenBefore) return;
    if (ending == Explorer::Ending::kTooLong) {
      ++result_.given_up;
      return;
    }
    {
      const SnapshotArea::Inside inside(area());
      runner_->host().finish();
    }
    ++result_.schedules;
    ExploredOutcome outcome = outcome_of(*repeat, ending, deadlocked_);
    outcome.switches = switches;
    note(std::move(outcome), runner_->host());
  }

  static ExploredOutcome outcome_of(const RepeatResult& repeat, Explorer::Ending ending, bool deadlocked) {
    ExploredOutcome outcome;
    if (deadlocked) {
      outcome.grade = OutcomeGrade::kDeadlock;
      outcome.message = translate("every thread waits");
    } else if (ending == Explorer::Ending::kEndless) {
      outcome.grade = OutcomeGrade::kDeadlock;
      outcome.message = translate("threads go round in loops for ever");
    } else if (!repeat.error.empty()) {
      outcome.grade = OutcomeGrade::kError;
      outcome.message = first_line(repeat.error);
    } else {
      outcome.grade = repeat.ok ? OutcomeGrade::kExpected : OutcomeGrade::kInconsistent;
      outcome.result = repeat.observed;
    }
    return outcome;
  }

  // One more schedule has come to `outcome`.
  void note(ExploredOutcome outcome, const ScriptHost& host) {
    ExploredOutcome* known = nullptr;
    for (ExploredOutcome& each : result_.outcomes) {
      if (each.grade == outcome.grade && each.result == outcome.result && each.message == outcome.message) {
        known = &each;
      }
    }
    const unsigned switches = outcome.switches;
    const bool is_shorter = !known || switches < known->switches;
    if (!known) known = &result_.outcomes.emplace_back(std::move(outcome));
    ++known->count;
    if (!is_shorter) return;
    known->switches = switches;
    known->why = loops_;
    RecordedSchedule schedule = complete_schedule(host, options_.lock, program_, options_.count);
    // The answers say it all; one checkpoint shows whether the program is the same.
    if (schedule.checkpoints.size() > 1) {
      schedule.checkpoints.erase(schedule.checkpoints.begin(), schedule.checkpoints.end() - 1);
    }
    schedule.answers = explorer_.answers();
    known->schedule = schedule.text();
  }

  const Options& options_;
  Supervisor& supervisor_;
  const Script& script_;
  const std::uint32_t program_;
  Explorer explorer_;
  // The VM. Declared in this order, since each of these refers to those before it.
  std::optional<SnapshotArea> area_;
  std::unique_ptr<ExperimentRunner> runner_;
  std::optional<VmSnapshot> snapshot_;
  bool changes_only_memory_ = true;   // the script, as far as it was seen
  std::size_t most_threads_ = 0;      // at once, in any schedule
  std::size_t reserved_threads_ = 0;  // of the VM, those with a stack
  bool deadlocked_ = false;           // the schedule
  std::string loops_;                 // who goes round in which, where the schedule ends so
  ExploreResult result_;
  std::string problem_;
};

int status_of(const ExploreResult& result) {
  int status = 0;
  for (const ExploredOutcome& outcome : result.outcomes) {
    if (outcome.grade == OutcomeGrade::kDeadlock) return kExitDeadlock;
    if (outcome.grade == OutcomeGrade::kError) status = kExitScriptError;
  }
  return status;
}

}  // namespace

int explore_command(const Options& options, Supervisor& supervisor) {
  Script script;
  std::string error;
  if (!read_script(options.scripts[0], &script, &error)) {
    complain(error);
    return kExitUsage;
  }
  Exploring exploring(options, supervisor, script);
  int status = 0;
  bool explored;
  {
    // It would be printed once a schedule.
    const Silence silence({STDOUT_FILENO, STDERR_FILENO});
    explored = exploring.run(&status);
  }
  if (!explored) {
    if (!exploring.problem().empty()) complain(exploring.problem());
    return status;
  }
  const ExploreResult& result = exploring.result();
  std::fputs(options.json ? json_text(json_of(result)).c_str()
                          : explore_table(result, {terminal_width(), options.color}).c_str(),
             stdout);
  return status_of(result);
}

}  // namespace gilvm
