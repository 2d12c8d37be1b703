// Who is told of every instruction that a deterministic scheduler's threads run: the explorer, which needs to
// know what each of them reads and writes, the race detector, and the step view.
//
// Threads: the OS thread of the scheduler.
#pragma once

#include <vector>

namespace gilvm {

class VmThread;

class StepWatcher {
 public:
  // `thread` is to run the instruction at its innermost frame's pc now, before any other thread runs.
  virtual void before_instruction(VmThread& thread) = 0;

 protected:
  ~StepWatcher() = default;
};

// Several of them, told in that order.
class StepWatchers final : public StepWatcher {
 public:
  void add(StepWatcher* watcher) { watchers_.push_back(watcher); }
  void before_instruction(VmThread& thread) override {
    for (StepWatcher* watcher : watchers_) watcher->before_instruction(thread);
  }

 private:
  std::vector<StepWatcher*> watchers_;
};

}  // namespace gilvm
