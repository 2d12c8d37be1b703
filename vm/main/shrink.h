// Looks for a schedule with few switches that fails as a run has failed, before one is shown.
//
// The run is repeated with fewer and fewer of the turns that its threads had (TurnList), by delta debugging;
// first with the turns up to some point alone, since what goes wrong early goes wrong in a short schedule
// too. What is kept of a run that fails in the same way is the schedule that it really had, so that it is
// replayed step by step as any other.
//
// A run fails in the same way if it has the same *sign*: the first line of the error, the places where the
// threads of a deadlock wait, the exit status, or that the observed value is not the expected one; or it has
// the same finding of the race detector.
//
// What the script prints goes nowhere meanwhile. A script that does more to the world outside is not run
// again; if only another order makes it do so, it does so once.
//
// Threads: the main one, while no script runs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "vm/main/job.h"
#include "vm/report/world_result.h"
#include "vm/sched/turn_list.h"

namespace gilvm {

class Shrinker {
 public:
  // For repetitions of the job. Its own observers see nothing of the runs here.
  explicit Shrinker(const Job& job) : job_(job) {}

  // A repetition has finished; its host still stands, or not.
  void note(const ScriptHost& host);

  // Of that repetition, which had that schedule and has failed. Nothing where it cannot be repeated, or where
  // no schedule is found that is short enough to be told in full.
  std::optional<ShrunkSchedule> of_failure(unsigned repetition, const std::string& schedule);
  // The same for all that the job's detector has found: each becomes what it is in the shorter schedule.
  void shrink_findings();

 private:
  // What a run has come to.
  struct Trial {
    std::string sign;  // empty: it has not failed
    std::vector<RaceFinding> findings;
    nlohmann::json observed;
    RecordedSchedule schedule;
    TurnList turns;
  };
  using Decider = std::function<std::unique_ptr<Strategy>(std::unique_ptr<Strategy>)>;

  bool may_begin();
  bool may_go_on() const;
  void shrink(RaceFinding* finding);
  bool repeat(unsigned repetition, const std::string& schedule, bool detects);
  std::optional<ShrunkSchedule> shrink_whole(const std::function<bool(const Trial&)>& fails);
  // Null: there is none.
  std::optional<ShrunkSchedule> shrunk_to_best() const;
  Trial run(const Decider& decider);
  void run_plain(const Job& job, PlainRun& run, Trial* trial);
  void run_experiment(const Job& job, Trial* trial);
  void note_deadlocks(const Job& job, ScriptHost& host);
  void finish(const Job& job, ScriptHost& host, unsigned workers, int status, const std::string& error,
              Trial* trial);

  const Job& job_;
  std::uint64_t longest_ = 0;             // of the repetitions, in instructions
  bool is_refused_ = false;               // the user was told why
  std::optional<double> seconds_before_;  // of processor time, when it began
  unsigned tries_ = 0;
  std::uint64_t answers_ = 0;  // of all tries
  // Of the repetition that is shrunk.
  unsigned repetition_ = 0;
  bool detects_ = false;
  std::string schedule_;
  Trial whole_;                // it, once more
  std::optional<Trial> best_;  // the shortest that fails in the same way
  // Of the run.
  ScriptHost* host_ = nullptr;
  TurnList turns_;
  std::string deadlock_;  // where its threads wait; empty: they do not
};

}  // namespace gilvm
