// The VMs of a program: the first one, and guests, which scripts and commands make beside it. Each has a
// heap, globals and a lock of its own, so that their scripts run at the same time.
//
// A guest has a main thread that belongs to no OS thread: whoever visits the guest, with Guest::visit(), is
// it for that time, and has let go of its own VM's lock. Scripts of the guest may start more threads.
//
// Threads: any thread. Mutexes here are held for moments, and by nobody who waits for a VM's lock.
// Invariants:
//  (1) The VMs of a group have one scheduler: a thread that waits in one of them waits for all, so that a
//      deadlock is one of all; and an interruption of one is one of all.
//  (2) A guest has one visitor at a time.
//  (3) Only the first VM forks, and in the child it is alone.
//  (4) A guest that nobody refers to any more is closed by the next collection that notices it, when none of
//      its threads exists but its main one: whoever collects does not wait for what scripts do there.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "vm/lib/copied_values.h"
#include "vm/lib/vm_queue.h"

namespace gilvm {

class VmGroup;

// A VM of a group. Handles keep it, also when the VM is gone, and so does the group as long as the VM exists.
// What is not const, or an atomic, is guarded by the group's mutex.
class GroupVm final : public SharedByVms, public std::enable_shared_from_this<GroupVm> {
 public:
  enum class Outcome : std::uint8_t {
    kDone,
    kRunning,      // it has a visitor already, or is the first VM, which always runs
    kClosed,       // there is no such VM any more
    kInterrupted,  // on the way; what was to be done may be half done
  };

  GroupVm(VmGroup& group, std::int64_t its_id) : id(its_id), group_(group) {}
  ~GroupVm() override;

  const std::int64_t id;  // 0: the first
  bool is_first() const { return id == 0; }
  bool is_running();
  bool is_closed();
  // The same VM, which is not closed by a collection as long as one of these pointers exists: what handles
  // have, and values on their way.
  std::shared_ptr<GroupVm> referred();
  // Resets such a pointer. Any number of threads at once.
  void drop(std::shared_ptr<GroupVm>* reference);

  // Calls `body` with the guest's main thread, attached to it, while `host` is detached from its own VM.
  // REQUIRES: `host` is the caller's, attached, at a safepoint.
  Outcome visit(VmThread& host, const std::function<void(VmThread& guest)>& body);
  // Waits for the guest's threads, calls the finalizers that are left, and frees it. Its threads' records are
  // added to *records, where that is not null. REQUIRES: as visit(), and `host` is of another VM.
  Outcome close(VmThread& host, std::vector<Vm::ThreadRecord>* records = nullptr);

  std::unique_ptr<NativeObject> make_handle() override;
  const char* metatable_name() const override { return "_INTERPRETER"; }

 private:
  friend class VmGroup;
  Outcome enter();
  void leave();
  Outcome close_entered(VmThread& host, std::vector<Vm::ThreadRecord>* records);
  void be_visited(VmThread& host, const std::function<void(VmThread& guest)>& body);

  VmGroup& group_;
  bool running_ = false;
  // Null: closed. A visitor may read it without the mutex. A guest's is owned.
  Vm* vm_ = nullptr;
  VmThread* thread_ = nullptr;        // a guest's main thread; the visitor's, who needs no mutex
  std::weak_ptr<GroupVm> reference_;  // what referred() gives; expired: nobody refers to the VM
};

// What scripts have of a GroupVm.
class GroupVmHandle final : public VmHandle {
 public:
  explicit GroupVmHandle(const std::shared_ptr<GroupVm>& its_vm) : vm(its_vm), reference_(vm->referred()) {}
  const char* type_name() const override { return "Interpreter"; }
  std::shared_ptr<SharedByVms> shared() const override { return vm->referred(); }
  // The handle is garbage. A finalizer may have given it to somebody all the same, for whom it works as
  // before, as long as the VM exists. Any number of threads.
  void forget_reference() { vm->drop(&reference_); }

  const std::shared_ptr<GroupVm> vm;

 private:
  std::shared_ptr<GroupVm> reference_;  // until forget_reference(), which alone changes it
};

class VmGroup final : public RelatedVms {
 public:
  explicit VmGroup(Vm& first);
  // Frees the guests that are left. REQUIRES: no thread is attached to any of them, or will be.
  ~VmGroup();
  VmGroup(const VmGroup&) = delete;

  // REQUIRES: add_vm_group() was called for it.
  static VmGroup& of(Vm& vm) { return static_cast<VmGroup&>(*vm.related); }

  // A new guest with the whole library and the lock of the creator's VM. `name`: of its main thread; empty:
  // "interpreter" and its number. `prepare` is called with its main thread, attached.
  // REQUIRES: `creator` is the caller's, attached, at a safepoint.
  std::shared_ptr<GroupVm> create(VmThread& creator, std::string name = {},
                                  const std::function<void(VmThread&)>& prepare = {});
  // Those that are not closed, by their numbers.
  std::vector<std::shared_ptr<GroupVm>> vms();
  std::shared_ptr<GroupVm> first() const { return first_; }
  // The one whose VM it is. REQUIRES: there is one.
  std::shared_ptr<GroupVm> find(const Vm& vm);
  bool is_first(const Vm& vm) const { return &vm == &first_vm_; }
  std::shared_ptr<VmQueue> make_queue(std::int64_t largest_size);
  // Closes every guest that nobody visits. REQUIRES: as GroupVm::close().
  void close_guests(VmThread& host);
  // Closes those that nobody refers to, as invariant (4) says. REQUIRES: as GroupVm::close().
  void close_unreferred(VmThread& host);
  // Calls `visit` for each thread of each VM. REQUIRES: all of them wait.
  void each_thread(const std::function<void(VmThread&)>& visit);

  void mark_others_interrupted(Vm& interrupted, Interruption reason, int exit_status) override;
  void prepare_fork() override;
  void end_fork(Vm& survivor, bool in_child) override;

 private:
  friend class GroupVm;
  static void free_vm(Vm* vm, VmThread* thread);

  Vm& first_vm_;
  const std::shared_ptr<GroupVm> first_;
  std::mutex mutex_;  // guards what follows, and the guests' state; taken before that of a VmQueue
  std::vector<std::shared_ptr<GroupVm>> guests_;
  std::deque<std::weak_ptr<VmQueue>> queues_;
  std::vector<std::shared_ptr<VmQueue>> forked_queues_;  // around a fork: whose mutexes are held
  std::int64_t last_guest_ = 0;
  std::int64_t last_queue_ = -1;
};

// Makes the VM the first of a group, where it is in none yet. The group lives as long as its heap.
void add_vm_group(VmThread& thread);
// Raises the error of what a guest may not do. False: the VM is no guest, and nothing is raised.
bool refuse_in_guest(NativeCall& call, const char* message);

}  // namespace gilvm
