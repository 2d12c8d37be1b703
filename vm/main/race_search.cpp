#include "vm/main/race_search.h"

#include "vm/main/deadlock_report.h"

namespace gilvm {

RaceDetector* RaceSearch::begin() {
  detector_ = std::make_unique<RaceDetector>();
  deadlock_.reset();
  return detector_.get();
}

void RaceSearch::watch(ScriptHost& host) {
  host.vm().on_interruption = [detector = detector_.get()] { detector->stop(); };
}

void RaceSearch::note_deadlocks(ScriptHost& host) {
  Vm& vm = host.vm();
  vm.scheduler().on_deadlock = [this, &vm] {
    if (vm.interruption() != Interruption::kNone) return;
    deadlock_.emplace();
    deadlock_->kind = RaceFinding::Kind::kDeadlock;
    deadlock_->accesses = waiting_threads(vm);
    const std::string report = deadlock_report(vm);
    deadlock_->report = report.substr(report.find('\n') + 1);  // the first line says that it is one
    vm.interrupt(Interruption::kExit, kExitDeadlock);
  };
}

void RaceSearch::end(const std::string& schedule) {
  ++runs_;
  for (RaceFinding& finding : detector_->findings()) add(std::move(finding), schedule);
  if (deadlock_) add(std::move(*deadlock_), schedule);
}

void RaceSearch::add(RaceFinding finding, const std::string& schedule) {
  if (!identities_.insert(finding.identity()).second) return;
  finding.schedule = schedule;
  findings_.push_back(std::move(finding));
}

}  // namespace gilvm
