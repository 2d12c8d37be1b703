// The locks of scripts: what Python's modules `threading` and `_thread` build everything else on.
//
// Threads: any attached thread. What waits is at a safepoint, and waits in the Scheduler alone.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>

#include "vm/runtime/vm.h"

namespace gilvm {

// A lock that has no owner. Who comes while it is free takes it, even past threads that were woken and are on
// their way, since that is much quicker than to hand it from one to the next; but who was woken in vain
// kPatience times gets it handed over. So a thread that waits is passed by so many at most, and those in
// front of it likewise.
//
// Where nobody waits, taking and releasing it is one atomic operation each.
//
// Invariants:
//  (1) While it is free and threads wait, the first of them is woken.
//  (2) A thread is in line until it has the lock or has given up.
//  (3) kLine is set in state_ where line_ is not empty, and changes with mutex_ held. So who releases the
//  lock
//      and sees no line need not look at it, and who joins the line is seen by whoever releases it
//      afterwards.
class FairLock {
 public:
  static constexpr unsigned kPatience = 4;

  bool try_acquire() {
    unsigned state = state_.load(std::memory_order_relaxed);
    while (!(state & kLocked)) {
      // Acquire: with the release of the thread that had it before.
      if (state_.compare_exchange_weak(state, state | kLocked, std::memory_order_acquire,
                                       std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  // False: the deadline passed, or the thread is interrupted. A safepoint.
  bool acquire(VmThread& thread, std::optional<Instant> deadline);
  // False: it was not locked. Any thread may release it.
  bool release(Vm& vm) {
    unsigned state = kLocked;
    // Release: with the acquire of the thread that takes it next.
    return state_.compare_exchange_strong(state, 0, std::memory_order_release, std::memory_order_relaxed) ||
           (state != 0 && release_to_line(vm));
  }
  bool locked() const { return state_.load(std::memory_order_relaxed) & kLocked; }

 private:
  static constexpr unsigned kLocked = 1;
  static constexpr unsigned kLine = 2;

  // On the stack of the thread that waits.
  struct Waiter {
    Parker* parker;
    bool is_woken = false;    // and has not looked yet
    bool was_handed = false;  // the lock, and is not in line any more
    unsigned in_vain = 0;     // how often it was woken and too late
  };

  bool wait_in_line(VmThread& thread, std::optional<Instant> deadline);
  void forget_other_processes(Vm& vm);
  void leave_line(Waiter* waiter);
  bool release_to_line(Vm& vm);

  std::atomic<unsigned> state_{0};
  std::mutex mutex_;  // guards what follows; held for moments, while attached
  unsigned generation_ = 0;
  std::deque<Waiter*> line_;
};

// A lock that the thread which holds it may take again.
class ReentrantLock {
 public:
  bool is_owned(const VmThread& thread) const {
    return owner_.load(std::memory_order_relaxed) == thread.number();
  }
  // Of the owner: how often it has acquired the lock. REQUIRES: is_owned().
  std::uint64_t count() const { return count_; }
  std::uint64_t owner() const { return owner_.load(std::memory_order_relaxed); }

  bool try_acquire(VmThread& thread);
  // As FairLock::acquire(). It counts as having acquired the lock `count` times.
  bool acquire(VmThread& thread, std::optional<Instant> deadline, std::uint64_t count = 1);
  // False: `thread` does not hold it.
  bool release(VmThread& thread);
  // Releases it however often it was acquired; the number. REQUIRES: is_owned().
  std::uint64_t release_all(VmThread& thread);

 private:
  FairLock lock_;
  // The number of the thread that holds it, or 0. Relaxed: only a thread itself ever writes its own number
  // here, so what it needs to know, it has written.
  std::atomic<std::uint64_t> owner_{0};
  std::uint64_t count_ = 0;  // the owner's
};

// Adds the types `Lock` and `RLock` to the VM, and what makes them to the module `_thread`.
void add_locks(VmThread& thread, Table* module);

}  // namespace gilvm
