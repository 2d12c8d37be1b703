// A VM: one heap, one set of globals, one lock. What CPython calls an interpreter.
//
// Threads: a VM is shared by its threads. What is not atomic here is set while one thread exists, or guarded
// by the mutex that its comment names. Invariants:
//  (1) A thread that has stopped the world is the only one attached.
//  (2) With the GIL, its holder is the only one attached, so for it the world stands still already.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "vm/base/settings.h"
#include "vm/object/table.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/vm_thread.h"
#include "vm/runtime/warnings.h"

namespace gilvm {

// Why a VM's threads are made to leave their scripts.
enum class Interruption : std::uint32_t { kNone, kSignal, kTimeout, kExit };

struct VmSettings {
  LockSettings lock;
  std::uint32_t hash_seed = 0;
  std::size_t max_memory = 0;  // bytes that the heap may have in use; 0: as many as the machine has
};

class Vm {
 public:
  Vm(const VmSettings& settings, Scheduler& scheduler);
  // REQUIRES: no thread is attached.
  ~Vm();
  Vm(const Vm&) = delete;

  Heap& heap() { return heap_; }
  StringTable& strings() { return strings_; }
  Gil& gil() { return gil_; }
  Scheduler& scheduler() { return scheduler_; }
  const LockSettings& lock() const { return settings_.lock; }
  bool has_gil() const { return settings_.lock.regime == LockRegime::kGil; }
  void set_switch_interval(SwitchInterval interval);

  // Set up by the library, before a second thread exists. All of them are roots.
  Table* globals = nullptr;
  Table* registry = nullptr;  // loaded modules, metatables of native types
  // The metatables of types whose values have none of their own. Any thread may set one (debug.setmetatable).
  enum class BasicType { kNil, kBoolean, kNumber, kString, kFunction, kCoroutine, kIdentity, kCount };
  std::atomic<Table*>& basic_metatable(BasicType type) { return basic_metatables_[static_cast<int>(type)]; }
  // pcall, for calls that the VM makes by itself; null: finalizers are not called.
  NativeFunction* protected_call = nullptr;
  String* name_of(Event event) const { return event_names_[static_cast<unsigned>(event)]; }

  // Adds a thread, attached, for the calling OS thread.
  VmThread* add_thread(std::string name);
  // Removes the calling thread; its statistics are kept for the report.
  void remove_thread(VmThread* thread);
  // Calls `visit` for each thread, those that have ended first. Any thread.
  struct ThreadRecord {
    std::string name;
    std::uint64_t switches, requests;
    Nanoseconds held, waited;
  };
  std::vector<ThreadRecord> thread_records();
  std::size_t thread_count() const { return thread_count_.load(std::memory_order_relaxed); }
  std::uint64_t next_thread_number() { return thread_numbers_.fetch_add(1, std::memory_order_relaxed); }

  // The world stands still from one to the other: no other thread is attached.
  // REQUIRES: `thread` is the caller's, attached, at a safepoint.
  void stop_the_world(VmThread& thread);
  void resume_the_world(VmThread& thread);
  // Objects whose finalizers are due then are finalized by `thread` at the next switch point of its script.
  void collect(VmThread& thread, Heap::Thoroughness thoroughness = Heap::Thoroughness::kQuick);
  // "not enough memory", made while there is some.
  String* memory_message() const { return memory_message_; }

  Warnings& warnings() { return warnings_; }

  // Makes every thread leave its script, and every wait return. Any thread, but no signal handler.
  void interrupt(Interruption reason, int exit_status = 0);
  Interruption interruption() const { return interruption_.load(std::memory_order_acquire); }
  int exit_status() const { return exit_status_.load(std::memory_order_relaxed); }

  // fork() with the world stopped. In the child only the calling thread exists. -1: errno says why not.
  // REQUIRES: as stop_the_world().
  int fork(VmThread& thread);

  // Values that native code keeps: traced in every collection.
  void add_root(const std::function<void(Marker&)>& trace) { roots_.push_back(trace); }

 private:
  friend class VmThread;
  void mark_roots(Marker& marker);
  void wait_until_all_stand_still(VmThread& except);
  bool everyone_stands_still(const VmThread& except) const;

  VmSettings settings_;
  Scheduler& scheduler_;
  Heap heap_;
  StringTable strings_;
  Warnings warnings_;
  Gil gil_;
  std::atomic<Table*> basic_metatables_[static_cast<int>(BasicType::kCount)] = {};  // null: none
  String* event_names_[static_cast<unsigned>(Event::kCount)] = {};
  String* memory_message_;
  std::vector<std::function<void(Marker&)>> roots_;

  std::atomic<std::uint64_t> thread_numbers_{1};
  std::atomic<std::size_t> thread_count_{0};
  std::atomic<Interruption> interruption_{Interruption::kNone};
  std::atomic<int> exit_status_{0};

  // Stopping the world, where no GIL does it.
  std::mutex stopper_mutex_;          // held by the thread that has stopped the world
  std::atomic<bool> stopped_{false};  // threads that attach wait while it is set
  mutable std::mutex threads_mutex_;
  std::condition_variable threads_changed_;  // a thread has detached, or the world was resumed
  std::vector<VmThread*> threads_;           // guarded by threads_mutex_
  std::vector<ThreadRecord> ended_;          // likewise
};

}  // namespace gilvm
