// The threads of a VM that run script functions: what `threading.Thread` and the workers of the command line
// share.
//
// Threads: a ThreadControl may be used by any attached thread.
// Invariants:
//  (1) A started thread is in the registry until its function has returned, and so are its function and
//      arguments, for the collector.
//  (2) `finished` is set after the function's last effect; join() returns after that.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vm/runtime/vm.h"

namespace gilvm {

class ThreadControl {
 public:
  explicit ThreadControl(std::string thread_name) : name(std::move(thread_name)) {}

  // Waits, at a safepoint, until the function has returned. False: the deadline passed, or the VM is
  // interrupted.
  bool join(VmThread& thread, std::optional<Instant> deadline);
  // Waits, at a safepoint, until the thread has begun to run, so that native_id is set.
  void wait_until_running(VmThread& thread);
  // Is it the first who asks? He is to start it.
  bool may_start() {
    std::lock_guard guard(mutex);
    return !std::exchange(started, true);
  }
  bool is_started() {
    std::lock_guard guard(mutex);
    return started;
  }
  bool is_alive() {
    std::lock_guard guard(mutex);
    return started && !finished;
  }
  bool is_daemon() {
    std::lock_guard guard(mutex);
    return daemon;
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
  std::uint64_t ident = 0;       // from its start
  std::int64_t native_id = 0;    // from when it runs
  std::string failure;           // the error, with its traceback, that ended the function
  std::vector<Parker*> waiting;  // for it to run, or to end

 private:
  template <typename Condition>
  bool wait_for(VmThread& thread, std::optional<Instant> deadline, Condition condition);
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

// The operating system's number for the calling thread; its own number where no thread of the system is its
// own.
std::int64_t native_id(VmThread& thread);

// Returns when the threads that start_thread() started, all of which have been joined, use the VM no more.
// REQUIRES: at a safepoint, and no thread is being started.
void wait_for_last_steps(VmThread& thread);
// Has start_thread() started one that has not made its last step, or maybe not even its first?
// REQUIRES: as wait_for_last_steps().
bool uses_threads(VmThread& thread);

// Calls the exit hook, then waits for every thread that is not a daemon; before that the main thread, where
// it is the one that calls, counts as ended for those that join it. REQUIRES: at a safepoint.
void join_all_threads(VmThread& thread);
// What join_all_threads() calls first: it ends threads that wait for work.
void set_exit_hook(VmThread& thread, Value hook);
// Is a join_all_threads() under way? From before its hook is called.
bool is_exiting(VmThread& thread);
// The calling thread's ThreadControl; null for a thread that start_thread() did not start.
std::shared_ptr<ThreadControl> control_of(VmThread& thread);
// The calling thread becomes the one that counts as main, and `control` and `script_object` its own.
void set_main_control(VmThread& thread, const std::shared_ptr<ThreadControl>& control);
// The calling thread's script object, for running_threads(). It becomes VmThread::script_object too.
void set_script_object(VmThread& thread, Value script_object);
// The name of a thread that was given none: "Thread-1" and so on, the same in every run of a VM.
std::string next_thread_name(VmThread& thread);
// What is called, with the error, its text and its traceback, in a thread that an error has ended, instead of
// printing them.
void set_error_hook(VmThread& thread, Value hook);
// In a forked child: the other threads do not exist, and count as ended. Calls the fork hook.
void forget_other_threads(VmThread& thread);
// What forget_other_threads() calls: it makes anew what the other threads may have been using.
void set_fork_hook(VmThread& thread, Value hook);
// The script objects of the threads that run; nil for those without.
std::vector<Value> running_threads(VmThread& thread);

}  // namespace gilvm
