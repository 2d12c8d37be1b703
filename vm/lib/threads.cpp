#include "vm/lib/threads.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "vm/lib/library.h"

namespace gilvm {
namespace {

// The threads of one VM that were started and have not finished. Kept in the VM's registry.
class ThreadRegistry : public NativeObject {
 public:
  struct Entry {
    std::shared_ptr<ThreadControl> control;
    ThreadStart start;
  };

  const char* type_name() const override { return "thread registry"; }
  void trace(Marker& marker) override {
    // The world is stopped: nobody holds the mutex, which is taken while attached only.
    for (auto& entry : entries_) {
      marker.mark(entry->start.function);
      marker.mark(entry->start.script_object);
      for (Value argument : entry->start.arguments) marker.mark(argument);
    }
  }

  Entry* add(Entry entry) {
    std::lock_guard guard(mutex_);
    entries_.push_back(std::make_unique<Entry>(std::move(entry)));
    return entries_.back().get();
  }
  void remove(const Entry* entry) {
    std::lock_guard guard(mutex_);
    std::erase_if(entries_, [entry](const auto& other) { return other.get() == entry; });
  }
  void keep_only(Value script_object) {
    std::erase_if(entries_, [&](const auto& entry) {
      return script_object.is_nil() || !(entry->start.script_object == script_object);
    });
  }
  std::shared_ptr<ThreadControl> next_to_join(const VmThread& except) {
    std::lock_guard guard(mutex_);
    for (auto& entry : entries_) {
      if (!entry->control->daemon && !(entry->start.script_object == except.script_object))
        return entry->control;
    }
    return nullptr;
  }
  std::vector<Value> script_objects() {
    std::lock_guard guard(mutex_);
    std::vector<Value> objects;
    for (auto& entry : entries_) objects.push_back(entry->start.script_object);
    return objects;
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

ThreadRegistry& registry_of(VmThread& thread) {
  Table* registry = thread.vm().registry;
  String* key = thread.string("_THREADS");
  Value value = registry->get_short(key);
  if (value.is_nil()) {
    // Made by the first thread, before it can start a second.
    value = Value::userdata(Userdata::make(thread.heap(), std::make_unique<ThreadRegistry>(), nullptr));
    registry->set_short(thread.heap(), key, value);
  }
  return static_cast<ThreadRegistry&>(*value.as_userdata()->object);
}

void finish(ThreadControl& control, Scheduler& scheduler, std::string failure) {
  std::lock_guard guard(control.mutex);
  control.failure = std::move(failure);
  control.finished = true;
  for (Parker* joiner : control.joiners) scheduler.unpark(*joiner);
  control.joiners.clear();
}

void run(Vm& vm, ThreadRegistry& registry, ThreadRegistry::Entry* entry) {
  std::shared_ptr<ThreadControl> control = entry->control;
  VmThread* thread = vm.add_thread(control->name);
  thread->script_object = entry->start.script_object;
  thread->worker = entry->start.worker;
  {
    std::lock_guard guard(control->mutex);
    control->ident = thread->number();
    control->native_id = syscall(SYS_gettid);
  }
  std::string failure;
  const bool ok = call_reporting(*thread, entry->start.function, entry->start.arguments, &failure);
  if (!ok && entry->start.reports_errors && !failure.empty()) {
    std::string name;
    {
      std::lock_guard guard(control->mutex);
      name = control->name;
    }
    const std::string report = "Exception in thread " + name + ":\n" + failure + "\n";
    std::fwrite(report.data(), 1, report.size(), stderr);
  }
  registry.remove(entry);
  Scheduler& scheduler = vm.scheduler();
  vm.remove_thread(thread);
  finish(*control, scheduler, ok ? std::string() : (failure.empty() ? "interrupted" : failure));
}

}  // namespace

bool ThreadControl::join(VmThread& thread, std::optional<Instant> deadline) {
  for (;;) {
    {
      std::lock_guard guard(mutex);
      if (finished) return true;
      if (std::find(joiners.begin(), joiners.end(), &thread.parker()) == joiners.end()) {
        joiners.push_back(&thread.parker());
      }
    }
    if (thread.park(deadline) == WakeReason::kUnparked) continue;
    std::lock_guard guard(mutex);
    std::erase(joiners, &thread.parker());
    return finished;
  }
}

int start_thread(VmThread& thread, const std::shared_ptr<ThreadControl>& control, ThreadStart start) {
  ThreadRegistry& registry = registry_of(thread);
  {
    std::lock_guard guard(control->mutex);
    control->started = true;
  }
  ThreadRegistry::Entry* entry = registry.add({control, std::move(start)});
  Vm& vm = thread.vm();
  const StartResult result = vm.scheduler().start([&vm, &registry, entry] { run(vm, registry, entry); });
  if (result.ok()) return 0;
  registry.remove(entry);
  std::lock_guard guard(control->mutex);
  control->started = false;
  return result.error;
}

void join_all_threads(VmThread& thread) {
  while (std::shared_ptr<ThreadControl> control = registry_of(thread).next_to_join(thread)) {
    if (!control->join(thread, std::nullopt)) return;
  }
}

void forget_other_threads(VmThread& thread) { registry_of(thread).keep_only(thread.script_object); }

std::vector<Value> running_threads(VmThread& thread) { return registry_of(thread).script_objects(); }

}  // namespace gilvm
