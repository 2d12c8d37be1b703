// The timers of an event loop: values that become due, the earliest first, and of equal ones the older first.
//
// A binary heap, and a table of places in it, so that a timer can be taken out before it is due: one that was
// cancelled keeps nothing alive.
//
// Threads: none of its own; the event loop's mutex guards it.
// Invariants:
//  (1) No entry of the heap is due before its parent, heap_[(place - 1) / 2].
//  (2) slots_[heap_[place].id].place == place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "vm/heap/heap.h"
#include "vm/heap/marker.h"

namespace gilvm {

class TimerQueue {
 public:
  using Id = std::uint32_t;

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  // The time of the first. REQUIRES: not empty().
  double first_time() const { return heap_.front().when; }

  // The number is the timer's until it is taken out.
  Id add(double when, Value value) {
    Id id = free_;
    if (id == kNone) {
      id = static_cast<Id>(slots_.size());
      slots_.emplace_back();
    } else {
      free_ = slots_[id].place;
    }
    slots_[id].value = value;
    heap_.push_back({when, ++added_, id});
    sift_up(heap_.size() - 1);
    return id;
  }
  // Takes the first out. REQUIRES: not empty().
  Value take_first() { return take(0); }
  // Takes a timer out. Nothing happens where there is none with that number.
  void remove(std::int64_t id) {
    if (id < 0 || static_cast<std::size_t>(id) >= slots_.size()) return;
    const std::size_t place = slots_[static_cast<Id>(id)].place;
    if (place < heap_.size() && heap_[place].id == id) take(place);
  }
  void clear() {
    heap_.clear();
    slots_.clear();
    free_ = kNone;
  }

  void trace(Marker& marker) {
    for (const Entry& entry : heap_) marker.mark(slots_[entry.id].value);
  }

 private:
  static constexpr Id kNone = static_cast<Id>(-1);
  struct Entry {
    double when;
    std::uint64_t number;  // how many were added before it
    Id id;

    bool operator<(const Entry& other) const {
      return when != other.when ? when < other.when : number < other.number;
    }
  };
  struct TimerSlot {
    Value value;
    Id place = 0;  // in the heap; of a free slot, the next free one
  };

  Value take(std::size_t place) {
    const Id id = heap_[place].id;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (place < heap_.size()) {
      put(place, last);
      sift_up(place);
      sift_down(slots_[last.id].place);
    }
    slots_[id].place = std::exchange(free_, id);
    return std::exchange(slots_[id].value, Value::nil());
  }
  void put(std::size_t place, const Entry& entry) {
    heap_[place] = entry;
    slots_[entry.id].place = static_cast<Id>(place);
  }
  void sift_up(std::size_t place) {
    const Entry entry = heap_[place];
    while (place > 0 && entry < heap_[(place - 1) / 2]) {
      put(place, heap_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
    put(place, entry);
  }
  void sift_down(std::size_t place) {
    const Entry entry = heap_[place];
    for (std::size_t child; (child = 2 * place + 1) < heap_.size(); place = child) {
      if (child + 1 < heap_.size() && heap_[child + 1] < heap_[child]) ++child;
      if (!(heap_[child] < entry)) break;
      put(place, heap_[child]);
    }
    put(place, entry);
  }

  std::vector<Entry> heap_;
  std::vector<TimerSlot> slots_;
  Id free_ = kNone;
  std::uint64_t added_ = 0;
};

}  // namespace gilvm
