// How the GIL works.
//
// The lock is a pointer to its holder (null: free), guarded by a mutex and a condition. It is not a mutex
// held for long: a mutex does not tell its holder that somebody waits, and lets the holder that unlocks and
// locks again win nearly every time. The protocol is that of CPython 3.2 and newer (Antoine Pitrou's "new
// GIL", Python/ceval_gil.c), written anew:
//
//  1. Who finds the lock free takes it. Who does not, waits on `released_`, for one switch interval at most.
//  2. When the interval passes and the lock went to nobody else meanwhile, the waiter makes a *drop
//     request*: a bit in the holder's eval breaker. If it did go to somebody else, the new holder is entitled
//     to an interval of its own, and the waiter begins a new one. One standing request is enough: the other
//     waiters' intervals pass without another.
//  3. The holder sees the bit at its next switch point, where the script's data are whole, and yields: it
//     frees the lock and signals `released_`. It may take long to get there; nothing interrupts it.
//  4. *Forced switching*: it now owes a handover, and waits on `taken_` until another client has taken the
//     lock. Without this it would win its own lock back on a machine with several cores, being awake while
//     the waiter is still being woken. Which waiter gets it is the operating system's choice.
//  5. Then it is a waiter as any other, from 1.
//
// A thread about to block drops the lock without being asked; it owes a handover if it had been asked.
//
// With a counted interval (CPython 2.7's `sys.setcheckinterval`) waiters wait without a time limit and
// request nothing. The holder counts its own instructions and yields when the count is used up and somebody
// waits. In 2.7 it could win the lock back at once, and often did; here 4 holds for it too, so that "100i"
// means a hundred instructions on any machine. Who owes a handover waits on `released_` then, as the others
// do, which saves it from being woken once more: it has no interval that would begin when the lock is taken.
// The lock is not released, and so nobody is woken in its place, before another client has taken it.
//
// Two things differ from CPython. It begins a new interval whenever a waiter is woken, so a holder that drops
// and takes in quick succession can keep a waiter from ever requesting; here only a switch begins a new one.
// And it counts a request each time the interval passes; here once for each that is set.
//
// With the policy `io-first` (docs/decisions/0014-io-first.md) a client that comes back from a blocking
// call is *urgent*:
//
//  6. It makes its drop request at once. It leaves a holder alone that is urgent itself, until that one has
//     had the lock for `urgent_time`; so threads that only answer do not interrupt each other.
//  7. Urgent waiters go before the others. Each kind has a condition to wait on, and a release signals one
//     of the kind that is next.
//  8. It is urgent once: who yields waits like the others. And who owes a handover (4) is not urgent before
//     that is settled.
//  9. Urgent holders run up a debt while others wait. Once it is a whole interval, the others go first, and
//     have their intervals, until they have worked it off: so nobody starves who only computes.
//
// Nobody can hang in 7: who goes first changes only where the lock is released, and of the kind that goes
// first then, the one that is woken takes the lock, or another one does.
//
// Nobody can hang in 4: the handover is owed only while another client waits, no client stops waiting
// without taking the lock, and each one that takes it signals `taken_`.
#include "vm/runtime/gil.h"

#include <algorithm>
#include <new>

#include "vm/base/check.h"
#include "vm/base/spin.h"

namespace gilvm {
namespace {

constexpr std::uint64_t kNobody = 0;
constexpr std::uint64_t kCountedBit = std::uint64_t{1} << 63;

std::uint64_t packed(const SwitchInterval& interval) {
  if (interval.counted()) return std::min(interval.instructions, kCountedBit - 1) | kCountedBit;
  return static_cast<std::uint64_t>(std::max(interval.time, Nanoseconds::zero()).count());
}

SwitchInterval unpacked(std::uint64_t word) {
  SwitchInterval interval;
  if ((word & kCountedBit) != 0) {
    interval.instructions = word & ~kCountedBit;
  } else {
    interval.time = Nanoseconds(static_cast<Nanoseconds::rep>(word));
  }
  return interval;
}

// A statistic has one writer, so it needs no atomic addition.
template <typename T>
void add(std::atomic<T>& statistic, T amount) {
  statistic.store(statistic.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

std::uint64_t new_identity() {
  static std::atomic<std::uint64_t> last{kNobody};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;  // relaxed: it need only be unique
}

}  // namespace

GilClient::GilClient() : identity_(new_identity()) {}

Gil::Gil(SwitchInterval interval, GilPolicy policy) : policy_(policy), interval_(packed(interval)) {}

void Gil::take(GilClient& client, Arrival arrival) {
  std::unique_lock lock(mutex_);
  GILVM_CHECK(holder() != &client);
  const bool urgent = policy_ == GilPolicy::kIoFirst && arrival == Arrival::kIsBack;
  Instant now = monotonic_now();
  if (!may_take(client, urgent, waiting_.load(std::memory_order_relaxed))) {
    wait_for_turn(lock, client, urgent, now);
  } else {
    become_holder(client, urgent, now);
  }
}

void Gil::drop(GilClient& client) {
  std::unique_lock lock(mutex_);
  GILVM_CHECK(holder() == &client);
  release(client, monotonic_now(), drop_requested_);
}

void Gil::yield(GilClient& client) {
  std::unique_lock lock(mutex_);
  GILVM_CHECK(holder() == &client);
  // A request implies a waiter, and waiters do not go away: without one there is nothing to settle.
  if (!wanted()) return;
  Instant now = monotonic_now();
  release(client, now, /*owes_handover=*/true);
  wait_for_turn(lock, client, /*urgent=*/false, now);
}

void Gil::set_interval(SwitchInterval interval) {
  std::unique_lock lock(mutex_);
  interval_.store(packed(interval), std::memory_order_relaxed);
  // Whoever waits sleeps by the old interval, perhaps for ever.
  released_.notify_all();
  released_to_urgent_.notify_all();
}

SwitchInterval Gil::interval() const noexcept { return unpacked(interval_.load(std::memory_order_relaxed)); }

void Gil::reset_after_fork(GilClient& survivor) {
  GILVM_CHECK(holder() == &survivor);
  // Not destroyed first: destroying a condition waits for its waiters, and they do not exist.
  new (&mutex_) std::mutex;
  new (&released_) std::condition_variable;
  new (&released_to_urgent_) std::condition_variable;
  new (&taken_) std::condition_variable;
  waiting_.store(0, std::memory_order_relaxed);
  urgent_waiting_ = 0;
  debtor_waits_ = false;
  handover_owed_by_ = kNobody;
  // A waiter may have been between setting the bit and noting it here, so settle both.
  drop_requested_ = false;
  survivor.clear_drop_request();
}

std::uint32_t Gil::others_waiting() const {
  return waiting_.load(std::memory_order_relaxed) - urgent_waiting_ - (debtor_waits_ ? 1 : 0);
}

bool Gil::may_take(const GilClient& client, bool urgent, std::uint32_t waiting_beside_it) const {
  if (!gil_rules::may_take(holder() != nullptr, owes_handover(client), waiting_beside_it)) return false;
  return urgent ? !(others_first_ && others_waiting() != 0) : others_first_ || urgent_waiting_ == 0;
}

void Gil::become_holder(GilClient& client, bool urgent, Instant now) {
  if (last_holder_ != client.identity_) {
    if (last_holder_ != kNobody) add(client.statistics.switches, std::uint64_t{1});
    last_holder_ = client.identity_;
    ++switch_number_;
    if (handover_owed_by_ != kNobody) taken_.notify_all();
  }
  handover_owed_by_ = kNobody;
  debtor_waits_ = false;
  holder_.store(&client, std::memory_order_relaxed);
  holder_is_urgent_ = urgent;
  held_since_ = now;
}

void Gil::release(GilClient& client, Instant now, bool owes_handover) {
  const Nanoseconds held = now - held_since_;
  add(client.statistics.held, held);
  if (policy_ == GilPolicy::kIoFirst) settle_debt(held);
  if (drop_requested_) {
    drop_requested_ = false;
    client.clear_drop_request();
  }
  if (owes_handover) handover_owed_by_ = client.identity_;
  holder_.store(nullptr, std::memory_order_relaxed);
  if (wanted()) wake_next();
}

void Gil::settle_debt(Nanoseconds held) {
  const SwitchInterval in_force = interval();
  const bool owes_nobody = holder_is_urgent_ && others_waiting() == 0;
  debt_ = owes_nobody ? Nanoseconds::zero() : gil_rules::debt_after(debt_, held, holder_is_urgent_, in_force);
  others_first_ = gil_rules::others_go_first(others_first_, debt_, in_force);
}

// One of those who go first. None of them owes a handover, and whoever comes before it is awake either takes
// the lock, and wakes the next in its turn, or leaves it to this one.
void Gil::wake_next() {
  const bool urgent = urgent_waiting_ != 0 && !(others_first_ && others_waiting() != 0);
  (urgent ? released_to_urgent_ : released_).notify_one();
}

void Gil::wait_for_turn(std::unique_lock<std::mutex>& lock, GilClient& client, bool urgent, Instant started) {
  waiting_.store(waiting_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (owes_handover(client)) debtor_waits_ = true;
  bool is_urgent = false;
  Instant now = started;
  Instant interval_start = started;
  std::uint64_t switch_number = switch_number_;
  for (;;) {
    if (urgent && !is_urgent && !owes_handover(client)) {
      is_urgent = true;
      ++urgent_waiting_;
    }
    if (may_take(client, is_urgent, waiting_.load(std::memory_order_relaxed) - 1)) break;
    const SwitchInterval in_force = interval();
    if (owes_handover(client) && (urgent || !in_force.counted())) {
      taken_.wait(lock);
    } else if (is_urgent && !others_first_) {
      if (holder_may_be_asked_early(now)) {
        request_drop_of_holder(client);
        // The next switch point is near, mostly.
        lock.unlock();
        spin_until([this] { return holder() == nullptr; });
        lock.lock();
        now = monotonic_now();
        continue;
      }
      // Looks again soon, should another urgent client be next, and less and less often.
      const Nanoseconds pause = std::max(Nanoseconds(now - started), gil_rules::urgent_time(in_force));
      released_to_urgent_.wait_until(lock, now + std::min(pause, gil_rules::interval_time(in_force)));
    } else {
      std::condition_variable& released = is_urgent ? released_to_urgent_ : released_;
      if (in_force.counted()) {
        released.wait(lock);
      } else {
        released.wait_until(lock, interval_start + gil_rules::interval_time(in_force));
      }
    }
    now = monotonic_now();
    const bool switched = switch_number != switch_number_;
    // Asks the clock and not the wait's result: a wake-up may come for a new interval, or for nothing.
    const bool passed = gil_rules::interval_passed(interval(), now - interval_start);
    if (gil_rules::may_request(passed, holder() != nullptr, switched, drop_requested_)) {
      request_drop_of_holder(client);
    }
    if (passed || switched) {
      interval_start = now;
      switch_number = switch_number_;
    }
  }
  waiting_.store(waiting_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  if (is_urgent) --urgent_waiting_;
  add(client.statistics.waited, Nanoseconds(now - started));
  become_holder(client, is_urgent, now);
}

bool Gil::holder_may_be_asked_early(Instant now) const {
  if (holder() == nullptr || drop_requested_) return false;
  return !holder_is_urgent_ || now - held_since_ >= gil_rules::urgent_time(interval());
}

void Gil::request_drop_of_holder(GilClient& waiter) {
  drop_requested_ = true;
  add(waiter.statistics.requests, std::uint64_t{1});
  // The holder exists as long as it has not dropped, and to drop it needs the mutex that we hold.
  holder()->request_drop();
}

}  // namespace gilvm
