#include "vm/main/job.h"

#include "vm/main/program_schedule.h"

namespace gilvm {

SchedulePlan Job::plan(unsigned repetition) const {
  SchedulePlan plan;
  plan.kind = options.schedule;
  plan.seed = options.seed + repetition;
  plan.replayed = replayed;
  plan.goes_on = options.goes_on;
  plan.around = around;
  plan.records = options.records;
  if (races) plan.detector = races->begin();
  if (steps) plan.recorder = &steps->recorder();
  return plan;
}

std::unique_ptr<PlainRun> Job::plain_run(unsigned repetition) const {
  const VmSettings settings{options.lock, options.max_memory, {}, options.counts_references};
  auto run = std::make_unique<PlainRun>(settings, plan(repetition), supervisor, options.arguments);
  if (races) races->watch(run->host);
  return run;
}

std::unique_ptr<ExperimentRunner> Job::experiment_runner(unsigned repetition) const {
  const World world{options.workers, options.lock, options.max_memory, options.counts_references};
  auto runner = std::make_unique<ExperimentRunner>(world, plan(repetition), supervisor, options.arguments);
  if (races) races->watch(runner->host());
  return runner;
}

RecordedSchedule Job::schedule(const ScriptHost& host, unsigned workers) const {
  if (replayed && replayed->kind == ScheduleKind::kOs) return *replayed;
  RecordedSchedule schedule = complete_schedule(host, options.lock, program, workers);
  schedule.own_scripts = scripts.size() > 1;
  schedule.counts_references = options.counts_references;
  return schedule;
}

std::string Job::schedule_text(const ScriptHost& host, unsigned workers) const {
  return schedule(host, workers).text();
}

}  // namespace gilvm
