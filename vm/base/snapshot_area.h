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
#include <span>
#include <vector>

#include "vm/base/memory_copy.h"

namespace gilvm {

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

  // REQUIRES for what follows: the thread is outside, and no other uses the area meanwhile.
  //
  // All that is at the lower end, and of what is above those parts, which are whole pages in ascending order.
  void save(const std::vector<std::span<std::byte>>& above = {});
  // As it was at save(), which was called.
  void restore();

  // What the area was at a moment after save().
  class Moment {
   public:
    std::size_t bytes() const { return bytes_.size(); }

   private:
    friend class SnapshotArea;
    CopiedBytes bytes_;  // of the pages that had been written, then of the pieces
    std::size_t written_ = 0;
    std::vector<std::span<std::byte>> pieces_;
  };
  // False: it cannot be saved at this moment.
  bool has_moments() const { return copy_ && upper_ == saved_upper_ && !has_effects_; }
  // The bytes that it would take, without `more`.
  std::size_t bytes_of_moment() const { return copy_->written_bytes() + since_save().size(); }
  // With other memory, wherever it is. REQUIRES: has_moments().
  void save(Moment* moment, const std::vector<std::span<std::byte>>& more) const;
  void restore(const Moment& moment);
  // Something was done that restore() would not undo, or that it would undo only half.
  static void has_effect_outside() {
    if (current_) current_->note_effects();
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
  void note_effects();
  void restore(std::span<const std::byte> written, std::byte* lower);
  std::span<std::byte> since_save() const { return {saved_lower_, lower_}; }

  static thread_local constinit SnapshotArea* current_;
  static std::uintptr_t lowest_, highest_;  // of the area that exists
  static std::atomic<std::uint64_t> effects_outside_;

  std::byte* begin_ = nullptr;
  std::byte* lower_ = nullptr;  // the end of what was allocated at the lower end,
  std::byte* upper_ = nullptr;  // and the beginning at the upper one
  bool has_effects_ = false;
  std::optional<MemoryCopy> copy_;
  std::byte* saved_lower_ = nullptr;
  std::byte* saved_upper_ = nullptr;
};

}  // namespace gilvm
