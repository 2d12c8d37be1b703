// The deterministic scheduler: VM threads are fibers on one OS thread, time is virtual, and a strategy
// decides who runs wherever more than one thread could.
//
// The clock moves with the instructions that are run (Turns::kInstructionTime each). When all threads wait it
// jumps to the nearest deadline, so sleeping costs nothing; when none of them has one, they are deadlocked.
//
// on_deadlock has to interrupt the threads; there is nothing else that could make them go on.
//
// Threads: the OS thread that made it, but interrupt_all() and interrupt(), which are for any.
// Invariants:
//  (1) A thread is in `runnable_` iff it could run; the list is in the order in which threads were started.
//  (2) A Thread, once made, exists until the scheduler ends, and is used again for later threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "vm/base/settings.h"
#include "vm/runtime/scheduler.h"
#include "vm/runtime/turns.h"
#include "vm/sched/fiber.h"
#include "vm/sched/step_record.h"
#include "vm/sched/strategy.h"

namespace gilvm {

class FiberScheduler final : public Scheduler, public Turns {
 public:
  // As OsScheduler's: the native code under a script keeps its own frames on the heap.
  static constexpr std::size_t kStackBytes = std::size_t{1} << 20;

  // `interval` is the switch interval, where it is a time.
  FiberScheduler(std::unique_ptr<Strategy> strategy, SwitchInterval interval);
  ~FiberScheduler() override;

  // Makes the stacks of `count` threads more, which are used before others are made, and one for run_main().
  // False: the system has no room. REQUIRES: no thread but the main one has been started. After it, memory
  // may be brought back to what it was (SnapshotArea) whenever no thread but the main one exists: a stack
  // that is not in use stands where it stood, whatever ran there.
  bool reserve(std::size_t count);
  // The threads that there have been at once, the main one included, or that were reserved.
  std::size_t capacity() const { return threads_.size(); }

  // Calls `body` as the main thread, on a stack of its own, so that the caller sees all stacks from outside.
  // Returns when body has returned; or, with true, when a thread has called pause(): resume() goes on from
  // there. REQUIRES: reserve() has returned true.
  bool run_main(std::function<void()> body);
  bool resume();
  // By the thread that runs, anywhere below run_main().
  void pause();
  // What the threads need of their stacks to go on. With that memory, and the one that this scheduler is in,
  // as they were, resume() goes on from the same pause() once more. REQUIRES: paused.
  void add_stacks(std::vector<std::span<std::byte>>* stacks) const;

  // Has every thread that was started ended?
  bool is_alone() const { return unused_.size() + 1 == threads_.size(); }

  // The answers that the strategy has given.
  StepRecord& steps() { return steps_; }

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
  Turns* turns() override { return this; }

  bool take_turn(TurnReason reason) override;
  bool others_can_run() override;
  void set_switch_interval(SwitchInterval interval) override { interval_ = interval; }

 private:
  struct Thread;

  Nanoseconds time() const { return jumped_ + instructions() * kInstructionTime; }
  void make_runnable(Thread& thread);
  void make_unrunnable(const Thread& thread);
  void wake_those_due();
  bool is_interrupted(const Thread& thread) const;
  // Who runs next: anyone who could, the current thread included. REQUIRES: for kMustYield, which excludes
  // it, another thread could.
  Thread& decide(TurnReason reason);
  // Lets time pass until that thread can run, if it waits for a time.
  void let_come(ThreadId id);
  // Makes somebody runnable when nobody is.
  void wait_for_somebody();
  void run(Thread& next);
  Fiber& end_current();
  bool go_on(Fiber& fiber);

  const std::unique_ptr<Strategy> strategy_;
  SwitchInterval interval_;
  StepRecord steps_;
  bool deadlock_found_ = false;

  std::vector<std::unique_ptr<Thread>> threads_;  // the first is the OS thread's own
  std::vector<Thread*> unused_;
  std::vector<Thread*> runnable_;
  std::vector<ThreadId> candidates_;  // scratch of decide()
  Thread* current_;
  ThreadId last_thread_ = 1;
  Fiber caller_;                       // of run_main() or resume()
  std::unique_ptr<Fiber> main_stack_;  // where run_main() runs its body
  Thread* paused_ = nullptr;

  Nanoseconds jumped_{0};      // what the clock has skipped
  Nanoseconds next_deadline_;  // no thread waits for an earlier one
  Nanoseconds turn_began_{0};
  std::atomic<bool> interrupted_{false};
};

}  // namespace gilvm
