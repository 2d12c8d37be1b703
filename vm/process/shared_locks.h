// What threads of several processes wait for: locks, semaphores, conditions, events, in shared memory.
//
// Threads: any attached thread of any process that has the area. What waits is at a safepoint, detached, and
// looks at least every kLongestSleep whether its thread is interrupted, and whether a process that it waits
// for has ended.
//
// A process may be killed between any two instructions. So no state here needs two writes to be right, but
// for SharedCondition's, which the caller's lock guards: there the second write is one that others make up
// for.
#pragma once

#include <optional>

#include "vm/process/shared_area.h"
#include "vm/runtime/vm.h"

namespace gilvm {

enum class SharedOutcome : std::uint8_t { kDone, kTimeout, kInterrupted };

// Waits until the word has another value, for kLongestSleep at most. kDone may be returned without a change.
// kTimeout: the deadline has passed.
SharedOutcome wait_for_change(VmThread& thread, SharedWord& word, std::uint32_t value,
                              std::optional<Instant> deadline);
void wake(SharedWord& word, int count);

// A lock that any thread of any process may release. `recursive`: the thread that has it may take it again,
// and it alone may release it.
//
// Invariants:
//  (1) The word is 0, or the process that has the lock, with kWaited if others may be waiting.
//  (2) A lock whose process has ended is taken over by the next who wants it, who learns of it.
class SharedLock {
 public:
  SharedLock(std::shared_ptr<SharedArea> area, bool is_recursive)
      : recursive(is_recursive), area_(std::move(area)), word_(*static_cast<SharedWord*>(area_->address())) {}

  // *ended: the process that had the lock and has ended; 0: none had.
  SharedOutcome acquire(VmThread& thread, std::optional<Instant> deadline, pid_t* ended);
  // False: it is not locked, or, a recursive one, not by the calling thread.
  bool release(VmThread& thread);
  bool is_locked() const { return word_.load(std::memory_order_relaxed) != 0; }
  // By the calling thread? Of a lock that is not recursive: was it the calling thread that took it last?
  bool is_owned(VmThread& thread) const;
  // How often its thread has taken it. REQUIRES: is_owned().
  std::uint32_t count() const { return count_; }
  void set_count(std::uint32_t count) { count_ = count; }
  const std::shared_ptr<SharedArea>& area() const { return area_; }

  const bool recursive;

 private:
  static constexpr std::uint32_t kWaited = 1u << 31;

  bool try_take(VmThread& thread, std::uint32_t mark);
  bool take_over(VmThread& thread, pid_t* ended);
  void become_owner(VmThread& thread);

  const std::shared_ptr<SharedArea> area_;
  SharedWord& word_;
  // Of this process: the thread that took it, and how often. Written by who has the lock; relaxed, since a
  // thread asks only whether it is itself.
  std::atomic<std::uint64_t> owner_{0};
  std::uint32_t count_ = 0;
};

// A number of permits, or of anything else that is waited for.
class SharedCounter {
 public:
  explicit SharedCounter(std::shared_ptr<SharedArea> area)
      : area_(std::move(area)), words_(static_cast<SharedWord*>(area_->address())) {}

  std::int32_t value() const { return static_cast<std::int32_t>(words_[0].load(std::memory_order_relaxed)); }
  // Its value afterwards. Wakes all who wait.
  std::int32_t add(std::int32_t amount);
  // Takes one, waiting until there is one.
  SharedOutcome take(VmThread& thread, std::optional<Instant> deadline);
  // Gives back one, of which there are `limit` at most. False: there are.
  bool give(std::int32_t limit);
  // Waits until the value is less than `limit`.
  SharedOutcome wait_until_below(VmThread& thread, std::int32_t limit, std::optional<Instant> deadline);
  // The same for at least `limit`.
  SharedOutcome wait_until_reached(VmThread& thread, std::int32_t limit, std::optional<Instant> deadline);
  void set(std::int32_t value);
  const std::shared_ptr<SharedArea>& area() const { return area_; }

 private:
  template <typename Predicate>
  SharedOutcome wait_until(VmThread& thread, std::optional<Instant> deadline, Predicate is_true);

  const std::shared_ptr<SharedArea> area_;
  SharedWord* const words_;  // the value; how many wait, or waited when they were killed
};

// Who waits gets a ticket, in the order of arrival, and is notified in this order. A ticket says which
// process waits: one whose process has ended is passed over, so no notification is lost with it.
//
// All functions REQUIRE that the caller has the lock that belongs to the condition.
class SharedCondition {
 public:
  static constexpr std::uint32_t kMostWaiting = 1000;
  static constexpr std::size_t kBytes = (2 + kMostWaiting) * sizeof(SharedWord);

  explicit SharedCondition(std::shared_ptr<SharedArea> area)
      : area_(std::move(area)), words_(static_cast<SharedWord*>(area_->address())) {}

  // False: so many wait that there is no ticket left.
  bool take_ticket(std::uint32_t* ticket);
  // Waits, without the lock. kDone: it was notified.
  SharedOutcome wait(VmThread& thread, std::uint32_t ticket, std::optional<Instant> deadline);
  // The wait is over, for whatever reason: was it notified?
  bool give_back(std::uint32_t ticket);
  void notify(std::uint32_t count);
  const std::shared_ptr<SharedArea>& area() const { return area_; }

 private:
  void pass_over();
  void forget_ended_processes();
  SharedWord& next() const { return words_[0]; }   // the next ticket
  SharedWord& first() const { return words_[1]; }  // nobody waits with a ticket below this
  // The process that waits with the ticket; 0: none does any more. kNotified: it was notified.
  SharedWord& waiter(std::uint32_t ticket) const { return words_[2 + ticket % kMostWaiting]; }
  static constexpr std::uint32_t kNotified = 1u << 31;

  const std::shared_ptr<SharedArea> area_;
  SharedWord* const words_;
};

}  // namespace gilvm
