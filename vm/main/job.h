// What a command runs, and how: the options, and what follows from them for each run.
//
// Threads: the main one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vm/main/experiment_runner.h"
#include "vm/main/options.h"
#include "vm/main/plain_run.h"
#include "vm/main/race_search.h"
#include "vm/main/step_view.h"

namespace gilvm {

struct Job {
  const Options& options;
  Supervisor& supervisor;
  const std::vector<Script>& scripts;
  const RecordedSchedule* replayed;  // null: nothing
  std::uint32_t program;             // a fingerprint of the scripts and their arguments
  RaceSearch* races = nullptr;       // who looks for races in each run; null: nobody
  StepView* steps = nullptr;         // what shows the steps; null: nothing does. Not with `races`
  // As SchedulePlan has it.
  std::function<std::unique_ptr<Strategy>(std::unique_ptr<Strategy>)> around = {};

  // One repetition, of plain scripts or of the experiment; each has a seed of its own, by which it can be run
  // alone. REQUIRES: where races are looked for, the repetition before is gone.
  std::unique_ptr<PlainRun> plain_run(unsigned repetition) const;
  std::unique_ptr<ExperimentRunner> experiment_runner(unsigned repetition) const;
  // The schedule of a host that has finished. `workers`: 0: there were none.
  RecordedSchedule schedule(const ScriptHost& host, unsigned workers) const;
  std::string schedule_text(const ScriptHost& host, unsigned workers) const;

 private:
  SchedulePlan plan(unsigned repetition) const;
};

}  // namespace gilvm
