// The module `threading`, after Python's: Thread, Lock, current_thread, enumerate, active_count.
#include <atomic>
#include <cstring>
#include <deque>

#include "vm/lib/library.h"
#include "vm/lib/threads.h"

namespace gilvm {
namespace {

// Thread

class ThreadObject : public NativeObject {
 public:
  explicit ThreadObject(std::string name) : control(std::make_shared<ThreadControl>(std::move(name))) {}
  const char* type_name() const override { return "Thread"; }
  void trace(Marker& marker) override {
    marker.mark(target.load());
    marker.mark(arguments.load());
  }

  const std::shared_ptr<ThreadControl> control;
  Slot target;
  Slot arguments;  // a table, or nil
};

ThreadObject* self(NativeCall& call) { return object_argument<ThreadObject>(call, 0, "Thread"); }

std::string next_name() {
  static std::atomic<unsigned> count{0};
  return "Thread-" + std::to_string(count.fetch_add(1, std::memory_order_relaxed) + 1);
}

Table* type_of(VmThread& thread, const char* key) {
  return thread.vm().registry->get_short(thread.string(key)).as_table();
}

int make_thread(NativeCall& call) {
  const Keywords arguments(call, "Thread", 0, {"target", "args", "name", "daemon"});
  if (!arguments.ok()) return kNativeError;
  const Value target = arguments[0], values = arguments[1], name = arguments[2], daemon = arguments[3];
  if (!target.is_nil() && !target.is_function() && metamethod(call.thread(), target, Event::kCall).is_nil()) {
    return call.error(std::string("Thread: target must be a function, got ") + type_name(target));
  }
  if (!values.is_nil() && !values.is_table()) {
    return call.error(std::string("Thread: args must be a table, got ") + type_name(values));
  }
  if (!name.is_nil() && !name.is_string()) {
    return call.error(std::string("Thread: name must be a string, got ") + type_name(name));
  }
  auto object =
      std::make_unique<ThreadObject>(name.is_nil() ? next_name() : std::string(name.as_string()->view()));
  object->target.store(target);
  object->arguments.store(values);
  object->control->daemon = !daemon.is_falsy();
  return call.one(Value::userdata(
      Userdata::make(call.thread().heap(), std::move(object), type_of(call.thread(), "_THREAD"))));
}

int start(NativeCall& call) {
  ThreadObject* object = self(call);
  if (!object) return kNativeError;
  {
    std::lock_guard guard(object->control->mutex);
    if (object->control->started) return call.error("threads can only be started once");
    object->control->started = true;
  }
  ThreadStart start;
  start.function = object->target.load();
  start.script_object = call[0];
  const Value values = object->arguments.load();
  if (values.is_table()) {
    const auto count = static_cast<std::int64_t>(values.as_table()->length());
    for (std::int64_t index = 1; index <= count; ++index) {
      start.arguments.push_back(values.as_table()->get_integer(index));
    }
  }
  if (start.function.is_nil())
    start.function = call.vm().registry->get_short(call.thread().string("_NOTHING"));
  const int reason = start_thread(call.thread(), object->control, std::move(start));
  if (reason != 0) return call.error(std::string("can't start new thread (") + std::strerror(reason) + ")");
  return call.none();
}

int join(NativeCall& call) {
  ThreadObject* object = self(call);
  if (!object) return kNativeError;
  const Keywords arguments(call, "join", 1, {"timeout"});
  if (!arguments.ok()) return kNativeError;
  std::optional<Instant> deadline;
  if (!deadline_after(call, arguments[0], &deadline)) return kNativeError;
  if (call.thread().script_object == call[0]) return call.error("cannot join current thread");
  {
    std::lock_guard guard(object->control->mutex);
    if (!object->control->started) return call.error("cannot join thread before it is started");
  }
  object->control->join(call.thread(), deadline);
  return call.thread().interrupted() ? kNativeError : call.none();
}

int is_alive(NativeCall& call) {
  ThreadObject* object = self(call);
  return object ? call.one(Value::boolean(object->control->is_alive())) : kNativeError;
}

Value thread_attribute(NativeCall& call, NativeObject& object, std::string_view name) {
  ThreadControl& control = *static_cast<ThreadObject&>(object).control;
  std::lock_guard guard(control.mutex);
  if (name == "name") return Value::string(call.thread().string(control.name));
  if (name == "daemon") return Value::boolean(control.daemon);
  if (name == "ident") {
    return control.ident == 0 ? Value::nil()
                              : call.thread().integer(static_cast<std::int64_t>(control.ident));
  }
  if (name == "native_id") {
    return control.native_id == 0 ? Value::nil() : call.thread().integer(control.native_id);
  }
  return Value::nil();
}

bool set_thread_attribute(NativeCall& call, NativeObject& object, std::string_view name, Value value) {
  ThreadControl& control = *static_cast<ThreadObject&>(object).control;
  std::unique_lock guard(control.mutex);
  if (name == "name" && value.is_string()) {
    control.name = value.as_string()->view();
    return true;
  }
  if (name == "daemon" && !control.started) {
    control.daemon = !value.is_falsy();
    return true;
  }
  guard.unlock();
  if (name == "daemon") {
    call.error("cannot set daemon status of active thread");
  } else {
    call.error("cannot set attribute '" + std::string(name) + "' of a Thread");
  }
  return false;
}

int thread_text(NativeCall& call) {
  ThreadObject* object = self(call);
  if (!object) return kNativeError;
  ThreadControl& control = *object->control;
  std::string text;
  {
    std::lock_guard guard(control.mutex);
    const char* state = !control.started ? "initial" : control.finished ? "stopped" : "started";
    text = "<Thread(" + control.name + ", " + state + (control.daemon ? " daemon" : "") + ")>";
  }
  return call.one_text(text);
}

// The script object of the calling thread. The main thread, and workers, get one when they first ask.
Value current_object(NativeCall& call) {
  VmThread& thread = call.thread();
  if (thread.script_object.is_nil()) {
    auto object = std::make_unique<ThreadObject>(thread.number() == 1 ? "MainThread" : thread.name());
    object->control->started = true;
    object->control->ident = thread.number();
    thread.script_object =
        Value::userdata(Userdata::make(thread.heap(), std::move(object), type_of(thread, "_THREAD")));
    if (thread.number() == 1) {
      call.vm().registry->set_short(thread.heap(), thread.string("_MAIN_THREAD"), thread.script_object);
    }
  }
  return thread.script_object;
}

int current_thread(NativeCall& call) { return call.one(current_object(call)); }

std::vector<Value> all_threads(NativeCall& call) {
  std::vector<Value> threads = {call.vm().registry->get_short(call.thread().string("_MAIN_THREAD"))};
  for (Value object : running_threads(call.thread())) {
    if (!object.is_nil()) threads.push_back(object);
  }
  return threads;
}

int enumerate(NativeCall& call) {
  const std::vector<Value> threads = all_threads(call);
  Table* list = Table::make(call.thread().heap(), static_cast<std::uint32_t>(threads.size()));
  for (std::size_t index = 0; index < threads.size(); ++index) {
    list->set_integer(call.thread().heap(), static_cast<std::int64_t>(index) + 1, threads[index]);
  }
  return call.one(Value::table(list));
}

int active_count(NativeCall& call) {
  return call.one_integer(static_cast<std::int64_t>(all_threads(call).size()));
}

int main_thread(NativeCall& call) {
  return call.one(call.vm().registry->get_short(call.thread().string("_MAIN_THREAD")));
}

int get_ident(NativeCall& call) {
  return call.one_integer(static_cast<std::int64_t>(call.thread().number()));
}

int do_nothing(NativeCall& call) { return call.none(); }

constexpr LibraryFunction kThreadMethods[] = {
    {"start", start}, {"join", join}, {"is_alive", is_alive}, {"__tostring", thread_text}};

// Lock. Who finds it taken waits in line; who is woken tries again, and, when another was quicker, waits in
// front.

class LockObject : public NativeObject {
 public:
  const char* type_name() const override { return "Lock"; }

  bool try_acquire() {
    std::lock_guard guard(mutex_);
    if (locked_) return false;
    locked_ = true;
    return true;
  }
  // False: the deadline passed, or the VM is interrupted. At a safepoint.
  bool acquire(VmThread& thread, std::optional<Instant> deadline) {
    Parker* const self = &thread.parker();
    for (bool first = true;; first = false) {
      {
        std::lock_guard guard(mutex_);
        if (!locked_) {
          locked_ = true;
          std::erase(waiting_, self);
          return true;
        }
        if (std::find(waiting_.begin(), waiting_.end(), self) == waiting_.end()) {
          first ? waiting_.push_back(self) : waiting_.push_front(self);
        }
      }
      if (thread.park(deadline) == WakeReason::kUnparked) continue;
      std::lock_guard guard(mutex_);
      // The token that release() gave to this thread may have come too late: it belongs to the next one.
      const bool was_woken = std::erase(waiting_, self) == 0;
      if (was_woken && !locked_ && !waiting_.empty()) wake_first(thread.vm().scheduler());
      return false;
    }
  }
  bool release(Scheduler& scheduler) {
    std::lock_guard guard(mutex_);
    if (!locked_) return false;
    locked_ = false;
    if (!waiting_.empty()) wake_first(scheduler);
    return true;
  }
  bool locked() {
    std::lock_guard guard(mutex_);
    return locked_;
  }

 private:
  void wake_first(Scheduler& scheduler) {
    Parker* first = waiting_.front();
    waiting_.pop_front();
    scheduler.unpark(*first);
  }

  std::mutex mutex_;  // held for moments, while attached
  bool locked_ = false;
  std::deque<Parker*> waiting_;
};

LockObject* lock_of(NativeCall& call) { return object_argument<LockObject>(call, 0, "Lock"); }

int make_lock(NativeCall& call) {
  return call.one(Value::userdata(
      Userdata::make(call.thread().heap(), std::make_unique<LockObject>(), type_of(call.thread(), "_LOCK"))));
}

int acquire(NativeCall& call) {
  LockObject* lock = lock_of(call);
  if (!lock) return kNativeError;
  const Keywords arguments(call, "acquire", 1, {"blocking", "timeout"});
  if (!arguments.ok()) return kNativeError;
  const bool blocking = arguments[0].is_nil() || !arguments[0].is_false();
  if (!blocking && !arguments[1].is_nil())
    return call.error("can't specify a timeout for a non-blocking call");
  if (lock->try_acquire()) return call.one(Value::boolean(true));
  if (!blocking) return call.one(Value::boolean(false));
  std::optional<Instant> deadline;
  if (!deadline_after(call, arguments[1], &deadline)) return kNativeError;
  const bool acquired = lock->acquire(call.thread(), deadline);
  if (call.thread().interrupted()) return kNativeError;
  return call.one(Value::boolean(acquired));
}

int release(NativeCall& call) {
  LockObject* lock = lock_of(call);
  if (!lock) return kNativeError;
  return lock->release(call.vm().scheduler()) ? call.none() : call.error("release unlocked lock");
}

int is_locked(NativeCall& call) {
  LockObject* lock = lock_of(call);
  return lock ? call.one(Value::boolean(lock->locked())) : kNativeError;
}

// `local held <close> = lock:hold()` is Python's `with lock:`.
int hold(NativeCall& call) {
  LockObject* lock = lock_of(call);
  if (!lock) return kNativeError;
  if (!lock->try_acquire() && !lock->acquire(call.thread(), std::nullopt)) return kNativeError;
  return call.one(call[0]);
}

constexpr LibraryFunction kLockMethods[] = {
    {"acquire", acquire}, {"release", release}, {"locked", is_locked}, {"hold", hold}, {"__close", release}};

constexpr LibraryFunction kFunctions[] = {
    {"Thread", make_thread},
    {"Lock", make_lock},
    {"current_thread", current_thread},
    {"enumerate", enumerate},
    {"active_count", active_count},
    {"main_thread", main_thread},
    {"get_ident", get_ident},
};

int open(NativeCall& call) {
  Table* module = Table::make(call.thread().heap());
  add_functions(call.thread(), module, kFunctions);
  return call.one(Value::table(module));
}

}  // namespace

void add_threading(VmThread& thread) {
  Table* registry = thread.vm().registry;
  set_field(
      thread, registry, "_THREAD",
      Value::table(make_type(thread, "Thread", kThreadMethods, thread_attribute, set_thread_attribute)));
  set_field(thread, registry, "_LOCK", Value::table(make_type(thread, "Lock", kLockMethods)));
  set_field(thread, registry, "_NOTHING",
            Value::native(NativeFunction::make(thread.heap(), "nothing", do_nothing)));
  // The main thread's object exists from the start, since other threads may ask for it.
  NativeCall call(thread, nullptr, 1, 0);
  current_object(call);
  running_threads(thread);
  add_module(thread, "threading", open);
}

}  // namespace gilvm
