// Operators new and delete of the program: inside of a SnapshotArea they allocate there. An operator for
// arrays, or one that does not throw, calls one of these.
#include <cstddef>
#include <new>

#include "vm/base/snapshot_area.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

using gilvm::SnapshotArea;

[[maybe_unused]] const bool said = SnapshotArea::serves_operators = true;

void* take(std::size_t bytes, std::size_t alignment) {
  for (;;) {
    if (void* memory = SnapshotArea::take(bytes, alignment)) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (!handler) throw std::bad_alloc();
    handler();
  }
}

}  // namespace

void* operator new(std::size_t bytes) { return take(bytes == 0 ? 1 : bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return take(bytes == 0 ? 1 : bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { SnapshotArea::give(memory); }
void operator delete(void* memory, std::size_t) noexcept { SnapshotArea::give(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { SnapshotArea::give(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { SnapshotArea::give(memory); }

#endif
