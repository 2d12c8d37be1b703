#include "vm/main/race_search.h"

#include "vm/main/deadlock_report.h"

#include <algorithm>

namespace gilvm {
namespace {

using Kind = RaceFinding::Kind;

// Does `finding` say all that `other` would?
bool says_more(const RaceFinding& finding, const RaceFinding& other) {
  const std::vector<std::string> places = finding.places(), others = other.places();
  // What cures a race between two lines cures what else happens between them.
  if (other.kind == Kind::kGrowth) {
    return (finding.kind == Kind::kRace || finding.kind == Kind::kWrongLock) && places == others;
  }
  // It came to what the order of the locks could lead to, and its report says who has which of them.
  return finding.kind == Kind::kDeadlock && other.kind == Kind::kLockOrder &&
         std::includes(places.begin(), places.end(), others.begin(), others.end());
}

}  // namespace

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
  const auto is_said = [&](const RaceFinding& each) { return says_more(each, finding); };
  if (std::any_of(findings_.begin(), findings_.end(), is_said)) return;
  if (!identities_.insert(finding.identity()).second) return;
  std::erase_if(findings_, [&](const RaceFinding& each) { return says_more(finding, each); });
  finding.schedule = schedule;
  findings_.push_back(std::move(finding));
}

}  // namespace gilvm
