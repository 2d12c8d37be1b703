// Memory that can be brought back to what it was: what a thread allocates while it is inside of an area comes
// from there, and restore() makes all that was there at save() as it was, at the same addresses. So a VM is
// run again and again from one start, which costs less than to make it anew.
//
// Only memory comes back. What else there is (an open file, a socket) does not: whoever makes such a thing
// says so with has_effect_outside(), and the area is not to be restored then, but given up, its objects being
// ended as usual.
//
// It serves where the program allocates by take() and give(), which the gilvm program's operators new and
// delete do (vm/main/allocation.cpp). Sanitizers have their own, and there is no area under them.
//
// Threads: one area exists at a time, and one thread uses it; give() is for any.
// Invariants:
//  (1) What is given back is not used again before restore(): the lower end only grows.
//  (2) At restore() nothing outside refers to what was allocated after save().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace gilvm {

// A copy of memory to be written back there many times. Copying is slow where the distance between the two is
// close to a multiple of 4096 (a load waits for a store that it takes for one to the same address): it is
// half a page off.
class MemoryCopy {
 public:
  // REQUIRES: `bytes` is not 0.
  MemoryCopy(std::byte* memory, std::size_t bytes);
  void write_back() const;
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* memory_;
  std::size_t bytes_;
  std::unique_ptr<std::byte[]> room_;
  std::byte* copy_;
};

class SnapshotArea {
 public:
  SnapshotArea();
  ~SnapshotArea();
  SnapshotArea(const SnapshotArea&) = delete;

  // Does the program allocate by take() and give(), and is there room for an area? Else it stays empty.
  bool is_usable() const { return begin_ != nullptr; }

  // The thread allocates in `area` for a scope; outside of any where it is null.
  class Inside {
   public:
    explicit Inside(SnapshotArea* area) : before_(current_) { current_ = area; }
    ~Inside() { current_ = before_; }
    Inside(const Inside&) = delete;

   private:
    SnapshotArea* const before_;
  };

  // From the upper end, which the owner saves and restores; zero. Null when the area is full.
  void* allocate_above(std::size_t bytes, std::size_t alignment);
  // Of the area that the thread is inside of; null: of none.
  static SnapshotArea* current() { return current_; }

  // REQUIRES for both: the thread is outside; restore() follows save().
  void save();
  void restore();
  // Something was done that restore() would not undo, or that it would undo only half.
  static void has_effect_outside() {
    if (current_) current_->has_effects_ = true;
    effects_outside_.fetch_add(1, std::memory_order_relaxed);  // a number that nothing is published through
  }
  // How often any thread has said so, inside of an area or not.
  static std::uint64_t effects_outside() { return effects_outside_.load(std::memory_order_relaxed); }
  bool has_effects() const { return has_effects_; }

  // As malloc and free. take() is null without memory.
  static void* take(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept;
  static void give(void* memory) noexcept;
  static bool holds(const void* memory) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    return address >= lowest_ && address < highest_;
  }
  // Said before main() where operators new and delete use take() and give().
  static bool serves_operators;

 private:
  void* allocate(std::size_t bytes, std::size_t alignment);

  static thread_local constinit SnapshotArea* current_;
  static std::uintptr_t lowest_, highest_;  // of the area that exists
  static std::atomic<std::uint64_t> effects_outside_;

  std::byte* begin_ = nullptr;
  std::byte* lower_ = nullptr;  // the end of what was allocated at the lower end,
  std::byte* upper_ = nullptr;  // and the beginning at the upper one
  bool has_effects_ = false;
  std::optional<MemoryCopy> copy_;  // of the lower end
  std::byte* saved_upper_ = nullptr;
};

}  // namespace gilvm
