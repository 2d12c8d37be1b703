#include "vm/lib/threads.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>

#include "vm/lib/library.h"
#include "vm/runtime/sync_observer.h"
#include "vm/runtime/wait_reason.h"

namespace gilvm {
namespace {

// The threads of one VM that were started and have not finished. Kept in the VM's registry.
class ThreadRegistry : public NativeObject {
 public:
  struct Entry {
    std::shared_ptr<ThreadControl> control;
    ThreadStart start;
  };
  Slot error_hook;
  Slot exit_hook;
  Slot fork_hook;
  std::atomic<bool> is_exiting{false};  // while join_all_threads() runs

  // Bodies of threads that have not made their last step, which is to leave here. It is theirs as well as the
  // VM's.
  struct Bodies {
    std::mutex mutex;
    std::condition_variable all_gone;
    std::size_t count = 0;

    void enter() {
      std::lock_guard guard(mutex);
      ++count;
    }
    void leave() {
      std::lock_guard guard(mutex);
      if (--count == 0) all_gone.notify_all();
    }
  };
  std::shared_ptr<Bodies> bodies = std::make_shared<Bodies>();  // set while one thread exists

  const char* type_name() const override { return "thread registry"; }
  void trace(Marker& marker) override {
    // The world is stopped: nobody holds the mutex, which is taken while attached only.
    marker.mark(error_hook.load());
    marker.mark(exit_hook.load());
    marker.mark(fork_hook.load());
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
  // The other threads count as ended, for those that ask or join. REQUIRES: no other thread exists.
  void keep_only(Value script_object) {
    std::erase_if(entries_, [&](const auto& entry) {
      if (!script_object.is_nil() && entry->start.script_object == script_object) return false;
      entry->control->finished = true;
      return true;
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
  std::shared_ptr<ThreadControl> control_of(const VmThread& thread) {
    std::lock_guard guard(mutex_);
    for (auto& entry : entries_) {
      if (entry->control->ident == thread.number()) return entry->control;
    }
    return nullptr;
  }
  void set_script_object(const VmThread& thread, Value script_object) {
    std::lock_guard guard(mutex_);
    for (auto& entry : entries_) {
      if (entry->control->ident == thread.number()) entry->start.script_object = script_object;
    }
  }
  void set_main(std::uint64_t number, std::shared_ptr<ThreadControl> control) {
    std::lock_guard guard(mutex_);
    main_number_ = number;
    main_ = std::move(control);
  }
  std::shared_ptr<ThreadControl> main_if(const VmThread& thread) {
    std::lock_guard guard(mutex_);
    return main_number_ == thread.number() ? main_ : nullptr;
  }
  unsigned count_name() { return names_.fetch_add(1, std::memory_order_relaxed) + 1; }
  std::vector<Value> script_objects() {
    std::lock_guard guard(mutex_);
    std::vector<Value> objects;
    for (auto& entry : entries_) objects.push_back(entry->start.script_object);
    return objects;
  }

 private:
  std::atomic<unsigned> names_{0};
  std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<Entry>> entries_;
  std::uint64_t main_number_ = 0;
  std::shared_ptr<ThreadControl> main_;
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

void wake_all(ThreadControl& control, Scheduler& scheduler) {
  for (Parker* waiting : control.waiting) scheduler.unpark(*waiting);
  control.waiting.clear();
}

void call_hook(VmThread& thread, const Slot& slot) {
  const Value hook = slot.load();
  std::string failure;
  if (!hook.is_nil() && !call_reporting(thread, hook, {}, &failure) && !failure.empty()) {
    std::fprintf(stderr, "%s\n", failure.c_str());
  }
}

void finish(ThreadControl& control, Scheduler& scheduler, std::string failure) {
  std::lock_guard guard(control.mutex);
  control.failure = std::move(failure);
  control.finished = true;
  wake_all(control, scheduler);
}

// Tells the script's hook of the error that has ended a thread, or prints it where there is no hook.
void report_error(VmThread& thread, ThreadRegistry& registry, ThreadControl& control,
                  const CaughtError& caught) {
  const Value hook = registry.error_hook.load();
  std::string failure;
  if (!hook.is_nil()) {
    const Value text = Value::string(thread.string(caught.text));
    const Value levels = Value::string(thread.string(caught.traceback));
    if (call_reporting(thread, hook, {caught.error, text, levels}, &failure) || failure.empty()) return;
  }
  std::string report = "Exception in thread ";
  {
    std::lock_guard guard(control.mutex);
    report += control.name;
  }
  report += ":\n" + caught.text + "\n" + caught.traceback + (caught.traceback.empty() ? "" : "\n");
  std::fwrite(report.data(), 1, report.size(), stderr);
}

void run(Vm& vm, ThreadRegistry& registry, ThreadRegistry::Entry* entry) {
  std::shared_ptr<ThreadControl> control = entry->control;
  VmThread* thread;
  {
    std::unique_lock guard(control->mutex);
    const std::string name = control->name;
    const std::uint64_t ident = control->ident;
    guard.unlock();
    thread = vm.add_thread(name, ident);
  }
  Scheduler& scheduler = vm.scheduler();
  thread->script_object = entry->start.script_object;
  thread->worker = entry->start.worker;
  {
    std::lock_guard guard(control->mutex);
    control->native_id = native_id(*thread);
    wake_all(*control, scheduler);
  }
  if (vm.sync_observer) vm.sync_observer->thread_begins(*thread);
  CaughtError caught;
  const bool ok = call_catching(*thread, entry->start.function, entry->start.arguments, &caught);
  if (!ok && entry->start.reports_errors && !caught.text.empty()) {
    report_error(*thread, registry, *control, caught);
  }
  std::string failure;
  if (!ok) failure = caught.text.empty() ? "interrupted" : caught.text + "\n" + caught.traceback;
  registry.remove(entry);
  if (vm.sync_observer) vm.sync_observer->thread_ends(*thread);
  vm.remove_thread(thread);
  finish(*control, scheduler, std::move(failure));
}

}  // namespace

namespace {

class WaitsForThread final : public WaitReason {
 public:
  WaitsForThread(VmThread& thread, ThreadControl& control) : WaitReason(thread), control_(control) {}
  WaitDescription describe() const override {
    std::lock_guard guard(control_.mutex);
    return {WaitDescription::Kind::kThread, control_.name};
  }

 private:
  ThreadControl& control_;
};

}  // namespace

template <typename Condition>
bool ThreadControl::wait_for(VmThread& thread, std::optional<Instant> deadline, Condition condition) {
  for (;;) {
    {
      std::lock_guard guard(mutex);
      if (condition()) return true;
      if (std::find(waiting.begin(), waiting.end(), &thread.parker()) == waiting.end()) {
        waiting.push_back(&thread.parker());
      }
    }
    if (thread.park(deadline) == WakeReason::kUnparked) continue;
    std::lock_guard guard(mutex);
    std::erase(waiting, &thread.parker());
    return condition();
  }
}

bool ThreadControl::join(VmThread& thread, std::optional<Instant> deadline) {
  const WaitsForThread reason(thread, *this);
  if (!wait_for(thread, deadline, [this] { return finished; })) return false;
  if (SyncObserver* observer = thread.vm().sync_observer) observer->saw_end(thread, ident);
  return true;
}

void ThreadControl::wait_until_running(VmThread& thread) {
  wait_for(thread, std::nullopt, [this] { return native_id != 0 || !started || finished; });
}

int start_thread(VmThread& thread, const std::shared_ptr<ThreadControl>& control, ThreadStart start) {
  ThreadRegistry& registry = registry_of(thread);
  {
    std::lock_guard guard(control->mutex);
    control->started = true;
    control->ident = thread.vm().next_thread_number();
  }
  ThreadRegistry::Entry* entry = registry.add({control, std::move(start)});
  Vm& vm = thread.vm();
  thread.expect_threads();
  if (vm.sync_observer) vm.sync_observer->starts_thread(thread, control->ident);
  const std::shared_ptr<ThreadRegistry::Bodies> bodies = registry.bodies;
  bodies->enter();
  const StartResult result = vm.scheduler().start([&vm, &registry, entry, bodies] {
    run(vm, registry, entry);
    bodies->leave();
  });
  if (result.ok()) return 0;
  bodies->leave();
  registry.remove(entry);
  std::lock_guard guard(control->mutex);
  control->started = false;
  control->ident = 0;
  wake_all(*control, vm.scheduler());
  return result.error;
}

std::int64_t native_id(VmThread& thread) {
  return thread.vm().is_deterministic() ? static_cast<std::int64_t>(thread.number()) : syscall(SYS_gettid);
}

void join_all_threads(VmThread& thread) {
  ThreadRegistry& registry = registry_of(thread);
  registry.is_exiting.store(true);
  call_hook(thread, registry.exit_hook);
  if (std::shared_ptr<ThreadControl> main = registry.main_if(thread)) {
    finish(*main, thread.vm().scheduler(), {});
  }
  while (std::shared_ptr<ThreadControl> control = registry.next_to_join(thread)) {
    if (!control->join(thread, std::nullopt)) break;
  }
  if (std::shared_ptr<ThreadControl> main = registry.main_if(thread)) {
    std::lock_guard guard(main->mutex);
    main->finished = false;  // an embedding program may run another script
  }
  registry.is_exiting.store(false);
}

void wait_for_last_steps(VmThread& thread) {
  const std::shared_ptr<ThreadRegistry::Bodies> bodies = registry_of(thread).bodies;
  const Blocking blocking(thread);
  std::unique_lock lock(bodies->mutex);
  bodies->all_gone.wait(lock, [&] { return bodies->count == 0; });
}

bool uses_threads(VmThread& thread) {
  const std::shared_ptr<ThreadRegistry::Bodies> bodies = registry_of(thread).bodies;
  std::lock_guard guard(bodies->mutex);
  return bodies->count != 0;
}

void set_exit_hook(VmThread& thread, Value hook) { registry_of(thread).exit_hook.store(hook); }

bool is_exiting(VmThread& thread) { return registry_of(thread).is_exiting.load(); }

void set_fork_hook(VmThread& thread, Value hook) { registry_of(thread).fork_hook.store(hook); }

void forget_other_threads(VmThread& thread) {
  registry_of(thread).is_exiting.store(false);                              // whatever the parent was doing
  registry_of(thread).bodies = std::make_shared<ThreadRegistry::Bodies>();  // one may have been leaving
  registry_of(thread).keep_only(thread.script_object);
  if (std::shared_ptr<ThreadControl> control = control_of(thread)) {
    set_main_control(thread, control);
    set_field(thread, thread.vm().registry, "_MAIN_THREAD", thread.script_object);
  }
  call_hook(thread, registry_of(thread).fork_hook);
}

std::shared_ptr<ThreadControl> control_of(VmThread& thread) { return registry_of(thread).control_of(thread); }

void set_main_control(VmThread& thread, const std::shared_ptr<ThreadControl>& control) {
  registry_of(thread).set_main(thread.number(), control);
}

void set_script_object(VmThread& thread, Value script_object) {
  thread.script_object = script_object;
  registry_of(thread).set_script_object(thread, script_object);
}

std::string next_thread_name(VmThread& thread) {
  return "Thread-" + std::to_string(registry_of(thread).count_name());
}

void set_error_hook(VmThread& thread, Value hook) { registry_of(thread).error_hook.store(hook); }

std::vector<Value> running_threads(VmThread& thread) { return registry_of(thread).script_objects(); }

}  // namespace gilvm
