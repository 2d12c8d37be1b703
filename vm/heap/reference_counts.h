// Reference counts as CPython keeps them, beside the collector (docs/decisions/0013-reference-counts.md).
//
// The collector needs none. They are a ledger: each assignment of a script to a place that threads can share
// is entered as CPython does it, count of the new object up, swap, count of the old object down. Nothing in
// it is atomic, except under the lock regime `object`. So with the GIL the ledger balances, and without it
// updates are lost, as they would be in a CPython whose lock was taken out.
//
// What is counted: tables, functions, coroutines and objects of C++, where a key or a value of a table or the
// content of a Cell refers to them. Strings and numbers have no counts, as CPython's immortal objects (PEP
// 683); neither has a large object of the heap.
//
// Threads: those that are attached; what says REQUIRES: stopped, the one that has stopped the world.
// Invariants:
//  (1) A cell of the heap that holds no object has a count of 0.
//  (2) A name is a string that the last collection has reached, or a newer one.
#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "vm/heap/marker.h"

namespace gilvm {

// Of one object. Two threads may change it at once: the accesses are relaxed and lose updates, but never
// tear.
struct ReferenceCount {
  std::atomic<std::int32_t> count{0};
  // The string key under which it was last stored; null: under none.
  std::atomic<const Object*> name{nullptr};
};
static_assert(sizeof(ReferenceCount) == 16);

// Objects whose counts are wrong, by what is known of them. One whose count is above the references that
// there are would never be freed; one whose count is below them would have been freed while in use.
struct WrongKey {
  std::string name;  // empty: not known
  ObjectKind kind = ObjectKind::kFree;
  bool is_above = false;
  auto operator<=>(const WrongKey&) const = default;
};
struct WrongSum {
  std::uint64_t objects = 0;
  std::int64_t counts = 0;      // of all of them
  std::int64_t references = 0;  // to all of them
};
using WrongCounts = std::map<WrongKey, WrongSum>;

class ReferenceCounts {
 public:
  // `is_atomic`: as free-threaded CPython has them, which loses no update.
  explicit ReferenceCounts(bool is_atomic) : is_atomic_(is_atomic) {}

  static bool has_count(const Object* object) {
    switch (object->kind) {
      case ObjectKind::kTable:
      case ObjectKind::kClosure:
      case ObjectKind::kNativeFunction:
      case ObjectKind::kCoroutine:
      case ObjectKind::kUserdata: return object->size_class != kNoCell;
      default: return false;
    }
  }
  static bool has_count(Value value) { return value.is_object() && has_count(value.as_object()); }

  // `slot`, which stands in a table at `key`, gets `value`.
  void assign(Slot& slot, Value key, Value value);
  // `slot`, the content of a Cell, gets `value`.
  void assign(Slot& slot, Value value);
  // The parts of an assignment, for who makes it in steps. The entry of a table holds its key as long as its
  // value is not nil.
  void gain(Value value);
  void lose(Value value);
  Value swap(Slot& slot, Value value) const;
  void settle_key(Value key, Value old_value, Value new_value);
  void name(Value value, Value key);

  // REQUIRES of both: has_count(object).
  std::int32_t count_of(const Object* object) const;
  ReferenceCount& of(const Object* object);

  // The objects that `marker` has not reached go: what they refer to loses as many references. REQUIRES:
  // stopped; called from Heap::collect, before anything is swept.
  void settle_dead(Heap& heap, const Marker& marker);

  // What the collections have found wrong about objects that are gone.
  const WrongCounts& gone() const { return gone_; }
  // How many objects that could have a count are gone.
  std::uint64_t gone_count() const { return gone_count_; }
  // The text of a string. Set by the folder that defines strings.
  std::string (*text_of)(const Object* string) = nullptr;

 private:
  static constexpr std::uint8_t kNoCell = 0xFF;  // kLargeClass
  void add(Value value, std::int32_t difference);

  const bool is_atomic_;
  WrongCounts gone_;
  std::uint64_t gone_count_ = 0;
  std::mutex mutex_;  // guards pages_
  std::vector<std::unique_ptr<ReferenceCount[]>> pages_;
};

}  // namespace gilvm
