#include "vm/explore/vm_snapshot.h"

#include <algorithm>
#include <cstring>

namespace gilvm {

VmSnapshot::VmSnapshot(SnapshotArea& area, const Heap& heap)
    : area_(area), heap_(heap), pages_(heap.page_memory()) {
  constexpr std::size_t kWhole = MemoryCopy::kPage;
  std::vector<std::span<std::byte>> in_use;
  look_at_pages();
  for (std::size_t index = 0; index < pages_.size(); ++index) {
    kept_.push_back((used_[index] + kWhole - 1) / kWhole * kWhole);
    if (kept_.back() > 0) in_use.push_back({pages_[index], kept_.back()});
  }
  area_.save(in_use);
}

// What a page has in use beyond what the area has copied was zero.
void VmSnapshot::restore() {
  look_at_pages();
  for (std::size_t index = 0; index < pages_.size(); ++index) {
    const std::size_t kept = kept_[index];
    if (used_[index] > kept) std::memset(pages_[index] + kept, 0, used_[index] - kept);
  }
  area_.restore();
}

void VmSnapshot::save(Moment* moment, std::vector<std::span<std::byte>> stacks) const {
  heap_.bytes_in_pages(pages_, &moment->used_);
  for (std::size_t index = 0; index < pages_.size(); ++index) {
    const std::size_t kept = kept_[index], used = moment->used_[index];
    if (used > kept) stacks.push_back({pages_[index] + kept, used - kept});
  }
  area_.save(&moment->memory_, stacks);
}

void VmSnapshot::restore(const Moment& moment) {
  look_at_pages();
  for (std::size_t index = 0; index < pages_.size(); ++index) {
    const std::size_t stays = std::max(kept_[index], moment.used_[index]);
    if (used_[index] > stays) std::memset(pages_[index] + stays, 0, used_[index] - stays);
  }
  area_.restore(moment.memory_);
}

}  // namespace gilvm
