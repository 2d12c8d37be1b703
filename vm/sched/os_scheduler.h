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
  // Returns when every thread that was started has ended. REQUIRES: as join().
  void join_all();
  // Would join_all() wait?
  bool runs_threads();
  Parker& current() override;
  WakeReason park(Parker& parker, std::optional<Instant> deadline) override;
  void unpark(Parker& parker) override;
  void interrupt_all() override;
  void clear_interrupt() override;
  Instant now() override;
  void reset_after_fork() override;

 private:
  class Slot;
  static void* run_slot(void* slot);

  Slot* claim_slot();
  Slot* find_slot(ThreadId thread) const;
  int create_thread(Slot& slot);

  const std::size_t stack_bytes_;
  const std::uint64_t serial_;  // never used twice in a process, unlike an address

  std::mutex mutex_;
  std::condition_variable thread_ended_;

  // Grows at the front, with mutex_ held. Atomic, because a fork may come in the middle of that.
  std::atomic<Slot*> slots_{nullptr};
  // Written with mutex_ held. Read in park(), with the Slot's mutex held: see interrupt_all().
  std::atomic<bool> interrupted_{false};

  // Guarded by mutex_.
  ThreadId last_thread_ = 0;
};

}  // namespace gilvm
