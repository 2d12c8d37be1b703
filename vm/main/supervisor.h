// Ctrl-C and time-outs: whoever looks, a thread of its own at the latest, takes what has come, and stops
// everything.
//
// Who reads lines from a terminal may take Ctrl-C for itself. Else it ends the program, as SIGTERM and the
// deadline always do.
//
// How it stops everything: prints one line, makes every VM's threads leave their scripts, kills every child
// process. Should the program not end within a second by itself (a thread may be inside a system call), it
// ends it.
//
// Signals are read from a file, not waited for: so a thread can act on those that have come without a word to
// the supervisor's, which nobody waits for at the end either.
//
// Threads: block_signals() in main() before any thread exists; the rest on any.
// Invariant: every signal is taken and acted on with mutex_ held.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "vm/runtime/vm.h"

namespace gilvm {

inline constexpr int kExitTimeout = 124;
inline constexpr int kExitInterrupted = 130;
inline constexpr int kExitTerminated = 143;

class Supervisor {
 public:
  static void block_signals();

  explicit Supervisor(std::optional<std::chrono::nanoseconds> timeout);
  ~Supervisor() = delete;  // its thread uses it to the end of the program
  Supervisor(const Supervisor&) = delete;

  void watch(Vm& vm);
  void unwatch(Vm& vm);
  // Calls `action` while no VM is being stopped.
  void hold_back(const std::function<void()>& action);
  // From now on Ctrl-C calls `take`, on any thread, and stops everything only where that returns false; with
  // none it does so always. On return the one before is not running, and will not be called.
  void hand_over_interrupts(std::function<bool()> take);
  // On return every signal that this process had got before the call has been acted on. Ctrl-C goes to the
  // children too, and a script may see one of them end, and end itself, before the thread here wakes up.
  void settle();
  // The exit status that the interruption asks for; nothing when there was none so far.
  std::optional<int> exit_status() const;
  // Everything was stopped, and there is something to say about what there was before: VMs that are watched
  // from now on are not interrupted before so much time has passed. Where nothing was stopped, nothing
  // changes.
  void allow_more(std::chrono::nanoseconds time);
  // Ends the program now, with exit_status() or else with `otherwise`.
  [[noreturn]] void end_now(int otherwise);
  // Nothing is supervised any more: signals wait. Every one that had come before has been acted on. Returns
  // as exit_status().
  std::optional<int> finish();

 private:
  void start_thread();
  void run();
  // REQUIRES for what follows: mutex_ is held.
  void act();
  void stop_everything(Interruption reason, int exit_status, const char* line);
  void interrupt_all(Interruption reason);
  void set_deadline(Instant deadline);

  const int signals_;  // files: readable when a signal has come,
  const int timer_;    // and from the deadline on
#if defined(__SANITIZE_ADDRESS__)
  std::atomic<bool> runs_{false};  // its thread has started
#endif
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Vm*> vms_;
  std::function<bool()> take_interrupt_;
  std::optional<int> exit_status_;
  std::optional<Instant> deadline_;
  bool allows_more_ = false;  // after it was stopped, until the deadline
  bool finished_ = false;
};

}  // namespace gilvm
