// A VM as it was at one moment, to be made so again. All that it has allocated is in one SnapshotArea: what
// its objects own at the lower end, and above the pages of its heap, of which only what is in use is copied.
//
// Threads: the one that uses the area, outside of it; no other uses the VM meanwhile.
#pragma once

#include <optional>
#include <vector>

#include "vm/base/snapshot_area.h"
#include "vm/heap/heap.h"

namespace gilvm {

class VmSnapshot {
 public:
  // Of the VM with that heap. Both outlive the snapshot.
  VmSnapshot(SnapshotArea& area, const Heap& heap);
  void restore();

 private:
  struct Page {
    std::byte* memory;
    std::size_t used;
    std::optional<MemoryCopy> copy;  // nothing where nothing is used
  };

  SnapshotArea& area_;
  std::vector<Page> pages_;
};

}  // namespace gilvm
