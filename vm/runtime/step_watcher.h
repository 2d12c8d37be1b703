// Who is told of every instruction that a deterministic scheduler's threads run: the explorer, which needs to
// know what each of them reads and writes.
//
// Threads: the OS thread of the scheduler.
#pragma once

namespace gilvm {

class VmThread;

class StepWatcher {
 public:
  // `thread` is to run the instruction at its innermost frame's pc now, before any other thread runs.
  virtual void before_instruction(VmThread& thread) = 0;

 protected:
  ~StepWatcher() = default;
};

}  // namespace gilvm
