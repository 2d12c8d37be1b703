#include "vm/runtime/vm_thread.h"

#include "vm/base/check.h"
#include "vm/base/spin.h"
#include "vm/runtime/memory.h"
#include "vm/runtime/shared_operation.h"
#include "vm/runtime/vm.h"

namespace gilvm {
namespace {

const DispatchLabels* labels = nullptr;

// Does the handler run an instruction that is a switch point? Of a superinstruction only the second can be
// one.
constexpr bool has_switch_point(unsigned handler) {
  return is_switch_point(handler < kOpcodeCount ? static_cast<Opcode>(handler)
                                                : kSuperinstructions[handler - kOpcodeCount].second);
}

// A statistic has one writer, so it needs no atomic addition.
template <typename T>
void add_to(std::atomic<T>& statistic, T amount) {
  statistic.store(statistic.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace

void set_dispatch_labels(const DispatchLabels* new_labels) { labels = new_labels; }

VmThread::VmThread(Vm& vm, std::string name, std::uint64_t number)
    : coroutine(nullptr),
      vm_(vm),
      heap_(vm.heap().attach(this)),
      parker_(&vm.scheduler().current()),
      turns_(vm.scheduler().turns()),
      name_(std::move(name)),
      number_(number),
      log_(vm.has_gil() ? vm.turn_log : nullptr),
      stops_anywhere_(vm.lock().points == SwitchPoints::kEvery),
      turn_changed_(vm.scheduler().now()) {
  set_up_dispatch();
}

VmThread::~VmThread() { vm_.heap().detach(heap_); }

void VmThread::move_to_this_thread() { parker_ = &vm_.scheduler().current(); }

void VmThread::set_up_dispatch() {
  if (!labels) return;
  handlers = heap_->counts ? labels->counted : heap_->table_mark != 0 ? labels->locked : labels->direct;
  counts_ = vm_.has_gil() && vm_.gil().interval().counted();
  if (counts_ && instructions_left_ == 0) instructions_left_ = vm_.gil().interval().instructions;
  const void* detour = counts_ || turns_ || log_ ? labels->count : nullptr;
  if (turns_ && turns_->watcher) detour = labels->watch;
  if (coroutine && coroutine->hook.mask != 0) detour = labels->hook;
  for (unsigned handler = 0; handler < kHandlerCount; ++handler) {
    dispatch[handler].store(detour ? detour : handlers[handler], std::memory_order_relaxed);
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);  // invariant (2): whoever calls reads the breaker next
}

void VmThread::hook_has_changed() {
  set_up_dispatch();
  if (breaker_is_set()) lead_to_poll();
}

void VmThread::expect_threads() {
  if (!vm_.heap().expect_threads(*heap_, vm_.is_parallel())) return;
  set_up_dispatch();
  if (breaker_is_set()) lead_to_poll();
}

// The handlers are reached by way of the poll; the other detours look at the breaker by themselves.
void VmThread::lead_to_poll() {
  if (!labels) return;
  for (unsigned handler = 0; handler < kHandlerCount; ++handler) {
    if (!stops_anywhere_ && !has_switch_point(handler)) continue;
    const void* const label = dispatch[handler].load(std::memory_order_relaxed);
    if (label != labels->count && label != labels->watch && label != labels->hook) {
      dispatch[handler].store(labels->poll, std::memory_order_relaxed);
    }
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
    heap_->sweep_all();  // rather than whoever collects, for all, while they wait
    detach();
    attach();
  }
  // At a loop or a call it is known which registers are in use. The next one is never far.
  const bool collects_later = (reasons & kCollect) && coroutine->is_between_instructions &&
                              !is_switch_point(coroutine->frame()->pc->op());
  if ((reasons & kCollect) && !collects_later) {
    clear(kCollect);
    if (vm_.heap().wants_collection()) {
      const bool collected = vm_.collect_if_due(*this);
      coroutine->shrink();
      // Else this thread may have let go meanwhile of what left the others nothing.
      if (collected && vm_.heap().is_exhausted()) {
        raise_no_memory(*this);
        return false;
      }
    } else if (vm_.strings().is_crowded()) {
      vm_.stop_the_world(*this);
      vm_.strings().fit_chains();
      vm_.resume_the_world(*this);
    }
  }
  if (reasons & kCountUsedUp) clear(kCountUsedUp);
  if (reasons & (kDropRequest | kCountUsedUp)) hand_over();
  if (collects_later) lead_to_poll();
  return !interrupted();
}

bool VmThread::works_in_steps() const { return turns_ && vm_.lock().regime == LockRegime::kNone; }

void VmThread::count_used_up() {
  const SwitchInterval interval = vm_.gil().interval();
  instructions_left_ = interval.counted() ? interval.instructions : 0;
  if (!interval.counted()) {
    set_up_dispatch();
    if (breaker_is_set()) lead_to_poll();  // no request has led there while all instructions were counted
  }
  if (turns_ ? turns_->others_can_run() : vm_.gil().wanted()) {
    if (vm_.lock().points == SwitchPoints::kEvery) {
      hand_over();
    } else {
      request(kCountUsedUp);  // done at the next loop or call
    }
  }
}

void VmThread::hand_over() {
  if (turns_) {
    take_turn(TurnReason::kMustYield);
  } else {
    if (log_) log_->released({number_, instructions_, false});
    vm_.gil().yield(*this);
    if (log_) log_->taken(number_);
  }
}

void VmThread::come_to_instruction(Opcode opcode, bool may_stop) {
  turns_->tick();
  if (!vm_.has_gil()) {
    if (touches_shared(opcode) || is_switch_point(opcode)) take_turn(TurnReason::kAccess);
  } else if (!counts_ && may_stop) {
    take_turn(TurnReason::kMayYield);
  }
}

void VmThread::grow_in_steps() {
  if (!works_in_steps()) return;
  const CallFrame* frame = coroutine->frame();
  if (frame->kind != FrameKind::kScript) return;
  const SharedOperation store = shared_operation(*coroutine, *frame);
  if (!store.object.is_table() || store.key.value.is_wide() || store.stored->value.is_nil()) return;
  Table* table = store.object.as_table();
  if (table->metatable() && !table->metatable()->get_short(vm_.name_of(Event::kNewIndex)).is_nil()) return;
  grow_in_steps(table, store.key.value);
}

// The table grows here, and who stores then finds room, unless others have taken it meanwhile. A copy with
// counted references stays whole.
void VmThread::grow_in_steps(Table* table, Value key) {
  if (heap_->counts || !turns_->others_can_run() || !growth.begin(heap(), table, key)) return;
  take_turn(TurnReason::kGrowth);
  growth.finish();
}

void VmThread::take_turn(TurnReason reason) {
  const Instant asked = vm_.scheduler().now();
  if (!turns_->take_turn(reason)) return;
  // Others ran meanwhile.
  add_to(statistics.held, asked - turn_changed_);
  turn_changed_ = vm_.scheduler().now();
  add_to(statistics.waited, turn_changed_ - asked);
  add_to(statistics.switches, std::uint64_t{1});
}

void VmThread::detach() {
  if (turns_) return;
  if (vm_.has_gil()) {
    if (log_) log_->released({number_, instructions_, true});
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

void VmThread::attach(Arrival arrival) {
  if (turns_) return take_turn(TurnReason::kReturned);
  if (vm_.has_gil()) {
    vm_.gil().take(*this, arrival);
    if (log_) log_->taken(number_);
    return;
  }
  for (;;) {
    if (vm_.stopped_.load(std::memory_order_seq_cst)) help_while_stopped();
    // Either the stopper sees this thread attached, or this thread sees that the world is stopped.
    state_.store(State::kAttached, std::memory_order_seq_cst);
    if (!vm_.stopped_.load(std::memory_order_seq_cst)) return;
    std::unique_lock lock(vm_.threads_mutex_);
    state_.store(State::kDetached, std::memory_order_seq_cst);
    vm_.threads_changed_.notify_all();
    vm_.threads_changed_.wait(lock, [this] { return is_wanted(); });
  }
}

bool VmThread::is_wanted() const {
  return !vm_.stopped_.load(std::memory_order_seq_cst) || vm_.marking_team_.has_work();
}

void VmThread::help_while_stopped() {
  // Most collections of a small heap take less than this, and sleeping would make them take as long again.
  constexpr std::chrono::microseconds kLongSpin(400);
  // One core is the stopper's.
  const bool has_core = vm_.spinning_.fetch_add(1, std::memory_order_relaxed) + 1 < usable_cores();
  while (spin_until([this] { return is_wanted(); }, has_core ? kLongSpin : kShortSpin)) {
    if (!vm_.stopped_.load(std::memory_order_seq_cst)) break;
    vm_.marking_team_.help();
  }
  vm_.spinning_.fetch_sub(1, std::memory_order_relaxed);
}

WakeReason VmThread::park(std::optional<Instant> deadline) {
  if (turns_) {
    const Instant parked = vm_.scheduler().now();
    const WakeReason reason = vm_.scheduler().park(*parker_, deadline);
    add_to(statistics.held, parked - turn_changed_);
    turn_changed_ = vm_.scheduler().now();
    return reason;
  }
  detach();
  const WakeReason reason = vm_.scheduler().park(*parker_, deadline);
  // Whoever unparks goes on meanwhile, often with the very lock that this thread wants.
  attach(reason == WakeReason::kDeadline ? Arrival::kIsBack : Arrival::kReady);
  return reason;
}

Value VmThread::box(std::int64_t integer) {
  auto* box = static_cast<Box*>(heap_->allocate_fixed<sizeof(Box)>(ObjectKind::kBox));
  box->integer = integer;
  return Value::box(box);
}

String* VmThread::string(std::string_view bytes) { return vm_.strings().make(*heap_, bytes); }

String* VmThread::text(std::string_view bytes) { return vm_.strings().make_text(*heap_, bytes); }

}  // namespace gilvm
