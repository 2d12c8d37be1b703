// Ctrl-C and time-outs: one thread that waits for signals and for the deadline, and stops everything.
//
// What it does: prints one line, makes every VM's threads leave their scripts, kills every child process.
// Should the program not end within a second by itself (a thread may be inside a system call), it ends it.
//
// Threads: block_signals() in main() before any thread exists; watch() and unwatch() by any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
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
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;

  void watch(Vm& vm);
  void unwatch(Vm& vm);
  // Between the two, threads that a script has left are waited for. Those that do not come end with the
  // program, which has that exit status.
  void begin_waiting(int exit_status);
  void end_waiting();
  // On return every signal that this process had got before the call has been acted on. Ctrl-C goes to the
  // children too, and a script may see one of them end, and end itself, before the thread here wakes up.
  void settle();
  // The exit status that the interruption asks for; nothing when there was none so far.
  std::optional<int> exit_status() const;
  // Nothing is supervised any more: signals wait. Every one that had come before has been acted on. Returns
  // as exit_status().
  std::optional<int> finish();

 private:
  void run();
  [[noreturn]] void end_now(int exit_status);
  void stop_everything(Interruption reason, int exit_status, const char* line);

  const std::optional<std::chrono::nanoseconds> timeout_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Vm*> vms_;
  std::optional<int> exit_status_;
  std::uint64_t settle_asked_ = 0;
  std::uint64_t settle_answered_ = 0;
  std::condition_variable settled_;  // settle_answered_ has moved, or exit_status_ was set
  bool ending_ = false;
  std::optional<Instant> waiting_until_;  // while a script's threads are waited for
  int status_after_waiting_ = 0;
  std::thread thread_;
};

}  // namespace gilvm
