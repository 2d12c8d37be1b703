#include "vm/base/clock.h"

#include <time.h>

#include "vm/base/check.h"

namespace gilvm {
namespace {

double seconds_of(clockid_t clock) noexcept {
  timespec time{};
  // These clocks exist on every Linux since 2.6.12, so a failure would be our bug.
  GILVM_CHECK(clock_gettime(clock, &time) == 0);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

double wall_clock_seconds() noexcept { return seconds_of(CLOCK_REALTIME); }
double process_cpu_seconds() noexcept { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }
double thread_cpu_seconds() noexcept { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace gilvm
