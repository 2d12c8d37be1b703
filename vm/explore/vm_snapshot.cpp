#include "vm/explore/vm_snapshot.h"

#include <cstring>

namespace gilvm {

VmSnapshot::VmSnapshot(SnapshotArea& area, const Heap& heap) : area_(area) {
  for (std::byte* memory : heap.page_memory()) {
    Page& page = pages_.emplace_back(Page{memory, Heap::bytes_in_page(memory), std::nullopt});
    if (page.used > 0) page.copy.emplace(memory, page.used);
  }
  area_.save();
}

void VmSnapshot::restore() {
  for (const Page& page : pages_) {
    const std::size_t used = Heap::bytes_in_page(page.memory);
    if (page.copy) page.copy->write_back();
    if (used > page.used) std::memset(page.memory + page.used, 0, used - page.used);
  }
  area_.restore();
}

}  // namespace gilvm
