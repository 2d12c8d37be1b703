#include "vm/race/lock_order.h"

#include <map>
#include <utility>

namespace gilvm {

void LockOrder::add(Step step) {
  if (steps_.size() >= kMostSteps) return;
  const std::uint32_t time = step.clock.time_of(step.thread);
  if (known_.emplace(step.held, step.taken, step.thread, step.all_held, step.site, time).second) {
    steps_.push_back(std::move(step));
  }
}

// Depth first, from the lowest lock of each cycle.
class LockOrder::Search {
 public:
  Search(const std::vector<Step>& steps, const LockSets& sets) : sets_(sets) {
    for (const Step& step : steps) by_held_[step.held].push_back(&step);
  }

  std::vector<Cycle> run() {
    for (const auto& [lock, steps] : by_held_) {
      for (const Step* step : steps) extend(*step);
    }
    return std::move(found_);
  }

 private:
  void extend(const Step& step) {
    if (++looks_ > kMostLooks) return;
    path_.push_back(&step);
    const LockNumber first = path_.front()->held;
    if (step.taken == first) {
      if (path_.size() > 1) found_.push_back(path_);
    } else if (step.taken > first && path_.size() < kLongestCycle) {
      if (const auto next = by_held_.find(step.taken); next != by_held_.end()) {
        for (const Step* each : next->second) {
          if (fits(*each)) extend(*each);
        }
      }
    }
    path_.pop_back();
  }
  // Can the thread stand there while all those of the path stand where they are?
  bool fits(const Step& step) const {
    for (const Step* other : path_) {
      if (other->thread == step.thread || other->taken == step.taken ||
          sets_.share(other->all_held, step.all_held)) {
        return false;
      }
      if (other->clock.knows(step.clock.epoch_of(step.thread)) ||
          step.clock.knows(other->clock.epoch_of(other->thread))) {
        return false;
      }
    }
    return true;
  }

  const LockSets& sets_;
  std::map<LockNumber, std::vector<const Step*>> by_held_;
  Cycle path_;
  std::vector<Cycle> found_;
  std::size_t looks_ = 0;
};

std::vector<LockOrder::Cycle> LockOrder::cycles(const LockSets& sets) const {
  return Search(steps_, sets).run();
}

}  // namespace gilvm
