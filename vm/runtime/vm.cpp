#include "vm/runtime/vm.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "vm/base/check.h"
#include "vm/base/spin.h"

namespace gilvm {
namespace {

std::atomic<std::uint64_t> last_vm{0};

}  // namespace

Vm::Vm(const VmSettings& settings, Scheduler& scheduler)
    : serial(last_vm.fetch_add(1, std::memory_order_relaxed) + 1),
      settings_(settings),
      scheduler_(scheduler),
      strings_(heap_, settings.seed ? static_cast<std::uint32_t>(Random(*settings.seed).next()) : 0),
      gil_(settings.lock.interval, settings.lock.policy),
      marking_team_(heap_, [this] {
        std::lock_guard guard(threads_mutex_);
        threads_changed_.notify_all();
      }) {
  if (settings.seed) {
    random_.emplace(*settings.seed);
    // The memory of an object that was freed may be another's, which has a number of its own.
    heap_.on_marked([this](Marker& marker) {
      std::erase_if(shown_objects_, [&](const auto& shown) { return !marker.is_marked(shown.first); });
    });
  }
  if (settings.counts_references) heap_.count_references(settings.lock.regime == LockRegime::kObject);
  define_object_kinds(heap_);
  if (settings.max_memory != 0) heap_.set_limit(settings.max_memory);
  if (settings.lock.regime == LockRegime::kObject) heap_.mark_tables();
  LocalHeap* local = heap_.attach(nullptr);
  for (unsigned event = 0; event < static_cast<unsigned>(Event::kCount); ++event) {
    event_names_[event] = strings_.make(*local, gilvm::name_of(static_cast<Event>(event)));
  }
  memory_message_ = strings_.make(*local, "not enough memory");
  heap_.mode_name = name_of(Event::kMode);
  globals = Table::make(*local);
  registry = Table::make(*local);
  heap_.detach(local);
}

Vm::~Vm() { GILVM_CHECK(threads_.empty()); }

void Vm::set_switch_interval(SwitchInterval interval) {
  gil_.set_interval(interval);
  if (Turns* turns = scheduler_.turns()) turns->set_switch_interval(interval);
  renew_dispatch();
}

void Vm::renew_dispatch() {
  std::lock_guard guard(threads_mutex_);
  for (VmThread* thread : threads_) thread->request(kNewDispatch);
}

VmThread* Vm::add_thread(std::string name, std::uint64_t number) {
  auto* thread = new VmThread(*this, std::move(name), number != 0 ? number : next_thread_number());
  {
    std::lock_guard guard(threads_mutex_);
    threads_.push_back(thread);
    thread_count_.store(threads_.size(), std::memory_order_relaxed);
    if (interruption() != Interruption::kNone) thread->request(kInterrupt);
  }
  if (!scheduler_.turns()) thread->attach();  // whose turn it is, runs
  thread->coroutine = Coroutine::make_main(thread->heap());
  return thread;
}

void Vm::remove_thread(VmThread* thread) {
  // A script may still hold it.
  thread->coroutine->release();
  thread->coroutine->set_status(CoroutineStatus::kDead);
  thread->detach();
  std::unique_lock lock(threads_mutex_);
  const GilStatistics& statistics = thread->statistics;
  ended_.push_back({thread->name(), statistics.switches.load(std::memory_order_relaxed),
                    statistics.requests.load(std::memory_order_relaxed),
                    statistics.held.load(std::memory_order_relaxed),
                    statistics.waited.load(std::memory_order_relaxed)});
  threads_.erase(std::find(threads_.begin(), threads_.end(), thread));
  thread_count_.store(threads_.size(), std::memory_order_relaxed);
  threads_changed_.notify_all();
  lock.unlock();
  // Not under the mutex: it gives back its part of the heap, which a collector that waits for the mutex may
  // hold.
  delete thread;
}

void Vm::add_records(const std::vector<ThreadRecord>& records) {
  std::lock_guard guard(threads_mutex_);
  ended_.insert(ended_.end(), records.begin(), records.end());
}

std::vector<Vm::ThreadRecord> Vm::thread_records() {
  std::lock_guard guard(threads_mutex_);
  std::vector<ThreadRecord> records = ended_;
  for (VmThread* thread : threads_) {
    const GilStatistics& statistics = thread->statistics;
    records.push_back({thread->name(), statistics.switches.load(std::memory_order_relaxed),
                       statistics.requests.load(std::memory_order_relaxed),
                       statistics.held.load(std::memory_order_relaxed),
                       statistics.waited.load(std::memory_order_relaxed)});
  }
  return records;
}

void Vm::each_thread(const std::function<void(VmThread&)>& visit) {
  std::lock_guard guard(threads_mutex_);
  for (VmThread* thread : threads_) visit(*thread);
}

bool Vm::everyone_stands_still(const VmThread& except) const {
  return std::all_of(threads_.begin(), threads_.end(), [&](const VmThread* thread) {
    return thread == &except || thread->state_.load(std::memory_order_seq_cst) == VmThread::State::kDetached;
  });
}

void Vm::stop_the_world(VmThread& thread) {
  if (!is_parallel()) return;
  // While this thread waits for another stopper it must itself count as stopped.
  thread.detach();
  stopper_mutex_.lock();
  stop_the_others(thread);
}

bool Vm::try_to_stop_the_world(VmThread& thread) {
  if (!is_parallel()) return true;
  thread.detach();
  if (stopper_mutex_.try_lock()) {
    stop_the_others(thread);
    return true;
  }
  thread.attach();
  return false;
}

void Vm::stop_the_others(VmThread& thread) {
  std::unique_lock lock(threads_mutex_);
  stopped_.store(true, std::memory_order_seq_cst);
  for (VmThread* other : threads_) {
    if (other != &thread) other->request(kStopTheWorld);
  }
  lock.unlock();
  thread.heap().sweep_all();  // as they all do now
  // Each look takes the mutex for itself: those who detach and those who end need it.
  spin_until([&] {
    std::lock_guard guard(threads_mutex_);
    return everyone_stands_still(thread);
  });
  lock.lock();
  threads_changed_.wait(lock, [&] { return everyone_stands_still(thread); });
  thread.state_.store(VmThread::State::kAttached, std::memory_order_seq_cst);
}

void Vm::resume_the_world(VmThread&) {
  if (!is_parallel()) return;
  {
    std::lock_guard guard(threads_mutex_);
    stopped_.store(false, std::memory_order_seq_cst);
  }
  threads_changed_.notify_all();
  stopper_mutex_.unlock();
}

void Vm::collect(VmThread& thread, Heap::Thoroughness thoroughness) {
  stop_the_world(thread);
  collect_and_resume(thread, thoroughness);
}

bool Vm::collect_if_due(VmThread& thread) {
  // Several threads find that it is, within the same microsecond.
  if (!try_to_stop_the_world(thread)) return false;
  if (heap_.wants_collection()) {
    collect_and_resume(thread, Heap::Thoroughness::kQuick);
    return true;
  }
  resume_the_world(thread);
  return false;
}

void Vm::collect_and_resume(VmThread& thread, Heap::Thoroughness thoroughness) {
  heap_.collect([this, &thread](Marker& marker) { mark_roots(marker, thread); }, thoroughness,
                is_parallel() && thread_count() > 1 ? &marking_team_ : nullptr);
#ifdef GILVM_STRESS
  // It takes longer than the collection; what is broken stays so until the next time.
  if (heap_.collections() % 4 == 0) heap_.verify();
#endif
  resume_the_world(thread);
  if (heap_.finalization().due_count() > 0) thread.request(kFinalize);
}

void Vm::mark_roots(Marker& marker, const VmThread& collecting) {
  marker.mark_object(globals);
  marker.mark_object(registry);
  for (const auto& metatable : basic_metatables_) {
    if (Table* table = metatable.load(std::memory_order_acquire)) marker.mark_object(table);
  }
  if (protected_call) marker.mark_object(protected_call);
  for (String* name : event_names_) marker.mark_object(name);
  marker.mark_object(memory_message_);
  for (auto& trace : roots_) trace(marker);
  // A thread that is being added has no coroutine yet; one that is added or removed meanwhile waits in
  // attach().
  std::lock_guard guard(threads_mutex_);
  // What is marked last is traced first: that of the others is left for them, as they have it at hand.
  for (VmThread* thread : threads_) {
    if (thread != &collecting && thread->coroutine) marker.mark_object(thread->coroutine);
  }
  for (VmThread* thread : threads_) {
    if (thread == &collecting && thread->coroutine) marker.mark_object(thread->coroutine);
    marker.mark(thread->error);
    marker.mark(thread->script_object);
    marker.mark(thread->locals);
    marker.mark(thread->event_loop);
    marker.mark(thread->assigned);
    thread->growth.trace(marker);
    marker.mark(thread->replaced);
    if (thread->erring_native) marker.mark_object(thread->erring_native);
    for (Coroutine* coroutine : thread->interrupted_coroutines) marker.mark_object(coroutine);
  }
}

void Vm::interrupt(Interruption reason, int exit_status) {
  if (!mark_interrupted(reason, exit_status)) return;
  // Before anybody is woken: who returns from a wait finds that its own VM is interrupted.
  if (related) related->mark_others_interrupted(*this, reason, exit_status);
  scheduler_.interrupt_all();
  if (on_interruption) on_interruption();
}

bool Vm::mark_interrupted(Interruption reason, int exit_status) {
  // Who comes second returns when every thread has its request, its own one too.
  std::lock_guard guard(threads_mutex_);
  End none{Interruption::kNone, 0};
  if (!end_.compare_exchange_strong(none, End{reason, exit_status}, std::memory_order_acq_rel)) return false;
  for (VmThread* thread : threads_) thread->request(kInterrupt);
  return true;
}

void Vm::interrupt(VmThread& thread) {
  thread.request(kInterrupt);
  scheduler_.interrupt(thread.parker());
  std::lock_guard guard(thread.guest_mutex_);
  if (thread.guest_) thread.guest_->vm().interrupt(*thread.guest_);
}

void Vm::set_guest(VmThread& host, VmThread* guest) {
  std::lock_guard guard(host.guest_mutex_);
  host.guest_ = guest;
  if (guest && host.interrupted()) guest->request(kInterrupt);
}

void Vm::end_interruption(VmThread& thread) {
  scheduler_.clear_interrupt(thread.parker());
  // Either this sees that the whole VM is interrupted, or whoever does that has yet to make its request.
  std::lock_guard guard(threads_mutex_);
  if (interruption() == Interruption::kNone) thread.clear(kInterrupt);
}

std::uint64_t Vm::randomness() {
  std::lock_guard guard(random_mutex_);
  if (random_) return random_->next();
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

const void* Vm::shown_address(Value value) {
  if (!is_deterministic()) return value.as_object();
  std::lock_guard guard(random_mutex_);
  std::uintptr_t& number =
      value.is_identity() ? shown_identities_[value.as_object()] : shown_objects_[value.as_object()];
  if (number == 0) number = ++objects_shown_;
  return reinterpret_cast<const void*>(number * 16);
}

int Vm::fork(VmThread& thread) {
  stop_the_world(thread);
  if (related) related->prepare_fork();
  // In this order, as a collection takes them.
  heap_.lock_for_fork();
  marking_team_.lock();
  threads_mutex_.lock();
  // A fork copies what maps the process's memory: of what is free as of what is not.
  malloc_trim(0);
  const pid_t child = ::fork();
  if (child == 0) {
    // The other threads do not exist here. What they own stays reachable for the collector through the heap.
    if (has_gil()) gil_.reset_after_fork(thread);
    scheduler_.reset_after_fork();
    threads_.assign(1, &thread);
    thread_count_.store(1, std::memory_order_relaxed);
    spinning_.store(0, std::memory_order_relaxed);
    ended_.clear();
    ++generation_;
    new (&threads_changed_) std::condition_variable;
  }
  threads_mutex_.unlock();
  marking_team_.unlock();
  heap_.unlock();
  if (related) related->end_fork(*this, child == 0);
  resume_the_world(thread);
  return child;
}

}  // namespace gilvm
