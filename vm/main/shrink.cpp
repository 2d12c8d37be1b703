#include "vm/main/shrink.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "vm/base/clock.h"
#include "vm/base/snapshot_area.h"
#include "vm/base/text.h"
#include "vm/main/commands.h"
#include "vm/main/deadlock_report.h"
#include "vm/main/silence.h"
#include "vm/report/terminal_text.h"
#include "vm/sched/delta_debugging.h"

namespace gilvm {
namespace {

// The same on any machine: the same seed gives the same schedule in the end.
constexpr std::uint64_t kLongestRun = 5'000'000;  // instructions
constexpr unsigned kMostTries = 2000;
constexpr std::uint64_t kMostAnswers = 20'000'000;
// What a try may take beyond the whole run: it may go round in a loop that another order would have ended.
constexpr std::uint64_t kMoreAnswers = 10'000;
// Turns of the whole run that are tried alone.
constexpr std::size_t kMostSingle = 100;
// Threads to which each of those is tried to switch.
constexpr std::size_t kMostOthers = 5;
// Those bound the time that it takes; this is for machines on which that is long. Of the processor: what else
// keeps it busy makes no difference.
constexpr double kMostSeconds = 20;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Where they wait, whoever they are.
std::string places_of(const std::vector<FoundAccess>& waiting) {
  std::vector<std::string> places;
  for (const FoundAccess& each : waiting) places.push_back(each.file + ":" + std::to_string(each.line));
  std::sort(places.begin(), places.end());
  std::string text = "deadlock";
  for (const std::string& place : places) text += " " + place;
  return text;
}

const RaceFinding* find(const std::vector<RaceFinding>& findings, const std::string& identity) {
  for (const RaceFinding& each : findings) {
    if (each.identity() == identity) return &each;
  }
  return nullptr;
}

}  // namespace

void Shrinker::note(const ScriptHost& host) {
  if (host.is_deterministic()) longest_ = std::max(longest_, host.instructions());
}

// Else the user is told why not.
bool Shrinker::may_begin() {
  if (is_refused_) return false;
  const char* reason = nullptr;
  if (SnapshotArea::effects_outside() > 0) {
    reason = translate("not shrunk: the script uses files or its standard input");
  } else if (longest_ > kLongestRun) {
    reason = translate("not shrunk: the run is too long to be repeated many times");
  }
  if (reason) complain(reason);
  is_refused_ = reason != nullptr;
  if (!seconds_before_) seconds_before_ = process_cpu_seconds();
  return !is_refused_;
}

bool Shrinker::may_go_on() const {
  return tries_ < kMostTries && answers_ < kMostAnswers &&
         process_cpu_seconds() - *seconds_before_ < kMostSeconds && SnapshotArea::effects_outside() == 0 &&
         !job_.supervisor.exit_status();
}

std::optional<ShrunkSchedule> Shrinker::of_failure(unsigned repetition, const std::string& schedule) {
  if (!may_begin() || !repeat(repetition, schedule, false) || whole_.sign.empty()) return std::nullopt;
  return shrink_whole([&](const Trial& trial) { return trial.sign == whole_.sign; });
}

void Shrinker::shrink_findings() {
  if (job_.races->findings().empty() || !may_begin()) return;
  for (RaceFinding& finding : job_.races->findings()) shrink(&finding);
}

void Shrinker::shrink(RaceFinding* finding) {
  const auto recorded = RecordedSchedule::from_text(finding->schedule);
  if (!recorded) return;
  const std::string identity = finding->identity();
  const auto has_it = [&](const Trial& trial) { return find(trial.findings, identity) != nullptr; };
  const auto repetition = static_cast<unsigned>(recorded->seed - job_.options.seed);
  if (!repeat(repetition, finding->schedule, true) || !has_it(whole_)) return;
  const std::optional<ShrunkSchedule> shrunk = shrink_whole(has_it);
  if (!shrunk) return;
  *finding = *find(best_->findings, identity);
  finding->schedule = shrunk->schedule;
  finding->switches = RaceFinding::Switches{shrunk->switches, shrunk->switches_before};
}

// Runs the whole repetition once more, to see its turns. False: it is not the same.
bool Shrinker::repeat(unsigned repetition, const std::string& schedule, bool detects) {
  if (schedule != schedule_ || detects != detects_) {
    if (!may_go_on()) return false;
    repetition_ = repetition;
    schedule_ = schedule;
    detects_ = detects;
    whole_ = run([](std::unique_ptr<Strategy> own) { return own; });
  }
  return whole_.schedule.text() == schedule_ && !job_.supervisor.exit_status();
}

std::optional<ShrunkSchedule> Shrinker::shrink_whole(const std::function<bool(const Trial&)>& fails) {
  using List = std::vector<ThreadTurn>;
  best_.reset();
  if (whole_.schedule.answers) best_ = whole_;
  const std::uint64_t most = whole_.turns.size() * 2 + kMoreAnswers;
  const auto give_up = [this] {
    if (host_) host_->vm().interrupt(Interruption::kExit);
  };
  const auto fails_with = [&](const List& turns, Afterwards afterwards) {
    if (!may_go_on()) return false;
    Trial trial = run([&](std::unique_ptr<Strategy>) { return following(turns, afterwards, most, give_up); });
    if (trial.turns.size() >= most || job_.supervisor.exit_status() || !fails(trial)) return false;
    const bool is_shorter = !best_ || trial.turns.switches() < best_->turns.switches();
    if (trial.schedule.answers && is_shorter) best_ = std::move(trial);
    return true;
  };
  const auto still_fails = [&](const List& turns) { return fails_with(turns, Afterwards::kRanLast); };
  const List& all = whole_.turns.turns();
  List turns;
  bool found = still_fails(turns);
  for (std::size_t length = 1; !found && length < all.size() * 2; length *= 2) {
    turns.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(length, all.size())));
    found = still_fails(turns);
  }
  if (found) smallest_failing(std::move(turns), still_fails);
  // What has come out may have switches that the turns did not ask for, and that need not be.
  for (std::uint64_t before = UINT64_MAX; found && best_ && best_->turns.switches() < before;) {
    before = best_->turns.switches();
    smallest_failing(best_->turns.turns(), still_fails);
  }
  // A single one of the whole run's switches may be enough, if the other thread then goes on as far as it
  // can; also after the main thread has started all that it will start, which it is not stopped for later.
  const auto is_needed = [&] { return may_go_on() && (!best_ || best_->turns.switches() > 1); };
  if (all.empty() || !is_needed()) return shrunk_to_best();
  const ThreadId main = all.front().thread;
  const auto main_first = [&](std::unique_ptr<Strategy>) {
    return following({{main, UINT64_MAX}}, Afterwards::kRanLast, most, give_up);
  };
  const Trial begun = run(main_first);
  if (begun.turns.turns().empty()) return shrunk_to_best();  // interrupted
  const ThreadTurn first = begun.turns.turns().front();
  std::vector<ThreadId> threads;
  for (const ThreadTurn& turn : all) {
    const bool is_known = std::find(threads.begin(), threads.end(), turn.thread) != threads.end();
    if (!is_known && threads.size() < kMostOthers) threads.push_back(turn.thread);
  }
  const auto try_alone = [&](const ThreadTurn& turn) {
    for (const ThreadId other : threads) {
      if (other == turn.thread || !is_needed()) continue;
      const ThreadTurn last{other, UINT64_MAX};
      fails_with({first, turn, last}, Afterwards::kRanLast);
      fails_with({turn, last}, Afterwards::kRanFirst);
    }
    // Or what comes before and after it is all that the threads do, one after the other.
    List in_order{first};
    for (const ThreadId thread : threads) {
      if (thread == turn.thread) {
        in_order.push_back(turn);
      } else if (thread != main) {
        in_order.push_back({thread, UINT64_MAX});
      }
    }
    if (turn.thread != main && is_needed()) fails_with(in_order, Afterwards::kRanLast);
  };
  // The first turns, and the last ones.
  for (std::size_t index = 0; index < all.size(); ++index) {
    if (index < kMostSingle || index + kMostSingle >= all.size()) try_alone(all[index]);
  }
  return shrunk_to_best();
}

std::optional<ShrunkSchedule> Shrinker::shrunk_to_best() const {
  if (!best_) return std::nullopt;
  RecordedSchedule schedule = best_->schedule;
  // The answers say it all; one checkpoint shows whether the program is the same.
  if (schedule.checkpoints.size() > 1) {
    schedule.checkpoints.erase(schedule.checkpoints.begin(), schedule.checkpoints.end() - 1);
  }
  return ShrunkSchedule{schedule.text(), best_->turns.switches(), whole_.turns.switches(), best_->observed};
}

Shrinker::Trial Shrinker::run(const Decider& decider) {
  Trial trial;
  RaceSearch races;
  Job job{job_.options, job_.supervisor, job_.scripts, nullptr, job_.program, detects_ ? &races : nullptr};
  job.around = [&](std::unique_ptr<Strategy> own) {
    turns_ = TurnList();
    return noting_turns(decider(std::move(own)), turns_);
  };
  ++tries_;
  const Silence silence({STDOUT_FILENO, STDERR_FILENO});
  std::string error;
  auto run = job.plain_run(repetition_);
  if (!run->load(job.scripts[0], &error)) return trial;
  if (job.scripts.size() > 1 || !ScriptHost::mentions_experiment(run->workers[0])) {
    run_plain(job, *run, &trial);
  } else {
    run.reset();
    run_experiment(job, &trial);
  }
  answers_ += trial.turns.size();
  return trial;
}

void Shrinker::run_plain(const Job& job, PlainRun& run, Trial* trial) {
  note_deadlocks(job, run.host);
  const bool alone = !job.options.workers_given;
  const unsigned count = alone ? 1 : job.options.count;
  std::string error;
  if (!run.load_all(job.scripts, count, &error)) return;
  const int status = alone ? run.alone(&error) : run.workers_in(WorkerKind::kThreads);
  finish(job, run.host, alone ? 0 : count, status, alone ? error : run.thread_failure, trial);
}

void Shrinker::run_experiment(const Job& job, Trial* trial) {
  const auto runner = job.experiment_runner(repetition_);
  note_deadlocks(job, runner->host());
  std::string error;
  bool plain;
  if (!runner->load(job.scripts[0], &error, &plain)) {
    // It has run, as any script.
    const unsigned workers = job.options.workers_given ? job.options.count : 0;
    return finish(job, runner->host(), workers, plain ? 0 : kExitScriptError, error, trial);
  }
  const RepeatResult result = runner->run(job.options.count);
  finish(job, runner->host(), job.options.count, 0, result.error, trial);
  if (!result.error.empty()) return;
  trial->observed = result.observed;
  if (trial->sign.empty() && !result.ok) trial->sign = "inconsistent";
}

void Shrinker::note_deadlocks(const Job& job, ScriptHost& host) {
  host_ = &host;
  deadlock_.clear();
  Vm& vm = host.vm();
  if (job.races) job.races->note_deadlocks(host);
  vm.scheduler().on_deadlock = [this, &vm, noted = std::move(vm.scheduler().on_deadlock), &job] {
    if (vm.interruption() != Interruption::kNone) return;
    turns_.close();
    deadlock_ = places_of(waiting_threads(vm));
    if (job.races) return noted();
    vm.interrupt(Interruption::kExit, kExitDeadlock);
  };
}

// What comes after the end of the run is not looked at.
void Shrinker::finish(const Job& job, ScriptHost& host, unsigned workers, int status,
                      const std::string& error, Trial* trial) {
  host.finish();
  host_ = nullptr;
  trial->turns = turns_;
  trial->schedule = job.schedule(host, workers);
  status = host.exit_status(status);
  if (job.races) {
    job.races->end(trial->schedule.text());
    trial->findings = job.races->findings();
  }
  if (!deadlock_.empty()) {
    trial->sign = deadlock_;
  } else if (!error.empty()) {
    trial->sign = "error " + first_line(error);
  } else if (status != 0) {
    trial->sign = "exit " + std::to_string(status);
  }
}

}  // namespace gilvm
