// Who is told how threads come to wait for each other and to know of each other: the race detector, which
// works out from it what happens before what.
//
// A call is made by the thread that it is about, before it gives anything away, and after it has got it. So
// between two calls for one object the order of the calls is the order of the events.
//
// Threads: any attached one. Where the threads run at the same time, nobody observes.
#pragma once

#include <cstdint>

#include "vm/heap/object.h"

namespace gilvm {

class VmThread;

class SyncObserver {
 public:
  enum class Patience : std::uint8_t {
    kForEver,  // it would have waited for the lock as long as it takes
    kLimited,  // it tried, or had a time-out
  };

  // `thread` has got `lock`, which it did not hold.
  virtual void took_lock(VmThread& thread, Object* lock, Patience patience) = 0;
  // It is about to wait for it.
  virtual void waits_for_lock(VmThread& thread, Object* lock) = 0;
  // It is about to release it, and will not hold it any more; or who holds it is another thread.
  virtual void releases_lock(VmThread& thread, Object* lock) = 0;

  // What it has done comes before what those do that hear of `object` from now on.
  virtual void tells(VmThread& thread, Object* object) = 0;
  virtual void hears(VmThread& thread, Object* object) = 0;

  // It is about to start the thread of that number.
  virtual void starts_thread(VmThread& thread, std::uint64_t number) = 0;
  // It has begun to run; has nothing more to run.
  virtual void thread_begins(VmThread& thread) = 0;
  virtual void thread_ends(VmThread& thread) = 0;
  // It has seen that the thread of that number has ended.
  virtual void saw_end(VmThread& thread, std::uint64_t number) = 0;

 protected:
  ~SyncObserver() = default;
};

}  // namespace gilvm
