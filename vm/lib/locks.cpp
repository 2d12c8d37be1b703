#include "vm/lib/locks.h"

#include <algorithm>
#include <cstdio>
#include <type_traits>
#include <utility>

#include "vm/lib/library.h"
#include "vm/runtime/sync_observer.h"
#include "vm/runtime/wait_reason.h"

namespace gilvm {

// A child of a fork has none of the threads that stood in line, and their stacks may be others' by now.
void FairLock::forget_other_processes(Vm& vm) {
  if (generation_ == vm.generation()) return;
  generation_ = vm.generation();
  line_.clear();
  state_.fetch_and(~kLine, std::memory_order_relaxed);
}

void FairLock::leave_line(Waiter* waiter) {
  line_.erase(std::find(line_.begin(), line_.end(), waiter));
  if (line_.empty()) state_.fetch_and(~kLine, std::memory_order_relaxed);
}

bool FairLock::acquire(VmThread& thread, std::optional<Instant> deadline) {
  if (!wait_in_line(thread, deadline)) return false;
  if (!thread.interrupted()) return true;
  // Nobody would learn that the thread has it.
  release(thread.vm());
  return false;
}

bool FairLock::wait_in_line(VmThread& thread, std::optional<Instant> deadline) {
  Waiter self{&thread.parker()};
  {
    std::lock_guard guard(mutex_);
    forget_other_processes(thread.vm());
    line_.push_back(&self);
    state_.fetch_or(kLine, std::memory_order_relaxed);
    // It may have been released before the line was seen.
    if (try_acquire()) {
      leave_line(&self);
      return true;
    }
  }
  for (;;) {
    const WakeReason reason = thread.park(deadline);
    std::lock_guard guard(mutex_);
    if (self.was_handed) return true;
    // Also when the deadline has passed: nobody else was told that the lock is free.
    if (try_acquire()) {
      leave_line(&self);
      return true;
    }
    if (reason != WakeReason::kUnparked) {
      leave_line(&self);
      return false;
    }
    if (self.is_woken) ++self.in_vain;
    self.is_woken = false;
  }
}

bool FairLock::release_to_line(Vm& vm) {
  std::lock_guard guard(mutex_);
  forget_other_processes(vm);
  // While there is a line the lock is released here alone.
  if (line_.empty()) return state_.fetch_and(~kLocked, std::memory_order_release) & kLocked;
  if (!locked()) return false;
  Waiter* const first = line_.front();
  if (first->in_vain >= kPatience) {
    first->was_handed = true;
    leave_line(first);
    vm.scheduler().unpark(*first->parker);
    return true;
  }
  state_.fetch_and(~kLocked, std::memory_order_release);
  if (first->is_woken) return true;
  first->is_woken = true;
  vm.scheduler().unpark(*first->parker);
  return true;
}

bool ReentrantLock::try_acquire(VmThread& thread) {
  if (is_owned(thread)) {
    ++count_;
    return true;
  }
  if (!lock_.try_acquire()) return false;
  owner_.store(thread.number(), std::memory_order_relaxed);
  count_ = 1;
  return true;
}

bool ReentrantLock::acquire(VmThread& thread, std::optional<Instant> deadline, std::uint64_t count) {
  if (is_owned(thread)) {
    count_ += count;
    return true;
  }
  if (!lock_.acquire(thread, deadline)) return false;
  owner_.store(thread.number(), std::memory_order_relaxed);
  count_ = count;
  return true;
}

bool ReentrantLock::release(VmThread& thread) {
  if (!is_owned(thread)) return false;
  if (--count_ == 0) {
    owner_.store(0, std::memory_order_relaxed);
    lock_.release(thread.vm());
  }
  return true;
}

std::uint64_t ReentrantLock::release_all(VmThread& thread) {
  const std::uint64_t count = std::exchange(count_, 0);
  owner_.store(0, std::memory_order_relaxed);
  lock_.release(thread.vm());
  return count;
}

namespace {

// Who took a lock last, and where: for the report of a deadlock. Written by the thread that has just taken
// the lock.
class Taking {
 public:
  void note(VmThread& thread) {
    const Coroutine* coroutine = thread.coroutine;
    const CallFrame* frame = coroutine->frame();
    while (frame != coroutine->first_frame() &&
           (frame->kind != FrameKind::kScript || frame->closure->prototype->is_library)) {
      --frame;
    }
    const bool in_script = frame->kind == FrameKind::kScript;
    thread_.store(thread.number(), std::memory_order_relaxed);
    prototype_.store(in_script ? frame->closure->prototype : nullptr, std::memory_order_relaxed);
    pc_.store(frame->pc, std::memory_order_relaxed);
  }
  void trace(Marker& marker) const {
    if (Prototype* prototype = prototype_.load(std::memory_order_relaxed)) marker.mark_object(prototype);
  }
  std::uint64_t thread() const { return thread_.load(std::memory_order_relaxed); }
  std::string place() const {
    const Prototype* prototype = prototype_.load(std::memory_order_relaxed);
    if (!prototype) return {};
    const std::int32_t line = prototype->line_at(pc_.load(std::memory_order_relaxed) - 1);
    return short_source(prototype->source) + ":" + std::to_string(line);
  }

 private:
  std::atomic<std::uint64_t> thread_{0};
  std::atomic<Prototype*> prototype_{nullptr};
  std::atomic<const CodeWord*> pc_{nullptr};
};

// Either lock, as scripts have it.
template <typename Lock>
class LockObjectOf final : public NativeObject {
 public:
  const char* type_name() const override { return std::is_same_v<Lock, FairLock> ? "Lock" : "RLock"; }
  void trace(Marker& marker) override { taking.trace(marker); }

  // `call` is a method's: its first argument is the object as scripts have it.
  bool try_acquire(NativeCall& call, SyncObserver::Patience patience) {
    VmThread& thread = call.thread();
    bool taken;
    if constexpr (std::is_same_v<Lock, FairLock>) {
      taken = lock.try_acquire();
    } else {
      taken = lock.try_acquire(thread);
      if (taken && lock.count() > 1) return true;  // where it was taken first is what counts
    }
    if (taken) note(call, patience);
    return taken;
  }
  // `count` as ReentrantLock::acquire() has it. False: the deadline passed, or the thread is interrupted.
  template <typename... Count>
  bool acquire(NativeCall& call, std::optional<Instant> deadline, Count... count) {
    VmThread& thread = call.thread();
    if (SyncObserver* observer = thread.vm().sync_observer)
      observer->waits_for_lock(thread, call[0].as_object());
    {
      const WaitsForLock reason(thread, *this);
      if (!lock.acquire(thread, deadline, count...)) return false;
    }
    note(call, deadline ? SyncObserver::Patience::kLimited : SyncObserver::Patience::kForEver);
    return true;
  }

  Lock lock;
  Taking taking;

 private:
  void note(NativeCall& call, SyncObserver::Patience patience) {
    taking.note(call.thread());
    if (SyncObserver* observer = call.vm().sync_observer) [[unlikely]] {
      observer->took_lock(call.thread(), call[0].as_object(), patience);
    }
  }

  class WaitsForLock final : public WaitReason {
   public:
    WaitsForLock(VmThread& thread, LockObjectOf& object) : WaitReason(thread), object_(object) {}
    WaitDescription describe() const override {
      return {WaitDescription::Kind::kObject, object_.type_name(), object_.taking.thread(),
              object_.taking.place()};
    }

   private:
    LockObjectOf& object_;
  };
};

using LockObject = LockObjectOf<FairLock>;
using ReentrantLockObject = LockObjectOf<ReentrantLock>;

// The calling thread is about to release the lock that is the first argument.
void tell_of_release(NativeCall& call) {
  if (SyncObserver* observer = call.vm().sync_observer) [[unlikely]] {
    observer->releases_lock(call.thread(), call[0].as_object());
  }
}

LockObject* lock_of(NativeCall& call) { return object_argument<LockObject>(call, 0, "Lock"); }
ReentrantLockObject* reentrant_lock_of(NativeCall& call) {
  return object_argument<ReentrantLockObject>(call, 0, "RLock");
}

template <typename Object>
int make_object(NativeCall& call, const char* type) {
  Table* metatable = call.vm().registry->get_short(call.thread().string(type)).as_table();
  return call.one(
      Value::userdata(Userdata::make(call.thread().heap(), std::make_unique<Object>(), metatable)));
}

int make_lock(NativeCall& call) { return make_object<LockObject>(call, "_LOCK"); }
int make_reentrant_lock(NativeCall& call) { return make_object<ReentrantLockObject>(call, "_RLOCK"); }

// acquire(blocking=True, timeout=-1), for either lock.
template <typename Object>
int acquire_lock(NativeCall& call, Object& object) {
  VmThread& thread = call.thread();
  if (call.count() == 1 && object.try_acquire(call, SyncObserver::Patience::kForEver)) {
    return call.one(Value::boolean(true));
  }
  const Keywords arguments(call, "acquire", 1, {"blocking", "timeout"});
  if (!arguments.ok()) return kNativeError;
  const bool blocking = arguments[0].is_nil() || !arguments[0].is_false();
  std::optional<Instant> deadline;
  bool has_timeout;
  if (!lock_deadline(call, arguments[1], &deadline, &has_timeout)) return kNativeError;
  if (!blocking && has_timeout)
    return raise_exception(call, "ValueError", "can't specify a timeout for a non-blocking call");
  const auto patience =
      blocking && !deadline ? SyncObserver::Patience::kForEver : SyncObserver::Patience::kLimited;
  if (object.try_acquire(call, patience)) return call.one(Value::boolean(true));
  if (!blocking) return call.one(Value::boolean(false));
  if (object.acquire(call, deadline)) return call.one(Value::boolean(true));
  return thread.interrupted() ? kNativeError : call.one(Value::boolean(false));
}

template <typename Object>
int hold_lock(NativeCall& call, Object& object) {
  return object.try_acquire(call, SyncObserver::Patience::kForEver) || object.acquire(call, std::nullopt)
             ? call.one(call[0])
             : kNativeError;
}

int acquire(NativeCall& call) {
  LockObject* object = lock_of(call);
  if (!object) return kNativeError;
  return acquire_lock(call, *object);
}

int release(NativeCall& call) {
  LockObject* object = lock_of(call);
  if (!object) return kNativeError;
  if (object->lock.locked()) tell_of_release(call);
  return object->lock.release(call.vm()) ? call.none()
                                         : raise_exception(call, "RuntimeError", "release unlocked lock");
}

int is_locked(NativeCall& call) {
  LockObject* object = lock_of(call);
  return object ? call.one(Value::boolean(object->lock.locked())) : kNativeError;
}

// `local held <close> = lock:hold()` is Python's `with lock:`.
int hold(NativeCall& call) {
  LockObject* object = lock_of(call);
  if (!object) return kNativeError;
  return hold_lock(call, *object);
}

int lock_text(NativeCall& call) {
  LockObject* object = lock_of(call);
  if (!object) return kNativeError;
  char text[80];
  std::snprintf(text, sizeof text, "<%s _thread.lock object at %p>",
                object->lock.locked() ? "locked" : "unlocked", call.vm().shown_address(call[0]));
  return call.one_text(text);
}

constexpr LibraryFunction kLockMethods[] = {{"acquire", acquire},  {"release", release},
                                            {"locked", is_locked}, {"hold", hold},
                                            {"__close", release},  {"__tostring", lock_text}};

int acquire_reentrant(NativeCall& call) {
  ReentrantLockObject* object = reentrant_lock_of(call);
  if (!object) return kNativeError;
  return acquire_lock(call, *object);
}

int release_reentrant(NativeCall& call) {
  ReentrantLockObject* object = reentrant_lock_of(call);
  if (!object) return kNativeError;
  if (object->lock.is_owned(call.thread()) && object->lock.count() == 1) tell_of_release(call);
  return object->lock.release(call.thread())
             ? call.none()
             : raise_exception(call, "RuntimeError", "cannot release un-acquired lock");
}

int hold_reentrant(NativeCall& call) {
  ReentrantLockObject* object = reentrant_lock_of(call);
  if (!object) return kNativeError;
  return hold_lock(call, *object);
}

int is_owned(NativeCall& call) {
  ReentrantLockObject* object = reentrant_lock_of(call);
  return object ? call.one(Value::boolean(object->lock.is_owned(call.thread()))) : kNativeError;
}

// How often the calling thread holds it.
int recursion_count(NativeCall& call) {
  ReentrantLockObject* object = reentrant_lock_of(call);
  if (!object) return kNativeError;
  const bool owned = object->lock.is_owned(call.thread());
  return call.one_integer(owned ? static_cast<std::int64_t>(object->lock.count()) : 0);
}

// For Condition: releases it wholly, and gives what _acquire_restore needs to take it as often again.
int release_save(NativeCall& call) {
  ReentrantLockObject* object = reentrant_lock_of(call);
  if (!object) return kNativeError;
  if (!object->lock.is_owned(call.thread()))
    return raise_exception(call, "RuntimeError", "cannot release un-acquired lock");
  tell_of_release(call);
  return call.one_integer(static_cast<std::int64_t>(object->lock.release_all(call.thread())));
}

int acquire_restore(NativeCall& call) {
  ReentrantLockObject* object = reentrant_lock_of(call);
  std::int64_t count;
  if (!object || !call.integer(1, &count)) return kNativeError;
  const auto times = static_cast<std::uint64_t>(std::max<std::int64_t>(count, 1));
  return object->acquire(call, std::nullopt, times) ? call.none() : kNativeError;
}

int reentrant_lock_text(NativeCall& call) {
  ReentrantLockObject* object = reentrant_lock_of(call);
  if (!object) return kNativeError;
  const std::uint64_t owner = object->lock.owner();
  const bool own = owner == call.thread().number();
  char text[120];
  std::snprintf(text, sizeof text, "<%s _thread.RLock object owner=%llu count=%s at %p>",
                owner != 0 ? "locked" : "unlocked", static_cast<unsigned long long>(owner),
                own          ? std::to_string(object->lock.count()).c_str()
                : owner != 0 ? "?"
                             : "0",
                call.vm().shown_address(call[0]));
  return call.one_text(text);
}

constexpr LibraryFunction kReentrantLockMethods[] = {{"acquire", acquire_reentrant},
                                                     {"release", release_reentrant},
                                                     {"hold", hold_reentrant},
                                                     {"_is_owned", is_owned},
                                                     {"_recursion_count", recursion_count},
                                                     {"_release_save", release_save},
                                                     {"_acquire_restore", acquire_restore},
                                                     {"__close", release_reentrant},
                                                     {"__tostring", reentrant_lock_text}};

constexpr LibraryFunction kFunctions[] = {{"allocate_lock", make_lock}, {"RLock", make_reentrant_lock}};

}  // namespace

void add_locks(VmThread& thread, Table* module) {
  Table* registry = thread.vm().registry;
  set_field(thread, registry, "_LOCK", Value::table(make_type(thread, "Lock", kLockMethods)));
  set_field(thread, registry, "_RLOCK", Value::table(make_type(thread, "RLock", kReentrantLockMethods)));
  add_functions(thread, module, kFunctions);
}

}  // namespace gilvm
