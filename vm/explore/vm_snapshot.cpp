#include "vm/explore/vm_snapshot.h"

#include <cstring>

namespace gilvm {

VmSnapshot::VmSnapshot(SnapshotArea& area, const Heap& heap) : area_(area) {
  for (std::byte* memory : heap.page_memory()) {
    Page& page = pages_.emplace_back(Page{memory, Heap::bytes_in_page(memory), nullptr});
    if (page.used == 0) continue;
    page.copy = std::make_unique<std::byte[]>(page.used);
    std::memcpy(page.copy.get(), memory, page.used);
  }
  area_.save();
}

void VmSnapshot::restore() {
  for (const Page& page : pages_) {
    const std::size_t used = Heap::bytes_in_page(page.memory);
    if (page.used > 0) std::memcpy(page.memory, page.copy.get(), page.used);
    if (used > page.used) std::memset(page.memory + page.used, 0, used - page.used);
  }
  area_.restore();
}

}  // namespace gilvm
