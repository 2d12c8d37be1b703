// The scheduler whose VM threads are OS threads.
//
// Threads: as Scheduler says.
// Invariants:
//  (1) A Slot, once in the list, is in it until the scheduler ends, and is used again for later threads.
//  (2) Locks are taken in the order mutex_, then a Slot's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "vm/runtime/scheduler.h"

namespace gilvm {

class OsScheduler final : public Scheduler {
 public:
  // Enough for the native code under a script, which keeps its own frames on the heap; a thousand threads
  // reserve a gigabyte of addresses, and use of it what they touch.
  static constexpr std::size_t kDefaultStackBytes = std::size_t{1} << 20;

  explicit OsScheduler(std::size_t stack_bytes = kDefaultStackBytes);
  ~OsScheduler() override;

  StartResult start(std::function<void()> body) override;
  void join(ThreadId thread) override;
  bool join_all(std::optional<Instant> deadline = std::nullopt) override;
  Parker& current() override;
  WakeReason park(Parker& parker, std::optional<Instant> deadline) override;
  void unpark(Parker& parker) override;
  void interrupt_all() override;
  void clear_interrupt() override;
  void interrupt(Parker& parker) override;
  void clear_interrupt(Parker& parker) override;
  Instant now() override;
  double wall_clock_seconds() override;
  double process_cpu_seconds() override;
  double thread_cpu_seconds() override;
  void reset_after_fork() override;

 private:
  class Slot;
  static void* run_slot(void* slot);

  Slot* claim_slot();
  Slot* find_slot(ThreadId thread) const;
  bool runs_any() const;
  int create_thread(Slot& slot);
  void wake(Slot& slot);
  void look_for_deadlock(std::unique_lock<std::mutex>& lock, const Slot* ending);

  const std::size_t stack_bytes_;
  const std::uint64_t serial_;  // never used twice in a process, unlike an address

  std::mutex mutex_;
  std::condition_variable thread_ended_;

  // Grows at the front, with mutex_ held. Atomic, because a fork may come in the middle of that.
  std::atomic<Slot*> slots_{nullptr};
  // Written with mutex_ held. Read in park(), with the Slot's mutex held: see interrupt_all().
  std::atomic<bool> interrupted_{false};

  // The threads that exist, and those of them that sleep in park() without a deadline: what keeps most from
  // looking for a deadlock. The former is written with mutex_ held, the latter with the sleeper's.
  std::atomic<std::size_t> threads_{0};
  std::atomic<std::size_t> asleep_{0};
  std::atomic<std::uint64_t> wakes_{0};  // how often one of those was woken

  // Guarded by mutex_.
  ThreadId last_thread_ = 0;
  bool deadlock_found_ = false;
};

}  // namespace gilvm
