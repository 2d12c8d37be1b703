// Finds what can go wrong between the threads of a run, also where it has not gone wrong this time.
//
// Data races: two accesses to one variable, one of them a write, where nothing makes one of them come before
// the other. What comes before what follows from the program's order, from starting and joining threads, from
// a lock that one thread releases and another one takes, and from what is handed over in queues (FastTrack:
// vector_clock.h, variable_history.h). That the GIL is passed on does not count: it is passed on anywhere.
//
// Growth: where no lock makes an operation on a table a whole, a new key may make the table grow, and what
// another thread stores in it meanwhile is lost, also at another key.
//
// Lost updates: found from what happened, so that a lock that is given up between the read and the write does
// not hide one. Lock orders: lock_order.h.
//
// The modules that are built in and written in Lua are taken for what they are to their users: what they
// write is never a race, and who reads it has heard of what the writer did before.
//
// Threads: the OS thread of the scheduler; stop() any.
// Invariants:
//  (1) While no other thread than the running one can have touched anything that it does not know of, nothing
//  is
//      recorded.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "vm/base/race_finding.h"
#include "vm/race/call_tree.h"
#include "vm/race/lock_order.h"
#include "vm/race/lock_sets.h"
#include "vm/race/variables.h"
#include "vm/runtime/step_watcher.h"
#include "vm/runtime/sync_observer.h"

namespace gilvm {

class RaceDetector final : public StepWatcher, public SyncObserver {
 public:
  // The VM of the run, before any script runs in it. The detector outlives it.
  void prepare(VmThread& main);
  // Nothing is looked at any more: the threads are made to end.
  void stop() { is_over_.store(true, std::memory_order_relaxed); }
  // REQUIRES: the VM exists, and its threads have ended or never will go on.
  std::vector<RaceFinding> findings();

  void before_instruction(VmThread& thread) override;

  void took_lock(VmThread& thread, Object* lock, Patience patience) override;
  void waits_for_lock(VmThread& thread, Object* lock) override;
  void releases_lock(VmThread& thread, Object* lock) override;
  void tells(VmThread& thread, Object* object) override;
  void hears(VmThread& thread, Object* object) override;
  void starts_thread(VmThread& thread, std::uint64_t number) override;
  void thread_begins(VmThread& thread) override;
  void thread_ends(VmThread& thread) override;
  void saw_end(VmThread& thread, std::uint64_t number) override;

 private:
  static constexpr std::size_t kMostFindings = 100;

  struct Held {
    LockNumber lock;
    CallTree::Node site;  // where it was taken
    std::uint32_t kind;   // in holds_: the same for the same lock and place
  };
  // A read, until another one takes its place.
  struct Read {
    const Variable* variable = nullptr;
    const CodeWord* instruction = nullptr;
    const Coroutine* coroutine = nullptr;
    const Closure* closure = nullptr;
    std::uint32_t version = 0;  // of the variable
    LockSets::Set locks = LockSets::kEmpty;
  };
  struct Thread {
    ThreadNumber number = 0;
    std::string name;
    CallTree::Node started_at = CallTree::kRoot;
    VectorClock clock;
    VectorClock order;  // without what it knows from locks alone: LockOrder::Step::clock
    CallPath path;
    std::vector<Held> held;
    LockSets::Set locks = LockSets::kEmpty;  // the kinds of `held`, as a set of sets_
    std::array<Read, 64> reads;              // by the variable's address
  };
  struct Lock {
    Object* object = nullptr;
    std::uint32_t identity = 0;
    CallTree::Node taken_at = CallTree::kRoot;  // first
    ThreadNumber owner = 0;                     // 0: nobody
    // Another thread has released it than had taken it: it is no lock, but what its taker waits for.
    bool is_signal = false;
    VectorClock clock, order;  // of those who have released it
  };
  struct Told {
    std::uint32_t identity = 0;
    VectorClock clock, order;
  };

  Thread& at(ThreadNumber number);
  Thread& at(const VmThread& thread);
  bool is_over() const { return is_over_.load(std::memory_order_relaxed); }
  CallTree::Node site_of_call(Thread& self, const VmThread& thread);
  LockNumber number_of(Object* lock);
  std::uint32_t kind_of(LockNumber lock, CallTree::Node site);
  void let_go(Lock& lock, LockNumber number);
  bool share_lock(LockSets::Set one, LockSets::Set other) const;
  Told& told(const Object* object);
  void tell(Thread& self, const Object* object);
  void hear(Thread& self, const Object* object);
  void look_for_others(const Thread& self);

  void look_at(Thread& self, const VmThread& thread, const SharedAccess& access);
  void grow(Thread& self, const SharedAccess& access, Variable& variable);
  void use_storage(Thread& self, const SharedAccess& access, Variable& variable);
  void read(Thread& self, const VmThread& thread, const SharedAccess& access, Variable& variable);
  void write(Thread& self, const VmThread& thread, const SharedAccess& access, Variable& variable);
  static Read& remembered(Thread& self, const Variable& variable);
  void look_for_lost_update(Thread& self, const VmThread& thread, const SharedAccess& access,
                            const Variable& variable);

  bool is_new(std::uint32_t kind, CallTree::Node one, CallTree::Node other);
  void report_race(const SharedAccess& access, const PastAccess& before, bool before_writes,
                   const PastAccess& now);
  void report_growth(const SharedAccess& access, const PastAccess& before, bool before_adds,
                     const PastAccess& now);
  void report(RaceFinding finding);
  FoundAccess found(const PastAccess& access, bool writes) const;
  FoundAccess place_of(ThreadNumber thread, CallTree::Node site) const;
  HeldLock described(LockNumber lock, CallTree::Node taken_at) const;
  std::string variable_name(CallTree::Node site, const SharedAccess& access) const;
  RaceFinding finding_of(const LockOrder::Cycle& cycle) const;

  std::atomic<bool> is_over_{false};
  SharedAccesses accesses_;
  CallTree tree_;
  std::vector<std::unique_ptr<Thread>> threads_;  // by their numbers; null: not seen
  std::size_t living_ = 1;
  bool is_alone_ = true;  // invariant (1)
  Variables variables_;
  std::vector<Lock> locks_;
  std::unordered_map<const Object*, LockNumber> lock_numbers_;
  std::vector<Held> holds_;  // by their kinds
  std::unordered_map<std::uint64_t, std::uint32_t> kinds_;
  LockSets sets_;  // of kinds: what is held at an access
  LockOrder order_;
  LockSets order_sets_;  // of locks: for order_
  std::unordered_map<const Object*, Told> told_;
  std::vector<RaceFinding> findings_;
  std::unordered_set<std::string> identities_;  // of those
  std::unordered_set<std::uint64_t> reported_;  // pairs of sites, so that each is looked at once
};

}  // namespace gilvm
