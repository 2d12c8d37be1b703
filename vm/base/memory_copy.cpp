#include "vm/base/memory_copy.h"

#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "vm/base/check.h"

namespace gilvm {
namespace {

std::atomic<MemoryCopy*> existing{nullptr};
struct sigaction action_before = {};

constexpr std::size_t kPage = MemoryCopy::kPage;

std::size_t pages_in(const std::vector<std::span<std::byte>>& memory) {
  std::size_t count = 0;
  for (const auto& part : memory) count += part.size() / kPage;
  return count;
}

}  // namespace

void CopiedBytes::add(const std::byte* bytes, std::size_t count) {
  if (size_ + count > capacity_) {
    const std::size_t capacity = std::max(size_ + count, 2 * capacity_);
    auto room = std::make_unique_for_overwrite<std::byte[]>(capacity + 2 * kPage);
    const auto address = reinterpret_cast<std::uintptr_t>(room.get());
    std::byte* begin = room.get() + (kPage + kPage / 2 - address % kPage);
    if (size_ > 0) std::memcpy(begin, begin_, size_);
    room_ = std::move(room);
    begin_ = begin;
    capacity_ = capacity;
  }
  if (count > 0) std::memcpy(begin_ + size_, bytes, count);
  size_ += count;
}

MemoryCopy::MemoryCopy(const std::vector<std::span<std::byte>>& memory)
    : page_count_(pages_in(memory)),
      pages_(std::make_unique<Page[]>(page_count_)),
      written_(std::make_unique<std::atomic<std::uint32_t>[]>(page_count_)) {
  std::size_t index = 0;
  for (const auto& part : memory) {
    GILVM_CHECK(reinterpret_cast<std::uintptr_t>(part.data()) % kPage == 0 && part.size() % kPage == 0);
    copies_.add(part.data(), part.size());
    for (std::size_t offset = 0; offset < part.size(); offset += kPage) {
      pages_[index++].memory = part.data() + offset;
    }
  }
  MemoryCopy* none = nullptr;
  GILVM_CHECK(existing.compare_exchange_strong(none, this));
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, &action_before);
  for (const auto& part : memory) {
    if (!part.empty()) GILVM_CHECK(mprotect(part.data(), part.size(), PROT_READ) == 0);
  }
}

MemoryCopy::~MemoryCopy() {
  allow_all();
  sigaction(SIGSEGV, &action_before, nullptr);
  existing.store(nullptr);
}

void MemoryCopy::allow_all() {
  for (std::size_t first = 0; first < page_count_;) {
    std::size_t end = first + 1;
    while (end < page_count_ && pages_[end].memory == pages_[end - 1].memory + kPage) ++end;
    GILVM_CHECK(mprotect(pages_[first].memory, (end - first) * kPage, PROT_READ | PROT_WRITE) == 0);
    first = end;
  }
}

void MemoryCopy::on_fault(int, siginfo_t* info, void*) {
  MemoryCopy* copy = existing.load();
  if (copy && copy->write_page_of(info->si_addr)) return;
  // It is not about this: the same instruction meets what there was before.
  sigaction(SIGSEGV, &action_before, nullptr);
}

// In a handler of a signal: nothing is allocated, and no lock is taken.
bool MemoryCopy::write_page_of(const void* address) {
  Page* const end = pages_.get() + page_count_;
  Page* after = std::upper_bound(pages_.get(), end, address,
                                 [](const void* wanted, const Page& page) { return wanted < page.memory; });
  if (after == pages_.get()) return false;
  Page& page = *(after - 1);
  if (address >= page.memory + kPage) return false;
  note_written(page);
  return true;
}

// Where another thread is doing it, the instruction is tried again until that has been done.
void MemoryCopy::note_written(Page& page) {
  if (page.is_written.exchange(true)) return;
  written_[count_.fetch_add(1)].store(static_cast<std::uint32_t>(&page - pages_.get()));
  // It fails where the memory is in too many pieces; the instruction would then be tried without end.
  GILVM_CHECK(mprotect(page.memory, kPage, PROT_READ | PROT_WRITE) == 0);
}

void MemoryCopy::will_change(void* memory, std::size_t bytes) {
  MemoryCopy* copy = existing.load();
  if (!copy) return;
  for (std::size_t offset = 0; offset < bytes; offset += kPage) {
    copy->write_page_of(static_cast<std::byte*>(memory) + offset);
  }
}

std::size_t MemoryCopy::copy_written(CopiedBytes* bytes) const {
  const std::uint32_t count = count_.load();
  for (std::uint32_t index = 0; index < count; ++index) {
    bytes->add(pages_[written_[index].load(std::memory_order_relaxed)].memory, kPage);
  }
  return count * kPage;
}

void MemoryCopy::write_back(std::span<const std::byte> later) const {
  const std::uint32_t count = count_.load();
  for (std::uint32_t index = 0; index < count; ++index) {
    const std::uint32_t page = written_[index].load(std::memory_order_relaxed);
    const std::size_t offset = index * kPage;
    const std::byte* from = offset < later.size() ? later.data() + offset : copies_.data() + page * kPage;
    std::memcpy(pages_[page].memory, from, kPage);
  }
}

}  // namespace gilvm
