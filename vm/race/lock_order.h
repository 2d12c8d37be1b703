// In which orders threads have taken locks, and where these orders could make them wait for each other for
// ever: a cycle of locks, each taken by a thread of its own that held the one before ("Goodlock": Havelund,
// Using Runtime Analysis to Guide Model Checking of Java Programs, SPIN 2000; Agarwal, Wang, Stoller,
// Detecting Potential Deadlocks with Static Analysis and Run-Time Monitoring, 2005).
//
// No such cycle: one whose threads all hold another lock in common, which lets only one of them in; and one
// whose steps cannot happen at the same time, because one of them comes before the start, or after the end,
// of the other's thread, or has waited for its signal. That a lock was free again does not count as such: it
// might not have been.
//
// Threads: plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <tuple>
#include <vector>

#include "vm/race/lock_sets.h"
#include "vm/race/vector_clock.h"

namespace gilvm {

class LockOrder {
 public:
  // Who holds `held` has got `taken`.
  struct Step {
    LockNumber held = 0;
    LockNumber taken = 0;
    ThreadNumber thread = 0;
    LockSets::Set all_held = LockSets::kEmpty;  // with `held`
    std::uint32_t held_site = 0;                // where it took `held`
    std::uint32_t site = 0;                     // where it took `taken`
    VectorClock clock;                          // without what it knows from locks alone
  };
  using Cycle = std::vector<const Step*>;  // each holds what the one before has taken

  void add(Step step);
  // Those that could be a deadlock.
  std::vector<Cycle> cycles(const LockSets& sets) const;

 private:
  static constexpr std::size_t kMostSteps = 20'000;
  static constexpr std::size_t kLongestCycle = 8;
  static constexpr std::size_t kMostLooks = 200'000;

  class Search;

  std::vector<Step> steps_;
  std::set<std::tuple<LockNumber, LockNumber, ThreadNumber, LockSets::Set, std::uint32_t, std::uint32_t>>
      known_;
};

}  // namespace gilvm
