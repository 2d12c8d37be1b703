#include "vm/runtime/vm_thread.h"

#include "vm/base/check.h"
#include "vm/base/spin.h"
#include "vm/runtime/memory.h"
#include "vm/runtime/vm.h"

namespace gilvm {
namespace {

const DispatchLabels* labels = nullptr;

}  // namespace

void set_dispatch_labels(const DispatchLabels* new_labels) { labels = new_labels; }

VmThread::VmThread(Vm& vm, std::string name)
    : coroutine(nullptr),
      vm_(vm),
      heap_(vm.heap().attach(this)),
      parker_(vm.scheduler().current()),
      name_(std::move(name)),
      number_(vm.next_thread_number()),
      stops_anywhere_(vm.lock().points == SwitchPoints::kEvery) {
  set_up_dispatch();
}

VmThread::~VmThread() { vm_.heap().detach(heap_); }

void VmThread::set_up_dispatch() {
  if (!labels) return;
  counts_ = vm_.has_gil() && vm_.gil().interval().counted();
  if (counts_ && instructions_left_ == 0) instructions_left_ = vm_.gil().interval().instructions;
  const void* detour = counts_ ? labels->count : nullptr;
  if (coroutine && coroutine->hook.mask != 0) detour = labels->hook;
  for (unsigned op = 0; op < kOpcodeCount; ++op) {
    dispatch[op].store(detour ? detour : labels->direct[op], std::memory_order_relaxed);
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);  // invariant (2): whoever calls reads the breaker next
}

void VmThread::hook_has_changed() {
  set_up_dispatch();
  if (breaker_is_set()) lead_to_poll();
}

// The handlers are reached by way of the poll; the two other detours look at the breaker by themselves.
void VmThread::lead_to_poll() {
  if (!labels) return;
  for (unsigned op = 0; op < kOpcodeCount; ++op) {
    if (!stops_anywhere_ && !is_switch_point(static_cast<Opcode>(op))) continue;
    const void* const label = dispatch[op].load(std::memory_order_relaxed);
    if (label != labels->count && label != labels->hook)
      dispatch[op].store(labels->poll, std::memory_order_relaxed);
  }
}

void VmThread::request(Breaker reason) {
  breaker_.fetch_or(reason, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);  // with the one in set_up_dispatch(): invariant (2)
  lead_to_poll();                                       // answered at the very next switch point
}

bool VmThread::answer_breaker() {
  set_up_dispatch();
  const std::uint32_t reasons = breaker_.load(std::memory_order_seq_cst);
  if (reasons & kInterrupt) {
    lead_to_poll();  // for what still runs on the way out
    return false;
  }
  if (reasons & kNewDispatch) clear(kNewDispatch);
  if (reasons & kStopTheWorld) {
    clear(kStopTheWorld);
    detach();
    attach();
  }
  if (reasons & kCollect) {
    clear(kCollect);
    if (vm_.heap().wants_collection()) {
      vm_.collect(*this);
      coroutine->shrink();
      if (vm_.heap().is_exhausted()) {
        raise_no_memory(*this);
        return false;
      }
    } else if (vm_.strings().is_crowded()) {
      vm_.stop_the_world(*this);
      vm_.strings().grow_if_crowded();
      vm_.resume_the_world(*this);
    }
  }
  if (reasons & kCountUsedUp) clear(kCountUsedUp);
  if (reasons & (kDropRequest | kCountUsedUp)) vm_.gil().yield(*this);
  return !interrupted();
}

void VmThread::count_used_up() {
  const SwitchInterval interval = vm_.gil().interval();
  instructions_left_ = interval.counted() ? interval.instructions : 0;
  if (!interval.counted()) {
    set_up_dispatch();
    if (breaker_is_set()) lead_to_poll();  // no request has led there while all instructions were counted
  }
  if (vm_.gil().wanted()) {
    if (vm_.lock().points == SwitchPoints::kEvery) {
      vm_.gil().yield(*this);
    } else {
      request(kCountUsedUp);  // done at the next loop or call
    }
  }
}

void VmThread::detach() {
  if (vm_.has_gil()) {
    vm_.gil().drop(*this);
    return;
  }
  // The release pairs with the acquire in everyone_stands_still(): what this thread wrote is visible then.
  state_.store(State::kDetached, std::memory_order_seq_cst);
  if (vm_.stopped_.load(std::memory_order_seq_cst)) {
    std::lock_guard guard(vm_.threads_mutex_);
    vm_.threads_changed_.notify_all();
  }
}

void VmThread::attach() {
  if (vm_.has_gil()) {
    vm_.gil().take(*this);
    return;
  }
  const auto world_goes_on = [this] { return !vm_.stopped_.load(std::memory_order_seq_cst); };
  for (;;) {
    spin_until(world_goes_on);
    // Either the stopper sees this thread attached, or this thread sees that the world is stopped.
    state_.store(State::kAttached, std::memory_order_seq_cst);
    if (!vm_.stopped_.load(std::memory_order_seq_cst)) return;
    std::unique_lock lock(vm_.threads_mutex_);
    state_.store(State::kDetached, std::memory_order_seq_cst);
    vm_.threads_changed_.notify_all();
    vm_.threads_changed_.wait(lock, world_goes_on);
  }
}

WakeReason VmThread::park(std::optional<Instant> deadline) {
  Blocking blocking(*this);
  return vm_.scheduler().park(parker_, deadline);
}

Value VmThread::box(std::int64_t integer) {
  auto* box = static_cast<Box*>(heap_->allocate_fixed<sizeof(Box)>(ObjectKind::kBox));
  box->integer = integer;
  return Value::box(box);
}

String* VmThread::string(std::string_view bytes) { return vm_.strings().make(*heap_, bytes); }

}  // namespace gilvm
