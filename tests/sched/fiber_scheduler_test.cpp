// The deterministic scheduler without a VM: bodies that park, and that come to scheduling points.
#include "vm/sched/fiber_scheduler.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace gilvm;
using namespace std::chrono_literals;

namespace {

// Runs `body`, which notes what it does in a text.
std::string text_of_run(std::unique_ptr<Strategy> strategy,
                        const std::function<void(FiberScheduler&, std::string&)>& body) {
  FiberScheduler scheduler(std::move(strategy), {});
  std::string text;
  body(scheduler, text);
  return text;
}

// Three threads, each of which writes its letter at each of its steps.
void write_letters(FiberScheduler& scheduler, std::string& text) {
  for (const char letter : {'a', 'b', 'c'}) {
    scheduler.start([&scheduler, &text, letter] {
      for (int step = 0; step < 20; ++step) {
        text += letter;
        scheduler.tick();
        scheduler.take_turn(TurnReason::kAccess);
      }
    });
  }
  scheduler.join_all();
}

}  // namespace

TEST_CASE("a started body runs when the others wait, and join returns after it", "[fiber_scheduler]") {
  FiberScheduler scheduler(round_robin(), {});
  bool ran = false;
  const StartResult started = scheduler.start([&] { ran = true; });
  REQUIRE(started.ok());
  CHECK_FALSE(ran);
  scheduler.join(started.thread);
  CHECK(ran);
  scheduler.join(started.thread);  // at once
}

TEST_CASE("what a body owns is gone when join returns, and its stack is used again", "[fiber_scheduler]") {
  FiberScheduler scheduler(round_robin(), {});
  for (int round = 0; round < 50; ++round) {
    auto owned = std::make_shared<int>();
    const std::weak_ptr<int> seen = owned;
    const ThreadId thread = scheduler.start([owned] { (void)*owned; }).thread;
    owned.reset();
    scheduler.join(thread);
    CHECK(seen.expired());
  }
}

TEST_CASE("a body may throw and catch, on a stack of its own", "[fiber_scheduler]") {
  FiberScheduler scheduler(random_walk(1), {});
  int caught = 0;
  for (int thread = 0; thread < 4; ++thread) {
    scheduler.start([&] {
      for (int round = 0; round < 10; ++round) {
        try {
          scheduler.take_turn(TurnReason::kAccess);
          throw round;
        } catch (int) {
          ++caught;
        }
      }
    });
  }
  scheduler.join_all();
  CHECK(caught == 40);
}

TEST_CASE("the same seed lets the same threads run, and another one others", "[fiber_scheduler]") {
  const auto of_seed = [](std::uint64_t seed) { return text_of_run(random_walk(seed), write_letters); };
  CHECK(of_seed(1) == of_seed(1));
  CHECK(of_seed(1) != of_seed(2));
  CHECK(text_of_run(round_robin(), write_letters).substr(0, 9) == "abcabcabc");
}

TEST_CASE("a schedule that was recorded makes the same run again", "[fiber_scheduler]") {
  FiberScheduler first(random_walk(5), {});
  std::string text;
  write_letters(first, text);
  const std::vector<Checkpoint> checkpoints = first.steps().checkpoints();
  REQUIRE(first.steps().answers());

  FiberScheduler second(replay(*first.steps().answers(), round_robin(), [] { FAIL("diverged"); }), {});
  second.steps().expect(checkpoints, [](Divergence) { FAIL("diverged"); });
  std::string text_again;
  write_letters(second, text_again);
  second.steps().finish();
  CHECK(text_again == text);
}

TEST_CASE("sleeping takes its time on the clock, and no other", "[fiber_scheduler]") {
  FiberScheduler scheduler(round_robin(), {});
  const Instant start = scheduler.now();
  std::vector<int> order;
  for (const int hours : {3, 1, 2}) {
    scheduler.start([&, hours] {
      CHECK(scheduler.park(scheduler.current(), start + std::chrono::hours(hours)) == WakeReason::kDeadline);
      CHECK(scheduler.now() == start + std::chrono::hours(hours));
      order.push_back(hours);
    });
  }
  scheduler.join_all();
  CHECK(order == std::vector<int>{1, 2, 3});
  CHECK(scheduler.now() == start + 3h);
}

TEST_CASE("the clock moves with the instructions", "[fiber_scheduler]") {
  FiberScheduler scheduler(round_robin(), {});
  const Instant start = scheduler.now();
  for (int instruction = 0; instruction < 100; ++instruction) scheduler.tick();
  CHECK(scheduler.now() - start == 100 * Turns::kInstructionTime);
  CHECK(scheduler.process_cpu_seconds() == Approx(1e-6));
}

TEST_CASE("a token is taken before a deadline, and one unpark is enough for one park", "[fiber_scheduler]") {
  FiberScheduler scheduler(round_robin(), {});
  Parker& main = scheduler.current();
  scheduler.unpark(main);
  scheduler.unpark(main);
  CHECK(scheduler.park(main, std::nullopt) == WakeReason::kUnparked);
  CHECK(scheduler.park(main, scheduler.now() + 1ms) == WakeReason::kDeadline);
  scheduler.start([&] { scheduler.unpark(main); });
  CHECK(scheduler.park(main, scheduler.now() + 1h) == WakeReason::kUnparked);
  scheduler.join_all();
}

TEST_CASE("who used up the interval yields to another if there is one", "[fiber_scheduler]") {
  FiberScheduler scheduler(random_walk(1), {});
  CHECK_FALSE(scheduler.take_turn(TurnReason::kMustYield));
  CHECK_FALSE(scheduler.others_can_run());
  std::string text;
  scheduler.start([&] { text += "other"; });
  CHECK(scheduler.others_can_run());
  CHECK(scheduler.take_turn(TurnReason::kMustYield));
  CHECK(text == "other");
  scheduler.join_all();
}

TEST_CASE("who sleeps can run again when its time has come, though nobody has yielded", "[fiber_scheduler]") {
  FiberScheduler scheduler(round_robin(), {});
  scheduler.start(
      [&] { scheduler.park(scheduler.current(), scheduler.now() + 10 * Turns::kInstructionTime); });
  CHECK(scheduler.take_turn(TurnReason::kMustYield));  // it begins to sleep
  CHECK_FALSE(scheduler.others_can_run());
  for (int instruction = 0; instruction < 10; ++instruction) scheduler.tick();
  CHECK(scheduler.others_can_run());
  scheduler.join_all();
}

TEST_CASE("when all wait without a deadline that is a deadlock, told once", "[fiber_scheduler]") {
  FiberScheduler scheduler(round_robin(), {});
  int deadlocks = 0;
  scheduler.on_deadlock = [&] {
    ++deadlocks;
    scheduler.interrupt_all();
  };
  int interrupted = 0;
  for (int thread = 0; thread < 3; ++thread) {
    scheduler.start([&] {
      interrupted += scheduler.park(scheduler.current(), std::nullopt) == WakeReason::kInterrupted;
    });
  }
  CHECK(scheduler.park(scheduler.current(), std::nullopt) == WakeReason::kInterrupted);
  scheduler.join_all();
  CHECK(interrupted == 3);
  CHECK(deadlocks == 1);
}

TEST_CASE("an interrupt of one thread ends its wait alone", "[fiber_scheduler]") {
  FiberScheduler scheduler(round_robin(), {});
  Parker& main = scheduler.current();
  scheduler.start(
      [&] { CHECK(scheduler.park(scheduler.current(), scheduler.now() + 1s) == WakeReason::kDeadline); });
  scheduler.interrupt(main);
  CHECK(scheduler.park(main, std::nullopt) == WakeReason::kInterrupted);
  scheduler.clear_interrupt(main);
  CHECK(scheduler.park(main, scheduler.now()) == WakeReason::kDeadline);
  scheduler.join_all();
}

#if !defined( \
    __SANITIZE_THREAD__)  // which takes it for the handler of a signal; moments are saved without it alone
TEST_CASE("who looks from outside sees the stacks of all threads where one of them pauses",
          "[fiber_scheduler]") {
  FiberScheduler scheduler(round_robin(), {});
  REQUIRE(scheduler.reserve(2));
  std::string text;
  const auto body = [&] {
    scheduler.start([&] {
      text += 'a';
      scheduler.pause();
      text += 'b';
    });
    text += '1';
    scheduler.pause();
    scheduler.join_all();
    text += '2';
  };
  CHECK(scheduler.is_alone());
  for (int run = 1; run <= 2; ++run) {
    text.clear();
    CHECK(scheduler.run_main(body));
    CHECK(text == "1");
    CHECK_FALSE(scheduler.is_alone());
    std::vector<std::span<std::byte>> stacks;
    scheduler.add_stacks(&stacks);
    CHECK(stacks.size() == 3);  // the main thread's, and the two that were reserved
    for (const auto& stack : stacks) CHECK(!stack.empty());
    CHECK(scheduler.resume());
    CHECK(text == "1a");
    CHECK_FALSE(scheduler.resume());
    CHECK(text == "1ab2");
    CHECK(scheduler.is_alone());
  }
}
#endif

TEST_CASE("a thousand threads have stacks", "[fiber_scheduler]") {
  FiberScheduler scheduler(random_walk(1), {});
  int ran = 0;
  for (int thread = 0; thread < 1000; ++thread) {
    REQUIRE(scheduler
                .start([&] {
                  scheduler.take_turn(TurnReason::kAccess);
                  ++ran;
                })
                .ok());
  }
  scheduler.join_all();
  CHECK(ran == 1000);
}
