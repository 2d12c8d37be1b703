#include "vm/process/shared_locks.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <ctime>

#include "vm/process/message_socket.h"

namespace gilvm {
namespace {

bool has_passed(VmThread& thread, std::optional<Instant> deadline) {
  return deadline && thread.vm().scheduler().now() >= *deadline;
}

}  // namespace

SharedOutcome wait_for_change(VmThread& thread, SharedWord& word, std::uint32_t value,
                              std::optional<Instant> deadline) {
  if (thread.interrupted()) return SharedOutcome::kInterrupted;
  Nanoseconds left = kLongestSleep;
  if (deadline) left = std::min(left, Nanoseconds(*deadline - thread.vm().scheduler().now()));
  if (left <= Nanoseconds(0)) return SharedOutcome::kTimeout;
  const timespec time = {left.count() / 1'000'000'000, left.count() % 1'000'000'000};
  Blocking blocking(thread);
  syscall(SYS_futex, &word, FUTEX_WAIT, value, &time, nullptr, 0);
  return SharedOutcome::kDone;
}

void wake(SharedWord& word, int count) { syscall(SYS_futex, &word, FUTEX_WAKE, count, nullptr, nullptr, 0); }

// SharedLock
// ------------------------------------------------------------------------------------------------------

void SharedLock::become_owner(VmThread& thread) {
  owner_.store(thread.number(), std::memory_order_relaxed);
  count_ = 1;
}

bool SharedLock::is_owned(VmThread& thread) const {
  return owner_.load(std::memory_order_relaxed) == thread.number() &&
         static_cast<pid_t>(word_.load(std::memory_order_relaxed) & ~kWaited) == current_process();
}

bool SharedLock::try_take(VmThread& thread, std::uint32_t mark) {
  std::uint32_t free = 0;
  const auto mine = static_cast<std::uint32_t>(current_process()) | mark;
  // Acquire: with the release of who had it before.
  if (!word_.compare_exchange_strong(free, mine, std::memory_order_acquire, std::memory_order_relaxed))
    return false;
  become_owner(thread);
  return true;
}

// The lock of a process that has ended, which may have left what it guards half done.
bool SharedLock::take_over(VmThread& thread, pid_t* ended) {
  std::uint32_t word = word_.load(std::memory_order_acquire);
  const auto holder = static_cast<pid_t>(word & ~kWaited);
  if (holder == 0 || holder == current_process() || !process_has_ended(holder)) return false;
  // Others may be waiting, whatever the word says: it may have been killed on its way to say so.
  const auto mine = static_cast<std::uint32_t>(current_process()) | kWaited;
  if (!word_.compare_exchange_strong(word, mine, std::memory_order_acquire, std::memory_order_relaxed))
    return false;
  become_owner(thread);
  *ended = holder;
  return true;
}

SharedOutcome SharedLock::acquire(VmThread& thread, std::optional<Instant> deadline, pid_t* ended) {
  *ended = 0;
  if (recursive && is_owned(thread)) {
    ++count_;
    return SharedOutcome::kDone;
  }
  if (try_take(thread, 0)) return SharedOutcome::kDone;
  Instant last_look = thread.vm().scheduler().now();
  for (;;) {
    const Instant now = thread.vm().scheduler().now();
    const bool is_late = deadline && now >= *deadline;
    if (is_late || now - last_look >= kLongestSleep) {
      if (take_over(thread, ended)) return SharedOutcome::kDone;
      last_look = now;
    }
    if (is_late) return SharedOutcome::kTimeout;
    std::uint32_t word = word_.load(std::memory_order_relaxed);
    // Who has waited leaves the mark: there may be others.
    if (word == 0 && try_take(thread, kWaited)) return SharedOutcome::kDone;
    if (word == 0) continue;
    if (!(word & kWaited) &&
        !word_.compare_exchange_strong(word, word | kWaited, std::memory_order_relaxed)) {
      continue;
    }
    if (wait_for_change(thread, word_, word | kWaited, deadline) == SharedOutcome::kInterrupted) {
      return SharedOutcome::kInterrupted;
    }
  }
}

bool SharedLock::release(VmThread& thread) {
  if (recursive) {
    if (!is_owned(thread)) return false;
    if (--count_ > 0) return true;
  }
  owner_.store(0, std::memory_order_relaxed);
  // Release: with the acquire of who takes it next.
  const std::uint32_t before = word_.exchange(0, std::memory_order_release);
  if (before & kWaited) wake(word_, 1);
  return before != 0;
}

// SharedCounter
// ---------------------------------------------------------------------------------------------------

template <typename Predicate>
SharedOutcome SharedCounter::wait_until(VmThread& thread, std::optional<Instant> deadline,
                                        Predicate is_true) {
  for (;;) {
    // Sequentially consistent, as in add(): either that sees that this thread waits, or this thread its
    // change.
    words_[1].fetch_add(1, std::memory_order_seq_cst);
    const std::uint32_t seen = words_[0].load(std::memory_order_seq_cst);
    const bool done = is_true(static_cast<std::int32_t>(seen));
    const SharedOutcome outcome =
        done ? SharedOutcome::kDone : wait_for_change(thread, words_[0], seen, deadline);
    words_[1].fetch_sub(1, std::memory_order_relaxed);
    if (done || outcome == SharedOutcome::kInterrupted) return outcome;
    if (has_passed(thread, deadline)) {
      return is_true(value()) ? SharedOutcome::kDone : SharedOutcome::kTimeout;
    }
  }
}

std::int32_t SharedCounter::add(std::int32_t amount) {
  const auto before = static_cast<std::int32_t>(
      words_[0].fetch_add(static_cast<std::uint32_t>(amount), std::memory_order_seq_cst));
  if (words_[1].load(std::memory_order_seq_cst) != 0) wake(words_[0], INT_MAX);
  return before + amount;
}

void SharedCounter::set(std::int32_t value) {
  words_[0].store(static_cast<std::uint32_t>(value), std::memory_order_seq_cst);
  if (words_[1].load(std::memory_order_seq_cst) != 0) wake(words_[0], INT_MAX);
}

SharedOutcome SharedCounter::take(VmThread& thread, std::optional<Instant> deadline) {
  for (;;) {
    std::uint32_t count = words_[0].load(std::memory_order_relaxed);
    while (static_cast<std::int32_t>(count) > 0) {
      // Acquire: with the release of who gave it.
      if (words_[0].compare_exchange_weak(count, count - 1, std::memory_order_acquire))
        return SharedOutcome::kDone;
    }
    const SharedOutcome outcome = wait_until_reached(thread, 1, deadline);
    if (outcome != SharedOutcome::kDone) return outcome;
  }
}

bool SharedCounter::give(std::int32_t limit) {
  std::uint32_t count = words_[0].load(std::memory_order_relaxed);
  do {
    if (static_cast<std::int32_t>(count) >= limit) return false;
  } while (!words_[0].compare_exchange_weak(count, count + 1, std::memory_order_seq_cst));
  if (words_[1].load(std::memory_order_seq_cst) != 0) wake(words_[0], 1);
  return true;
}

SharedOutcome SharedCounter::wait_until_below(VmThread& thread, std::int32_t limit,
                                              std::optional<Instant> deadline) {
  return wait_until(thread, deadline, [limit](std::int32_t value) { return value < limit; });
}

SharedOutcome SharedCounter::wait_until_reached(VmThread& thread, std::int32_t limit,
                                                std::optional<Instant> deadline) {
  return wait_until(thread, deadline, [limit](std::int32_t value) { return value >= limit; });
}

// SharedCondition
// -------------------------------------------------------------------------------------------------

// The tickets at the front that nobody waits with any more make room for others.
void SharedCondition::pass_over() {
  std::uint32_t passed = first().load(std::memory_order_relaxed);
  while (passed != next().load(std::memory_order_relaxed) &&
         waiter(passed).load(std::memory_order_relaxed) == 0) {
    ++passed;
  }
  first().store(passed, std::memory_order_relaxed);
}

void SharedCondition::forget_ended_processes() {
  const std::uint32_t end = next().load(std::memory_order_relaxed);
  for (std::uint32_t ticket = first().load(std::memory_order_relaxed); ticket != end; ++ticket) {
    const auto process = static_cast<pid_t>(waiter(ticket).load(std::memory_order_relaxed) & ~kNotified);
    if (process != 0 && process_has_ended(process)) waiter(ticket).store(0, std::memory_order_relaxed);
  }
  pass_over();
}

bool SharedCondition::take_ticket(std::uint32_t* ticket) {
  if (next().load(std::memory_order_relaxed) - first().load(std::memory_order_relaxed) >= kMostWaiting) {
    forget_ended_processes();
  }
  *ticket = next().load(std::memory_order_relaxed);
  if (*ticket - first().load(std::memory_order_relaxed) >= kMostWaiting) return false;
  waiter(*ticket).store(static_cast<std::uint32_t>(current_process()), std::memory_order_relaxed);
  next().store(*ticket + 1, std::memory_order_relaxed);
  return true;
}

SharedOutcome SharedCondition::wait(VmThread& thread, std::uint32_t ticket, std::optional<Instant> deadline) {
  SharedWord& word = waiter(ticket);
  const auto mine = static_cast<std::uint32_t>(current_process());
  for (;;) {
    if (word.load(std::memory_order_acquire) != mine) return SharedOutcome::kDone;
    const SharedOutcome outcome = wait_for_change(thread, word, mine, deadline);
    if (outcome != SharedOutcome::kDone) return outcome;
  }
}

bool SharedCondition::give_back(std::uint32_t ticket) {
  const std::uint32_t word = waiter(ticket).exchange(0, std::memory_order_relaxed);
  pass_over();
  return word & kNotified;
}

void SharedCondition::notify(std::uint32_t count) {
  const std::uint32_t end = next().load(std::memory_order_relaxed);
  for (std::uint32_t ticket = first().load(std::memory_order_relaxed); ticket != end && count > 0; ++ticket) {
    SharedWord& word = waiter(ticket);
    const std::uint32_t waiting = word.load(std::memory_order_relaxed);
    if (waiting == 0 || waiting & kNotified) continue;
    if (static_cast<pid_t>(waiting) != current_process() && process_has_ended(static_cast<pid_t>(waiting))) {
      word.store(0, std::memory_order_relaxed);
      continue;
    }
    // Release: with the acquire in wait().
    word.store(waiting | kNotified, std::memory_order_release);
    wake(word, 1);
    --count;
  }
}

}  // namespace gilvm
