// Copies of memory: one that is written back many times, and others of what has changed since it was made.
//
// Which pages have been written since, the system's protection of memory finds out: at first none may be
// written, and the first write to a page makes it one of those that are. So most of what a program has set up
// is copied once and never again. A page that was written once is taken for changed for ever: the system is
// asked once for each page, however often the memory is brought back.
//
// Threads: any may write the memory; the rest is for one, while nobody writes.
// Invariants:
//  (1) Each page that is as it was not when it was copied is in written_, before the first write to it.
#pragma once

#include <signal.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace gilvm {

// Bytes one after the other. Those of a page should be copied from where they lie half a page off: copying is
// slow where the distance between the two is close to a multiple of 4096 (a load waits for a store that it
// takes for one to the same address). It begins at half a page.
class CopiedBytes {
 public:
  void clear() { size_ = 0; }
  void add(const std::byte* bytes, std::size_t count);
  const std::byte* data() const { return begin_; }
  std::size_t size() const { return size_; }

 private:
  std::unique_ptr<std::byte[]> room_;
  std::byte* begin_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

class MemoryCopy {
 public:
  static constexpr std::size_t kPage = 4096;

  // Of whole pages, in ascending order. One copy exists at a time.
  explicit MemoryCopy(const std::vector<std::span<std::byte>>& memory);
  ~MemoryCopy();
  MemoryCopy(const MemoryCopy&) = delete;

  // The memory is as it was.
  void write_back() const { write_back({}); }
  // What the pages are now that have been written: for the other write_back(). Returns the bytes that it
  // adds.
  std::size_t copy_written(CopiedBytes* bytes) const;
  // The memory is as it was when copy_written() added `later`.
  void write_back(std::span<const std::byte> later) const;
  std::size_t written_bytes() const { return count_.load() * kPage; }
  // Nothing is written back any more: all pages may be written.
  void allow_all();

  // The system will change that memory itself, past its protection. Other memory, too.
  static void will_change(void* memory, std::size_t bytes);

 private:
  struct Page {
    std::byte* memory;
    std::atomic<bool> is_written{false};
  };

  static void on_fault(int signal, siginfo_t* info, void* context);
  // False: the address is in none of the pages.
  bool write_page_of(const void* address);
  void note_written(Page& page);

  const std::size_t page_count_;
  const std::unique_ptr<Page[]> pages_;
  CopiedBytes copies_;                                           // of all pages
  const std::unique_ptr<std::atomic<std::uint32_t>[]> written_;  // indices of pages, in the order of their
  std::atomic<std::uint32_t> count_{0};                          // first writes
};

}  // namespace gilvm
