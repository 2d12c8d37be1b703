// Why slots. All that the scheduler knows of a thread, its Parker included, is in one Slot, and Slots are in
// a list that only grows. A sync object may keep a Parker longer than its thread lives, so Slots are not
// freed; and after a fork the child must put right what threads that it does not have were in the middle of,
// so there is no container here that could be caught half changed.
#include "vm/sched/os_scheduler.h"

#include <pthread.h>

#include <cerrno>
#include <new>
#include <utility>

#include "vm/base/check.h"

namespace gilvm {
namespace {

std::uint64_t new_serial() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;  // relaxed: it need only be unique
}

}  // namespace

class OsScheduler::Slot final : public Parker {
 public:
  enum class State : std::uint8_t {
    kFree,     // no thread
    kForeign,  // a thread that came by itself; when it goes nobody is told, so the Slot stays
    kRunning,  // a thread of ours
    kEnded,    // its body has returned, and it waits to be joined
  };

  explicit Slot(OsScheduler& owner) : scheduler(owner) {}

  OsScheduler& scheduler;
  Slot* next = nullptr;  // constant once the Slot is in the list

  // Guarded by the scheduler's mutex_.
  State state = State::kFree;
  ThreadId id = 0;     // kRunning, kEnded
  pthread_t thread{};  // all but kFree
  std::function<void()> body;

  // The Parker.
  std::mutex mutex;
  std::condition_variable wake_up;
  // Guarded by mutex.
  bool token = false;
  bool interrupted = false;  // this thread alone
  bool asleep = false;       // without a deadline, and nobody has woken it yet
};

namespace {

// The calling thread's Slot in the scheduler with this serial. One is enough to remember: a thread that
// goes from one scheduler to another finds its Slot again by searching.
thread_local struct {
  std::uint64_t serial = 0;
  Parker* parker = nullptr;
} remembered;

}  // namespace

OsScheduler::OsScheduler(std::size_t stack_bytes) : stack_bytes_(stack_bytes), serial_(new_serial()) {}

OsScheduler::~OsScheduler() {
  std::unique_lock lock(mutex_);
  thread_ended_.wait(lock, [&] { return !runs_any(); });
  Slot* slot = slots_.load(std::memory_order_relaxed);
  while (slot != nullptr) {
    if (slot->state == Slot::State::kEnded) GILVM_CHECK(pthread_join(slot->thread, nullptr) == 0);
    delete std::exchange(slot, slot->next);
  }
}

// Of all Slots: a thread may have started another one just before its end, in whichever was free.
// REQUIRES: mutex_ is held.
bool OsScheduler::runs_any() const {
  for (Slot* slot = slots_.load(std::memory_order_relaxed); slot != nullptr; slot = slot->next) {
    if (slot->state == Slot::State::kRunning) return true;
  }
  return false;
}

bool OsScheduler::join_all(std::optional<Instant> deadline) {
  std::unique_lock lock(mutex_);
  const auto all_ended = [&] { return !runs_any(); };
  if (deadline) return thread_ended_.wait_until(lock, *deadline, all_ended);
  thread_ended_.wait(lock, all_ended);
  return true;
}

StartResult OsScheduler::start(std::function<void()> body) {
  std::unique_lock lock(mutex_);
  Slot* slot = claim_slot();
  if (slot == nullptr) return {.thread = 0, .error = ENOMEM};
  slot->state = Slot::State::kRunning;
  ++threads_;
  slot->id = ++last_thread_;
  slot->thread = {};  // after a fork in the middle of this, the Slot must not seem to be the survivor's
  slot->body = std::move(body);
  const ThreadId id = slot->id;
  const int error = create_thread(*slot);
  if (error != 0) {
    slot->state = Slot::State::kFree;
    --threads_;
    slot->body = nullptr;
    return {.thread = 0, .error = error};
  }
  return {.thread = id, .error = 0};
}

int OsScheduler::create_thread(Slot& slot) {
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error != 0) return error;
  error = pthread_attr_setstacksize(&attributes, stack_bytes_);
  if (error == 0) error = pthread_create(&slot.thread, &attributes, run_slot, &slot);
  pthread_attr_destroy(&attributes);
  return error;
}

void* OsScheduler::run_slot(void* argument) {
  Slot& slot = *static_cast<Slot*>(argument);
  OsScheduler& scheduler = slot.scheduler;
  remembered = {.serial = scheduler.serial_, .parker = &slot};
  std::function<void()> body;
  {
    // Also waits until start() has noted which thread this is.
    std::unique_lock lock(scheduler.mutex_);
    body = std::move(slot.body);
  }
  body();
  // What the body owns goes before anyone is told that it has ended.
  body = nullptr;
  std::unique_lock lock(scheduler.mutex_);
  // After a fork in `body` this thread is the child's main thread, and nobody's to join.
  if (slot.state == Slot::State::kRunning) {
    --scheduler.threads_;
    // While it is running: whoever waits for its end waits for on_deadlock too.
    scheduler.look_for_deadlock(lock, &slot);
    slot.state = Slot::State::kEnded;
  }
  scheduler.thread_ended_.notify_all();
  return nullptr;
}

void OsScheduler::join(ThreadId thread) {
  std::unique_lock lock(mutex_);
  while (Slot* slot = find_slot(thread)) {
    GILVM_CHECK(pthread_equal(slot->thread, pthread_self()) == 0);
    if (slot->state == Slot::State::kEnded) {
      // Does not block for long, and needs no mutex: the thread is past its last use of ours.
      GILVM_CHECK(pthread_join(slot->thread, nullptr) == 0);
      slot->state = Slot::State::kFree;
      return;
    }
    thread_ended_.wait(lock);
  }
}

// A Slot that no thread has, or null where there is no memory for one. Joins a thread that has ended on the
// way, so that those which nobody joins do not pile up.
// REQUIRES: mutex_ is held.
OsScheduler::Slot* OsScheduler::claim_slot() {
  Slot* first = slots_.load(std::memory_order_relaxed);
  for (Slot* slot = first; slot != nullptr; slot = slot->next) {
    if (slot->state == Slot::State::kEnded) {
      GILVM_CHECK(pthread_join(slot->thread, nullptr) == 0);
      slot->state = Slot::State::kFree;
    }
    if (slot->state == Slot::State::kFree) return slot;
  }
  Slot* slot = new (std::nothrow) Slot(*this);
  if (slot == nullptr) return nullptr;
  slot->next = first;
  // Release: in a child, reset_after_fork() acquires it and follows `next`.
  slots_.store(slot, std::memory_order_release);
  return slot;
}

// The Slot of a thread that runs or waits to be joined, or null: it was joined before.
// REQUIRES: mutex_ is held.
OsScheduler::Slot* OsScheduler::find_slot(ThreadId thread) const {
  for (Slot* slot = slots_.load(std::memory_order_relaxed); slot != nullptr; slot = slot->next) {
    const bool ours = slot->state == Slot::State::kRunning || slot->state == Slot::State::kEnded;
    if (ours && slot->id == thread) return slot;
  }
  return nullptr;
}

Parker& OsScheduler::current() {
  if (remembered.serial == serial_) return *remembered.parker;
  std::unique_lock lock(mutex_);
  Slot* slot = slots_.load(std::memory_order_relaxed);
  // A foreign thread that has ended may have had the same pthread_t: then this thread inherits its Slot.
  while (slot != nullptr && (slot->state == Slot::State::kFree || slot->state == Slot::State::kEnded ||
                             pthread_equal(slot->thread, pthread_self()) == 0)) {
    slot = slot->next;
  }
  if (slot == nullptr) {
    slot = claim_slot();
    GILVM_CHECK(slot != nullptr);
    slot->state = Slot::State::kForeign;
    ++threads_;
    slot->thread = pthread_self();
  }
  remembered = {.serial = serial_, .parker = slot};
  return *slot;
}

WakeReason OsScheduler::park(Parker& parker, std::optional<Instant> deadline) {
  Slot& slot = static_cast<Slot&>(parker);
  GILVM_ASSERT(&parker == &current());
  std::unique_lock lock(slot.mutex);
  while (true) {
    // Relaxed: the Slot's mutex orders it, see interrupt_all().
    if (slot.interrupted || interrupted_.load(std::memory_order_relaxed)) {
      wake(slot);
      return WakeReason::kInterrupted;
    }
    if (std::exchange(slot.token, false)) return WakeReason::kUnparked;
    if (!deadline && !slot.asleep) {
      slot.asleep = true;
      if (++asleep_ < threads_) continue;
      lock.unlock();
      std::unique_lock all(mutex_);
      look_for_deadlock(all, nullptr);
      all.unlock();
      lock.lock();
    } else if (!deadline) {
      slot.wake_up.wait(lock);
    } else if (monotonic_now() < *deadline) {
      slot.wake_up.wait_until(lock, *deadline);
    } else {
      return WakeReason::kDeadline;
    }
  }
}

// REQUIRES: slot.mutex is held.
void OsScheduler::wake(Slot& slot) {
  if (std::exchange(slot.asleep, false)) {
    ++wakes_;
    --asleep_;
  }
  slot.wake_up.notify_one();
}

// `lock` holds mutex_, also afterwards; not while on_deadlock runs. The thread of `ending`, which may be
// null, does not count any more.
void OsScheduler::look_for_deadlock(std::unique_lock<std::mutex>& lock, const Slot* ending) {
  if (!on_deadlock || asleep_ < threads_ || threads_ == 0 || deadlock_found_) return;
  const std::uint64_t wakes = wakes_;
  for (Slot* slot = slots_.load(std::memory_order_relaxed); slot != nullptr; slot = slot->next) {
    if (slot->state != Slot::State::kForeign && slot->state != Slot::State::kRunning) continue;
    if (slot == ending) continue;
    std::lock_guard slot_lock(slot->mutex);
    if (!slot->asleep) return;
  }
  // Who was awake until we came to it may have woken one that we had seen asleep. That one will look in its
  // turn.
  if (wakes_ != wakes) return;
  deadlock_found_ = true;
  lock.unlock();
  on_deadlock();
  lock.lock();
}

void OsScheduler::unpark(Parker& parker) {
  Slot& slot = static_cast<Slot&>(parker);
  std::unique_lock lock(slot.mutex);
  slot.token = true;
  wake(slot);
}

void OsScheduler::interrupt_all() {
  std::unique_lock lock(mutex_);
  interrupted_.store(true, std::memory_order_relaxed);
  // A thread that had its Slot's mutex before us is asleep, and hears us; one that has it after us sees the
  // flag. One whose Slot is not in the list yet will have mutex_ after us, and sees it too.
  for (Slot* slot = slots_.load(std::memory_order_relaxed); slot != nullptr; slot = slot->next) {
    std::unique_lock slot_lock(slot->mutex);
    wake(*slot);
  }
}

void OsScheduler::clear_interrupt() {
  std::unique_lock lock(mutex_);
  interrupted_.store(false, std::memory_order_relaxed);
  deadlock_found_ = false;
}

void OsScheduler::interrupt(Parker& parker) {
  Slot& slot = static_cast<Slot&>(parker);
  std::unique_lock lock(slot.mutex);
  slot.interrupted = true;
  wake(slot);
}

void OsScheduler::clear_interrupt(Parker& parker) {
  Slot& slot = static_cast<Slot&>(parker);
  std::unique_lock lock(slot.mutex);
  slot.interrupted = false;
}

Instant OsScheduler::now() { return monotonic_now(); }

double OsScheduler::wall_clock_seconds() { return gilvm::wall_clock_seconds(); }

double OsScheduler::process_cpu_seconds() { return gilvm::process_cpu_seconds(); }

double OsScheduler::thread_cpu_seconds() { return gilvm::thread_cpu_seconds(); }

void OsScheduler::reset_after_fork() {
  // Nothing is destroyed: destroying a condition waits for its waiters, and they do not exist.
  new (&mutex_) std::mutex;
  new (&thread_ended_) std::condition_variable;
  threads_ = 0;
  asleep_ = 0;
  // Acquire: of claim_slot()'s release, which another thread may have done just before the fork.
  for (Slot* slot = slots_.load(std::memory_order_acquire); slot != nullptr; slot = slot->next) {
    new (&slot->mutex) std::mutex;
    new (&slot->wake_up) std::condition_variable;
    const bool in_use = slot->state == Slot::State::kForeign || slot->state == Slot::State::kRunning;
    const bool survivor = in_use && pthread_equal(slot->thread, pthread_self()) != 0;
    slot->state = survivor ? Slot::State::kForeign : Slot::State::kFree;
    slot->asleep = false;
    if (survivor) ++threads_;
    // A body that was not begun is left as it is, and leaks: it may be half moved.
    if (!survivor) new (&slot->body) std::function<void()>;
  }
}

}  // namespace gilvm
