// Those who mark in a collection: the thread that collects, which leads, and threads that wait for the world
// to go on and help meanwhile.
//
// Each has a Marker and a list of its own. As long as the list that all share is empty, whoever has more than
// one object to trace puts a part of it there. Who has nothing left takes a part from there; a helper that
// finds none for a while goes, and the leader is done when it is alone and both lists are empty.
//
// Threads: open() and take_or_close() are the leader's, help() is for any other that touches no object
// meanwhile; it calls take(). give() is for all of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>

#include "vm/heap/grey_list.h"
#include "vm/heap/marker.h"

namespace gilvm {

class MarkingTeam {
 public:
  // `call_helpers` wakes those who might call help().
  MarkingTeam(Heap& heap, std::function<void()> call_helpers)
      : heap_(heap), call_helpers_(std::move(call_helpers)) {}
  MarkingTeam(const MarkingTeam&) = delete;

  // Is there something to help with? Then it has called for helpers.
  bool has_work() const { return is_open_.load(std::memory_order_acquire) && !wants_more(); }
  // Marks until nobody has work to share. Returns at once where there is none.
  void help();

  // For markers.

  // Begins to share, with a part of the leader's list.
  void open(GreyList* grey);
  // The rest for who has traced the objects of its own list. False: there is no more for it to do.
  bool take(GreyList* grey);
  // The same for the leader. False: nobody marks any more; what the helpers have found is in *findings.
  bool take_or_close(GreyList* grey, Marker::Findings* findings);
  // Is the shared list empty?
  bool wants_more() const { return wants_more_.load(std::memory_order_relaxed); }
  void give(GreyList* grey);

  // Around fork(): nobody is in the middle of a change.
  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  // Does everyone look for work?
  bool is_done() const {
    return searching_.load(std::memory_order_relaxed) > helpers_.load(std::memory_order_relaxed);
  }
  // REQUIRES: the caller has locked the mutex.
  void put(GreyList* grey);
  // About half of what is shared, so that others find something too. False: nothing is.
  bool take_locked(GreyList* grey);

  Heap& heap_;
  const std::function<void()> call_helpers_;
  std::atomic<bool> is_open_{false};
  std::atomic<bool> wants_more_{false};
  std::mutex mutex_;  // guards the members below; the numbers are also looked at without it
  GreyList shared_;
  std::atomic<unsigned> helpers_{0};
  std::atomic<unsigned> searching_{0};  // of the helpers and the leader
  Marker::Findings findings_;
};

}  // namespace gilvm
