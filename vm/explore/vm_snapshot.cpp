#include "vm/explore/vm_snapshot.h"

#include <algorithm>
#include <cstring>

namespace gilvm {

VmSnapshot::VmSnapshot(SnapshotArea& area, const Heap& heap) : area_(area) {
  constexpr std::size_t kWhole = MemoryCopy::kPage;
  std::vector<std::span<std::byte>> in_use;
  std::vector<std::byte*> memory = heap.page_memory();
  std::sort(memory.begin(), memory.end());
  for (std::byte* page : memory) {
    const std::size_t kept = (Heap::bytes_in_page(page) + kWhole - 1) / kWhole * kWhole;
    pages_.push_back({page, kept});
    if (kept > 0) in_use.push_back({page, kept});
  }
  area_.save(in_use);
}

// What a page has in use beyond what the area has copied was zero.
void VmSnapshot::restore() {
  for (const Page& page : pages_) {
    const std::size_t used = Heap::bytes_in_page(page.memory);
    if (used > page.kept) std::memset(page.memory + page.kept, 0, used - page.kept);
  }
  area_.restore();
}

void VmSnapshot::save(Moment* moment, std::vector<std::span<std::byte>> stacks) const {
  moment->used_.clear();
  for (const Page& page : pages_) {
    const std::size_t used = Heap::bytes_in_page(page.memory);
    moment->used_.push_back(used);
    if (used > page.kept) stacks.push_back({page.memory + page.kept, used - page.kept});
  }
  area_.save(&moment->memory_, stacks);
}

void VmSnapshot::restore(const Moment& moment) {
  for (std::size_t index = 0; index < pages_.size(); ++index) {
    const Page& page = pages_[index];
    const std::size_t used = Heap::bytes_in_page(page.memory);
    const std::size_t stays = std::max(page.kept, moment.used_[index]);
    if (used > stays) std::memset(page.memory + stays, 0, used - stays);
  }
  area_.restore(moment.memory_);
}

}  // namespace gilvm
