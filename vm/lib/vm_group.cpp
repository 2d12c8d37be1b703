#include "vm/lib/vm_group.h"

#include <algorithm>
#include <utility>

#include "vm/base/check.h"
#include "vm/interp/finalizers.h"
#include "vm/lib/module_paths.h"
#include "vm/lib/threads.h"
#include "vm/runtime/wait_reason.h"

namespace gilvm {
namespace {

class WaitsForGuest final : public WaitReason {
 public:
  WaitsForGuest(VmThread& host, const VmThread& guest) : WaitReason(host), name_(guest.name()) {}
  WaitDescription describe() const override { return {WaitDescription::Kind::kThread, name_}; }

 private:
  const std::string name_;
};

// Owns the group; kept in the registry of its first VM.
class GroupOwner final : public NativeObject {
 public:
  explicit GroupOwner(Vm& first) : group(first) {}
  const char* type_name() const override { return "VM group"; }

  VmGroup group;
};

}  // namespace

// ---- GroupVm

GroupVm::~GroupVm() { GILVM_CHECK(is_first() || vm_ == nullptr); }

bool GroupVm::is_running() {
  std::lock_guard guard(group_.mutex_);
  return is_first() || running_;
}

bool GroupVm::is_closed() {
  std::lock_guard guard(group_.mutex_);
  return vm_ == nullptr;
}

std::shared_ptr<GroupVm> GroupVm::referred() {
  std::lock_guard guard(group_.mutex_);
  std::shared_ptr<GroupVm> reference = reference_.lock();
  if (!reference) {
    // Counts apart from the pointers that the group and the running visits have. What counts lives as long as
    // reference_, so it must not keep the owner of that.
    const auto forget = [owner = shared_from_this()](GroupVm*) mutable { owner.reset(); };
    reference = std::shared_ptr<GroupVm>(this, forget);
    reference_ = reference;
  }
  return reference;
}

void GroupVm::drop(std::shared_ptr<GroupVm>* reference) {
  std::shared_ptr<GroupVm> dropped;
  std::lock_guard guard(group_.mutex_);
  dropped.swap(*reference);
}

GroupVm::Outcome GroupVm::enter() {
  std::lock_guard guard(group_.mutex_);
  if (vm_ == nullptr) return Outcome::kClosed;
  if (is_first() || running_) return Outcome::kRunning;
  running_ = true;
  return Outcome::kDone;
}

void GroupVm::leave() {
  std::lock_guard guard(group_.mutex_);
  running_ = false;
}

// REQUIRES: enter() let the caller in.
void GroupVm::be_visited(VmThread& host, const std::function<void(VmThread& guest)>& body) {
  const WaitsForGuest reason(host, *thread_);
  const Blocking blocking(host);
  thread_->move_to_this_thread();
  thread_->native_depth = host.native_depth;  // on the same stack of the system
  thread_->coroutine->nesting = host.coroutine->depth();
  thread_->attach();
  host.vm().set_guest(host, thread_);
  body(*thread_);
  host.vm().set_guest(host, nullptr);
  if (thread_->interrupted() && vm_->interruption() == Interruption::kNone) {
    vm_->end_interruption(*thread_);  // it was for the visitor alone, who has heard it too
  }
  thread_->detach();
}

GroupVm::Outcome GroupVm::visit(VmThread& host, const std::function<void(VmThread& guest)>& body) {
  if (const Outcome outcome = enter(); outcome != Outcome::kDone) return outcome;
  be_visited(host, body);
  const Interruption interruption = vm_->interruption();
  // Whoever interrupts all VMs may not have come to the host's yet.
  if (interruption != Interruption::kNone) host.vm().interrupt(interruption, vm_->exit_status());
  leave();
  return host.interrupted() ? Outcome::kInterrupted : Outcome::kDone;
}

GroupVm::Outcome GroupVm::close(VmThread& host, std::vector<Vm::ThreadRecord>* records) {
  if (const Outcome outcome = enter(); outcome != Outcome::kDone) return outcome;
  return close_entered(host, records);
}

// REQUIRES: enter() let the caller in.
GroupVm::Outcome GroupVm::close_entered(VmThread& host, std::vector<Vm::ThreadRecord>* records) {
  be_visited(host, [](VmThread& guest) {
    join_all_threads(guest);
    join_all_processes(guest);
    close_state(guest);
    // Those who are interrupted may be inside of a system call, and are not waited for.
    if (!guest.interrupted()) wait_for_last_steps(guest);
  });
  const Interruption interruption = vm_->interruption();
  if (interruption != Interruption::kNone) host.vm().interrupt(interruption, vm_->exit_status());
  if (host.interrupted()) {
    leave();  // the end of the group frees it
    return Outcome::kInterrupted;
  }
  const std::shared_ptr<GroupVm> self = shared_from_this();
  Vm* const vm = vm_;
  const Blocking blocking(host);
  if (records) *records = vm->thread_records();
  {
    // At once: in a child process nobody changes it any more.
    std::lock_guard guard(group_.mutex_);
    std::erase(group_.guests_, self);
    vm_ = nullptr;
    running_ = false;
  }
  VmGroup::free_vm(vm, std::exchange(thread_, nullptr));
  return Outcome::kDone;
}

std::unique_ptr<NativeObject> GroupVm::make_handle() {
  return std::make_unique<GroupVmHandle>(shared_from_this());
}

// ---- VmGroup

VmGroup::VmGroup(Vm& first) : first_vm_(first), first_(std::make_shared<GroupVm>(*this, 0)) {
  first_->vm_ = &first;
}

VmGroup::~VmGroup() {
  for (const std::shared_ptr<GroupVm>& guest : std::exchange(guests_, {})) {
    free_vm(std::exchange(guest->vm_, nullptr), std::exchange(guest->thread_, nullptr));
  }
  for (const std::weak_ptr<VmQueue>& queue : queues_) {
    if (const std::shared_ptr<VmQueue> living = queue.lock()) living->clear();
  }
}

// REQUIRES: nobody else uses the VM, and none of its threads exists but the main one, which is `thread`.
void VmGroup::free_vm(Vm* vm, VmThread* thread) {
  thread->move_to_this_thread();
  thread->attach();
  vm->remove_thread(thread);
  delete vm;
}

std::shared_ptr<GroupVm> VmGroup::create(VmThread& creator, std::string name,
                                         const std::function<void(VmThread&)>& prepare) {
  VmSettings settings;
  settings.lock = creator.vm().lock();
  settings.max_memory = creator.vm().max_memory();
  const ModulePaths paths = module_paths_of(creator);
  std::int64_t id;
  {
    std::lock_guard guard(mutex_);
    id = ++last_guest_;
  }
  const Blocking blocking(creator);
  auto guest = std::make_shared<GroupVm>(*this, id);
  guest->vm_ = new Vm(settings, creator.vm().scheduler());
  guest->vm_->related = this;
  guest->thread_ =
      guest->vm_->add_thread(name.empty() ? "interpreter " + std::to_string(id) : std::move(name));
  open_libraries(*guest->thread_);
  set_module_paths(*guest->thread_, paths);
  if (prepare) prepare(*guest->thread_);
  guest->thread_->detach();
  std::shared_ptr<GroupVm> reference = guest->referred();
  std::lock_guard guard(mutex_);
  guests_.push_back(guest);
  // Either it is among those that mark_others_interrupted() finds, or the interruption is to be seen.
  if (first_vm_.interruption() != Interruption::kNone) {
    guest->vm_->mark_interrupted(first_vm_.interruption(), first_vm_.exit_status());
  }
  return reference;
}

std::vector<std::shared_ptr<GroupVm>> VmGroup::vms() {
  std::lock_guard guard(mutex_);
  std::vector<std::shared_ptr<GroupVm>> all{first_};
  all.insert(all.end(), guests_.begin(), guests_.end());
  std::sort(all.begin(), all.end(), [](const auto& left, const auto& right) { return left->id < right->id; });
  return all;
}

std::shared_ptr<GroupVm> VmGroup::find(const Vm& vm) {
  std::lock_guard guard(mutex_);
  for (const std::shared_ptr<GroupVm>& guest : guests_) {
    if (guest->vm_ == &vm) return guest;
  }
  return first_;
}

std::shared_ptr<VmQueue> VmGroup::make_queue(std::int64_t largest_size) {
  std::lock_guard guard(mutex_);
  std::erase_if(queues_, [](const std::weak_ptr<VmQueue>& queue) { return queue.expired(); });
  auto queue = std::make_shared<VmQueue>(++last_queue_, largest_size);
  queues_.push_back(queue);
  return queue;
}

void VmGroup::close_guests(VmThread& host) {
  for (const std::shared_ptr<GroupVm>& each : vms()) each->close(host);
}

void VmGroup::close_unreferred(VmThread& host) {
  std::vector<std::shared_ptr<GroupVm>> busy;
  const auto is_left = [&](const std::shared_ptr<GroupVm>& guest) {
    return guest->reference_.expired() && !guest->running_ && guest->vm_->thread_count() == 1 &&
           std::find(busy.begin(), busy.end(), guest) == busy.end();
  };
  for (;;) {
    std::shared_ptr<GroupVm> guest;
    {
      std::lock_guard guard(mutex_);
      const auto found = std::find_if(guests_.begin(), guests_.end(), is_left);
      if (found == guests_.end()) return;
      guest = *found;
      guest->running_ = true;
    }
    // A thread that was started just now is not among those that are counted yet.
    bool uses = false;
    guest->be_visited(host, [&](VmThread& thread) { uses = uses_threads(thread); });
    if (uses) {
      guest->leave();
      busy.push_back(guest);
    } else if (guest->close_entered(host, nullptr) != GroupVm::Outcome::kDone) {
      return;
    }
  }
}

void VmGroup::each_thread(const std::function<void(VmThread&)>& visit) {
  std::lock_guard guard(mutex_);
  first_vm_.each_thread(visit);
  for (const std::shared_ptr<GroupVm>& guest : guests_) guest->vm_->each_thread(visit);
}

void VmGroup::mark_others_interrupted(Vm& interrupted, Interruption reason, int exit_status) {
  std::lock_guard guard(mutex_);
  if (&interrupted != &first_vm_ && first_vm_.mark_interrupted(reason, exit_status)) {
    if (first_vm_.on_interruption) first_vm_.on_interruption();
  }
  for (const std::shared_ptr<GroupVm>& guest : guests_) {
    if (guest->vm_ != &interrupted) guest->vm_->mark_interrupted(reason, exit_status);
  }
}

void VmGroup::prepare_fork() {
  mutex_.lock();
  for (const std::weak_ptr<VmQueue>& queue : queues_) {
    const std::shared_ptr<VmQueue> living = queue.lock();
    if (!living) continue;
    living->lock();
    forked_queues_.push_back(living);
  }
}

void VmGroup::end_fork(Vm&, bool in_child) {
  for (const std::shared_ptr<VmQueue>& queue : forked_queues_) {
    if (in_child) queue->forget_waiters();
    queue->unlock();
  }
  if (in_child) {
    // In the middle of whatever they were doing, for ever: nobody looks at them again.
    for (const std::shared_ptr<GroupVm>& guest : guests_) guest->vm_ = nullptr;
    guests_.clear();
  }
  const auto queues = std::exchange(forked_queues_, {});
  mutex_.unlock();
}

// ---- For the library

void add_vm_group(VmThread& thread) {
  if (thread.vm().related) return;
  auto owner = std::make_unique<GroupOwner>(thread.vm());
  thread.vm().related = &owner->group;
  set_field(thread, thread.vm().registry, "_VM_GROUP",
            Value::userdata(Userdata::make(thread.heap(), std::move(owner), nullptr)));
}

bool refuse_in_guest(NativeCall& call, const char* message) {
  if (VmGroup::of(call.vm()).is_first(call.vm())) return false;
  raise_exception(call, "RuntimeError", message);
  return true;
}

}  // namespace gilvm
