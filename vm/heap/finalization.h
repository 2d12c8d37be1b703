// The objects of a heap that have a finalizer, and those whose finalizer is due (Lua manual §2.5.3).
//
// An object is marked for finalization by a script. A collection that does not reach it makes it due: it is
// marked after all, with everything that it leads to, and waits to be taken by whoever calls the finalizer.
//
// Threads: any attached thread may call add(), take() and any_due(); the rest REQUIRES: stopped.
// Invariants:
//  (1) An object is in one of the two lists iff it carries kMarkedForFinalization, and it is there once.
//  (2) Objects that one collection makes due come in the reverse order in which they were marked.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "vm/heap/marker.h"
#include "vm/heap/object.h"

namespace gilvm {

class Finalization {
 public:
  // Marks `object` for finalization, unless it is already, or the heap's end has begun.
  void add(Object* object);
  // The next object whose finalizer is due, which may be marked anew from now on; null: none. The caller puts
  // it where the collector sees it before the next safepoint.
  Object* take();
  std::size_t due_count() const { return due_count_.load(std::memory_order_acquire); }

  // The phases of a collection.
  void mark_due(Marker& marker);
  void make_due(Marker& marker);
  // The heap's end: every object becomes due, and no other one is marked for finalization again.
  void make_all_due();

 private:
  template <typename IsDue>
  void move_to_due(IsDue is_due);

  std::mutex mutex_;  // guards the lists; held for moments, while attached
  std::vector<Object*> marked_;
  std::deque<Object*> due_;
  std::atomic<std::size_t> due_count_{0};
  bool ends_ = false;
};

}  // namespace gilvm
