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
    std::uint64_t instructions = 0;  // of the schedule, up to there
  };

  void clear() { count_ = 0; }
  // Would to take these steps again cost more than to keep so many bytes?
  bool is_due(std::uint64_t instructions, std::size_t bytes) const;
  // To be filled by the caller, at a step after all others.
  Moment& add();
  // The last one that lies within the first so many steps; null: there is none. Those behind it are
  // forgotten.
  const Moment* last_within(std::size_t steps);

 private:
  void thin_out();

  std::vector<std::unique_ptr<Moment>> moments_;  // those behind the first count_ are kept for their memory
  std::size_t count_ = 0;
};

}  // namespace gilvm
