// The OS scheduler among real threads. No test depends on how fast they run.
#include "vm/sched/os_scheduler.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace gilvm;
using namespace std::chrono_literals;

namespace {

// Ends a test that would hang. The bound is for a broken scheduler only: no correct run comes near it.
template <typename Condition>
void spin_until(Condition condition) {
  const Instant give_up = monotonic_now() + 60s;
  while (!condition()) {
    if (monotonic_now() > give_up) {
      std::fprintf(stderr, "os_scheduler_test: what the scheduler promises did not come\n");
      std::abort();
    }
    std::this_thread::yield();
  }
}

ThreadId start(Scheduler& scheduler, std::function<void()> body) {
  const StartResult started = scheduler.start(std::move(body));
  REQUIRE(started.ok());
  return started.thread;
}

}  // namespace

TEST_CASE("a started body has run when join returns, and may be joined again", "[os_scheduler]") {
  OsScheduler scheduler;
  int runs = 0;
  const ThreadId thread = start(scheduler, [&] { ++runs; });
  scheduler.join(thread);
  CHECK(runs == 1);
  scheduler.join(thread);
}

TEST_CASE("two threads may join the same one", "[os_scheduler]") {
  OsScheduler scheduler;
  std::atomic<bool> finish{false};
  std::atomic<int> joined_early{0};
  std::atomic<bool> finished{false};
  const ThreadId thread = start(scheduler, [&] {
    spin_until([&] { return finish.load(); });
    finished = true;
  });
  const auto join_it = [&] {
    scheduler.join(thread);
    if (!finished) ++joined_early;
  };
  const ThreadId first = start(scheduler, join_it);
  const ThreadId second = start(scheduler, join_it);
  finish = true;
  scheduler.join(first);
  scheduler.join(second);
  CHECK(joined_early == 0);
}

TEST_CASE("the scheduler's end waits for the threads that nobody joined", "[os_scheduler]") {
  std::atomic<int> runs{0};
  {
    OsScheduler scheduler;
    for (int i = 0; i < 20; ++i) start(scheduler, [&] { ++runs; });
  }
  CHECK(runs == 20);
}

TEST_CASE("what a body owns is gone when join returns", "[os_scheduler]") {
  OsScheduler scheduler;
  auto owned = std::make_shared<int>(1);
  const ThreadId thread = start(scheduler, [owned] { (void)*owned; });
  scheduler.join(thread);
  CHECK(owned.use_count() == 1);
}

TEST_CASE("a thread that cannot be made is an errno, and its body does not run", "[os_scheduler]") {
  OsScheduler scheduler(std::size_t{1} << 60);  // no machine has room for such a stack
  std::atomic<bool> ran{false};
  const StartResult started = scheduler.start([&] { ran = true; });
  CHECK_FALSE(started.ok());
  CHECK(started.error == EAGAIN);
  CHECK(started.thread == 0);
  scheduler.join(started.thread);
  CHECK_FALSE(ran);
}

TEST_CASE("a token left before a park makes it return at once, and only it", "[os_scheduler]") {
  OsScheduler scheduler;
  Parker& parker = scheduler.current();
  scheduler.unpark(parker);
  scheduler.unpark(parker);  // tokens do not add up
  CHECK(scheduler.park(parker, std::nullopt) == WakeReason::kUnparked);
  CHECK(scheduler.park(parker, scheduler.now()) == WakeReason::kDeadline);
}

TEST_CASE("a token goes before a deadline that has passed", "[os_scheduler]") {
  OsScheduler scheduler;
  Parker& parker = scheduler.current();
  scheduler.unpark(parker);
  CHECK(scheduler.park(parker, Instant{}) == WakeReason::kUnparked);
}

TEST_CASE("a park does not end before its deadline", "[os_scheduler]") {
  OsScheduler scheduler;
  const Instant deadline = scheduler.now() + 3ms;
  CHECK(scheduler.park(scheduler.current(), deadline) == WakeReason::kDeadline);
  CHECK(scheduler.now() >= deadline);
}

TEST_CASE("two threads hand a turn to and fro without losing one", "[os_scheduler]") {
  OsScheduler scheduler;
  constexpr int kTurns = 2000;
  int turn = 0;  // not atomic: unpark() and park() order it
  Parker& mine = scheduler.current();
  std::atomic<Parker*> theirs{nullptr};
  std::atomic<bool> go{false};
  const ThreadId thread = start(scheduler, [&] {
    theirs = &scheduler.current();
    for (int i = 0; i < kTurns; ++i) {
      if (scheduler.park(scheduler.current(), std::nullopt) != WakeReason::kUnparked) std::abort();
      ++turn;
      scheduler.unpark(mine);
    }
  });
  spin_until([&] { return theirs.load() != nullptr; });
  bool all_unparked = true;
  for (int i = 0; i < kTurns; ++i) {
    ++turn;
    scheduler.unpark(*theirs);
    all_unparked = scheduler.park(mine, std::nullopt) == WakeReason::kUnparked && all_unparked;
  }
  scheduler.join(thread);
  CHECK(all_unparked);
  CHECK(turn == 2 * kTurns);
}

TEST_CASE("each thread has one Parker of its own", "[os_scheduler]") {
  OsScheduler scheduler;
  OsScheduler other;
  Parker* mine = &scheduler.current();
  Parker* mine_in_other = &other.current();
  CHECK(mine != mine_in_other);
  CHECK(mine == &scheduler.current());
  CHECK(mine_in_other == &other.current());
  bool same = false;
  Parker* theirs = nullptr;
  const ThreadId thread = start(scheduler, [&] {
    theirs = &scheduler.current();
    other.current();
    same = theirs == &scheduler.current();
  });
  scheduler.join(thread);
  CHECK(same);
  CHECK(theirs != mine);
}

TEST_CASE("an unpark of a thread that has ended does no harm", "[os_scheduler]") {
  OsScheduler scheduler;
  Parker* theirs = nullptr;
  scheduler.join(start(scheduler, [&] { theirs = &scheduler.current(); }));
  scheduler.unpark(*theirs);
  // The next thread may have the same Parker, and the token with it: it still hears what is meant for it.
  WakeReason reason = WakeReason::kInterrupted;
  scheduler.join(start(scheduler, [&] {
    do {
      reason = scheduler.park(scheduler.current(), scheduler.now());
    } while (reason == WakeReason::kUnparked);
  }));
  CHECK(reason == WakeReason::kDeadline);
}

TEST_CASE("an interrupt wakes every parked thread", "[os_scheduler]") {
  OsScheduler scheduler;
  std::atomic<int> about_to_park{0};
  std::atomic<int> interrupted{0};
  std::vector<ThreadId> threads;
  for (int i = 0; i < 6; ++i) {
    threads.push_back(start(scheduler, [&, i] {
      const auto deadline = i % 2 == 0 ? std::nullopt : std::optional(scheduler.now() + 24h);
      ++about_to_park;
      if (scheduler.park(scheduler.current(), deadline) == WakeReason::kInterrupted) ++interrupted;
    }));
  }
  spin_until([&] { return about_to_park == 6; });
  scheduler.interrupt_all();
  for (const ThreadId thread : threads) scheduler.join(thread);
  CHECK(interrupted == 6);
}

TEST_CASE("an interrupt of one thread wakes that thread alone, until it is cleared", "[os_scheduler]") {
  OsScheduler scheduler;
  std::atomic<Parker*> other{nullptr};
  std::atomic<bool> other_woken{false};
  const ThreadId thread = start(scheduler, [&] {
    Parker& self = scheduler.current();
    other = &self;
    CHECK(scheduler.park(self, std::nullopt) == WakeReason::kUnparked);
    other_woken = true;
  });
  spin_until([&] { return other != nullptr; });
  Parker& self = scheduler.current();
  scheduler.interrupt(self);
  CHECK(scheduler.park(self, std::nullopt) == WakeReason::kInterrupted);
  CHECK_FALSE(other_woken);
  scheduler.clear_interrupt(self);
  scheduler.unpark(self);
  CHECK(scheduler.park(self, std::nullopt) == WakeReason::kUnparked);
  scheduler.unpark(*other);
  scheduler.join(thread);
}

TEST_CASE("an interrupt holds for later parks until it is cleared, and eats no token", "[os_scheduler]") {
  OsScheduler scheduler;
  Parker& parker = scheduler.current();
  scheduler.unpark(parker);
  scheduler.interrupt_all();
  CHECK(scheduler.park(parker, std::nullopt) == WakeReason::kInterrupted);
  CHECK(scheduler.park(parker, Instant{}) == WakeReason::kInterrupted);
  WakeReason reason = WakeReason::kUnparked;
  scheduler.join(start(scheduler, [&] { reason = scheduler.park(scheduler.current(), std::nullopt); }));
  CHECK(reason == WakeReason::kInterrupted);
  scheduler.clear_interrupt();
  CHECK(scheduler.park(parker, std::nullopt) == WakeReason::kUnparked);
  CHECK(scheduler.park(parker, Instant{}) == WakeReason::kDeadline);
}

TEST_CASE("who falls asleep last, or ends last, finds that all the others sleep for ever", "[os_scheduler]") {
  for (const bool the_last_ends : {false, true}) {
    OsScheduler scheduler;
    std::atomic<int> deadlocks{0};
    scheduler.on_deadlock = [&] {
      ++deadlocks;
      scheduler.interrupt_all();
    };
    std::atomic<int> begun{0};
    std::atomic<int> interrupted{0};
    for (int thread = 0; thread < 4; ++thread) {
      start(scheduler, [&] {
        ++begun;
        spin_until([&] { return begun == 4; });
        interrupted += scheduler.park(scheduler.current(), std::nullopt) == WakeReason::kInterrupted;
      });
    }
    if (the_last_ends) start(scheduler, [] {});
    // A thread that the scheduler does not know cannot wake anybody.
    spin_until([&] { return interrupted == 4; });
    CHECK(deadlocks == 1);
  }
}

TEST_CASE("while threads wake each other, or one has a deadline, there is no deadlock", "[os_scheduler]") {
  OsScheduler scheduler;
  std::atomic<int> deadlocks{0};
  scheduler.on_deadlock = [&] { ++deadlocks; };
  constexpr int kTurns = 20000;
  std::atomic<Parker*> parkers[2] = {nullptr, nullptr};
  std::atomic<int> turn{0};
  const auto take_turns = [&](int self) {
    parkers[self] = &scheduler.current();
    spin_until([&] { return parkers[1 - self].load() != nullptr; });
    for (int index = self; index < kTurns; index += 2) {
      while (turn != index) scheduler.park(*parkers[self], std::nullopt);
      ++turn;
      scheduler.unpark(*parkers[1 - self]);
    }
  };
  const ThreadId one = start(scheduler, [&] { take_turns(0); });
  const ThreadId other = start(scheduler, [&] { take_turns(1); });
  const ThreadId third = start(scheduler, [&] {
    Parker& own = scheduler.current();
    std::atomic<Parker*> sleeper{nullptr};
    const ThreadId sleeping = start(scheduler, [&] {
      sleeper = &scheduler.current();
      scheduler.park(*sleeper, std::nullopt);
    });
    spin_until([&] { return turn == kTurns && sleeper.load() != nullptr; });
    CHECK(scheduler.park(own, monotonic_now() + 1ms) == WakeReason::kDeadline);
    scheduler.unpark(*sleeper);
    scheduler.join(sleeping);
  });
  for (const ThreadId thread : {one, other, third}) scheduler.join(thread);
  CHECK(deadlocks == 0);
}

TEST_CASE("join_all gives up at its deadline, and not before every thread has ended otherwise",
          "[os_scheduler]") {
  OsScheduler scheduler;
  std::atomic<Parker*> theirs{nullptr};
  bool ended = false;
  start(scheduler, [&] {
    theirs = &scheduler.current();
    scheduler.park(scheduler.current(), std::nullopt);
    ended = true;
  });
  spin_until([&] { return theirs.load() != nullptr; });
  CHECK_FALSE(scheduler.join_all(scheduler.now()));
  scheduler.unpark(*theirs);
  CHECK(scheduler.join_all());
  CHECK(ended);
  CHECK(scheduler.join_all(scheduler.now()));
}

TEST_CASE("join_all waits for what a thread starts just before its end", "[os_scheduler]") {
  OsScheduler scheduler;
  constexpr int kThreads = 300;
  std::atomic<int> ended{0};
  // Each has one successor, in whichever place of the scheduler's list is free.
  std::function<void(int)> run = [&](int left) {
    if (left > 1) start(scheduler, [&, left] { run(left - 1); });
    ++ended;
  };
  start(scheduler, [&] { run(kThreads); });
  CHECK(scheduler.join_all());
  CHECK(ended == kThreads);
  scheduler.join_all();
}

TEST_CASE("after a fork the child parks, joins and starts as if alone", "[os_scheduler][fork]") {
  OsScheduler scheduler;
  std::atomic<Parker*> theirs{nullptr};
  const ThreadId thread = start(scheduler, [&] {
    theirs = &scheduler.current();
    scheduler.park(scheduler.current(), std::nullopt);
  });
  Parker& mine = scheduler.current();
  spin_until([&] { return theirs.load() != nullptr; });
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);  // a hang in the child ends as a failure here
    scheduler.reset_after_fork();
    scheduler.join(thread);
    scheduler.unpark(*theirs);
    bool ok = &scheduler.current() == &mine;
    ok = ok && scheduler.park(mine, scheduler.now()) == WakeReason::kDeadline;
#ifndef __SANITIZE_THREAD__  // which does not allow threads in the child of a process that had several
    int runs = 0;
    const StartResult started = scheduler.start([&] { ++runs; });
    ok = ok && started.ok() && started.thread != thread;
    scheduler.join(started.thread);
    ok = ok && runs == 1;
#endif
    _exit(ok ? 0 : 1);
  }
  REQUIRE(child > 0);
  scheduler.unpark(*theirs);
  scheduler.join(thread);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
