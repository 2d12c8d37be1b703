// Numbers for objects, in the order in which they come.
//
// Threads: one.
#pragma once

#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

namespace gilvm {

class Identities {
 public:
  // The number of the object, and whether it has come before.
  std::pair<std::uint32_t, bool> number_of(const void* object) {
    if (2 * (count_ + 1) > entries_.size()) grow();
    Entry& entry = find(object);
    if (entry.object) return {entry.number, true};
    entry = {object, count_};
    return {count_++, false};
  }
  std::uint32_t count() const { return count_; }

 private:
  struct Entry {
    const void* object = nullptr;  // null: free
    std::uint32_t number = 0;
  };
  // The entry of the object, or the free one where it belongs.
  Entry& find(const void* object) {
    const std::size_t mask = entries_.size() - 1;
    // Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, §6.4): the upper bits depend on
    // all.
    const auto address = reinterpret_cast<std::uintptr_t>(object);
    std::size_t index = (address * 0x9E3779B97F4A7C15u) >> 32 & mask;
    while (entries_[index].object && entries_[index].object != object) index = (index + 1) & mask;
    return entries_[index];
  }
  void grow() {
    std::vector<Entry> old(entries_.empty() ? 32 : 2 * entries_.size());
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.object) find(entry.object) = entry;
    }
  }

  std::vector<Entry> entries_;  // a power of two of them, at most half in use
  std::uint32_t count_ = 0;
};

}  // namespace gilvm
