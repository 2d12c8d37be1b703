// Moments of the schedule that is run: the next one goes on from the last that both have in common, instead
// of taking all steps from the start once more.
//
// Threads: one at a time.
// Invariants:
//  (1) They are of one path, in ascending order of its steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "vm/explore/explorer.h"
#include "vm/explore/vm_snapshot.h"

namespace gilvm {

class PathMoments {
 public:
  struct Moment {
    Explorer::Moment explorer;
    VmSnapshot::Moment vm;
    // Of the schedule, up to there.
    std::size_t steps = 0;
    std::uint64_t instructions = 0;
  };

  void clear() { count_ = 0; }
  // Would the schedules that are to come from a moment after so many steps, taking again what there is since
  // the moment before, need longer than to keep so many bytes?
  bool is_due(std::size_t steps, std::uint64_t instructions, std::size_t bytes) const;
  // To be filled by the caller. REQUIRES: after more steps than all others.
  Moment& add(std::size_t steps, std::uint64_t instructions);
  // A schedule follows that has so many steps in common with the one before: the last moment that lies within
  // them; null: there is none. Those behind it are forgotten.
  const Moment* last_within(std::size_t steps);

 private:
  void thin_out();
  double schedules_from(std::size_t steps) const;

  std::vector<std::unique_ptr<Moment>> moments_;  // those behind the first count_ are kept for their memory
  std::size_t count_ = 0;
  std::uint64_t schedules_ = 0;
  // By steps: how many schedules have left the path of that length that the one before took. All have left
  // those that are longer than the list.
  std::vector<std::uint64_t> left_;
};

}  // namespace gilvm
