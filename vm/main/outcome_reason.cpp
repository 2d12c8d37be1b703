#include "vm/main/outcome_reason.h"

#include <algorithm>
#include <optional>

#include "vm/base/text.h"
#include "vm/main/deadlock_report.h"
#include "vm/object/function.h"
#include "vm/report/step_reason.h"

namespace gilvm {
namespace {

class Rerun {
 public:
  Rerun(const RecordedSchedule& schedule, const Options& options, const Script& script,
        Supervisor& supervisor)
      : schedule_(schedule), options_(options), script_(script), supervisor_(supervisor) {}

  // False: the run was not the one that was recorded, and tells nothing. `recorder`, `detector`: one of them,
  // or none.
  bool run(StepRecorder* recorder, RaceDetector* detector) {
    SchedulePlan plan;
    plan.kind = schedule_.kind;
    plan.seed = schedule_.seed;
    plan.replayed = &schedule_;
    plan.recorder = recorder;
    plan.detector = detector;
    ExperimentRunner runner(World{WorkerKind::kThreads, options_.lock, options_.max_memory}, plan,
                            supervisor_, options_.arguments);
    Vm& vm = runner.host().vm();
    if (detector) vm.on_interruption = [detector] { detector->stop(); };
    vm.scheduler().on_deadlock = [this, &vm] {
      if (vm.interruption() != Interruption::kNone) return;
      waits_ = waits_in_one_line(vm);
      vm.interrupt(Interruption::kExit, kExitDeadlock);
    };
    std::string error;
    bool plain;
    if (!runner.load(script_, &error, &plain)) return false;
    runner.run(options_.count);
    runner.host().finish();
    if (detector) findings_ = detector->findings();
    const Interruption interruption = vm.interruption();
    return interruption != Interruption::kSignal && interruption != Interruption::kTimeout &&
           runner.host().exit_status_of_child(0) != kExitDiverged;
  }

  const std::string& waits() const { return waits_; }
  std::optional<RaceFinding> lost_update() const {
    for (const RaceFinding& finding : findings_) {
      if (finding.kind == RaceFinding::Kind::kLostUpdate) return finding;
    }
    return std::nullopt;
  }

 private:
  const RecordedSchedule& schedule_;
  const Options& options_;
  const Script& script_;
  Supervisor& supervisor_;
  std::string waits_;  // of the threads, in a deadlock
  std::vector<RaceFinding> findings_;
};

}  // namespace

std::string reason_of(const ExploredOutcome& outcome, const Options& options, const Script& script,
                      Supervisor& supervisor) {
  const auto schedule = RecordedSchedule::from_text(outcome.schedule);
  if (!schedule) return {};
  Rerun rerun(*schedule, options, script, supervisor);
  if (outcome.grade == OutcomeGrade::kDeadlock) {
    return rerun.run(nullptr, nullptr) ? rerun.waits() : std::string();
  }
  StepRecorder recorder({});
  if (!rerun.run(&recorder, nullptr)) return {};
  StepTable table = recorder.table();
  table.script = short_source(script.name == "-" ? "=stdin" : "@" + script.name);
  if (outcome.grade == OutcomeGrade::kError) return reason_of_failure(table);
  RaceDetector detector;
  if (!rerun.run(nullptr, &detector)) return {};
  return reason_of_result(table, rerun.lost_update());
}

}  // namespace gilvm
