// Child processes of a VM: fork at a safepoint, wait for their end, end them when the VM is interrupted.
//
// Threads: a ChildProcess may be used by any attached thread; kill_all_children() by any thread.
// Invariants:
//  (1) Every child that was started and not waited for is in a list of the whole process, by which it is
//  killed
//      when the program is interrupted. None outlives the program: a child whose parent dies is killed by the
//      kernel.
//  (2) A child has no other thread than the one that forked it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "vm/runtime/vm.h"

namespace gilvm {

class ChildProcess {
 public:
  // Forks. In the child, runs `body` and exits with what it returns; what it leaves in *message reaches the
  // parent. Null, with errno set, when the system has no room for another process. REQUIRES: `thread` is the
  // caller's, attached, at a safepoint.
  static std::shared_ptr<ChildProcess> start(VmThread& thread,
                                             const std::function<int(std::string* message)>& body);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // A descriptor that can be read when the child has ended; -1: the kernel has none, or the child has ended
  // before anybody asked. It stays open as long as the object.
  int end();
  // False in a child that inherited the object of a sibling. All that follows REQUIRES that it is true.
  bool is_own() const;
  // Waits until the child has ended or the deadline has passed. True: it has ended.
  // REQUIRES: attached, at a safepoint.
  bool wait(VmThread& thread, std::optional<Instant> deadline);
  // As Python's exitcode: the exit status, or minus the number of the signal that killed it; nothing while it
  // runs.
  std::optional<int> exit_code();
  // What the child left for its parent. REQUIRES: it has ended.
  std::string message();
  // Sends a signal, if it has not ended.
  void signal(int number);

 private:
  ChildProcess(pid_t pid, int message_pipe);
  // All without blocking. REQUIRES: mutex_ is held, or nobody else has the object.
  void reap();
  void read_message();
  void close_descriptors();

  const pid_t pid_;
  const pid_t parent_;
  std::mutex mutex_;  // guards what follows; held for moments
  // Open until the child has ended and nobody polls them: programs keep the objects of many children.
  int message_pipe_;           // -1: closed
  int end_;                    // readable when the child has ended; -1: closed, or the kernel has no pidfd
  bool end_is_known_ = false;  // outside, so that it stays open
  unsigned polling_ = 0;       // threads that do
  std::string message_;
  bool message_is_complete_ = false;
  std::optional<int> exit_code_;
};

// "exit status 1", or for the exit code of a child that a signal ended "killed by signal 9 (SIGKILL)"; in the
// user's language.
std::string describe_end(int exit_code);
// SIGKILL for every child that is still there.
void kill_all_children();
// A process that was started in another way is one of them, from now on or no longer.
void remember_child(pid_t process);
void forget_child(pid_t process);

}  // namespace gilvm
