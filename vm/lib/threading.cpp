// The module `_thread`: threads, locks, and values of a thread's own; on it vm/lib/lua/threading.lua builds
// the module `threading`.
#include <cstring>

#include "vm/lib/library.h"
#include "vm/lib/locks.h"
#include "vm/lib/threads.h"
#include "vm/lib/vm_group.h"
#include "vm/runtime/sync_observer.h"

namespace gilvm {
namespace {

// Whoever closes a guest waits for all of its threads.
constexpr const char* kNoDaemons = "daemon threads are disabled in this (sub)interpreter";

// Thread

class ThreadObject : public NativeObject {
 public:
  explicit ThreadObject(std::shared_ptr<ThreadControl> thread_control) : control(std::move(thread_control)) {}
  const char* type_name() const override { return "Thread"; }
  void trace(Marker& marker) override {
    marker.mark(target.load());
    marker.mark(arguments.load());
    marker.mark(keywords.load());
    marker.mark(attributes.load());
  }

  const std::shared_ptr<ThreadControl> control;
  std::string type = "Thread";  // constant once a script has the object
  Slot target;
  Slot arguments;   // a table, or nil
  Slot keywords;    // a table that becomes the last argument, or nil
  Slot attributes;  // what a Timer has and a Thread has not: a table that nobody changes, or nil
};

ThreadObject* self(NativeCall& call) { return object_argument<ThreadObject>(call, 0, "Thread"); }

Table* type_of(VmThread& thread, const char* key) {
  return thread.vm().registry->get_short(thread.string(key)).as_table();
}

// Is what a Thread is to be made of of the right kind? False: the error is raised.
bool check_arguments(NativeCall& call, const char* type, Value target, Value values, Value keywords,
                     Value name) {
  const auto fail = [&](const char* what, Value value) {
    raise_exception(call, "TypeError", std::string(type) + ": " + what + ", got " + type_name(value));
    return false;
  };
  if (!target.is_nil() && !target.is_function() && metamethod(call.thread(), target, Event::kCall).is_nil()) {
    return fail("target must be a function", target);
  }
  if (!values.is_nil() && !values.is_table()) return fail("args must be a table", values);
  if (!keywords.is_nil() && !keywords.is_table()) return fail("kwargs must be a table", keywords);
  return name.is_nil() || name.is_string() || fail("name must be a string", name);
}

Value new_thread(NativeCall& call, std::unique_ptr<ThreadObject> object) {
  return Value::userdata(
      Userdata::make(call.thread().heap(), std::move(object), type_of(call.thread(), "_THREAD")));
}

int make_thread(NativeCall& call) {
  const Keywords arguments(call, "Thread", 0, {"target", "args", "name", "daemon", "kwargs"});
  if (!arguments.ok()) return kNativeError;
  const Value name = arguments[2], daemon = arguments[3];
  if (!check_arguments(call, "Thread", arguments[0], arguments[1], arguments[4], name)) return kNativeError;
  auto object = std::make_unique<ThreadObject>(std::make_shared<ThreadControl>(
      name.is_nil() ? next_thread_name(call.thread()) : std::string(name.as_string()->view())));
  object->target.store(arguments[0]);
  object->arguments.store(arguments[1]);
  object->keywords.store(arguments[4]);
  std::shared_ptr<ThreadControl> parent = control_of(call.thread());
  object->control->daemon = daemon.is_nil() ? parent && parent->is_daemon() : !daemon.is_falsy();
  if (object->control->daemon && refuse_in_guest(call, kNoDaemons)) return kNativeError;
  return call.one(new_thread(call, std::move(object)));
}

// make_timer(target, attributes): a Thread that calls itself a Timer, and has those attributes too.
int make_timer(NativeCall& call) {
  Table* attributes;
  if (!call.table(1, &attributes)) return kNativeError;
  auto object =
      std::make_unique<ThreadObject>(std::make_shared<ThreadControl>(next_thread_name(call.thread())));
  object->type = "Timer";
  object->target.store(call[0]);
  object->attributes.store(call[1]);
  std::shared_ptr<ThreadControl> parent = control_of(call.thread());
  object->control->daemon = parent && parent->is_daemon();
  return call.one(new_thread(call, std::move(object)));
}

int start(NativeCall& call) {
  ThreadObject* object = self(call);
  if (!object) return kNativeError;
  if (!object->control->may_start()) {
    return raise_exception(call, "RuntimeError", "threads can only be started once");
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
  const Value keywords = object->keywords.load();
  if (keywords.is_table()) start.arguments.push_back(keywords);
  if (start.function.is_nil())
    start.function = call.vm().registry->get_short(call.thread().string("_NOTHING"));
  const int reason = start_thread(call.thread(), object->control, std::move(start));
  if (reason != 0) {
    return raise_exception(call, "RuntimeError",
                           std::string("can't start new thread (") + std::strerror(reason) + ")");
  }
  return call.none();
}

bool is_negative(Value seconds) {
  return seconds.is_integer() ? seconds.as_integer() < 0 : seconds.is_double() && seconds.as_double() < 0;
}

int join(NativeCall& call) {
  ThreadObject* object = self(call);
  if (!object) return kNativeError;
  const Keywords arguments(call, "join", 1, {"timeout"});
  if (!arguments.ok()) return kNativeError;
  std::optional<Instant> deadline;
  if (!deadline_after(call, arguments[0], &deadline)) return kNativeError;
  if (is_negative(arguments[0])) deadline = call.vm().scheduler().now();
  if (!object->control->is_started()) {
    return raise_exception(call, "RuntimeError", "cannot join thread before it is started");
  }
  if (call.thread().script_object == call[0]) {
    return raise_exception(call, "RuntimeError", "cannot join current thread");
  }
  const bool ended = object->control->join(call.thread(), deadline);
  return !ended && call.thread().interrupted() ? kNativeError : call.none();
}

int is_alive(NativeCall& call) {
  ThreadObject* object = self(call);
  if (!object) return kNativeError;
  ThreadControl& control = *object->control;
  const bool lives = control.is_alive();
  SyncObserver* observer = call.vm().sync_observer;
  if (!lives && control.is_started() && observer) observer->saw_end(call.thread(), control.ident);
  return call.one(Value::boolean(lives));
}

Value thread_attribute(NativeCall& call, NativeObject& object, std::string_view name) {
  ThreadControl& control = *static_cast<ThreadObject&>(object).control;
  if (name == "native_id") control.wait_until_running(call.thread());
  const Value attributes = static_cast<ThreadObject&>(object).attributes.load();
  if (attributes.is_table()) {
    const Value value = attributes.as_table()->get(call[1]);
    if (!value.is_nil()) return value;
  }
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
  if (name == "daemon" && !value.is_falsy() && refuse_in_guest(call, kNoDaemons)) return false;
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
    raise_exception(call, "RuntimeError", "cannot set daemon status of active thread");
  } else {
    raise_exception(call, "AttributeError", "cannot set attribute '" + std::string(name) + "' of a Thread");
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
    text.append("<").append(object->type).append("(").append(control.name).append(", ").append(state);
    if (control.daemon) text.append(" daemon");
    if (control.ident != 0) text.append(" ").append(std::to_string(control.ident));
    text.append(")>");
  }
  return call.one_text(text);
}

// The script object of the calling thread. The main thread, and workers, get one when they first ask.
Value current_object(NativeCall& call) {
  VmThread& thread = call.thread();
  if (!thread.script_object.is_nil()) return thread.script_object;
  std::shared_ptr<ThreadControl> control = control_of(thread);
  const bool is_main = !control;
  if (is_main) {
    control = std::make_shared<ThreadControl>("MainThread");
    control->started = true;
    control->ident = thread.number();
    control->native_id = native_id(thread);
    set_main_control(thread, control);
  }
  const Value object = new_thread(call, std::make_unique<ThreadObject>(std::move(control)));
  set_script_object(thread, object);
  if (is_main) set_field(thread, call.vm().registry, "_MAIN_THREAD", object);
  return object;
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

int get_native_id(NativeCall& call) { return call.one_integer(native_id(call.thread())); }

// Changes in a child process (Vm::generation).
int generation(NativeCall& call) { return call.one_integer(call.vm().generation()); }

// A table that only the calling thread sees, with weak keys: what it has for each threading.local.
int locals(NativeCall& call) {
  VmThread& thread = call.thread();
  if (thread.locals.is_nil()) {
    Table* table = Table::make(thread.heap());
    table->set_metatable(type_of(thread, "_WEAK_KEYS"));
    thread.locals = Value::table(table);
  }
  return call.one(thread.locals);
}

int set_hook(NativeCall& call) {
  Value hook;
  if (!call.function(0, &hook)) return kNativeError;
  set_error_hook(call.thread(), hook);
  return call.none();
}

int set_at_exit(NativeCall& call) {
  Value hook;
  if (!call.function(0, &hook)) return kNativeError;
  set_exit_hook(call.thread(), hook);
  return call.none();
}

int set_at_fork(NativeCall& call) {
  Value hook;
  if (!call.function(0, &hook)) return kNativeError;
  set_fork_hook(call.thread(), hook);
  return call.none();
}

int exiting(NativeCall& call) { return call.one(Value::boolean(is_exiting(call.thread()))); }

int do_nothing(NativeCall& call) { return call.none(); }

constexpr LibraryFunction kThreadMethods[] = {
    {"start", start}, {"join", join}, {"is_alive", is_alive}, {"__tostring", thread_text}};

constexpr LibraryFunction kFunctions[] = {
    {"Thread", make_thread},        {"make_timer", make_timer},       {"current_thread", current_thread},
    {"enumerate", enumerate},       {"active_count", active_count},   {"main_thread", main_thread},
    {"get_ident", get_ident},       {"get_native_id", get_native_id}, {"locals", locals},
    {"generation", generation},     {"set_error_hook", set_hook},     {"set_exit_hook", set_at_exit},
    {"set_fork_hook", set_at_fork}, {"is_exiting", exiting},
};

int open(NativeCall& call) {
  VmThread& thread = call.thread();
  Table* registry = thread.vm().registry;
  Table* weak_keys = Table::make(thread.heap());
  set_field(thread, weak_keys, "__mode", Value::string(thread.string("k")));
  set_field(thread, registry, "_WEAK_KEYS", Value::table(weak_keys));
  set_field(thread, registry, "_NOTHING",
            Value::native(NativeFunction::make(thread.heap(), "nothing", do_nothing)));
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  add_locks(thread, module);
  set_field(thread, module, "TIMEOUT_MAX", Value::number(kLongestTimeout));
  return call.one(Value::table(module));
}

}  // namespace

void add_threading(VmThread& thread) {
  Table* registry = thread.vm().registry;
  set_field(
      thread, registry, "_THREAD",
      Value::table(make_type(thread, "Thread", kThreadMethods, thread_attribute, set_thread_attribute)));
  // The main thread's object exists from the start, since other threads may ask for it.
  NativeCall call(thread, nullptr, 1, 0);
  current_object(call);
  add_module(thread, "_thread", open);
}

}  // namespace gilvm
