// What a collection has reached so far, and what is to be done about references that do not reach.
//
// A table's elements are held weakly by leaving them unmarked and remembering the table (Lua manual §2.5.4).
// An ephemeron, a value that only its key keeps alive, waits at its key: the key carries kWatched in its
// mark, and whoever reaches it marks the value too. So each ephemeron is looked at once or twice, however
// they depend on each other, and a collection takes time in proportion to the heap.
//
// Threads: the one that collects, while the world is stopped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vm/heap/object.h"
#include "vm/heap/value.h"

namespace gilvm {

class Heap;
class Marker;
class ReferenceCounts;

// How the collector treats a kind of object. The folders that define the kinds register them.
struct ObjectOperations {
  // Marks everything that the object refers to; null: it refers to nothing.
  void (*trace)(Marker& marker, Object* object) = nullptr;
  // Releases what the object owns outside of the heap; null: nothing.
  void (*destroy)(Object* object) = nullptr;
  // Drop the entries whose values, or keys, are weak and not marked. Called for what was remembered while
  // tracing. The second may still mark what refers to nothing.
  void (*clear_weak_values)(const Marker& marker, Object* object) = nullptr;
  void (*clear_weak_keys)(Marker& marker, Object* object) = nullptr;
  // Calls `visit` for each value in a place that scripts assign to (vm/heap/reference_counts.h); null: it has
  // no such place.
  void (*each_reference)(Object* object, const std::function<void(Value)>& visit) = nullptr;
};

class Marker {
 public:
  // kVerify: nothing is marked; to come to an object that is not marked is a broken invariant.
  enum class Purpose { kCollect, kVerify };

  explicit Marker(Heap& heap, Purpose purpose = Purpose::kCollect);
  // Objects are looked at some calls later, when the processor has fetched their headers.
  void mark(Value value) {
    if (value.is_object()) mark_later(value.as_object());
  }
  void mark_object(Object* object) {
    if (object->mark != mark_) reach(object);
  }
  bool is_marked(const Object* object) const { return object->mark == mark_; }
  bool verifies() const { return purpose_ == Purpose::kVerify; }
  // The name of the metatable's field that makes a table weak; null: there is none.
  const String* mode_name() const;

  // The ledger in which cleared references are entered; null: none is kept.
  ReferenceCounts* counts() const;

  // A table's hash block holds a key that nothing else may reach, beside a nil: looked at when marking is
  // done.
  void remember_unset_key(Slot* key) { unset_keys_.push_back(key); }
  // `value` is to be marked as soon as `key` is. REQUIRES: `key` is not marked.
  void remember_ephemeron(Object* key, Value value);
  // The object holds values, or keys, that are to be cleared where they are not reached.
  void remember_weak_values(Object* object) { weak_values_.push_back(object); }
  void remember_weak_keys(Object* object) { weak_keys_.push_back(object); }

  // The object that is being traced owns so many bytes outside of the heap.
  void add_bytes(std::size_t bytes) { bytes_ += bytes; }

  // The phases of a collection, for Heap and its parts.

  // Marks what the marked objects lead to, until nothing is left.
  void drain();
  // Clears the values in the objects that were remembered, from the `first` one on; returns their number.
  std::size_t clear_weak_values(std::size_t first);
  void clear_weak_keys();
  void clear_unset_keys();
  // Bytes of the heap that are marked, and what marked objects own elsewhere.
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::uint8_t kWatched = 0x80;
  static constexpr unsigned kFetched = 16;

  void mark_later(Object* object) {
    __builtin_prefetch(object);
    std::swap(object, fetched_[next_fetched_++ % kFetched]);
    if (object) mark_object(object);
  }
  // Marks what mark() has put off. False: nothing.
  bool mark_fetched();
  void reach(Object* object);
  void mark_ephemerons(Object* key);

  Heap& heap_;
  const std::uint8_t mark_;
  const Purpose purpose_;
  std::size_t bytes_ = 0;
  std::vector<Object*> grey_;
  Object* fetched_[kFetched] = {};  // to be marked; null: none
  unsigned next_fetched_ = 0;
  std::vector<Object*> reached_keys_;  // that carried kWatched
  std::unordered_multimap<Object*, Value> ephemerons_;
  std::vector<Slot*> unset_keys_;
  std::vector<Object*> weak_values_;
  std::vector<Object*> weak_keys_;
};

}  // namespace gilvm
