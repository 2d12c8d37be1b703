// Waiting for another thread without sleeping, when it is about to be done: putting a thread to sleep and
// waking it costs tens of microseconds, more than most of what is waited for.
#pragma once

#include <sched.h>

#include <chrono>

#include "vm/base/clock.h"

namespace gilvm {

// The cores that the program may use; 1 where nobody knows.
inline unsigned usable_cores() {
  static const int cores = [] {
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  }();
  return static_cast<unsigned>(cores);
}

// False when the program may use one core only: there, whoever spins keeps the other from running.
inline bool spinning_helps() { return usable_cores() > 1; }

inline void spin_pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

// What may be spent on it where more threads may want to run than there are cores.
inline constexpr std::chrono::microseconds kShortSpin(50);

// Asks `done` again and again, for a while. Returns its last answer.
template <typename Done>
bool spin_until(Done done, std::chrono::microseconds longest = kShortSpin) {
  constexpr int kPausesBetweenLooksAtTheClock = 16;
  if (done()) return true;
  if (!spinning_helps()) return false;
  const Instant end = monotonic_now() + longest;
  do {
    for (int count = 0; count < kPausesBetweenLooksAtTheClock; ++count) spin_pause();
    if (done()) return true;
  } while (monotonic_now() < end);
  return false;
}

// For loops that wait until another thread has done a few steps, which nobody tells of.
class SpinWait {
 public:
  void pause() {
    // The other may have been stopped in the middle of them.
    if (++turns_ % 64 == 0 || !spinning_helps()) {
      sched_yield();
    } else {
      spin_pause();
    }
  }

 private:
  unsigned turns_ = 0;
};

}  // namespace gilvm
