// Runs threads of scripts in every order: the strategy of a deterministic scheduler, and the watcher of the
// instructions, that an Exploration decides by. One schedule is one run of a VM of its own.
//
// A thread that loops without any effect until another one changes what it reads (a spinning thread) counts
// as waiting for that: it is found out where a jump back comes to the same registers again, nothing was
// written and nothing that was read has changed.
//
// Threads: the OS thread of the scheduler.
// Invariants:
//  (1) The accesses of an instruction belong to the step in which it runs: of a native function that waits,
//  or that calls functions of scripts, to each step in which it goes on, unless it is done with them by then.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "vm/explore/exploration.h"
#include "vm/explore/instruction_accesses.h"
#include "vm/sched/schedule.h"
#include "vm/sched/strategy.h"

namespace gilvm {

class Explorer final : private StepWatcher {
 public:
  struct Limits {
    std::uint64_t instructions = 1'000'000;  // of a schedule
    std::size_t steps = 5'000;
  };
  enum class Ending : std::uint8_t {
    kComplete,
    kSeenBefore,  // given up: it differs from one that was seen in nothing that matters
    kEndless,     // all threads that could run go round in loops, each waiting for another one
    kTooLong,     // given up at a limit
  };

  Explorer(const Exploration::Settings& settings, const Limits& limits)
      : exploration_(settings), limits_(limits), accesses_(effects_) {}

  // What is known of a schedule at one of its steps.
  class Moment;

  // A schedule follows. False: all have been run.
  bool begin();
  // It has so many steps in common with the one before.
  std::size_t steps_in_common() const { return exploration_.steps_in_common(); }
  // Called where a step is to be chosen and several threads could take it: the schedule may be saved there,
  // and another one that has the steps up to there in common may go on from there. Empty: nobody is.
  std::function<void()> before_step;
  void save(Moment* moment) const;
  // After begin(). REQUIRES: the step, as steps() had it at save(), is one of those in common, and the memory
  // of the VM is what it was then.
  void go_on_from(const Moment& moment);
  // As Exploration has them.
  void take(ExplorationPart part) { exploration_.take(std::move(part)); }
  std::vector<ExplorationPart> give() { return exploration_.give(); }
  // For the scheduler of the schedule that follows; the explorer outlives it.
  std::unique_ptr<Strategy> strategy();
  // The VM of the schedule that follows, before any thread but the main one runs in it. `give_up`, told how
  // the schedule ends, makes all its threads end.
  void prepare(VmThread& main, std::function<void(Ending)> give_up);
  // No step has been taken in the schedule.
  bool is_at_start() const {
    return exploration_.steps() == 0 && run_.answers.size() == 0 && run_.living == 1;
  }
  // From before the main thread waits for the workers until all of them have ended. It does nothing else
  // meanwhile: whenever it could run, it does so at once, since that changes nothing for anybody.
  void set_main_waits(bool waits);
  // The threads have ended, or deadlocked. REQUIRES: called once for each begin().
  Ending end();
  // Nothing is decided or looked at any more: the threads end.
  void stop() { is_over_ = true; }

  // The answers of the schedule, to where another thread could have run, as FiberScheduler counts them.
  const Schedule& answers() const { return run_.answers; }
  unsigned switches() const { return exploration_.switches(); }
  std::size_t steps() const { return exploration_.steps(); }
  std::uint64_t instructions() const { return run_.instructions; }
  bool has_left_out() const { return exploration_.has_left_out(); }
  // A thread has waited for a time to come, which it did at the same moment of each schedule's own clock.
  bool has_waited_for_time() const { return has_waited_for_time_; }

 private:
  static constexpr ThreadId kMain = 1;
  class Deciding;

  // A thread of the schedule.
  struct Thread {
    bool lives = false;
    VmThread* vm_thread = nullptr;
    std::vector<Access> current;         // of the instruction that it is in
    bool is_done_when_it_calls = false;  // that instruction is, as InstructionAccesses says
    // Of those that it was in when native functions called the script's, outermost first.
    std::vector<std::vector<Access>> enclosing;
    // The variables that are to be closed, as they were before the instruction.
    const Coroutine* coroutine = nullptr;
    std::vector<Access> to_be_closed;
    // The loop that it may be spinning in.
    const CodeWord* loop = nullptr;
    std::size_t depth = 0;  // of the frame
    std::vector<std::uint64_t> registers;
    std::vector<Access> reads;  // since the jump
    bool has_effects = false;   // since the jump
    bool has_changed = false;   // something of `reads`
    bool spins = false;

    // It is another one, or none. What the lists have allocated stays with them.
    void forget();
  };

  // All that is known of a schedule, but for the Exploration.
  struct Run {
    std::vector<Thread> threads;  // by their ids
    std::size_t living = 0;
    ThreadId running = kMain;
    ThreadId last = kMain;  // who has taken the last step
    bool main_waits = false;
    std::uint64_t instructions = 0;
    Schedule answers;
    std::vector<ThreadId> candidates;  // scratch of choose()
  };

  ThreadId choose(const Decision& decision);
  void before_instruction(VmThread& vm_thread) override;
  void started(ThreadId thread);
  void ended(ThreadId thread);
  void parks(ThreadId thread);
  void unparks(ThreadId thread, bool waits);

  Thread& at(ThreadId thread);
  bool explores() const { return !is_over_ && run_.living > 1; }
  void give_up(Ending ending);
  void access(const Access& access);
  void note_calls(Thread& thread);
  void note_closed(Thread& thread);
  void note_loop(Thread& thread);

  Exploration exploration_;
  const Limits limits_;
  NativeEffects effects_;
  InstructionAccesses accesses_;
  std::function<void(Ending)> give_up_;

  Run run_;
  std::vector<std::uint64_t> registers_;  // scratch of note_loop()
  std::atomic<bool> is_over_{false};      // also set by whoever interrupts the VM
  bool has_waited_for_time_ = false;      // in any schedule
  Ending ending_ = Ending::kComplete;
};

class Explorer::Moment {
  friend class Explorer;
  Run run_;
  std::size_t steps_ = 0;
};

}  // namespace gilvm
