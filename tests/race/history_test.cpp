#include <catch2/catch.hpp>

#include "vm/race/lock_order.h"
#include "vm/race/variable_history.h"

using namespace gilvm;

namespace {

// Threads 1 to 3, which know nothing of each other.
struct Threads {
  VectorClock clocks[4];
  Threads() {
    for (ThreadNumber thread = 1; thread < 4; ++thread) clocks[thread].advance(thread);
  }
  VectorClock& operator[](ThreadNumber thread) { return clocks[thread]; }
  PastAccess access(ThreadNumber thread, std::uint32_t site = 0) {
    return {clocks[thread].epoch_of(thread), site, 0};
  }
  // What `from` has done comes before what `to` will do.
  void order(ThreadNumber from, ThreadNumber to) {
    clocks[to].join(clocks[from]);
    clocks[from].advance(from);
  }
};

}  // namespace

TEST_CASE("a clock knows what it was told, and nothing that came later", "[race]") {
  Threads threads;
  const Epoch before = threads[1].epoch_of(1);
  threads.order(1, 2);
  CHECK(threads[2].knows(before));
  CHECK_FALSE(threads[2].knows(threads[1].epoch_of(1)));
  CHECK_FALSE(threads[3].knows(before));
}

TEST_CASE("what a clock knows it hands on", "[race]") {
  Threads threads;
  const Epoch before = threads[1].epoch_of(1);
  threads.order(1, 2);
  threads.order(2, 3);
  CHECK(threads[3].knows(before));
}

TEST_CASE("two writes race unless one comes before the other", "[race]") {
  Threads threads;
  VariableHistory history;
  history.add_write(threads.access(1, 7));
  REQUIRE(history.race_of_write(threads[2]));
  CHECK(history.race_of_write(threads[2])->site == 7);
  threads.order(1, 2);
  CHECK_FALSE(history.race_of_write(threads[2]));
}

TEST_CASE("a variable that nobody has touched races with nothing", "[race]") {
  Threads threads;
  VariableHistory history;
  CHECK_FALSE(history.race_of_write(threads[1]));
  CHECK_FALSE(history.race_of_read(threads[1]));
}

TEST_CASE("reads do not race with each other, and a write races with any of them", "[race]") {
  Threads threads;
  VariableHistory history;
  history.add_read(threads.access(1), threads[1]);
  history.add_read(threads.access(2), threads[2]);
  CHECK_FALSE(history.race_of_read(threads[3]));
  threads.order(1, 3);
  REQUIRE(history.race_of_write(threads[3]));
  CHECK(history.race_of_write(threads[3])->epoch.thread == 2);
  threads.order(2, 3);
  CHECK_FALSE(history.race_of_write(threads[3]));
}

TEST_CASE("a read that comes after another one takes its place", "[race]") {
  Threads threads;
  VariableHistory history;
  history.add_read(threads.access(1), threads[1]);
  threads.order(1, 2);
  history.add_read(threads.access(2), threads[2]);
  threads.order(2, 3);
  CHECK_FALSE(history.race_of_write(threads[3]));
  CHECK(history.race_of_write(threads[1])->epoch.thread == 2);
}

TEST_CASE("an access is known in its epoch and with its locks alone", "[race]") {
  Threads threads;
  VariableHistory history;
  history.add_write(threads.access(1));
  const Epoch epoch = threads[1].epoch_of(1);
  CHECK(history.knows_write(epoch, 0));
  CHECK_FALSE(history.knows_write(epoch, 1));
  threads[1].advance(1);
  CHECK_FALSE(history.knows_write(threads[1].epoch_of(1), 0));
  CHECK_FALSE(history.knows_read(epoch, 0));
}

TEST_CASE("those who add elements race with who looks at all, not with each other", "[race]") {
  Threads threads;
  GrowthHistory history;
  history.add_change(threads.access(1), threads[1]);
  CHECK_FALSE(history.race_of_change(threads[2]));
  history.add_change(threads.access(2), threads[2]);
  threads.order(2, 3);
  REQUIRE(history.race_of_look(threads[3]));
  CHECK(history.race_of_look(threads[3])->epoch.thread == 1);
  threads.order(1, 3);
  CHECK_FALSE(history.race_of_look(threads[3]));
  history.add_look(threads.access(3), threads[3]);
  CHECK(history.race_of_change(threads[1]));
}

TEST_CASE("a set of locks is one however it came about", "[race]") {
  LockSets sets;
  const LockSets::Set one = sets.with(sets.with(LockSets::kEmpty, 5), 3);
  CHECK(one == sets.with(sets.with(LockSets::kEmpty, 3), 5));
  CHECK(sets.with(one, 3) == one);
  CHECK(sets.without(sets.without(one, 3), 5) == LockSets::kEmpty);
  CHECK(sets.share(one, sets.with(LockSets::kEmpty, 3)));
  CHECK_FALSE(sets.share(one, sets.with(LockSets::kEmpty, 4)));
  CHECK_FALSE(sets.share(one, LockSets::kEmpty));
}

namespace {

// Each step: who, what it holds, what it takes, and a lock that it holds besides.
struct Taken {
  ThreadNumber thread;
  LockNumber held, taken, besides = 0;
};

std::size_t cycles(Threads& threads, const std::vector<Taken>& steps) {
  LockSets sets;
  LockOrder order;
  for (const Taken& step : steps) {
    LockSets::Set held = sets.with(LockSets::kEmpty, step.held);
    if (step.besides != 0) held = sets.with(held, step.besides);
    order.add({step.held, step.taken, step.thread, held, 0, 0, threads[step.thread]});
  }
  return order.cycles(sets).size();
}

}  // namespace

TEST_CASE("two locks in opposite orders are a cycle, in the same order none", "[race]") {
  Threads threads;
  CHECK(cycles(threads, {{1, 1, 2}, {2, 2, 1}}) == 1);
  CHECK(cycles(threads, {{1, 1, 2}, {2, 1, 2}}) == 0);
}

TEST_CASE("three locks in a circle are one cycle", "[race]") {
  Threads threads;
  CHECK(cycles(threads, {{1, 1, 2}, {2, 2, 3}, {3, 3, 1}}) == 1);
  CHECK(cycles(threads, {{1, 1, 2}, {2, 2, 3}, {3, 1, 3}}) == 0);
}

TEST_CASE("one thread alone does not wait for itself", "[race]") {
  Threads threads;
  CHECK(cycles(threads, {{1, 1, 2}, {1, 2, 1}}) == 0);
}

TEST_CASE("a lock that all hold besides lets only one in", "[race]") {
  Threads threads;
  CHECK(cycles(threads, {{1, 1, 2, 9}, {2, 2, 1, 9}}) == 0);
  CHECK(cycles(threads, {{1, 1, 2, 8}, {2, 2, 1, 9}}) == 1);
}

TEST_CASE("steps of which one comes before the other are no cycle", "[race]") {
  Threads threads;
  LockSets sets;
  LockOrder order;
  order.add({1, 2, 1, sets.with(LockSets::kEmpty, 1), 0, 0, threads[1]});
  threads.order(1, 2);
  order.add({2, 1, 2, sets.with(LockSets::kEmpty, 2), 0, 0, threads[2]});
  CHECK(order.cycles(sets).empty());
}
