#include "vm/main/explored_program.h"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "vm/base/text.h"
#include "vm/main/commands.h"
#include "vm/main/deadlock_report.h"
#include "vm/main/program_schedule.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// With a counted interval a thread must let others go on where it stands: which orders there are depends on
// more than on what the steps touch.
bool counts(const LockSettings& lock) { return lock.regime == LockRegime::kGil && lock.interval.counted(); }

}  // namespace

bool ScheduleAllowance::take() {
  for (;;) {
    if (taken.fetch_add(1) < most) return true;
    taken.fetch_sub(1);
    if (run.load() >= most) return false;
    sched_yield();  // one that is being run may not count
  }
}

void ScheduleAllowance::give_back(bool counts) {
  if (counts) {
    run.fetch_add(1);
  } else {
    taken.fetch_sub(1);
  }
}

ExploredProgram::ExploredProgram(const Options& options, Supervisor& supervisor, const Script& script,
                                 ScheduleAllowance& allowance)
    : options_(options),
      supervisor_(supervisor),
      script_(script),
      allowance_(allowance),
      program_(fingerprint_of({script}, options.arguments)),
      explorer_({.reduced = !counts(options.lock), .preemptions = options.preemptions}, {}) {}

ExploredProgram::Result ExploredProgram::explore(ExplorationPart part,
                                                 const std::function<void(const ExploreTally&)>& after_each) {
  Result result;
  tally_ = ExploreTally();
  explorer_.take(std::move(part));
  moments_.clear();
  std::uint64_t instructions = 0;
  while (tally_.executions < kMostSchedules && instructions < kMostInstructions &&
         result.stop == Stop::kNone) {
    if (supervisor_.exit_status()) {
      result.stop = Stop::kInterrupted;
      break;
    }
    // What differs from a schedule that was counted in nothing that matters is run beyond what is allowed,
    // too: if nothing else is left, all are covered.
    is_allowed_ = allowance_.take();
    would_count_ = false;
    if (!explorer_.begin()) {
      if (is_allowed_) allowance_.give_back(false);
      break;
    }
    const std::uint64_t before = tally_.schedules + tally_.given_up;
    // A script that is interrupted while it is loaded once more is no less an experiment.
    if (!run_schedule()) {
      result.stop = supervisor_.exit_status() && !name_.empty() ? Stop::kInterrupted : Stop::kFailed;
    }
    if (is_allowed_) allowance_.give_back(tally_.schedules + tally_.given_up > before);
    if (would_count_) {
      if (result.stop == Stop::kNone) result.stop = Stop::kAllowance;
    } else {
      ++tally_.executions;
      instructions += explorer_.instructions();
      if (after_each) after_each(tally_);
    }
  }
  if (supervisor_.exit_status() && result.stop == Stop::kNone) result.stop = Stop::kInterrupted;
  if (result.stop == Stop::kNone) result.left = explorer_.give();
  tally_.has_left_out = explorer_.has_left_out();
  tally_.has_waited_for_time = explorer_.has_waited_for_time();
  result.tally = std::move(tally_);
  return result;
}

// The first schedule shows how many threads there are. The VM of the second one serves all that follow: it
// is brought back to where the script has been loaded, unless memory is not all that the script changes.
bool ExploredProgram::run_schedule() {
  if (!snapshot_) {
    if (!make_vm()) return false;
  } else {
    supervisor_.hold_back([this] { go_back(); });
    // It may have forgotten an interruption. The VM is dropped then, and no thread may be in the middle of
    // something.
    if (supervisor_.exit_status()) {
      supervisor_.hold_back([this] { snapshot_->restore(); });
      return true;
    }
    prepare_explorer();
  }
  deadlocked_ = false;
  if (snapshot_) {
    run_from_snapshot();
  } else {
    run_workers();
  }
  most_threads_ = std::max(most_threads_, runner_->host().fibers()->capacity());
  if (area_ && area_->has_effects()) changes_only_memory_ = false;
  if (!snapshot_ || !changes_only_memory_ || most_threads_ > reserved_threads_) drop_vm();
  return true;
}

// To the last moment of the schedule before that the next one comes to as well.
void ExploredProgram::go_back() {
  from_ = moments_.last_within(explorer_.steps_in_common());
  if (!from_) return snapshot_->restore();
  snapshot_->restore(from_->vm);
  explorer_.go_on_from(from_->explorer);
}

void ExploredProgram::run_from_snapshot() {
  FiberScheduler& fibers = *runner_->host().fibers();
  explorer_.before_step = [this, &fibers] {
    if (snapshot_->has_moments() &&
        moments_.is_due(explorer_.steps(), explorer_.instructions(), area_->bytes_of_moment())) {
      fibers.pause();
    }
  };
  const auto goes_on = [&](bool begins) {
    // The explorer, which pauses, is outside; what run_main() is called with comes back with the VM.
    const SnapshotArea::Inside scope(begins ? area() : nullptr);
    if (!begins) return fibers.resume();
    return fibers.run_main([this] {
      const SnapshotArea::Inside outside(nullptr);
      run_workers();
    });
  };
  std::vector<std::span<std::byte>> stacks;
  for (bool is_paused = goes_on(!from_); is_paused; is_paused = goes_on(false)) {
    PathMoments::Moment& moment = moments_.add(explorer_.steps(), explorer_.instructions());
    explorer_.save(&moment.explorer);
    stacks.clear();
    fibers.add_stacks(&stacks);
    supervisor_.hold_back([&] { snapshot_->save(&moment.vm, stacks); });
  }
  explorer_.before_step = nullptr;
}

void ExploredProgram::prepare_explorer() {
  loops_.clear();
  explorer_.prepare(runner_->host().thread(), [this](Explorer::Ending ending) {
    if (ending == Explorer::Ending::kEndless) loops_ = waits_in_one_line(runner_->host().vm());
    const SnapshotArea::Inside inside(area());
    runner_->host().vm().interrupt(Interruption::kExit);
  });
}

// The VM with the script loaded, and a snapshot of it, where that will do.
bool ExploredProgram::make_vm() {
  if (most_threads_ > 0 && changes_only_memory_) area_.emplace();
  if (area_ && !area_->is_usable()) area_.reset();
  std::string error;
  bool loaded, plain, can_run_again = false;
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
    if (area_) can_run_again = runner_->host().fibers()->reserve(most_threads_ - 1);
    loaded = runner_->load(script_, &error, &plain);
  }
  if (!loaded) {
    problem_ = plain ? filled(translate("{0}: not an experiment; `explore` needs a script that returns "
                                        "experiment{{...}}"),
                              script_.name)
                     : std::string(error.begin(), error.end());
    status_ = runner_->host().exit_status(kExitScriptError);
    explorer_.end();
    drop_vm();
    return false;
  }
  name_ = runner_->name();
  // What the script has done before its workers start counts only where nobody could have run in between.
  reserved_threads_ = runner_->host().fibers()->capacity();
  if (can_run_again && !area_->has_effects() && explorer_.is_at_start() &&
      reserved_threads_ == most_threads_) {
    snapshot_.emplace(*area_, runner_->host().vm().heap());
    has_snapshots_ = true;
  }
  return true;
}

void ExploredProgram::drop_vm() {
  moments_.clear();
  from_ = nullptr;
  snapshot_.reset();
  runner_.reset();
  area_.reset();
}

void ExploredProgram::run_workers() {
  take_steps();
  const SnapshotArea::Inside inside(area());
  runner_->host().end_threads();
}

void ExploredProgram::take_steps() {
  std::optional<RepeatResult> repeat;
  {
    const SnapshotArea::Inside inside(area());
    repeat = runner_->run(options_.count);
  }
  const unsigned switches = explorer_.switches();
  const Explorer::Ending ending = explorer_.end();
  if (supervisor_.exit_status() || ending == Explorer::Ending::kSeenBefore) return;
  would_count_ = !is_allowed_;
  if (would_count_) return;
  if (ending == Explorer::Ending::kTooLong) {
    ++tally_.given_up;
    return;
  }
  {
    const SnapshotArea::Inside inside(area());
    runner_->host().finish();
  }
  ++tally_.schedules;
  ExploredOutcome outcome = outcome_of(*repeat, ending, deadlocked_);
  outcome.switches = switches;
  note(std::move(outcome), runner_->host());
}

ExploredOutcome ExploredProgram::outcome_of(const RepeatResult& repeat, Explorer::Ending ending,
                                            bool deadlocked) {
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
void ExploredProgram::note(ExploredOutcome outcome, const ScriptHost& host) {
  ExploredOutcome* known = tally_.find(outcome);
  const unsigned switches = outcome.switches;
  const bool is_shorter = !known || switches < known->switches;
  if (!known) known = &tally_.outcomes.emplace_back(std::move(outcome));
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

}  // namespace gilvm
