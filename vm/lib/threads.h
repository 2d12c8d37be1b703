// The threads of a VM that run script functions: what `threading.Thread` and the workers of the command line
// share.
//
// Threads: a ThreadControl may be used by any attached thread.
// Invariants:
//  (1) A started thread is in the registry until its function has returned, and so are its function and
//  arguments
//      for the collector.
//  (2) `finished` is set after the function's last effect; join() returns after that.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "vm/runtime/vm.h"

namespace gilvm {

class ThreadControl {
 public:
  explicit ThreadControl(std::string thread_name) : name(std::move(thread_name)) {}

  // Waits, at a safepoint, until the function has returned. False: the deadline passed, or the VM is
  // interrupted.
  bool join(VmThread& thread, std::optional<Instant> deadline);
  bool is_alive() {
    std::lock_guard guard(mutex);
    return started && !finished;
  }
  // The error that ended it; empty when there was none, or it has not ended.
  std::string failure_so_far() {
    std::lock_guard guard(mutex);
    return failure;
  }

  std::mutex mutex;  // guards what follows; held for moments, never across a safepoint
  std::string name;
  bool started = false;
  bool finished = false;
  bool daemon = false;
  std::uint64_t ident = 0;
  std::int64_t native_id = 0;
  std::string failure;  // the error, with its traceback, that ended the function
  std::vector<Parker*> joiners;
};

// What a new thread is to run.
struct ThreadStart {
  Value function;
  std::vector<Value> arguments;
  Value script_object;         // becomes VmThread::script_object
  unsigned worker = 0;         // becomes VmThread::worker
  bool reports_errors = true;  // prints an error on standard error as soon as it happens
};

// Starts a thread. 0, or the errno that says why there is none.
int start_thread(VmThread& thread, const std::shared_ptr<ThreadControl>& control, ThreadStart start);

// Waits for every thread that is not a daemon. REQUIRES: at a safepoint.
void join_all_threads(VmThread& thread);
// In a forked child: the other threads do not exist.
void forget_other_threads(VmThread& thread);
// The script objects of the threads that run; nil for those without.
std::vector<Value> running_threads(VmThread& thread);

}  // namespace gilvm
