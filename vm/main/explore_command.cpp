// gilvm explore: an experiment in every order of its threads' steps.
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <new>
#include <optional>
#include <utility>

#include "vm/base/check.h"
#include "vm/main/commands.h"
#include "vm/main/explore_progress.h"
#include "vm/main/explore_workers.h"
#include "vm/main/explored_program.h"
#include "vm/main/outcome_reason.h"
#include "vm/main/silence.h"
#include "vm/report/explore_table.h"
#include "vm/report/json_report.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

using Stop = ExploreResult::Stop;

// Shared with the processes that are forked.
ScheduleAllowance& shared_allowance(std::optional<std::uint64_t> most) {
  void* memory =
      mmap(nullptr, sizeof(ScheduleAllowance), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  GILVM_CHECK(memory != MAP_FAILED);
  auto* allowance = new (memory) ScheduleAllowance;
  if (most) allowance->most = *most;
  return *allowance;
}

unsigned cores_of(const Options& options) {
  if (options.cores != 0) return options.cores;
  cpu_set_t cores;
  return sched_getaffinity(0, sizeof cores, &cores) == 0 ? static_cast<unsigned>(CPU_COUNT(&cores)) : 1;
}

// The tree of all orders is explored in parts, each for a while, after which it is given back with what is
// left of it. Which parts there are follows from the program alone: so the sum of what they come to is the
// same, whoever explores them, in any order.
class Exploring {
 public:
  Exploring(const Options& options, Supervisor& supervisor, const Script& script)
      : options_(options),
        supervisor_(supervisor),
        script_(script),
        cores_(cores_of(options)),
        program_(options, supervisor, script, shared_allowance(options.most_schedules)) {
    result_.script = script.name;
    result_.world = describe({WorkerKind::kThreads, options.lock, options.max_memory});
    result_.workers = options.count;
  }

  // False: there is no experiment; the exit status is in status(), and what to say in problem().
  bool run() {
    const Instant start = monotonic_now();
    open_.emplace_back();
    const auto goes_on = [&] {
      if (is_broken_ || result_.stop != Stop::kNone) return false;
      return (workers_ && workers_->is_busy()) || (!open_.empty() && !is_used_up_);
    };
    while (goes_on()) {
      if (!workers_ && !is_alone_ && cores_ > 1 && program_.can_be_forked()) {
        workers_.emplace(program_, supervisor_, cores_);
      }
      if (workers_) {
        explore_in_parallel();
      } else {
        explore_alone();
      }
    }
    workers_.reset();
    if (is_broken_) return false;
    if (is_used_up_ && result_.stop == Stop::kNone) result_.stop = Stop::kMostSchedules;
    result_.name = program_.name();
    result_.schedules = tally_.schedules;
    result_.given_up = tally_.given_up;
    result_.executions = tally_.executions;
    if (options_.preemptions && tally_.has_left_out) result_.preemptions = options_.preemptions;
    result_.waited_for_time = tally_.has_waited_for_time;
    result_.seconds = std::chrono::duration<double>(monotonic_now() - start).count();
    result_.outcomes = std::move(tally_.outcomes);
    sort_outcomes(result_.outcomes);
    find_reasons();
    return true;
  }
  const ExploreResult& result() const { return result_; }
  int status() const { return status_; }
  const std::string& problem() const { return problem_; }

 private:
  void explore_alone() {
    ExplorationPart part = std::move(open_.back());
    open_.pop_back();
    const double left = executions_left() + part.left;
    ExploredProgram::Result result = program_.explore(std::move(part), [&](const ExploreTally& tally) {
      if (!progress_.is_due()) return;
      ExploreTally sum = tally_;
      sum.add(tally);
      progress_.show(sum, left - static_cast<double>(tally.executions));
    });
    if (result.stop == ExploredProgram::Stop::kFailed) return fail(program_.status(), program_.problem());
    add(std::move(result));
  }

  void explore_in_parallel() {
    while (!open_.empty() && !is_used_up_ && workers_->has_room()) {
      if (!workers_->give(open_.back())) {
        if (!workers_->is_busy()) return stop_sharing();
        break;
      }
      open_.pop_back();
    }
    constexpr std::chrono::milliseconds kLook(100);
    for (ExploreWorkers::Answer& answer : workers_->wait(kLook)) {
      if (answer.has_effects) return stop_sharing();
      if (!answer.ended.empty()) {
        result_.stop = Stop::kProcess;
        result_.ended = answer.ended;
      } else if (answer.result.stop == ExploredProgram::Stop::kFailed) {
        return fail(answer.status, answer.problem);
      } else {
        add(std::move(answer.result));
      }
    }
    if (supervisor_.exit_status()) note_interruption();
    progress_.show(tally_, executions_left());
  }

  // What the script does in one process could be seen in another one, or there is no room for others.
  void stop_sharing() {
    for (ExplorationPart& part : workers_->parts()) open_.push_back(std::move(part));
    workers_.reset();
    is_alone_ = true;
  }

  void add(ExploredProgram::Result result) {
    tally_.add(std::move(result.tally));
    for (ExplorationPart& part : result.left) open_.push_back(std::move(part));
    if (result.stop == ExploredProgram::Stop::kInterrupted) note_interruption();
    if (result.stop == ExploredProgram::Stop::kAllowance) is_used_up_ = true;
  }

  void note_interruption() {
    result_.stop = supervisor_.exit_status() == kExitTimeout ? Stop::kTimeout : Stop::kInterrupted;
  }

  void fail(int status, const std::string& problem) {
    is_broken_ = true;
    status_ = status;
    problem_ = problem;
  }

  double executions_left() const {
    double open = workers_ ? workers_->left() : 0;
    for (const ExplorationPart& part : open_) open += part.left;
    return open;
  }

  // Each takes some milliseconds. Who has stopped the program waits for them, but not for long.
  void find_reasons() {
    program_.drop_vm();
    constexpr std::chrono::seconds kMostTime(1);
    supervisor_.allow_more(kMostTime);
    for (ExploredOutcome& outcome : result_.outcomes) {
      if (outcome.grade == OutcomeGrade::kExpected || !outcome.why.empty()) continue;
      outcome.why = reason_of(outcome, options_, script_, supervisor_);
    }
  }

  const Options& options_;
  Supervisor& supervisor_;
  const Script& script_;
  const unsigned cores_;
  ExploreProgress progress_;
  const Silence silence_{STDOUT_FILENO,
                         STDERR_FILENO};  // what scripts print would be printed once a schedule
  ExploredProgram program_;
  std::optional<ExploreWorkers> workers_;
  bool is_alone_ = false;    // there are to be no workers
  bool is_used_up_ = false;  // the number of schedules that was allowed, and there are more
  bool is_broken_ = false;
  std::vector<ExplorationPart> open_;  // the deepest last
  ExploreTally tally_;
  ExploreResult result_;
  int status_ = 0;
  std::string problem_;
};

int status_of(const ExploreResult& result) {
  int status = result.stop == Stop::kProcess ? kExitScriptError : 0;
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
  std::optional<Exploring> exploring;
  exploring.emplace(options, supervisor, script);
  const bool explored = exploring->run();
  const ExploreResult result = exploring->result();
  const int status = exploring->status();
  const std::string problem = exploring->problem();
  exploring.reset();
  if (!explored) {
    if (!problem.empty()) complain(problem);
    return status;
  }
  std::fputs(options.json ? json_text(json_of(result)).c_str()
                          : explore_table(result, {terminal_width(), options.color}).c_str(),
             stdout);
  return status_of(result);
}

}  // namespace gilvm
