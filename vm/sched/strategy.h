// Who runs next: what a deterministic scheduler asks wherever more than one thread could run.
//
// Threads: as FiberScheduler.
// Invariants:
//  (1) The same seed and the same questions get the same answers, on any machine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "vm/base/settings.h"
#include "vm/runtime/scheduler.h"
#include "vm/runtime/step_watcher.h"
#include "vm/runtime/turns.h"
#include "vm/sched/schedule.h"

namespace gilvm {

// A question.
struct Decision {
  std::span<const ThreadId>
      candidates;        // who could run, two at least, in the order in which they were started
  ThreadId current = 0;  // who runs now; not among the candidates if it cannot, or must not, go on
  TurnReason reason = TurnReason::kMayYield;
  bool interval_passed = false;    // the current thread has had its turn for a switch interval
  bool waits_for_time = false;     // some thread waits for a deadline
  std::uint64_t instructions = 0;  // that all threads have come to
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  // One of the candidates.
  virtual ThreadId choose(const Decision& decision) = 0;

  // The question comes; its candidates are not known yet. Who is to go on: should that thread wait for a
  // deadline, it passes at once. 0: nobody in particular.
  virtual ThreadId awaited(const Decision& /*decision*/) { return 0; }

  // What an explorer needs beyond that, and others do not look at.
  //
  // Is it asked at every scheduling point, also where there is but one candidate?
  virtual bool sees_every_point() const { return false; }
  // Told of every instruction; null: nobody is.
  virtual StepWatcher* watcher() { return nullptr; }
  // The running thread has started `thread`.
  virtual void started(ThreadId /*thread*/) {}
  // The running thread has ended; what follows is another one's.
  virtual void ended(ThreadId /*thread*/) {}
  // The running thread is to wait in its own place; has left a token in `thread`'s, which waited iff `waits`.
  virtual void parks(ThreadId /*thread*/) {}
  virtual void unparks(ThreadId /*thread*/, bool /*waits*/) {}
};

// Each in its turn: for a switch interval under the GIL; for one access to shared data where there is no
// lock.
std::unique_ptr<Strategy> round_robin();

// Anyone, with the same probability, at each question.
std::unique_ptr<Strategy> random_walk(std::uint64_t seed);

// The thread of the highest priority, and priorities that change a few times: it finds a bug that needs
// `depth` orderings with a known probability (Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized
// Scheduler with Probabilistic Guarantees of Finding Bugs, ASPLOS 2010). The places of the changes are drawn
// evenly from the logarithm of the number of questions, since the length of the run is not known beforehand.
std::unique_ptr<Strategy> probabilistic_concurrency_testing(std::uint64_t seed, unsigned depth = 3);

// The one of that kind. REQUIRES: kind is not kOs.
std::unique_ptr<Strategy> strategy_of(ScheduleKind kind, std::uint64_t seed);

// As the schedule says. Where it names a thread that cannot run, `divergence` is called, before that question
// is answered; from there on, and when the schedule is over, `afterwards` answers.
std::unique_ptr<Strategy> replay(Schedule schedule, std::unique_ptr<Strategy> afterwards,
                                 std::function<void()> divergence);

}  // namespace gilvm
