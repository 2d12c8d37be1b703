// A VM for one script that nobody has read: it reaches no file and no other process, and it is interrupted
// when it has run long enough.
//
// Threads: of the thread that made it.
#pragma once

#include <string_view>

#include "vm/runtime/vm.h"
#include "vm/sched/os_scheduler.h"

namespace gilvm {

class LimitedVm {
 public:
  explicit LimitedVm(LockRegime regime);
  ~LimitedVm();
  LimitedVm(const LimitedVm&) = delete;

  VmThread& thread() { return *thread_; }
  StringTable& strings() { return vm_.strings(); }

  // Runs source text, which may as well be none.
  void run(std::string_view source);
  // Calls the function until it ends or its time is over; then the heap must be as a collection leaves it.
  void call(Closure* function);

 private:
  OsScheduler scheduler_;
  Vm vm_;
  VmThread* const thread_;
};

}  // namespace gilvm
