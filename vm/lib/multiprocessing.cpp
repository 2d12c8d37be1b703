// The module `_multiprocessing`: Process, and what the module `multiprocessing` in vm/lib/lua is made of.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "vm/lib/connections.h"
#include "vm/lib/copied_values.h"
#include "vm/lib/process_locks.h"
#include "vm/lib/shared_values.h"
#include "vm/lib/spawn.h"
#include "vm/lib/threads.h"
#include "vm/lib/vm_group.h"
#include "vm/process/processes.h"
#include "vm/process/shared_area.h"

namespace gilvm {
namespace {

class ProcessObject final : public InheritedObject {
 public:
  const char* type_name() const override { return "Process"; }
  const char* metatable_name() const override { return "_PROCESS"; }
  const char* refusal() const override {
    return "Process objects should only be shared between processes through inheritance";
  }
  // What a spawned process knows of itself.
  std::unique_ptr<NativeObject> share() const override {
    auto copy = std::make_unique<ProcessObject>();
    copy->name = name;
    copy->daemon = daemon;
    copy->started = true;
    copy->parent = parent;
    copy->parent_name = parent_name;
    copy->running_process = current_process();
    return copy;
  }
  void trace(Marker& marker) override {
    marker.mark(target.load());
    marker.mark(arguments.load());
    marker.mark(keywords.load());
  }

  Slot target;
  Slot arguments;    // a table, or nil
  Slot keywords;     // likewise
  std::mutex mutex;  // guards what follows
  std::string name;
  bool daemon = false;
  bool spawns = false;
  bool started = false;
  bool closed = false;
  std::shared_ptr<ChildProcess> child;
  // In the process itself.
  pid_t running_process = 0;
  pid_t parent = 0;
  std::string parent_name;
};

// The processes that were started and are to be waited for at the end. Kept in the VM's registry.
class ProcessRegistry : public NativeObject {
 public:
  struct Entry {
    std::shared_ptr<ChildProcess> child;
    bool is_daemon;
    Value object;
  };
  const char* type_name() const override { return "process registry"; }
  void trace(Marker& marker) override {
    // The world is stopped: nobody has the mutex, which is taken while attached only.
    for (const Entry& entry : children) marker.mark(entry.object);
  }
  // Forgets those that have ended. REQUIRES: mutex is held.
  void forget_ended() {
    std::erase_if(children, [](const Entry& entry) { return entry.child->exit_code().has_value(); });
  }

  std::mutex mutex;  // held for moments
  std::vector<Entry> children;
};

ProcessRegistry& registry_of(VmThread& thread) {
  return static_cast<ProcessRegistry&>(
      *thread.vm().registry->get_short(thread.string("_PROCESSES")).as_userdata()->object);
}

// The object of the process that runs here; null: it is nobody's child.
ProcessObject* current_object(VmThread& thread) {
  const Value current = thread.vm().registry->get_short(thread.string("_CURRENT_PROCESS"));
  return current.is_userdata() ? static_cast<ProcessObject*>(current.as_userdata()->object) : nullptr;
}

// Null with an error raised, also where the process object was closed.
ProcessObject* self(NativeCall& call) {
  auto* object = object_argument<ProcessObject>(call, 0, "Process");
  if (!object) return nullptr;
  bool closed;
  {
    std::lock_guard guard(object->mutex);
    closed = object->closed;
  }
  if (!closed) return object;
  raise_exception(call, "ValueError", "process object is closed");
  return nullptr;
}

bool is_table_or_nil(NativeCall& call, Value value, const char* name) {
  if (value.is_nil() || value.is_table()) return true;
  return raise_exception(call, "TypeError",
                         std::string("Process: ") + name + " must be a table, got " + type_name(value)) == 0;
}

// Process(target, args, name, daemon, kwargs, start_method)
int make_process(NativeCall& call) {
  const Keywords arguments(call, "Process", 0,
                           {"target", "args", "name", "daemon", "kwargs", "start_method"});
  if (!arguments.ok()) return kNativeError;
  const Value target = arguments[0], values = arguments[1], name = arguments[2], method = arguments[5];
  if (!target.is_nil() && !target.is_function() && metamethod(call.thread(), target, Event::kCall).is_nil()) {
    return raise_exception(call, "TypeError",
                           std::string("Process: target must be a function, got ") + type_name(target));
  }
  if (!is_table_or_nil(call, values, "args") || !is_table_or_nil(call, arguments[4], "kwargs"))
    return kNativeError;
  static std::atomic<unsigned> count{0};
  auto object = std::make_unique<ProcessObject>();
  object->name = name.is_string()
                     ? std::string(name.as_string()->view())
                     : "Process-" + std::to_string(count.fetch_add(1, std::memory_order_relaxed) + 1);
  object->target.store(target);
  object->arguments.store(values);
  object->keywords.store(arguments[4]);
  const ProcessObject* current = current_object(call.thread());
  object->daemon = arguments[3].is_nil() ? current && current->daemon : !arguments[3].is_falsy();
  object->spawns = method.is_string() && method.as_string()->view() == "spawn";
  Table* type = call.vm().registry->get_short(call.thread().string("_PROCESS")).as_table();
  return call.one(Value::userdata(Userdata::make(call.thread().heap(), std::move(object), type)));
}

// What the target is called with: the elements of args, then the table kwargs.
std::vector<Value> arguments_of(const ProcessObject& process) {
  std::vector<Value> elements;
  const Value list = process.arguments.load(), keywords = process.keywords.load();
  if (list.is_table()) {
    const auto count = static_cast<std::int64_t>(list.as_table()->length());
    for (std::int64_t index = 1; index <= count; ++index)
      elements.push_back(list.as_table()->get_integer(index));
  }
  if (!keywords.is_nil()) elements.push_back(keywords);
  return elements;
}

// In the child: nothing of what the parent was waiting for.
void forget_parent(VmThread& thread, Value object) {
  // This may run a script, and collect garbage: the stack that start() was called on keeps the process alive.
  forget_other_threads(thread);
  registry_of(thread).children.clear();
  set_field(thread, thread.vm().registry, "_CURRENT_PROCESS", object);
  static_cast<ProcessObject*>(object.as_userdata()->object)->running_process = current_process();
}

// In the child: runs the target, then ends as a program does.
int run_target(VmThread& thread, const std::string& name, Value object) {
  forget_parent(thread, object);
  const auto& process = static_cast<ProcessObject&>(*object.as_userdata()->object);
  const Value target = process.target.load();
  const std::vector<Value> arguments = arguments_of(process);
  // From here on a stack of its own: what called start() goes on in the parent, and has no place in a
  // traceback here.
  thread.coroutine = Coroutine::make_main(thread.heap());
  std::string failure;
  bool ok = target.is_nil() || call_reporting(thread, target, arguments, &failure);
  if (!ok) report_process_failure(name, failure);
  join_all_threads(thread);
  join_all_processes(thread);
  if (thread.vm().interruption() == Interruption::kExit) return thread.vm().exit_status();
  return ok ? 0 : 1;
}

// For a process that is spawned: its object, its target, the number of arguments, and the arguments.
bool pack_call(NativeCall& call, Value object, std::string* bytes) {
  LocalHeap& heap = call.thread().heap();
  const auto& process = static_cast<ProcessObject&>(*object.as_userdata()->object);
  const std::vector<Value> arguments = arguments_of(process);
  Table* list = Table::make(heap, 3 + static_cast<std::uint32_t>(arguments.size()));
  call.keep(Value::table(list));
  list->set_integer(heap, 1, object);
  list->set_integer(heap, 2, process.target.load());
  list->set_integer(heap, 3, call.thread().integer(static_cast<std::int64_t>(arguments.size())));
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    list->set_integer(heap, static_cast<std::int64_t>(4 + index), arguments[index]);
  }
  return copy_to_bytes(call, Value::table(list), bytes, true);
}

// May the process be started now? It counts as started then. False with an error raised.
bool begin_start(NativeCall& call, ProcessObject& object) {
  const ProcessObject* current = current_object(call.thread());
  if (current && current->daemon) {
    return raise_exception(call, "AssertionError", "daemonic processes are not allowed to have children") ==
           0;
  }
  {
    std::lock_guard guard(object.mutex);
    if (!std::exchange(object.started, true)) {
      object.parent = current_process();
      object.parent_name = current ? current->name : "MainProcess";
      return true;
    }
  }
  return raise_exception(call, "AssertionError", "cannot start a process twice") == 0;
}

int start(NativeCall& call) {
  ProcessObject* object = self(call);
  if (!object) return kNativeError;
  if (call.vm().is_deterministic()) return refuse_under_schedule(call, "multiprocessing.Process.start");
  if (refuse_in_guest(call, "fork not supported for isolated subinterpreters")) return kNativeError;
  if (!begin_start(call, *object)) return kNativeError;
  VmThread& thread = call.thread();
  const Value value = call[0];
  const std::string name = object->name;
  std::string bytes;
  std::shared_ptr<ChildProcess> child;
  if (!object->spawns) {
    child = ChildProcess::start(thread, [&](std::string*) { return run_target(thread, name, value); });
  } else if (pack_call(call, value, &bytes)) {
    child = ChildProcess::start(thread, [&](std::string*) {
      forget_parent(thread, value);
      return run_in_fresh_vm(thread, bytes, name);
    });
  } else {
    std::lock_guard guard(object->mutex);
    object->started = false;
    return kNativeError;
  }
  if (!child) return raise_system_error(call, errno);
  {
    ProcessRegistry& registry = registry_of(thread);
    std::lock_guard guard(registry.mutex);
    registry.forget_ended();
    registry.children.push_back({child, object->daemon, value});
  }
  std::lock_guard guard(object->mutex);
  object->child = std::move(child);
  return call.none();
}

std::shared_ptr<ChildProcess> child_of(ProcessObject& object) {
  std::lock_guard guard(object.mutex);
  return object.child;
}

// The child of the calling process that the object stands for. Null with an error raised: it was not started,
// or is another process's.
std::shared_ptr<ChildProcess> own_child(NativeCall& call, const char* unstarted, const char* foreign) {
  ProcessObject* object = self(call);
  if (!object) return nullptr;
  std::shared_ptr<ChildProcess> child = child_of(*object);
  if (child && child->is_own()) return child;
  raise_exception(call, "AssertionError", child ? foreign : unstarted);
  return nullptr;
}

int join(NativeCall& call) {
  const std::shared_ptr<ChildProcess> child =
      own_child(call, "can only join a started process", "can only join a child process");
  if (!child) return kNativeError;
  const Keywords arguments(call, "join", 1, {"timeout"});
  std::optional<Instant> deadline;
  // As in Python: a negative timeout is none at all.
  if (!arguments.ok() || !wait_deadline(call, Value::nil(), arguments[0], &deadline)) return kNativeError;
  child->wait(call.thread(), deadline);
  return call.thread().interrupted() ? kNativeError : call.none();
}

int is_alive(NativeCall& call) {
  ProcessObject* object = self(call);
  if (!object) return kNativeError;
  if (object->running_process == current_process()) return call.one(Value::boolean(true));
  std::shared_ptr<ChildProcess> child = child_of(*object);
  if (child && !child->is_own())
    return raise_exception(call, "AssertionError", "can only test a child process");
  return call.one(Value::boolean(child && !child->exit_code()));
}

int send_signal(NativeCall& call, int number) {
  const std::shared_ptr<ChildProcess> child =
      own_child(call, "can only end a started process", "can only end a child process");
  if (!child) return kNativeError;
  child->signal(number);
  return call.none();
}

int terminate(NativeCall& call) { return send_signal(call, SIGTERM); }
int kill_process(NativeCall& call) { return send_signal(call, SIGKILL); }

int close_process(NativeCall& call) {
  auto* object = object_argument<ProcessObject>(call, 0, "Process");
  if (!object) return kNativeError;
  std::shared_ptr<ChildProcess> child = child_of(*object);
  if (child && child->is_own() && !child->exit_code()) {
    return raise_exception(
        call, "ValueError",
        "Cannot close a process while it is still running. You should first call join() or "
        "terminate().");
  }
  std::lock_guard guard(object->mutex);
  object->closed = true;
  object->child.reset();
  return call.none();
}

Value process_attribute(NativeCall& call, NativeObject& object, std::string_view name) {
  auto& process = static_cast<ProcessObject&>(object);
  VmThread& thread = call.thread();
  std::shared_ptr<ChildProcess> child = child_of(process);
  if (name == "pid" || name == "ident") {
    if (process.running_process == current_process()) return thread.integer(process.running_process);
    return child ? thread.integer(child->pid()) : Value::nil();
  }
  if (name == "exitcode") {
    const std::optional<int> code = child && child->is_own() ? child->exit_code() : std::nullopt;
    return code ? thread.integer(*code) : Value::nil();
  }
  if (name == "sentinel") return child && child->end() >= 0 ? thread.integer(child->end()) : Value::nil();
  std::lock_guard guard(process.mutex);
  if (name == "name") return Value::string(thread.string(process.name));
  if (name == "daemon") return Value::boolean(process.daemon);
  if (name == "_parent") return thread.integer(process.parent);
  if (name == "_parent_name") return Value::string(thread.string(process.parent_name));
  return Value::nil();
}

bool set_process_attribute(NativeCall& call, NativeObject& object, std::string_view name, Value value) {
  auto& process = static_cast<ProcessObject&>(object);
  if (name == "name" && value.is_string()) {
    std::lock_guard guard(process.mutex);
    process.name = value.as_string()->view();
    return true;
  }
  if (name == "name") return raise_exception(call, "AssertionError", "name must be a string") == 0;
  if (name != "daemon") {
    return raise_exception(call, "AttributeError",
                           "'Process' object attribute '" + std::string(name) + "' is read-only") == 0;
  }
  {
    std::lock_guard guard(process.mutex);
    if (!process.started) {
      process.daemon = !value.is_falsy();
      return true;
    }
  }
  return raise_exception(call, "AssertionError", "process has already started") == 0;
}

// active_children(): those that have not ended. The others are waited for.
int active_children(NativeCall& call) {
  VmThread& thread = call.thread();
  ProcessRegistry& registry = registry_of(thread);
  Table* list = Table::make(thread.heap());
  std::int64_t count = 0;
  std::lock_guard guard(registry.mutex);
  registry.forget_ended();
  for (const ProcessRegistry::Entry& entry : registry.children) {
    list->set_integer(thread.heap(), ++count, entry.object);
  }
  return call.one(Value::table(list));
}

// current(): the object of this process; nil: it is nobody's child.
int current(NativeCall& call) {
  return call.one(call.vm().registry->get_short(call.thread().string("_CURRENT_PROCESS")));
}

// process_is_alive(pid)
int process_is_alive(NativeCall& call) {
  std::int64_t process;
  if (!call.integer(0, &process)) return kNativeError;
  return call.one(Value::boolean(!process_has_ended(static_cast<pid_t>(process))));
}

constexpr LibraryFunction kMethods[] = {{"start", start},       {"join", join},
                                        {"is_alive", is_alive}, {"terminate", terminate},
                                        {"kill", kill_process}, {"close", close_process}};

constexpr LibraryFunction kFunctions[] = {{"Process", make_process},
                                          {"cpu_count", cpu_count},
                                          {"active_children", active_children},
                                          {"current", current},
                                          {"process_is_alive", process_is_alive}};

int open(NativeCall& call) {
  VmThread& thread = call.thread();
  set_field(thread, call.vm().registry, "_PROCESS",
            Value::table(make_type(thread, "Process", kMethods, process_attribute, set_process_attribute)));
  Table* module = Table::make(thread.heap());
  call.keep(Value::table(module));
  add_functions(thread, module, kFunctions);
  add_connections(thread, module);
  add_process_locks(thread, module);
  add_shared_values(thread, module);
  return call.one(Value::table(module));
}

}  // namespace

void report_process_failure(const std::string& name, const std::string& failure) {
  if (!failure.empty()) std::fprintf(stderr, "Process %s:\n%s\n", name.c_str(), failure.c_str());
}

void join_all_processes(VmThread& thread) {
  ProcessRegistry& registry = registry_of(thread);
  for (;;) {
    std::shared_ptr<ChildProcess> next;
    bool is_daemon;
    {
      std::lock_guard guard(registry.mutex);
      if (registry.children.empty()) return;
      next = registry.children.back().child;
      is_daemon = registry.children.back().is_daemon;
      registry.children.pop_back();
    }
    if (is_daemon) next->signal(SIGTERM);
    next->wait(thread, std::nullopt);
  }
}

void add_multiprocessing(VmThread& thread) {
  set_field(thread, thread.vm().registry, "_PROCESSES",
            Value::userdata(Userdata::make(thread.heap(), std::make_unique<ProcessRegistry>(), nullptr)));
  add_module(thread, "_multiprocessing", open);
}

}  // namespace gilvm
