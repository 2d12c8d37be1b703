// Interruptions of a whole VM by several threads at once.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "tests/lib/source_runner.h"

using namespace gilvm;

// An os.exit that came second once left its thread without an interruption for a moment: the thread ended
// with an error that nobody had raised.
TEST_CASE("who interrupts a VM second is interrupted as well", "[interruption]") {
  constexpr unsigned kRounds = 100;
  constexpr unsigned kThreads = 200;  // many, so that it takes long to tell them all
  unsigned missed = 0;
  for (unsigned round = 0; round < kRounds; ++round) {
    SourceRunner runner({LockRegime::kNone, {}, SwitchPoints::kEvery});
    std::vector<VmThread*> threads;
    for (unsigned number = 0; number < kThreads; ++number) threads.push_back(runner.vm.add_thread("worker"));
    std::atomic<unsigned> ready{0};
    std::atomic<unsigned> uninterrupted{0};
    auto exit = [&](int status) {
      ++ready;
      while (ready < 2) std::this_thread::yield();
      runner.vm.interrupt(Interruption::kExit, status);
      if (!threads.back()->interrupted()) ++uninterrupted;  // the last to be told
    };
    std::thread one(exit, 1);
    std::thread other(exit, 2);
    one.join();
    other.join();
    missed += uninterrupted;
    CHECK((runner.vm.exit_status() == 1 || runner.vm.exit_status() == 2));
    for (VmThread* thread : threads) runner.vm.remove_thread(thread);
  }
  CHECK(missed == 0);
}
