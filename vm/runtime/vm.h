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
#include <optional>
#include <unordered_map>
#include <vector>

#include "vm/base/random.h"
#include "vm/base/settings.h"
#include "vm/heap/marking_team.h"
#include "vm/object/table.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/related_vms.h"
#include "vm/runtime/vm_thread.h"
#include "vm/runtime/warnings.h"

namespace gilvm {

// Why a VM's threads are made to leave their scripts.
enum class Interruption : unsigned { kNone, kSignal, kTimeout, kExit, kDeadlock };

struct VmSettings {
  LockSettings lock;
  std::size_t max_memory = 0;  // bytes that the heap may have in use; 0: as many as the machine has
  // Where all that is random comes from: hashes, random numbers, the addresses that a script is shown.
  // Without it each run has its own numbers and its own addresses.
  std::optional<std::uint64_t> seed = {};
  // Reference counts are kept beside the collector (vm/heap/reference_counts.h).
  bool counts_references = false;
};

class SyncObserver;

class Vm {
 public:
  Vm(const VmSettings& settings, Scheduler& scheduler);
  // REQUIRES: no thread is attached.
  ~Vm();
  Vm(const Vm&) = delete;

  // No other VM of the process has or had it: what outlives a VM is known by this, as another VM may get the
  // address. Never 0.
  const std::uint64_t serial;

  Heap& heap() { return heap_; }
  StringTable& strings() { return strings_; }
  Gil& gil() { return gil_; }
  Scheduler& scheduler() { return scheduler_; }
  const LockSettings& lock() const { return settings_.lock; }
  std::size_t max_memory() const { return settings_.max_memory; }  // 0: as much as the machine has
  // Keeps who holds the GIL when; null: nobody does. Set before the first thread is added; outlives the VM.
  TurnLog* turn_log = nullptr;
  bool has_gil() const { return settings_.lock.regime == LockRegime::kGil; }
  // Do its threads run at the same time?
  bool is_parallel() const { return !has_gil() && !scheduler_.turns(); }
  void set_switch_interval(SwitchInterval interval);
  // Has every thread set up its dispatch anew, at its next switch point. Any thread.
  void renew_dispatch();

  // Told how threads wait for each other; null: nobody. Set before any script runs, under a deterministic
  // scheduler.
  SyncObserver* sync_observer = nullptr;

  // Set up by the library, before a second thread exists. All of them are roots.
  Table* globals = nullptr;
  Table* registry = nullptr;  // loaded modules, metatables of native types
  // The metatables of types whose values have none of their own. Any thread may set one (debug.setmetatable).
  enum class BasicType { kNil, kBoolean, kNumber, kString, kFunction, kCoroutine, kIdentity, kCount };
  std::atomic<Table*>& basic_metatable(BasicType type) { return basic_metatables_[static_cast<int>(type)]; }
  // pcall, for calls that the VM makes by itself; null: finalizers are not called.
  NativeFunction* protected_call = nullptr;
  String* name_of(Event event) const { return event_names_[static_cast<unsigned>(event)]; }

  // The other VMs of the program; null: there can be none. Set while one thread exists.
  RelatedVms* related = nullptr;

  // Adds a thread, attached, for the calling OS thread. `number`: what next_thread_number() gave for it
  // before, or 0.
  VmThread* add_thread(std::string name, std::uint64_t number = 0);
  // Removes the calling thread; its statistics are kept for the report.
  void remove_thread(VmThread* thread);
  // Calls `visit` for each thread, those that have ended first. Any thread.
  struct ThreadRecord {
    std::string name;
    std::uint64_t switches, requests;
    Nanoseconds held, waited;
  };
  std::vector<ThreadRecord> thread_records();
  // Has thread_records() tell of threads that were another VM's.
  void add_records(const std::vector<ThreadRecord>& records);
  // Calls `visit` for each thread that exists. REQUIRES: all of them wait.
  void each_thread(const std::function<void(VmThread&)>& visit);
  std::size_t thread_count() const { return thread_count_.load(std::memory_order_relaxed); }
  std::uint64_t next_thread_number() { return thread_numbers_.fetch_add(1, std::memory_order_relaxed); }

  // The world stands still from one to the other: no other thread is attached.
  // REQUIRES: `thread` is the caller's, attached, at a safepoint.
  void stop_the_world(VmThread& thread);
  void resume_the_world(VmThread& thread);
  // Objects whose finalizers are due then are finalized by `thread` at the next switch point of its script.
  void collect(VmThread& thread, Heap::Thoroughness thoroughness = Heap::Thoroughness::kQuick);
  // The same if enough has been allocated for it, and nobody else is about to do it; else false.
  bool collect_if_due(VmThread& thread);
  // "not enough memory", made while there is some.
  String* memory_message() const { return memory_message_; }

  Warnings& warnings() { return warnings_; }

  // 64 bits that nobody can foresee, or that the seed determines.
  std::uint64_t randomness();
  // What a script is shown as the address of an object, or of what an identity stands for. With a seed,
  // objects are numbered as they are shown.
  const void* shown_address(Value value);
  // Does all that the scheduler and the seed decide come out the same in every run? Then what they cannot
  // decide is not there.
  bool is_deterministic() const { return settings_.seed.has_value(); }

  // Makes every thread leave its script, and every wait return. Any thread, but no signal handler.
  // The other VMs of the program follow.
  void interrupt(Interruption reason, int exit_status = 0);
  // The part of it that concerns this VM: every thread is asked to leave its script, and none that waits is
  // woken. False: that was done before.
  bool mark_interrupted(Interruption reason, int exit_status);
  Interruption interruption() const { return end_.load(std::memory_order_acquire).reason; }
  // The thread whose interrupt() it is tells this last, when every thread has been told. Set while one thread
  // exists, and not changed before the others have ended.
  std::function<void()> on_interruption;
  // The same for one thread alone, and until end_interruption(): what call_interruptibly() called ends with
  // an error. Any thread, but no signal handler.
  void interrupt(VmThread& thread);
  // While `host`, whose thread it is, runs scripts in another VM as `guest`, what interrupts it interrupts
  // that; null: it is back. REQUIRES: `host` is the caller's.
  void set_guest(VmThread& host, VmThread* guest);
  // Nothing is left of that, whether the thread has noticed it or not. REQUIRES: `thread` is the caller's.
  void end_interruption(VmThread& thread);
  int exit_status() const { return end_.load(std::memory_order_acquire).exit_status; }

  // fork() with the world stopped. In the child only the calling thread exists. -1: errno says why not.
  // REQUIRES: as stop_the_world().
  int fork(VmThread& thread);
  // How often it was a child that fork() returned in, since the VM was made: lists of waiting threads that an
  // older process has left behind are of no use. Any attached thread.
  unsigned generation() const { return generation_; }

  // Values that native code keeps: traced in every collection.
  void add_root(const std::function<void(Marker&)>& trace) { roots_.push_back(trace); }

 private:
  friend class VmThread;
  void mark_roots(Marker& marker, const VmThread& collecting);
  // As stop_the_world(). False: another thread was about to stop the world or had stopped it, and this one
  // has waited until it goes on, if it stood still already.
  bool try_to_stop_the_world(VmThread& thread);
  // REQUIRES: the caller holds stopper_mutex_, and is detached.
  void stop_the_others(VmThread& thread);
  void collect_and_resume(VmThread& thread, Heap::Thoroughness thoroughness);
  bool everyone_stands_still(const VmThread& except) const;

  VmSettings settings_;
  Scheduler& scheduler_;
  Heap heap_;
  StringTable strings_;
  Warnings warnings_;
  Gil gil_;
  MarkingTeam marking_team_;
  std::atomic<Table*> basic_metatables_[static_cast<int>(BasicType::kCount)] = {};  // null: none
  String* event_names_[static_cast<unsigned>(Event::kCount)] = {};
  String* memory_message_;
  std::vector<std::function<void(Marker&)>> roots_;

  unsigned generation_ = 0;  // written while one thread exists

  std::mutex random_mutex_;  // guards what follows
  std::optional<Random> random_;
  std::unordered_map<const Object*, std::uintptr_t> shown_objects_;  // those that exist
  std::unordered_map<const void*, std::uintptr_t> shown_identities_;
  std::uintptr_t objects_shown_ = 0;
  std::atomic<std::uint64_t> thread_numbers_{1};
  std::atomic<std::size_t> thread_count_{0};
  // In one word: whoever sees the reason has the status. Aligned as that word is: else clang calls a library
  // for what is one instruction.
  struct alignas(std::uint64_t) End {
    Interruption reason;
    int exit_status;
  };
  std::atomic<End> end_{End{Interruption::kNone, 0}};

  // Stopping the world, where no GIL does it.
  std::mutex stopper_mutex_;           // held by the thread that has stopped the world
  std::atomic<bool> stopped_{false};   // threads that attach wait while it is set
  std::atomic<unsigned> spinning_{0};  // of those that wait
  mutable std::mutex threads_mutex_;
  std::condition_variable threads_changed_;  // a thread has detached, or the world was resumed
  std::vector<VmThread*> threads_;           // guarded by threads_mutex_
  std::vector<ThreadRecord> ended_;          // likewise
};

}  // namespace gilvm
