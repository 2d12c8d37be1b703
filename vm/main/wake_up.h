// Wakes the thread that waits for a user to type, and tells it why.
//
// Threads: wake() on any, and in a signal handler; all else on the thread that waits.
// Invariant: a reason that was given before take() is in its result, or in that of an earlier one.
#pragma once

#include <atomic>

namespace gilvm {

class WakeUp {
 public:
  enum Reason : unsigned {
    kInterrupt = 1 << 0,  // Ctrl-C
    kStop = 1 << 1,       // the VM is interrupted
    kResize = 1 << 2,     // the terminal has another size
    kContinue = 1 << 3,   // the program was stopped, and goes on
  };

  WakeUp();
  ~WakeUp();
  WakeUp(const WakeUp&) = delete;

  void wake(Reason reason);
  // Waits until there are bytes in the file, or its end; or a reason. True: there is a reason.
  bool wait_for(int file);
  // The reasons since the last call.
  unsigned take();

 private:
  const int event_;
  std::atomic<unsigned> reasons_{0};
};

}  // namespace gilvm
