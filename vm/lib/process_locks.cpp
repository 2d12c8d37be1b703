// Lock, RLock, Semaphore, BoundedSemaphore, Condition and Event of the module `multiprocessing`, and the
// counter that its queues are made of.
#include "vm/lib/process_locks.h"

#include <algorithm>
#include <cerrno>
#include <climits>

namespace gilvm {
namespace {

const char* const kRefusal =
    "synchronization objects should only be shared between processes through inheritance";

// The number of permits, and the most that there may be.
class ProcessSemaphore final : public SharedObject<SharedCounter> {
 public:
  ProcessSemaphore(std::shared_ptr<SharedCounter> shared, std::int32_t most)
      : SharedObject(std::move(shared)), limit(most) {}
  const char* type_name() const override { return "Semaphore"; }
  const char* metatable_name() const override { return "_PROCESS_SEMAPHORE"; }
  const char* refusal() const override { return kRefusal; }
  std::unique_ptr<NativeObject> share() const override {
    return std::make_unique<ProcessSemaphore>(state, limit);
  }
  const std::int32_t limit;
};

class ProcessCounter final : public SharedObject<SharedCounter> {
 public:
  using SharedObject::SharedObject;
  const char* type_name() const override { return "Counter"; }
  const char* metatable_name() const override { return "_PROCESS_COUNTER"; }
  const char* refusal() const override { return kRefusal; }
  std::unique_ptr<NativeObject> share() const override { return std::make_unique<ProcessCounter>(state); }
};

class ProcessCondition final : public SharedObject<SharedCondition> {
 public:
  ProcessCondition(std::shared_ptr<SharedCondition> shared, std::shared_ptr<SharedLock> its_lock)
      : SharedObject(std::move(shared)), lock(std::move(its_lock)) {}
  const char* type_name() const override { return "Condition"; }
  const char* metatable_name() const override { return "_PROCESS_CONDITION"; }
  const char* refusal() const override { return kRefusal; }
  std::unique_ptr<NativeObject> share() const override {
    return std::make_unique<ProcessCondition>(state, lock);
  }
  const std::shared_ptr<SharedLock> lock;
};

std::shared_ptr<SharedArea> make_area(NativeCall& call, std::size_t bytes) {
  if (call.vm().is_deterministic()) {
    refuse_under_schedule(call, "a lock of multiprocessing");
    return nullptr;
  }
  std::shared_ptr<SharedArea> area = SharedArea::make(bytes);
  if (!area) raise_system_error(call, errno);
  return area;
}

int make_object(NativeCall& call, std::unique_ptr<InheritedObject> object) {
  VmThread& thread = call.thread();
  Table* type = thread.vm().registry->get_short(thread.string(object->metatable_name())).as_table();
  return call.one(Value::userdata(Userdata::make(thread.heap(), std::move(object), type)));
}

// Locks
// ---------------------------------------------------------------------------------------------------------

ProcessLock* lock_argument(NativeCall& call) { return object_argument<ProcessLock>(call, 0, "Lock"); }

int make_lock_of(NativeCall& call, bool recursive) {
  std::shared_ptr<SharedLock> lock = make_shared_lock(call, recursive);
  return lock ? call.one(lock_object(call.thread(), lock)) : kNativeError;
}
int make_lock(NativeCall& call) { return make_lock_of(call, false); }
int make_recursive_lock(NativeCall& call) { return make_lock_of(call, true); }

// true; and the process that had the lock when it ended, if that is so. Or false.
int acquire_lock(NativeCall& call, SharedLock& lock, Value block, Value timeout) {
  std::optional<Instant> deadline;
  if (!wait_deadline(call, block, timeout, &deadline)) return kNativeError;
  pid_t ended;
  switch (lock.acquire(call.thread(), deadline, &ended)) {
    case SharedOutcome::kInterrupted: return kNativeError;
    case SharedOutcome::kTimeout: return call.one(Value::boolean(false));
    case SharedOutcome::kDone: break;
  }
  if (ended == 0) return call.one(Value::boolean(true));
  return call.two(Value::boolean(true), Value::inline_integer(ended));
}

int release_lock(NativeCall& call, SharedLock& lock) {
  if (lock.release(call.thread())) return call.none();
  if (!lock.recursive)
    return raise_exception(call, "ValueError", "semaphore or lock released too many times");
  return raise_exception(call, "AssertionError", "attempt to release recursive lock not owned by thread");
}

// For `local held <close> = lock:hold()`: the object itself.
int hold_lock(NativeCall& call, SharedLock& lock) {
  pid_t ended;
  if (lock.acquire(call.thread(), std::nullopt, &ended) != SharedOutcome::kDone) return kNativeError;
  return call.one(call[0]);
}

int lock_acquire(NativeCall& call) {
  ProcessLock* lock = lock_argument(call);
  if (!lock) return kNativeError;
  const Keywords arguments(call, "acquire", 1, {"block", "timeout"});
  return arguments.ok() ? acquire_lock(call, *lock->state, arguments[0], arguments[1]) : kNativeError;
}
int lock_release(NativeCall& call) {
  ProcessLock* lock = lock_argument(call);
  return lock ? release_lock(call, *lock->state) : kNativeError;
}
int lock_hold(NativeCall& call) {
  ProcessLock* lock = lock_argument(call);
  return lock ? hold_lock(call, *lock->state) : kNativeError;
}
int lock_locked(NativeCall& call) {
  ProcessLock* lock = lock_argument(call);
  return lock ? call.one(Value::boolean(lock->state->is_locked())) : kNativeError;
}

// Semaphores
// ----------------------------------------------------------------------------------------------------

ProcessSemaphore* semaphore_argument(NativeCall& call) {
  return object_argument<ProcessSemaphore>(call, 0, "Semaphore");
}

int make_semaphore_of(NativeCall& call, const char* name, bool bounded) {
  const Keywords arguments(call, name, 0, {"value"});
  if (!arguments.ok()) return kNativeError;
  const Value value = arguments[0].is_nil() ? Value::inline_integer(1) : arguments[0];
  if (!value.is_integer()) return raise_exception(call, "TypeError", "an integer is required");
  if (value.as_integer() < 0 || value.as_integer() > INT_MAX) {
    return raise_system_error(call, EINVAL);
  }
  std::shared_ptr<SharedArea> area = make_area(call, 2 * sizeof(SharedWord));
  if (!area) return kNativeError;
  auto counter = std::make_shared<SharedCounter>(std::move(area));
  const auto count = static_cast<std::int32_t>(value.as_integer());
  counter->set(count);
  return make_object(call, std::make_unique<ProcessSemaphore>(std::move(counter), bounded ? count : INT_MAX));
}
int make_semaphore(NativeCall& call) { return make_semaphore_of(call, "Semaphore", false); }
int make_bounded_semaphore(NativeCall& call) { return make_semaphore_of(call, "BoundedSemaphore", true); }

int semaphore_acquire(NativeCall& call) {
  ProcessSemaphore* semaphore = semaphore_argument(call);
  if (!semaphore) return kNativeError;
  const Keywords arguments(call, "acquire", 1, {"block", "timeout"});
  std::optional<Instant> deadline;
  if (!arguments.ok() || !wait_deadline(call, arguments[0], arguments[1], &deadline)) return kNativeError;
  const SharedOutcome outcome = semaphore->state->take(call.thread(), deadline);
  if (outcome == SharedOutcome::kInterrupted) return kNativeError;
  return call.one(Value::boolean(outcome == SharedOutcome::kDone));
}
int semaphore_release(NativeCall& call) {
  ProcessSemaphore* semaphore = semaphore_argument(call);
  if (!semaphore) return kNativeError;
  if (semaphore->state->give(semaphore->limit)) return call.none();
  return raise_exception(call, "ValueError", "semaphore or lock released too many times");
}
int semaphore_hold(NativeCall& call) {
  ProcessSemaphore* semaphore = semaphore_argument(call);
  if (!semaphore) return kNativeError;
  if (semaphore->state->take(call.thread(), std::nullopt) != SharedOutcome::kDone) return kNativeError;
  return call.one(call[0]);
}
int semaphore_value(NativeCall& call) {
  ProcessSemaphore* semaphore = semaphore_argument(call);
  return semaphore ? call.one_integer(semaphore->state->value()) : kNativeError;
}

// Conditions
// ----------------------------------------------------------------------------------------------------

ProcessCondition* condition_argument(NativeCall& call) {
  return object_argument<ProcessCondition>(call, 0, "Condition");
}

int make_condition(NativeCall& call) {
  const Keywords arguments(call, "Condition", 0, {"lock"});
  if (!arguments.ok()) return kNativeError;
  std::shared_ptr<SharedLock> lock;
  const Value given = arguments[0];
  if (given.is_nil()) {
    lock = make_shared_lock(call, true);
    if (!lock) return kNativeError;
  } else {
    const auto* object =
        given.is_userdata() ? dynamic_cast<ProcessLock*>(given.as_userdata()->object) : nullptr;
    if (!object) return raise_exception(call, "TypeError", "Condition: lock must be a Lock or an RLock");
    lock = object->state;
  }
  std::shared_ptr<SharedArea> area = make_area(call, SharedCondition::kBytes);
  if (!area) return kNativeError;
  return make_object(call, std::make_unique<ProcessCondition>(
                               std::make_shared<SharedCondition>(std::move(area)), std::move(lock)));
}

int condition_acquire(NativeCall& call) {
  ProcessCondition* condition = condition_argument(call);
  if (!condition) return kNativeError;
  const Keywords arguments(call, "acquire", 1, {"block", "timeout"});
  return arguments.ok() ? acquire_lock(call, *condition->lock, arguments[0], arguments[1]) : kNativeError;
}
int condition_release(NativeCall& call) {
  ProcessCondition* condition = condition_argument(call);
  return condition ? release_lock(call, *condition->lock) : kNativeError;
}
int condition_hold(NativeCall& call) {
  ProcessCondition* condition = condition_argument(call);
  return condition ? hold_lock(call, *condition->lock) : kNativeError;
}

// False: an error is raised, or the thread is interrupted. REQUIRES: the thread has the lock.
bool wait_in_condition(NativeCall& call, ProcessCondition& condition, std::optional<Instant> deadline,
                       bool* was_notified) {
  VmThread& thread = call.thread();
  SharedLock& lock = *condition.lock;
  std::uint32_t ticket;
  if (!condition.state->take_ticket(&ticket)) {
    return raise_exception(call, "RuntimeError", "too many threads wait for the condition") == 0;
  }
  const std::uint32_t count = lock.count();
  lock.set_count(1);
  lock.release(thread);
  const SharedOutcome outcome = condition.state->wait(thread, ticket, deadline);
  pid_t ended;
  // An interrupted thread gives up the lock as well: what it runs has ended.
  if (lock.acquire(thread, std::nullopt, &ended) != SharedOutcome::kDone) return false;
  lock.set_count(count);
  *was_notified = condition.state->give_back(ticket);
  if (outcome != SharedOutcome::kInterrupted) return true;
  if (*was_notified) condition.state->notify(1);
  return false;
}

bool check_owned(NativeCall& call, ProcessCondition& condition, const char* message) {
  if (condition.lock->is_owned(call.thread())) return true;
  raise_exception(call, "AssertionError", message);
  return false;
}

int condition_wait(NativeCall& call) {
  ProcessCondition* condition = condition_argument(call);
  if (!condition) return kNativeError;
  const Keywords arguments(call, "wait", 1, {"timeout"});
  std::optional<Instant> deadline;
  bool was_notified;
  if (!arguments.ok() || !wait_deadline(call, Value::nil(), arguments[0], &deadline) ||
      !check_owned(call, *condition, "must acquire() condition before using wait()") ||
      !wait_in_condition(call, *condition, deadline, &was_notified)) {
    return kNativeError;
  }
  return call.one(Value::boolean(was_notified));
}

// wait_for(predicate, timeout=nil): what the predicate returned last.
int condition_wait_for(NativeCall& call) {
  ProcessCondition* condition = condition_argument(call);
  if (!condition) return kNativeError;
  const Keywords arguments(call, "wait_for", 1, {"predicate", "timeout"});
  if (!arguments.ok()) return kNativeError;
  const Value predicate = arguments[0];
  call.keep(predicate);
  std::optional<Instant> deadline;
  if (!wait_deadline(call, Value::nil(), arguments[1], &deadline)) return kNativeError;
  for (;;) {
    ScriptCall script(call.thread(), predicate, call.function());
    if (!script.run()) return kNativeError;
    const Value result = script.result(0);
    if (!result.is_falsy() || (deadline && call.vm().scheduler().now() >= *deadline)) return call.one(result);
    bool was_notified;
    if (!check_owned(call, *condition, "must acquire() condition before using wait()") ||
        !wait_in_condition(call, *condition, deadline, &was_notified)) {
      return kNativeError;
    }
  }
}

int condition_notify(NativeCall& call) {
  ProcessCondition* condition = condition_argument(call);
  if (!condition) return kNativeError;
  const Keywords arguments(call, "notify", 1, {"n"});
  if (!arguments.ok()) return kNativeError;
  const Value count = arguments[0].is_nil() ? Value::inline_integer(1) : arguments[0];
  if (!count.is_integer()) return raise_exception(call, "TypeError", "an integer is required");
  if (!check_owned(call, *condition, "lock is not owned")) return kNativeError;
  if (count.as_integer() > 0) {
    condition->state->notify(static_cast<std::uint32_t>(std::min<std::int64_t>(count.as_integer(), INT_MAX)));
  }
  return call.none();
}
int condition_notify_all(NativeCall& call) {
  ProcessCondition* condition = condition_argument(call);
  if (!condition || !check_owned(call, *condition, "lock is not owned")) return kNativeError;
  condition->state->notify(INT_MAX);
  return call.none();
}

// Counters, and events, which are counters of one
// ----------------------------------------------------------------

ProcessCounter* counter_argument(NativeCall& call) {
  return object_argument<ProcessCounter>(call, 0, "Counter");
}

int make_counter(NativeCall& call) {
  std::shared_ptr<SharedArea> area = make_area(call, 2 * sizeof(SharedWord));
  if (!area) return kNativeError;
  return make_object(call,
                     std::make_unique<ProcessCounter>(std::make_shared<SharedCounter>(std::move(area))));
}
int counter_value(NativeCall& call) {
  ProcessCounter* counter = counter_argument(call);
  return counter ? call.one_integer(counter->state->value()) : kNativeError;
}
int counter_add(NativeCall& call) {
  ProcessCounter* counter = counter_argument(call);
  std::int64_t amount;
  if (!counter || !call.integer(1, &amount)) return kNativeError;
  return call.one_integer(counter->state->add(static_cast<std::int32_t>(amount)));
}
int counter_set(NativeCall& call) {
  ProcessCounter* counter = counter_argument(call);
  std::int64_t value;
  if (!counter || !call.integer(1, &value)) return kNativeError;
  counter->state->set(static_cast<std::int32_t>(value));
  return call.none();
}

template <typename Wait>
int counter_wait(NativeCall& call, Wait wait) {
  ProcessCounter* counter = counter_argument(call);
  std::int64_t limit;
  std::optional<Instant> deadline;
  if (!counter || !call.integer(1, &limit) || !wait_deadline(call, Value::nil(), call[2], &deadline)) {
    return kNativeError;
  }
  const SharedOutcome outcome = wait(*counter->state, static_cast<std::int32_t>(limit), deadline);
  if (outcome == SharedOutcome::kInterrupted) return kNativeError;
  return call.one(Value::boolean(outcome == SharedOutcome::kDone));
}
// wait_until_below(limit, timeout) and wait_until_reached(limit, timeout): false where the time is over.
int counter_wait_until_below(NativeCall& call) {
  return counter_wait(call, [&](SharedCounter& counter, std::int32_t limit, std::optional<Instant> deadline) {
    return counter.wait_until_below(call.thread(), limit, deadline);
  });
}
int counter_wait_until_reached(NativeCall& call) {
  return counter_wait(call, [&](SharedCounter& counter, std::int32_t limit, std::optional<Instant> deadline) {
    return counter.wait_until_reached(call.thread(), limit, deadline);
  });
}

constexpr LibraryFunction kLockMethods[] = {{"acquire", lock_acquire},
                                            {"release", lock_release},
                                            {"hold", lock_hold},
                                            {"locked", lock_locked},
                                            {"__close", lock_release}};
constexpr LibraryFunction kSemaphoreMethods[] = {{"acquire", semaphore_acquire},
                                                 {"release", semaphore_release},
                                                 {"hold", semaphore_hold},
                                                 {"get_value", semaphore_value},
                                                 {"__close", semaphore_release}};
constexpr LibraryFunction kConditionMethods[] = {{"acquire", condition_acquire},
                                                 {"release", condition_release},
                                                 {"hold", condition_hold},
                                                 {"wait", condition_wait},
                                                 {"wait_for", condition_wait_for},
                                                 {"notify", condition_notify},
                                                 {"notify_all", condition_notify_all},
                                                 {"__close", condition_release}};
constexpr LibraryFunction kCounterMethods[] = {{"value", counter_value},
                                               {"add", counter_add},
                                               {"set", counter_set},
                                               {"wait_until_below", counter_wait_until_below},
                                               {"wait_until_reached", counter_wait_until_reached}};
constexpr LibraryFunction kFunctions[] = {
    {"Lock", make_lock},           {"RLock", make_recursive_lock},
    {"Semaphore", make_semaphore}, {"BoundedSemaphore", make_bounded_semaphore},
    {"Condition", make_condition}, {"Counter", make_counter}};

}  // namespace

std::shared_ptr<SharedLock> make_shared_lock(NativeCall& call, bool recursive) {
  std::shared_ptr<SharedArea> area = make_area(call, sizeof(SharedWord));
  return area ? std::make_shared<SharedLock>(std::move(area), recursive) : nullptr;
}

Value lock_object(VmThread& thread, const std::shared_ptr<SharedLock>& lock) {
  auto object = std::make_unique<ProcessLock>(lock);
  Table* type = thread.vm().registry->get_short(thread.string(object->metatable_name())).as_table();
  return Value::userdata(Userdata::make(thread.heap(), std::move(object), type));
}

bool wait_deadline(NativeCall& call, Value block, Value timeout, std::optional<Instant>* deadline) {
  if (!deadline_after(call, timeout, deadline)) return false;
  const bool is_negative =
      timeout.is_integer() ? timeout.as_integer() < 0 : timeout.is_double() && timeout.as_double() < 0;
  // As in Python: a negative timeout is none at all.
  if (block.is_false() || is_negative) *deadline = call.vm().scheduler().now();
  return true;
}

void add_process_locks(VmThread& thread, Table* module) {
  Table* registry = thread.vm().registry;
  set_field(thread, registry, "_PROCESS_LOCK", Value::table(make_type(thread, "Lock", kLockMethods)));
  set_field(thread, registry, "_PROCESS_RLOCK", Value::table(make_type(thread, "RLock", kLockMethods)));
  set_field(thread, registry, "_PROCESS_SEMAPHORE",
            Value::table(make_type(thread, "Semaphore", kSemaphoreMethods)));
  set_field(thread, registry, "_PROCESS_CONDITION",
            Value::table(make_type(thread, "Condition", kConditionMethods)));
  set_field(thread, registry, "_PROCESS_COUNTER",
            Value::table(make_type(thread, "Counter", kCounterMethods)));
  add_functions(thread, module, kFunctions);
}

}  // namespace gilvm
