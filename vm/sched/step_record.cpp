#include "vm/sched/step_record.h"

#include <utility>

namespace gilvm {

void StepRecord::add_answer(ThreadId chosen) {
  answers_.add(chosen);
  if (answers_.runs().size() <= kMostRuns) return;
  complete_ = false;
  answers_ = Schedule();
}

void StepRecord::add_checkpoint() {
  checkpoints_.push_back({count_, fingerprint()});
  if (checkpoints_.size() <= kMostCheckpoints) return;
  distance_ *= 2;
  std::erase_if(checkpoints_, [this](const Checkpoint& each) { return each.step % distance_ != 0; });
}

std::vector<Checkpoint> StepRecord::checkpoints() const {
  std::vector<Checkpoint> all = checkpoints_;
  if (count_ % distance_ != 0) all.push_back({count_, fingerprint()});
  return all;
}

void StepRecord::expect(std::vector<Checkpoint> checkpoints, std::function<void(Divergence)> on_divergence) {
  expected_ = std::move(checkpoints);
  on_divergence_ = std::move(on_divergence);
  // With none the first step is one too many.
  next_expected_ = expected_.empty() ? 1 : expected_.front().step;
}

void StepRecord::compare() {
  const std::uint64_t before = compared_ == 0 ? 0 : expected_[compared_ - 1].step;
  if (compared_ == expected_.size()) return diverge({count_, count_});
  if (expected_[compared_].fingerprint != fingerprint()) return diverge({before + 1, count_});
  ++compared_;
  next_expected_ = compared_ < expected_.size() ? expected_[compared_].step : count_ + 1;
}

void StepRecord::diverge_next() {
  if (!on_divergence_) return;
  diverge({count_ + 1, count_ + 1});
}

void StepRecord::finish() {
  if (!on_divergence_) return;
  if (compared_ < expected_.size()) {
    // The steps since the last checkpoint were not compared.
    const std::uint64_t before = compared_ == 0 ? 0 : expected_[compared_ - 1].step;
    return diverge({before + 1, count_ + 1});
  }
  next_expected_ = 0;
  on_divergence_ = nullptr;
}

void StepRecord::diverge(Divergence divergence) {
  next_expected_ = 0;
  std::exchange(on_divergence_, nullptr)(divergence);
}

}  // namespace gilvm
