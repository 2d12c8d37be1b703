// What a deterministic scheduler has decided so far: a step for each time that it had a choice.
//
// All answers are kept as long as they are few. Of a long run there are checkpoints: a fingerprint of all
// steps up to one. A run that is to be the same can be compared with them, and where it differs, the step
// lies between two.
//
// Threads: as FiberScheduler.
// Invariants:
//  (1) The checkpoints are at the multiples of a power of two, kMostCheckpoints at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "vm/sched/schedule.h"

namespace gilvm {

struct Checkpoint {
  std::uint64_t step = 0;         // from 1
  std::uint32_t fingerprint = 0;  // of the steps up to that one
  bool operator==(const Checkpoint&) const = default;
};

// Where a run has left the recorded one: at one of these steps.
struct Divergence {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

class StepRecord {
 public:
  static constexpr std::size_t kMostCheckpoints = 8;
  static constexpr std::size_t kMostRuns = 250;  // of answers that are kept

  // `instructions`: as many were run before. `candidates`: who could run.
  void add(std::uint64_t instructions, std::size_t candidates, ThreadId chosen) {
    ++count_;
    // FNV-1a, a word at a time.
    for (const std::uint64_t part : {instructions, std::uint64_t{candidates}, chosen}) {
      fingerprint_ = (fingerprint_ ^ part) * 0x100000001B3;
    }
    if (complete_) add_answer(chosen);
    if (count_ % distance_ == 0) add_checkpoint();
    if (count_ == next_expected_) compare();
  }

  std::uint64_t count() const { return count_; }
  // Of all steps, and last the one of the last step.
  std::vector<Checkpoint> checkpoints() const;
  // The answers of all steps; null: they are too many.
  const Schedule* answers() const { return complete_ ? &answers_ : nullptr; }

  // The run is to have these, and no step after the last. `on_divergence` is called once where it has not.
  void expect(std::vector<Checkpoint> checkpoints, std::function<void(Divergence)> on_divergence);
  // The run has left the recorded one in the next step for another reason.
  void diverge_next();
  // The run is over: were there as many steps as expected? Those that follow are not compared.
  void finish();

 private:
  std::uint32_t fingerprint() const {
    return static_cast<std::uint32_t>(fingerprint_ >> 32 ^ fingerprint_) & 0xFFFFFF;
  }
  void add_answer(ThreadId chosen);
  void add_checkpoint();
  void compare();
  void diverge(Divergence divergence);

  std::uint64_t count_ = 0;
  std::uint64_t fingerprint_ = 0xCBF29CE484222325;
  std::uint64_t distance_ = 1;  // between checkpoints
  std::vector<Checkpoint> checkpoints_;
  Schedule answers_;
  bool complete_ = true;  // answers_ are all

  std::vector<Checkpoint> expected_;
  std::size_t compared_ = 0;         // of those
  std::uint64_t next_expected_ = 0;  // the step of the next; 0: there is none
  std::function<void(Divergence)> on_divergence_;
};

}  // namespace gilvm
