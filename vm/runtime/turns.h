// Whose turn it is: how a deterministic scheduler lets one VM thread at a time run.
//
// Under such a scheduler all VM threads live on one OS thread. Only the one whose turn it is runs, and it
// goes on until it comes to a scheduling point; there the scheduler's strategy picks who runs next. So a
// thread has no need to hold the GIL or to be counted by stop_the_world(): that the others stand still is a
// fact. What the lock regime decides is where the scheduling points are; VmThread knows that.
//
// Threads: the OS thread of the scheduler.
// Invariants:
//  (1) Who has no turn stands at a safepoint, as a thread does that waits for the GIL.
#pragma once

#include <cstdint>

#include "vm/base/clock.h"
#include "vm/base/settings.h"
#include "vm/runtime/step_watcher.h"

namespace gilvm {

enum class TurnReason : std::uint8_t {
  kMayYield,   // a switch point: the holder of the GIL might be asked to drop it here
  kMustYield,  // the interval is used up: another thread's turn, if one can run
  kReturned,   // back from what may block: the GIL was free meanwhile
  kAccess,     // no lock, and the next instruction touches what threads share
  kGrowth,     // no lock, and the instruction is in the middle of making a table grow
  kInside,     // no lock, and a native function is between two accesses to what threads share
};

class Turns {
 public:
  // What an instruction takes on the virtual clock.
  static constexpr Nanoseconds kInstructionTime{10};

  // The calling thread is at a scheduling point. Returns when it is its turn; true: others had one meanwhile.
  virtual bool take_turn(TurnReason reason) = 0;
  // Is there another thread that could run?
  virtual bool others_can_run() = 0;

  virtual void set_switch_interval(SwitchInterval interval) = 0;

  // Told of every instruction; null: nobody. Set before the first thread of a VM is made.
  StepWatcher* watcher = nullptr;

  // An instruction is run: time passes.
  void tick() { ++instructions_; }
  std::uint64_t instructions() const { return instructions_; }

 protected:
  ~Turns() = default;

 private:
  std::uint64_t instructions_ = 0;
};

}  // namespace gilvm
