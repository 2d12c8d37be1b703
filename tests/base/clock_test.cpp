#include "vm/base/clock.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

using namespace gilvm;

namespace {

// Uses processor time until `done` says so; a clock that stands still fails the test instead of hanging it.
template <typename Condition>
bool work_until(Condition done) {
  const Instant give_up = monotonic_now() + std::chrono::minutes(1);
  while (!done()) {
    if (monotonic_now() > give_up) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("the monotonic clock never goes back", "[clock]") {
  Instant before = monotonic_now();
  bool went_back = false;
  for (int i = 0; i < 100000; ++i) {
    const Instant now = monotonic_now();
    went_back = went_back || now < before;
    before = now;
  }
  CHECK_FALSE(went_back);
}

TEST_CASE("the wall clock counts seconds since 1970", "[clock]") {
  const double other =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  // An hour: a slow machine does not fail this, a wrong unit or a wrong epoch does.
  CHECK(wall_clock_seconds() == Approx(other).margin(3600));
}

TEST_CASE("a thread's processor time grows while it works", "[clock]") {
  const double before = thread_cpu_seconds();
  CHECK(work_until([&] { return thread_cpu_seconds() >= before + 0.002; }));
}

TEST_CASE("a thread's processor time does not count another thread's work, the process's does", "[clock]") {
  const double thread_before = thread_cpu_seconds();
  const double process_before = process_cpu_seconds();
  double other = 0;
  bool worked = false;
  std::thread worker([&] {
    worked = work_until([] { return thread_cpu_seconds() >= 0.05; });
    other = thread_cpu_seconds();
  });
  worker.join();
  const double mine = thread_cpu_seconds() - thread_before;
  const double both = process_cpu_seconds() - process_before;
  REQUIRE(worked);
  // The clocks are read one after the other, hence the margin of a millisecond.
  CHECK(both + 0.001 >= mine + other);
  CHECK(mine < other);
}
