// The global interpreter lock: at most one thread of a VM runs its script at a time. The protocol, in
// prose, opens gil.cpp.
//
// Threads: any thread may take(); only the holder may drop() and yield(); wanted(), interval(),
// set_interval() and a client's statistics are for any thread.
// Invariants:
//  (1) At most one GilClient is the holder.
//  (2) A thread that may block drops first, and reads no Value until it has taken the lock again.
//  (3) A drop request stands against the present holder only: whoever takes the lock has none.
//  (4) A client that gave the lock up on request does not take it again before another client has,
//      as long as another one waits.
//  (5) Nobody is urgent under GilPolicy::kInterval, nor who owes a handover. A waiter that is urgent stays so
//      until it has the lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "vm/base/clock.h"
#include "vm/base/settings.h"

namespace gilvm {

// The rules of the GIL, without a lock, a thread or a clock, so that the OS threads here and the
// deterministic scheduler's fibers play by the same ones.
namespace gil_rules {

// The time interval in force. CPython waits for a microsecond at least (ceval_gil.c, take_gil); the upper
// bound only keeps sums of it with an Instant from overflowing.
inline Nanoseconds interval_time(const SwitchInterval& interval) {
  return std::clamp<Nanoseconds>(interval.time, std::chrono::microseconds(1), std::chrono::hours(24 * 365));
}

// Whether the holder has used up a counted interval. A time interval is the waiters' to measure.
inline bool count_used_up(const SwitchInterval& interval, std::uint64_t instructions_since_take) {
  return interval.counted() && instructions_since_take >= interval.instructions;
}

// Whether a waiter has waited for one interval. Never with a counted one: the holder counts for itself.
inline bool interval_passed(const SwitchInterval& interval, Nanoseconds waited) {
  return !interval.counted() && waited >= interval_time(interval);
}

// Whether a waiter may ask the holder to drop: an interval has passed in which the lock went to nobody else
// (else the present holder has not had its interval yet), and nobody has asked this holder before.
inline bool may_request(bool passed, bool held, bool switched_meanwhile, bool already_requested) {
  return passed && held && !switched_meanwhile && !already_requested;
}

// Whether a client may take the lock. One that gave it up on request lets another go first. `others_waiting`
// counts the waiting clients without this one; were they all gone, nobody would be left to wait for.
inline bool may_take(bool held, bool owes_handover, std::uint32_t others_waiting) {
  return !held && !(owes_handover && others_waiting != 0);
}

// Under GilPolicy::kIoFirst: how long an urgent client that has taken the lock is left alone by the others of
// that kind. To answer a question takes less; who takes longer computes.
inline Nanoseconds urgent_time(const SwitchInterval& interval) {
  return std::min<Nanoseconds>(std::chrono::microseconds(100), interval_time(interval));
}

// Urgent holders run up a debt for the time that they hold the lock while others wait; these others work it
// off by holding it. `held` is a holder's time. The debt is an interval at most, so that its end is near.
inline Nanoseconds debt_after(Nanoseconds debt, Nanoseconds held, bool urgent,
                              const SwitchInterval& interval) {
  return std::clamp(urgent ? debt + held : debt - held, Nanoseconds::zero(), interval_time(interval));
}

// Whether those who are not urgent go first: from a debt of a whole interval on until it is worked off. So
// they wait for about two intervals at most, and have about half of the time, however many are urgent.
inline bool others_go_first(bool went_first, Nanoseconds debt, const SwitchInterval& interval) {
  return debt >= interval_time(interval) || (went_first && debt > Nanoseconds::zero());
}

}  // namespace gil_rules

// Where a client comes from that takes the GIL.
enum class Arrival : std::uint8_t {
  kReady,   // it could have run before: it begins, or another thread of the VM woke it
  kIsBack,  // from a call that waited for something else than the VM's own threads
};

// What one client has seen of the GIL. Written by the client's own thread, read by any. All accesses are
// relaxed: these are counters, nothing is published through them.
struct GilStatistics {
  std::atomic<std::uint64_t> switches{0};  // times that it took the lock after another client had held it
  std::atomic<std::uint64_t> requests{0};  // drop requests that it made
  std::atomic<Nanoseconds> held{Nanoseconds::zero()};    // without the stretch that is still going on
  std::atomic<Nanoseconds> waited{Nanoseconds::zero()};  // likewise; taking a free lock counts as no wait
};

// One VM thread, as the GIL sees it.
//
// The two functions are called with the GIL's mutex held, so they neither call the Gil nor block. Only they
// may change the client's drop request, or the GIL would believe in one that is not there.
class GilClient {
 public:
  GilClient();
  GilClient(const GilClient&) = delete;
  GilClient& operator=(const GilClient&) = delete;
  // REQUIRES: not the holder, and not waiting.
  virtual ~GilClient() = default;

  // A waiter asks this client, the holder, to yield(). Called on the waiter's thread: sets a bit in the
  // holder's eval breaker.
  virtual void request_drop() noexcept = 0;

  // The request is settled. Called on the client's own thread.
  virtual void clear_drop_request() noexcept = 0;

  GilStatistics statistics;

 private:
  friend class Gil;
  // Never 0 and never used twice, unlike an address: the GIL remembers the last holder past its end.
  const std::uint64_t identity_;
};

class Gil {
 public:
  explicit Gil(SwitchInterval interval, GilPolicy policy = GilPolicy::kInterval);
  // REQUIRES: nobody holds it or waits for it.
  ~Gil() = default;
  Gil(const Gil&) = delete;
  Gil& operator=(const Gil&) = delete;

  // Returns when `client` is the holder. There is no deadline and no way out but to become the holder; a
  // VM that shuts down wakes its threads elsewhere and lets each one take the lock to learn of it.
  // REQUIRES: the calling thread is the client's, and the client is not the holder.
  void take(GilClient& client, Arrival arrival = Arrival::kReady);

  // Gives the lock up, because the client is about to block. Does not wait.
  // REQUIRES: `client` is the holder.
  void drop(GilClient& client);

  // Answers a drop request, or a count used up: lets another client take the lock, then takes it again.
  // Keeps the lock when nobody waits (then no request stands either). Waiters do not give up waiting, so the
  // forced switch always comes, and this call hangs only where a later holder never yields or drops.
  // REQUIRES: `client` is the holder.
  void yield(GilClient& client);

  // Whether anyone waits. For the holder: one relaxed load. A hint: it orders nothing, and may be late.
  bool wanted() const noexcept { return waiting_.load(std::memory_order_relaxed) != 0; }

  // In force at once, also for those who wait already. Only the field in force is kept.
  void set_interval(SwitchInterval interval);
  SwitchInterval interval() const noexcept;

  // The holder, or null. For a comparison with one's own client; any other answer may be old already.
  GilClient* holder() const noexcept { return holder_.load(std::memory_order_relaxed); }

  // In a child process: of all threads only the caller's exists. Forgets the waiters, and makes the mutex
  // and the conditions anew, since a thread that does not exist here may have been inside of them.
  // REQUIRES: `survivor` is the caller's client, and held the lock when it called fork().
  void reset_after_fork(GilClient& survivor);

 private:
  bool owes_handover(const GilClient& client) const { return handover_owed_by_ == client.identity_; }
  // Those that are not urgent and owe no handover.
  std::uint32_t others_waiting() const;
  bool may_take(const GilClient& client, bool urgent, std::uint32_t waiting_beside_it) const;
  void become_holder(GilClient& client, bool urgent, Instant now);
  void release(GilClient& client, Instant now, bool owes_handover);
  void settle_debt(Nanoseconds held);
  void wake_next();
  void wait_for_turn(std::unique_lock<std::mutex>& lock, GilClient& client, bool urgent, Instant started);
  bool holder_may_be_asked_early(Instant now) const;
  void request_drop_of_holder(GilClient& waiter);

  const GilPolicy policy_;
  std::mutex mutex_;
  std::condition_variable released_;  // the lock is free, or the interval has changed; waiters wait here
  std::condition_variable released_to_urgent_;  // the same for waiters that are urgent
  std::condition_variable taken_;  // the lock went to another client; who owes a handover waits here

  // Written with mutex_ held, and read without it as the accessors say: hence atomic, and relaxed.
  std::atomic<GilClient*> holder_{nullptr};  // the lock itself: held when not null
  std::atomic<std::uint32_t> waiting_{0};    // clients in take() or yield() that do not have it yet
  std::atomic<std::uint64_t> interval_;      // one word, so that no reader sees half of a change

  // Guarded by mutex_.
  Instant held_since_;
  std::uint64_t switch_number_ = 0;     // grows whenever the lock goes to another client than the last
  std::uint64_t last_holder_ = 0;       // an identity, 0 before the first
  std::uint64_t handover_owed_by_ = 0;  // an identity, 0 for nobody's; only while the lock is free
  bool drop_requested_ = false;         // of the present holder
  // Under GilPolicy::kIoFirst.
  std::uint32_t urgent_waiting_ = 0;  // of waiting_
  bool debtor_waits_ = false;         // who owes the handover is one of waiting_
  bool holder_is_urgent_ = false;     // was when it took the lock
  bool others_first_ = false;         // changes only where the lock is released
  Nanoseconds debt_ = Nanoseconds::zero();
};

}  // namespace gilvm
