// What Ctrl-C does while lines are typed and run: it cancels the line that is being typed, or ends the one
// that runs.
//
// The threads that earlier lines have started hear nothing of it. A line that does not answer (it is inside a
// long native call) is told again, then the user, then the program is ended.
//
// Threads: made and used by the thread that runs the lines; Ctrl-C comes on the supervisor's.
// Invariant: a thread is interrupted only between begin_line() and end_line().
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <mutex>

#include "vm/main/supervisor.h"
#include "vm/main/wake_up.h"

namespace gilvm {

class LineInterrupts {
 public:
  LineInterrupts(VmThread& thread, WakeUp& typing, Supervisor& supervisor);
  // Ctrl-C ends the program again.
  ~LineInterrupts();
  LineInterrupts(const LineInterrupts&) = delete;

  void begin_line();
  // True: Ctrl-C came, and what ran did not notice.
  bool end_line();

 private:
  bool take();

  VmThread& thread_;
  WakeUp& typing_;
  Supervisor& supervisor_;
  const pthread_t native_thread_ = pthread_self();
  std::mutex mutex_;  // guards what follows
  std::condition_variable has_ended_;
  bool runs_ = false;
  bool ends_ = true;  // end_line() has been called
  int unanswered_ = 0;
};

}  // namespace gilvm
