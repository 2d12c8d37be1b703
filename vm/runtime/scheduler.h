// One way to wait: what a VM thread waits through, whatever it waits for.
//
// A lock, a join, a queue, a sleep, a pipe, a child: each is written once, on park() and unpark(), and runs
// on OS threads and on the deterministic scheduler's fibers. A sync object keeps its own state and its own
// list of Parkers, and unparks the one whose turn it is; the scheduler knows nothing of it.
//
// Threads: park() on the Parker's own thread only, and without the GIL; all else on any thread.
// Invariants:
//  (1) An unpark() before a park() is not lost: it leaves a token, at most one, which the next park() takes.
//  (2) park() may return kUnparked although nobody meant it (a token left from an earlier wait, or from a
//      thread that had this Parker before): the caller looks at what it waits for again, in a loop.
//  (3) A Parker lives as long as its scheduler, so a late unpark() of a thread that has ended is harmless.
//  (4) What a thread wrote before unpark() is visible to the thread whose park() took that token.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "vm/base/clock.h"

namespace gilvm {

enum class WakeReason : std::uint8_t {
  kUnparked,     // there was a token, and it is used up
  kDeadline,     // the deadline passed
  kInterrupted,  // interrupt_all() or interrupt(): the caller gives up waiting; a token, if there is one,
                 // stays
};

// A thread's place to wait. Only the scheduler that made it knows what is inside.
class Parker {
 public:
  Parker(const Parker&) = delete;
  Parker& operator=(const Parker&) = delete;

 protected:
  Parker() = default;
  ~Parker() = default;
};

// Never used twice by one scheduler; 0 is no thread.
using ThreadId = std::uint64_t;

class Turns;

// What start() did: a thread, or the errno that says why there is none.
struct StartResult {
  ThreadId thread = 0;
  int error = 0;

  bool ok() const { return error == 0; }
};

class Scheduler {
 public:
  Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  // Waits for every thread that it started.
  // REQUIRES: nobody is parked, or will be without being unparked.
  virtual ~Scheduler() = default;

  // Runs `body` in a new thread. `body` lets no exception out.
  // Errors: EAGAIN or ENOMEM where the system has no room for another thread; `body` is not run then.
  virtual StartResult start(std::function<void()> body) = 0;

  // Returns when the body of `thread` has returned; at once if it has before, also when joined before. It
  // does not hear interrupts: a script's join parks until the other script ends, and this is what follows.
  // REQUIRES: called without the GIL, and not by `thread` itself.
  virtual void join(ThreadId thread) = 0;

  // The calling thread's Parker. A thread that this scheduler did not start gets one when it first asks.
  virtual Parker& current() = 0;

  // Waits for a token, the deadline or an interrupt; without a deadline, for the other two. An interrupt goes
  // before a token, and a token before a deadline that has passed.
  // REQUIRES: `parker` is current(), and the caller does not hold the GIL.
  virtual WakeReason park(Parker& parker, std::optional<Instant> deadline) = 0;

  // Leaves a token for `parker`, and wakes its thread if it is parked.
  virtual void unpark(Parker& parker) = 0;

  // Makes each park(), those under way and those to come, return kInterrupted, until clear_interrupt().
  // Not for a signal handler: it takes locks.
  virtual void interrupt_all() = 0;
  virtual void clear_interrupt() = 0;

  // The same for one thread alone.
  virtual void interrupt(Parker& parker) = 0;
  virtual void clear_interrupt(Parker& parker) = 0;

  // Returns when every thread that was started has ended; false: at the deadline, where the scheduler can
  // look at it meanwhile. REQUIRES: as join().
  virtual bool join_all(std::optional<Instant> deadline = std::nullopt) = 0;

  // Called when every thread waits in park() without a deadline, so that none of them will ever unpark
  // another: by the last of them, which waits on afterwards, or by a thread that has just ended. It is called
  // once, until clear_interrupt(). May be empty. REQUIRES: set while one thread exists.
  std::function<void()> on_deadlock;

  // The time, as this scheduler has it: virtual under the deterministic one. Clocks as vm/base/clock.h has
  // them.
  virtual Instant now() = 0;
  virtual double wall_clock_seconds() = 0;
  virtual double process_cpu_seconds() = 0;
  virtual double thread_cpu_seconds() = 0;

  // Who decides which VM thread runs; null where they run at the same time.
  virtual Turns* turns() { return nullptr; }

  // In a child process: of all threads only the caller's exists. Forgets the others; join() of one of them
  // returns at once. An interrupt stays in force.
  virtual void reset_after_fork() = 0;
};

}  // namespace gilvm
