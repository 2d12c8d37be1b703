#include "vm/sched/turn_list.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "vm/sched/delta_debugging.h"

using namespace gilvm;

namespace {

using Threads = std::vector<ThreadId>;
using TurnVector = std::vector<ThreadTurn>;

// The answers to that many questions, in each of which all could run.
Threads answers(Strategy& strategy, const Threads& candidates, int count) {
  Threads chosen;
  for (int question = 0; question < count; ++question) {
    const ThreadId current = chosen.empty() ? candidates.front() : chosen.back();
    chosen.push_back(strategy.choose({candidates, current, TurnReason::kAccess, false}));
  }
  return chosen;
}

void never() { FAIL("it gives up"); }

// Of the numbers from 0 to `size` - 1, with which it fails where all of `cause` are there.
std::vector<int> shrunk(int size, const std::set<int>& cause, unsigned* tries) {
  std::vector<int> all;
  for (int number = 0; number < size; ++number) all.push_back(number);
  return smallest_failing(all, [&](const std::vector<int>& list) {
    ++*tries;
    const std::set<int> given(list.begin(), list.end());
    return std::includes(given.begin(), given.end(), cause.begin(), cause.end());
  });
}

}  // namespace

TEST_CASE("turns end where the thread's own progress says", "[turn_list]") {
  TurnList list;
  for (const ThreadId thread : {1, 1, 2, 2, 2, 1, 3}) list.add(thread, false);
  CHECK(list.turns() == TurnVector{{1, 2}, {2, 3}, {1, 3}, {3, 1}});
  CHECK(list.size() == 7);
}

TEST_CASE("turns that are followed come again", "[turn_list]") {
  TurnList list;
  const auto noting = noting_turns(random_walk(7), list);
  const Threads all = {1, 2, 3};
  const Threads chosen = answers(*noting, all, 100);
  CHECK(answers(*following(list.turns(), Afterwards::kRanLast, 1000, never), all, 100) == chosen);
}

TEST_CASE("without one turn the thread has its answers in its next", "[turn_list]") {
  const Threads all = {1, 2};
  CHECK(answers(*following({{1, 2}, {2, 1}, {1, 4}, {2, 2}}, Afterwards::kRanLast, 100, never), all, 6) ==
        Threads{1, 1, 2, 1, 1, 2});
  CHECK(answers(*following({{1, 2}, {1, 4}, {2, 2}}, Afterwards::kRanLast, 100, never), all, 6) ==
        Threads{1, 1, 1, 1, 2, 2});
}

TEST_CASE("where the wanted thread cannot run, the next that can goes on", "[turn_list]") {
  const auto strategy = following({{3, 1}, {2, 2}, {1, 1}}, Afterwards::kRanLast, 100, never);
  const Threads two = {1, 2}, all = {1, 2, 3};
  CHECK(strategy->choose({two, 1, TurnReason::kReturned, false}) == 2);
  CHECK(strategy->choose({all, 2, TurnReason::kMayYield, false}) == 3);
  CHECK(strategy->choose({all, 3, TurnReason::kMayYield, false}) == 2);
  CHECK(strategy->choose({all, 2, TurnReason::kMayYield, false}) == 1);
}

TEST_CASE("after the last turn the running thread goes on, or else the one that ran last", "[turn_list]") {
  const auto strategy = following({{1, 1}, {2, 1}}, Afterwards::kRanLast, 100, never);
  const Threads all = {1, 2, 3}, others = {1, 3};
  CHECK(strategy->choose({all, 3, TurnReason::kMayYield, false}) == 1);
  CHECK(strategy->choose({all, 1, TurnReason::kMayYield, false}) == 2);
  CHECK(strategy->choose({all, 2, TurnReason::kMayYield, false}) == 2);
  CHECK(strategy->choose({others, 2, TurnReason::kReturned, false}) == 1);
  const auto other = following({{1, 1}, {2, 1}}, Afterwards::kRanFirst, 100, never);
  CHECK(other->choose({all, 3, TurnReason::kMayYield, false}) == 1);
  CHECK(other->choose({all, 1, TurnReason::kMayYield, false}) == 2);
  CHECK(other->choose({others, 2, TurnReason::kReturned, false}) == 3);
}

TEST_CASE("only a thread that could have gone on is switched from", "[turn_list]") {
  TurnList list;
  const auto strategy =
      noting_turns(following({{1, 1}, {2, 2}, {1, 2}}, Afterwards::kRanLast, 100, never), list);
  const Threads all = {1, 2}, first = {1};
  CHECK(strategy->choose({all, 1, TurnReason::kMayYield, false}) == 1);
  CHECK(list.switches() == 0);
  CHECK(strategy->choose({all, 1, TurnReason::kMayYield, false}) == 2);
  CHECK(list.switches() == 1);
  CHECK(strategy->choose({first, 2, TurnReason::kReturned, false}) == 1);
  CHECK(list.switches() == 1);
}

TEST_CASE("a run that goes on for ever is given up once", "[turn_list]") {
  int given_up = 0;
  answers(*following({}, Afterwards::kRanLast, 10, [&] { ++given_up; }), {1, 2}, 9);
  CHECK(given_up == 0);
  answers(*following({}, Afterwards::kRanLast, 10, [&] { ++given_up; }), {1, 2}, 30);
  CHECK(given_up == 1);
}

TEST_CASE("delta debugging leaves what it takes to fail", "[turn_list]") {
  const std::set<int> cause = GENERATE(std::set<int>{0}, std::set<int>{999}, std::set<int>{0, 999},
                                       std::set<int>{17, 18, 700}, std::set<int>{1, 250, 499, 500, 998});
  unsigned tries = 0;
  const std::vector<int> left = shrunk(1000, cause, &tries);
  CHECK(std::set<int>(left.begin(), left.end()) == cause);
  CHECK(tries < 500);
}

TEST_CASE("delta debugging keeps what it has when nothing fails any more", "[turn_list]") {
  unsigned tries = 0;
  const std::vector<int> all = {1, 2, 3, 4, 5};
  const auto left = smallest_failing(all, [&](const std::vector<int>&) { return ++tries == 0; });
  CHECK(left == all);
}
