#include "vm/base/snapshot_area.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "vm/base/check.h"

namespace gilvm {
namespace {

constexpr std::size_t kBytes = std::size_t{256} << 20;  // of addresses
// What a run may leave resident behind the saved part for the next one.
constexpr std::size_t kKept = std::size_t{4} << 20;
constexpr std::size_t kPage = MemoryCopy::kPage;

std::uintptr_t rounded_up(std::uintptr_t address, std::size_t alignment) {
  return (address + alignment - 1) / alignment * alignment;
}

}  // namespace

thread_local constinit SnapshotArea* SnapshotArea::current_ = nullptr;
std::uintptr_t SnapshotArea::lowest_ = 0, SnapshotArea::highest_ = 0;
bool SnapshotArea::serves_operators = false;
std::atomic<std::uint64_t> SnapshotArea::effects_outside_{0};

SnapshotArea::SnapshotArea() {
  GILVM_CHECK(highest_ == 0);
  if (!serves_operators) return;
  void* memory =
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  begin_ = lower_ = static_cast<std::byte*>(memory);
  upper_ = begin_ + kBytes;
  lowest_ = reinterpret_cast<std::uintptr_t>(begin_);
  highest_ = lowest_ + kBytes;
}

SnapshotArea::~SnapshotArea() {
  GILVM_CHECK(current_ != this);
  if (!begin_) return;
  copy_.reset();  // while the memory is there
  lowest_ = highest_ = 0;
  munmap(begin_, kBytes);
}

void* SnapshotArea::allocate(std::size_t bytes, std::size_t alignment) {
  auto* memory =
      reinterpret_cast<std::byte*>(rounded_up(reinterpret_cast<std::uintptr_t>(lower_), alignment));
  if (memory > upper_ || bytes > static_cast<std::size_t>(upper_ - memory)) {
    has_effects_ = true;  // what it has comes from elsewhere
    return nullptr;
  }
  lower_ = memory + bytes;
  return memory;
}

void* SnapshotArea::allocate_above(std::size_t bytes, std::size_t alignment) {
  if (bytes + alignment > static_cast<std::size_t>(upper_ - lower_)) {
    has_effects_ = true;
    return nullptr;
  }
  const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(upper_) - bytes;
  upper_ = reinterpret_cast<std::byte*>(end / alignment * alignment);
  // A run before may have had it.
  if (saved_upper_) std::memset(upper_, 0, bytes);
  return upper_;
}

void SnapshotArea::note_effects() {
  has_effects_ = true;
  // What the system itself writes must not meet a protected page: its calls would fail.
  if (copy_) copy_->allow_all();
}

// What is allocated later begins with a page of its own.
void SnapshotArea::save(const std::vector<std::span<std::byte>>& above) {
  GILVM_CHECK(current_ == nullptr && !copy_);
  lower_ = reinterpret_cast<std::byte*>(rounded_up(reinterpret_cast<std::uintptr_t>(lower_), kPage));
  std::vector<std::span<std::byte>> memory = {{begin_, lower_}};
  memory.insert(memory.end(), above.begin(), above.end());
  copy_.emplace(memory);
  saved_lower_ = lower_;
  saved_upper_ = upper_;
}

void SnapshotArea::restore() { restore({}, saved_lower_); }

void SnapshotArea::restore(std::span<const std::byte> written, std::byte* lower) {
  GILVM_CHECK(current_ == nullptr && copy_ && !has_effects_);
  if (static_cast<std::size_t>(lower_ - saved_lower_) > kKept) {
    std::byte* first = saved_lower_ + kKept;
    const std::uintptr_t last = reinterpret_cast<std::uintptr_t>(lower_) / kPage * kPage;
    madvise(first, last - reinterpret_cast<std::uintptr_t>(first), MADV_DONTNEED);
  }
  copy_->write_back(written);
  lower_ = lower;
  upper_ = saved_upper_;
}

void SnapshotArea::save(Moment* moment, const std::vector<std::span<std::byte>>& more) const {
  GILVM_CHECK(current_ == nullptr && has_moments());
  moment->bytes_.clear();
  moment->written_ = copy_->copy_written(&moment->bytes_);
  moment->pieces_.assign(1, since_save());
  moment->pieces_.insert(moment->pieces_.end(), more.begin(), more.end());
  for (const auto& piece : moment->pieces_) moment->bytes_.add(piece.data(), piece.size());
}

void SnapshotArea::restore(const Moment& moment) {
  restore({moment.bytes_.data(), moment.written_},
          moment.pieces_.front().data() + moment.pieces_.front().size());
  const std::byte* from = moment.bytes_.data() + moment.written_;
  for (const auto& piece : moment.pieces_) {
    std::memcpy(piece.data(), from, piece.size());
    from += piece.size();
  }
}

void* SnapshotArea::take(std::size_t bytes, std::size_t alignment) noexcept {
  if (current_) [[unlikely]] {
    if (void* memory = current_->allocate(bytes, alignment)) return memory;
  }
  if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
  return std::aligned_alloc(alignment, rounded_up(bytes, alignment));
}

void SnapshotArea::give(void* memory) noexcept {
  if (!holds(memory)) std::free(memory);
}

}  // namespace gilvm
