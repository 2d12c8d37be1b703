// What an event loop of the module `asyncio` is made of, besides Lua: its timers, what other threads hand to
// it, and its way to wait.
//
// Threads: post() on any attached thread; all else on the thread that runs the loop. The mutex makes every
// use safe in memory, whatever a script does. Invariants:
//  (1) What is posted is delivered once, in the order in which it was posted.
//  (2) A post that comes while the loop waits ends the wait.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "vm/lib/library.h"
#include "vm/lib/timer_queue.h"
#include "vm/lib/uv_loop.h"

namespace gilvm {

class EventLoop : public NativeObject {
 public:
  const char* type_name() const override { return "EventLoop"; }
  // The world is stopped: nobody holds the mutex, which is taken while attached only.
  void trace(Marker& marker) override;

  TimerQueue::Id add_timer(double when, Value entry);
  void cancel_timer(std::int64_t id);

  // Hands `entry` to the loop and wakes it.
  void post(Vm& vm, Value entry);

  // A round begins: what is due from now on belongs to the next one. If the loop is `idle`, waits first until
  // there is something to do. False: the thread is interrupted. A safepoint.
  bool begin_round(VmThread& thread, bool idle);
  // The next thing to do in this round. False: there is none.
  bool take(Value* entry);
  // What has happened to a connection. False: nothing.
  bool take(UvLoop::Event* event);
  // Its connections and programs, locked. Null: the loop's thread waits for them, and this is another one.
  UvLoop* lock_uv();
  void unlock_uv() { uv_->mutex.unlock(); }
  // Forgets everything. The loop is closed.
  void close();

 private:
  bool is_due(double now) const { return !timers_.empty() && timers_.first_time() <= now; }
  std::optional<Instant> next_deadline() const;
  // Lets connections that are ready do their work. Is there anything to wait for, or to take?
  bool look_at_uv();
  // Each waits for a post, a timer, or an interruption; the second also for connections.
  void wait_in_scheduler(VmThread& thread);
  void wait_for_uv(VmThread& thread);

  std::mutex mutex_;  // guards what follows; held for moments, while attached
  TimerQueue timers_;
  std::deque<Slot> posted_;
  Parker* waiting_ = nullptr;  // the thread that waits
  double round_began_ = 0;
  std::unique_ptr<UvLoop> uv_;  // made when it is first needed
  bool waits_for_uv_ = false;
};

// The clock of event loops and of time.monotonic.
double monotonic_seconds(Vm& vm);

// The loop that is a function's first argument. Null with the error raised.
EventLoop* event_loop_of(NativeCall& call);
// Raises the error of who uses a loop's connections while another thread waits for them.
int refuse_other_thread(NativeCall& call);

// Calls `operation` with the connections of the loop that is the first argument. It raises nothing.
template <typename Operation>
int with_uv(NativeCall& call, Operation operation) {
  EventLoop* loop = event_loop_of(call);
  if (!loop) return kNativeError;
  UvLoop* uv = loop->lock_uv();
  if (!uv) return refuse_other_thread(call);
  const int results = operation(*uv);
  loop->unlock_uv();
  return results;
}

// Adds to the module `_event_loop` what starts programs (subprocess.cpp).
void add_subprocesses(VmThread& thread, Table* module);

}  // namespace gilvm
