// What a collection has reached so far, and what is to be done about references that do not reach.
//
// A table's elements are held weakly by leaving them unmarked and remembering the table (Lua manual §2.5.4).
// An ephemeron, a value that only its key keeps alive, waits at its key: the key carries kWatched in its
// mark, and whoever reaches it marks the value too. So each ephemeron is looked at once or twice, however
// they depend on each other, and a collection takes time in proportion to the heap.
//
// Threads: the one that collects, while the world is stopped; several may mark at once, each with a Marker of
// its own (vm/heap/marking_team.h). Then an object is traced by the one that has marked it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vm/heap/grey_list.h"
#include "vm/heap/object.h"
#include "vm/heap/value.h"

namespace gilvm {

class Heap;
class Marker;
class MarkingTeam;
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
  // Marks what the elements from `first` to before `last` refer to; null: trace() never asks for it, by
  // Marker::trace_in_parts().
  void (*trace_elements)(Marker& marker, Object* object, std::uint64_t first, std::uint64_t last) = nullptr;
};

class Marker {
 public:
  // kHelp: part of a collection that another thread leads. kVerify: nothing is marked; to come to an object
  // that is not marked is a broken invariant.
  enum class Purpose { kCollect, kHelp, kVerify };

  // With a team, a marker that collects asks it for help when there is much to mark. One that helps has one.
  explicit Marker(Heap& heap, Purpose purpose = Purpose::kCollect, MarkingTeam* team = nullptr);
  // Objects are looked at some calls later, when the processor has fetched their headers.
  void mark(Value value) {
    if (value.is_object()) mark_later(value.as_object());
  }
  void mark_object(Object* object) {
    if (std::atomic_ref(object->mark).load(std::memory_order_relaxed) != mark_) reach(object);
  }
  // May the object that is being traced not be traced while others mark? Then it is put off, and nothing else
  // is to be done.
  bool postpones(Object* object) {
    if (!is_together_) return false;
    findings_.postponed.push_back(object);
    return true;
  }
  // Has the operation trace_elements() called later for all of the object's elements. REQUIRES: trace() asks
  // for it, and there are some.
  void trace_in_parts(Object* object, std::uint64_t elements) {
    grey_.parts.push_back({object, 0, elements});
  }
  bool is_marked(const Object* object) const { return object->mark == mark_; }
  bool verifies() const { return purpose_ == Purpose::kVerify; }
  // The name of the metatable's field that makes a table weak; null: there is none.
  const String* mode_name() const;

  // The ledger in which cleared references are entered; null: none is kept.
  ReferenceCounts* counts() const;

  // A table's hash block holds a key that nothing else may reach, beside a nil: looked at when marking is
  // done.
  void remember_unset_key(Slot* key) { findings_.unset_keys.push_back(key); }
  // `value` is to be marked as soon as `key` is. REQUIRES: `key` is not marked, and nobody else marks. So
  // also for the two below.
  void remember_ephemeron(Object* key, Value value);
  // The object holds values, or keys, that are to be cleared where they are not reached.
  void remember_weak_values(Object* object) { weak_values_.push_back(object); }
  void remember_weak_keys(Object* object) { weak_keys_.push_back(object); }

  // The object that is being traced owns so many bytes outside of the heap.
  void add_bytes(std::size_t bytes) { findings_.bytes += bytes; }

  // The phases of a collection, for Heap and its parts.

  // Marks what the marked objects lead to, until nothing is left.
  void drain();
  // Clears the values in the objects that were remembered, from the `first` one on; returns their number.
  std::size_t clear_weak_values(std::size_t first);
  void clear_weak_keys();
  void clear_unset_keys();
  // Bytes of the heap that are marked, and what marked objects own elsewhere.
  std::size_t bytes() const { return findings_.bytes; }

  // What a helper has come by, for the leader.
  struct Findings {
    std::size_t bytes = 0;
    std::vector<Object*> reached_keys;  // that carried kWatched
    std::vector<Slot*> unset_keys;
    std::vector<Object*> postponed;  // marked, but not traced
    void add(const Findings& other);
  };
  const Findings& findings() const { return findings_; }
  // Marks what the team shares, as long as there is something.
  void help();

 private:
  static constexpr std::uint8_t kWatched = 0x80;
  static constexpr unsigned kFetched = 16;
  static constexpr unsigned kBeforeSharing = 64;  // objects traced between two looks at what others want
  static constexpr unsigned kAlone = 256;         // objects that are traced before others are asked to help

  void mark_later(Object* object) {
    __builtin_prefetch(object);
    std::swap(object, fetched_[next_fetched_++ % kFetched]);
    if (object) mark_object(object);
  }
  // Marks what mark() has put off. False: nothing.
  bool mark_fetched();
  void reach(Object* object);
  // Marks for this one only. False: another has done it.
  bool claim(Object* object, std::uint8_t* before);
  void trace(Object* object);
  // Traces what is in the list, and what that leads to.
  void trace_grey();
  // False: there is none.
  bool trace_next_part();
  void share_if_due() {
    if (team_ && traced_ >= sharing_after_ && grey_.can_be_halved()) share();
  }
  void share();
  // Goes on with what others share. False: there is nothing.
  bool take_from_others();
  void mark_ephemerons(Object* key);

  Heap& heap_;
  const std::uint8_t mark_;
  const Purpose purpose_;
  MarkingTeam* const team_;
  bool is_together_;            // others may mark at the same time
  std::size_t traced_ = 0;      // objects, about
  std::size_t alone_ = kAlone;  // objects that it traces before it asks for help
  std::size_t sharing_after_;   // objects traced
  Findings findings_;
  GreyList grey_;
  Object* fetched_[kFetched] = {};  // to be marked; null: none. The first next_fetched_, or all, are some
  std::size_t next_fetched_ = 0;
  std::unordered_multimap<Object*, Value> ephemerons_;
  std::vector<Object*> weak_values_;
  std::vector<Object*> weak_keys_;
};

}  // namespace gilvm
