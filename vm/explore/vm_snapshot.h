// A VM as it was at one moment, to be made so again, and as it was at later ones. All that it has allocated
// is in one SnapshotArea: what its objects own at the lower end, and above the pages of its heap, of which
// only what is in use is copied.
//
// Threads: the one that uses the area, outside of it; no other uses the VM meanwhile.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vm/base/snapshot_area.h"
#include "vm/heap/heap.h"

namespace gilvm {

class VmSnapshot {
 public:
  // Of the VM with that heap. Both outlive the snapshot.
  VmSnapshot(SnapshotArea& area, const Heap& heap);
  void restore();

  // What the VM was later.
  class Moment {
   public:
    std::size_t bytes() const { return memory_.bytes(); }

   private:
    friend class VmSnapshot;
    SnapshotArea::Moment memory_;
    std::vector<std::size_t> used_;  // of the pages
  };
  // Can it be saved as it is now?
  bool has_moments() const { return area_.has_moments(); }
  // With other memory: the stacks of its threads. REQUIRES: has_moments().
  void save(Moment* moment, std::vector<std::span<std::byte>> stacks) const;
  void restore(const Moment& moment);

 private:
  void look_at_pages() { heap_.bytes_in_pages(pages_, &used_); }

  SnapshotArea& area_;
  const Heap& heap_;
  // By pages of the heap: where they are, the bytes of each that the area has copied, and those in use at
  // the last look at them.
  std::vector<std::byte*> pages_;
  std::vector<std::size_t> kept_;
  std::vector<std::size_t> used_;
};

}  // namespace gilvm
