// The module `multiprocessing`, after Python's: Process, with the start method fork; cpu_count.
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

#include "vm/lib/library.h"
#include "vm/lib/threads.h"
#include "vm/process/processes.h"

namespace gilvm {
namespace {

class ProcessObject : public NativeObject {
 public:
  const char* type_name() const override { return "Process"; }
  void trace(Marker& marker) override {
    marker.mark(target.load());
    marker.mark(arguments.load());
  }

  Slot target;
  Slot arguments;    // a table, or nil
  std::mutex mutex;  // guards what follows
  std::string name;
  bool daemon = false;
  bool started = false;
  std::shared_ptr<ChildProcess> child;
};

// The processes that were started and are to be waited for at the end. Kept in the VM's registry.
class ProcessRegistry : public NativeObject {
 public:
  const char* type_name() const override { return "process registry"; }
  std::mutex mutex;
  std::vector<std::pair<std::shared_ptr<ChildProcess>, bool>> children;  // and whether it is a daemon
};

ProcessRegistry& registry_of(VmThread& thread) {
  return static_cast<ProcessRegistry&>(
      *thread.vm().registry->get_short(thread.string("_PROCESSES")).as_userdata()->object);
}

ProcessObject* self(NativeCall& call) { return object_argument<ProcessObject>(call, 0, "Process"); }

int make_process(NativeCall& call) {
  const Keywords arguments(call, "Process", 0, {"target", "args", "name", "daemon"});
  if (!arguments.ok()) return kNativeError;
  const Value target = arguments[0], values = arguments[1], name = arguments[2];
  if (!target.is_nil() && !target.is_function() && metamethod(call.thread(), target, Event::kCall).is_nil()) {
    return call.error(std::string("Process: target must be a function, got ") + type_name(target));
  }
  if (!values.is_nil() && !values.is_table()) {
    return call.error(std::string("Process: args must be a table, got ") + type_name(values));
  }
  static std::atomic<unsigned> count{0};
  auto object = std::make_unique<ProcessObject>();
  object->name = name.is_string()
                     ? std::string(name.as_string()->view())
                     : "Process-" + std::to_string(count.fetch_add(1, std::memory_order_relaxed) + 1);
  object->target.store(target);
  object->arguments.store(values);
  object->daemon = !arguments[3].is_falsy();
  Table* type = call.vm().registry->get_short(call.thread().string("_PROCESS")).as_table();
  return call.one(Value::userdata(Userdata::make(call.thread().heap(), std::move(object), type)));
}

// In the child: runs the target, then ends as a program does.
int run_target(VmThread& thread, const std::string& name, Value target, const std::vector<Value>& arguments) {
  // A stack of its own: what called start() goes on in the parent, and has no place in a traceback here.
  thread.coroutine = Coroutine::make_main(thread.heap());
  forget_other_threads(thread);
  registry_of(thread).children.clear();
  std::string failure;
  bool ok = target.is_nil() || call_reporting(thread, target, arguments, &failure);
  if (!ok && !failure.empty()) std::fprintf(stderr, "Process %s:\n%s\n", name.c_str(), failure.c_str());
  join_all_threads(thread);
  join_all_processes(thread);
  if (thread.vm().interruption() == Interruption::kExit) return thread.vm().exit_status();
  return ok ? 0 : 1;
}

int start(NativeCall& call) {
  ProcessObject* object = self(call);
  if (!object) return kNativeError;
  std::string name;
  bool daemon;
  {
    std::lock_guard guard(object->mutex);
    if (object->started) return call.error("cannot start a process twice");
    object->started = true;
    name = object->name;
    daemon = object->daemon;
  }
  const Value target = object->target.load();
  const Value values = object->arguments.load();
  std::vector<Value> arguments;
  if (values.is_table()) {
    const auto count = static_cast<std::int64_t>(values.as_table()->length());
    for (std::int64_t index = 1; index <= count; ++index)
      arguments.push_back(values.as_table()->get_integer(index));
  }
  VmThread& thread = call.thread();
  std::shared_ptr<ChildProcess> child =
      ChildProcess::start(thread, [&](std::string*) { return run_target(thread, name, target, arguments); });
  if (!child) return call.error(std::string("can't start new process (") + std::strerror(errno) + ")");
  {
    ProcessRegistry& registry = registry_of(thread);
    std::lock_guard guard(registry.mutex);
    registry.children.emplace_back(child, daemon);
  }
  std::lock_guard guard(object->mutex);
  object->child = std::move(child);
  return call.none();
}

std::shared_ptr<ChildProcess> child_of(ProcessObject& object) {
  std::lock_guard guard(object.mutex);
  return object.child;
}

int join(NativeCall& call) {
  ProcessObject* object = self(call);
  if (!object) return kNativeError;
  const Keywords arguments(call, "join", 1, {"timeout"});
  if (!arguments.ok()) return kNativeError;
  std::shared_ptr<ChildProcess> child = child_of(*object);
  if (!child) return call.error("can only join a started process");
  if (!child->is_own()) return call.error("can only join a child process");
  std::optional<Instant> deadline;
  if (!deadline_after(call, arguments[0], &deadline)) return kNativeError;
  child->wait(call.thread(), deadline);
  return call.thread().interrupted() ? kNativeError : call.none();
}

int is_alive(NativeCall& call) {
  ProcessObject* object = self(call);
  if (!object) return kNativeError;
  std::shared_ptr<ChildProcess> child = child_of(*object);
  if (child && !child->is_own()) return call.error("can only test a child process");
  return call.one(Value::boolean(child && !child->exit_code()));
}

int send_signal(NativeCall& call, int number) {
  ProcessObject* object = self(call);
  if (!object) return kNativeError;
  std::shared_ptr<ChildProcess> child = child_of(*object);
  if (!child) return call.error("can only end a started process");
  if (!child->is_own()) return call.error("can only end a child process");
  child->signal(number);
  return call.none();
}

int terminate(NativeCall& call) { return send_signal(call, SIGTERM); }
int kill_process(NativeCall& call) { return send_signal(call, SIGKILL); }

Value process_attribute(NativeCall& call, NativeObject& object, std::string_view name) {
  auto& process = static_cast<ProcessObject&>(object);
  std::shared_ptr<ChildProcess> child = child_of(process);
  if (name == "pid") return child ? call.thread().integer(child->pid()) : Value::nil();
  if (name == "exitcode") {
    const std::optional<int> code = child && child->is_own() ? child->exit_code() : std::nullopt;
    return code ? call.thread().integer(*code) : Value::nil();
  }
  std::lock_guard guard(process.mutex);
  if (name == "name") return Value::string(call.thread().string(process.name));
  if (name == "daemon") return Value::boolean(process.daemon);
  return Value::nil();
}

constexpr LibraryFunction kMethods[] = {{"start", start},
                                        {"join", join},
                                        {"is_alive", is_alive},
                                        {"terminate", terminate},
                                        {"kill", kill_process}};

int cpu_count(NativeCall& call) { return call.one_integer(std::thread::hardware_concurrency()); }

constexpr LibraryFunction kFunctions[] = {{"Process", make_process}, {"cpu_count", cpu_count}};

int open(NativeCall& call) {
  Table* module = Table::make(call.thread().heap());
  add_functions(call.thread(), module, kFunctions);
  return call.one(Value::table(module));
}

}  // namespace

void join_all_processes(VmThread& thread) {
  ProcessRegistry& registry = registry_of(thread);
  for (;;) {
    std::pair<std::shared_ptr<ChildProcess>, bool> next;
    {
      std::lock_guard guard(registry.mutex);
      if (registry.children.empty()) return;
      next = registry.children.back();
      registry.children.pop_back();
    }
    if (next.second) next.first->signal(SIGTERM);
    next.first->wait(thread, std::nullopt);
  }
}

void add_multiprocessing(VmThread& thread) {
  Table* registry = thread.vm().registry;
  set_field(thread, registry, "_PROCESS",
            Value::table(make_type(thread, "Process", kMethods, process_attribute)));
  set_field(thread, registry, "_PROCESSES",
            Value::userdata(Userdata::make(thread.heap(), std::make_unique<ProcessRegistry>(), nullptr)));
  add_module(thread, "multiprocessing", open);
}

}  // namespace gilvm
