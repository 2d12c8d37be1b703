#include "vm/explore/exploration.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "vm/base/random.h"

using namespace gilvm;

namespace {

// A step of a program: what a thread does at once.
struct Step {
  enum class Kind { kLoad, kStore, kAdd, kLock, kUnlock } kind;
  std::uint32_t variable;
};
// A thread has a register, to which kLoad copies a variable, and from which kStore copies it plus one; kAdd
// does both at once.
using Program = std::vector<std::vector<Step>>;

constexpr std::uint32_t kVariables = 3;
constexpr std::uint32_t kObject = 100;

struct Explored {
  std::set<std::string> outcomes;
  std::set<std::string> traces;  // which steps that conflict came in which order
  std::uint64_t complete = 0;
  std::uint64_t given_up = 0;
};

struct Taken {
  ThreadId thread;
  std::size_t number;  // among the thread's
  Access access;
};

// The same for orders that differ only in steps whose order makes no difference.
std::string trace_of(const std::vector<Taken>& steps) {
  std::vector<std::string> pairs;
  const auto name = [](const Taken& step) {
    return std::to_string(step.thread) + "." + std::to_string(step.number);
  };
  for (std::size_t later = 0; later < steps.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      if (conflict(steps[earlier].access, steps[later].access)) {
        pairs.push_back(name(steps[earlier]) + "<" + name(steps[later]));
      }
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::string trace;
  for (const std::string& pair : pairs) trace += pair + ' ';
  return trace;
}

// Runs the program in one order. Empty: it was given up.
std::string run(const Program& program, Exploration& exploration, std::string* trace) {
  std::vector<Taken> taken;
  std::vector<std::size_t> at(program.size());
  std::vector<int> registers(program.size()), variables(kVariables), owner(kVariables, -1);
  std::vector<bool> waits(program.size());
  ThreadId current = 0;
  for (;;) {
    std::vector<ThreadId> candidates;
    bool is_over = true;
    for (std::size_t thread = 0; thread < program.size(); ++thread) {
      if (at[thread] == program[thread].size()) continue;
      is_over = false;
      if (waits[thread]) continue;
      candidates.push_back(thread + 1);
    }
    if (candidates.empty()) {
      std::string outcome = is_over ? "" : "deadlock ";
      for (const int variable : variables) outcome += std::to_string(variable) + ' ';
      for (const int each : registers) outcome += std::to_string(each) + ' ';
      *trace = trace_of(taken);
      return outcome;
    }
    current = exploration.choose(candidates, current);
    if (current == 0) return "";
    const std::size_t self = current - 1;
    const Step step = program[self][at[self]];
    const Access access{kObject + (step.kind >= Step::Kind::kLock ? 1 : 0), step.variable + 1,
                        step.kind != Step::Kind::kLoad};
    exploration.access(access);
    taken.push_back(
        {current,
         static_cast<std::size_t>(std::count_if(taken.begin(), taken.end(),
                                                [&](const Taken& each) { return each.thread == current; })),
         access});
    int& variable = variables[step.variable];
    switch (step.kind) {
      case Step::Kind::kLoad: registers[self] = variable; break;
      case Step::Kind::kStore: variable = registers[self] + 1; break;
      case Step::Kind::kAdd: ++variable; break;
      case Step::Kind::kLock:
        waits[self] = owner[step.variable] >= 0;
        if (waits[self]) continue;
        owner[step.variable] = static_cast<int>(self);
        break;
      case Step::Kind::kUnlock:
        owner[step.variable] = -1;
        for (std::size_t other = 0; other < program.size(); ++other) {
          if (!waits[other] || program[other][at[other]].variable != step.variable) continue;
          waits[other] = false;
          exploration.wakes(other + 1);
        }
        break;
    }
    ++at[self];
  }
}

// At most `most` executions of what `exploration` has to explore; they are added to *explored.
void explore_some(const Program& program, Exploration& exploration, std::uint64_t most, Explored* explored) {
  while (most-- > 0 && exploration.begin()) {
    std::string trace;
    const std::string outcome = run(program, exploration, &trace);
    exploration.end();
    if (outcome.empty()) {
      ++explored->given_up;
    } else {
      ++explored->complete;
      explored->outcomes.insert(outcome);
      explored->traces.insert(trace);
    }
  }
}

Explored explore(const Program& program, const Exploration::Settings& settings = {}) {
  Exploration exploration(settings);
  Explored explored;
  explore_some(program, exploration, UINT64_MAX, &explored);
  return explored;
}

// In parts, after `most` executions of each what is left: the last that was given first, or the first.
Explored explore_in_parts(const Program& program, const Exploration::Settings& settings, std::uint64_t most,
                          bool last_first) {
  Explored explored;
  std::vector<std::string> open = {ExplorationPart().bytes()};
  while (!open.empty()) {
    const auto next = last_first ? open.end() - 1 : open.begin();
    Exploration exploration(settings);
    exploration.take(ExplorationPart::from_bytes(*next));
    open.erase(next);
    explore_some(program, exploration, most, &explored);
    for (const ExplorationPart& part : exploration.give()) open.push_back(part.bytes());
  }
  return explored;
}

using enum Step::Kind;

Program random_program(Random& random) {
  Program program(2 + random.below(2));
  for (std::vector<Step>& thread : program) {
    const std::size_t length = 1 + random.below(program.size() == 2 ? 5 : 3);
    while (thread.size() < length) {
      const auto variable = static_cast<std::uint32_t>(random.below(kVariables));
      switch (random.below(5)) {
        case 0: thread.push_back({kLoad, variable}); break;
        case 1: thread.push_back({kStore, variable}); break;
        case 2: thread.push_back({kAdd, variable}); break;
        default:
          thread.push_back({kLock, variable % 2});
          thread.push_back({random.below(2) == 0 ? kStore : kLoad, variable});
          if (random.below(6) != 0) thread.push_back({kUnlock, variable % 2});
      }
    }
  }
  return program;
}

}  // namespace

TEST_CASE("two threads that write two variables in opposite orders have three traces", "[exploration]") {
  const Explored explored = explore({{{kAdd, 0}, {kAdd, 1}}, {{kAdd, 1}, {kAdd, 0}}});
  CHECK(explored.complete == 3);
}

TEST_CASE("two threads that write two variables in the same order have four traces", "[exploration]") {
  const Explored explored = explore({{{kAdd, 0}, {kAdd, 1}}, {{kAdd, 0}, {kAdd, 1}}});
  CHECK(explored.complete == 4);
}

TEST_CASE("threads that touch different variables have one trace", "[exploration]") {
  const Explored explored = explore({{{kAdd, 0}, {kStore, 0}}, {{kAdd, 1}}, {{kStore, 2}, {kLoad, 2}}});
  CHECK(explored.complete == 1);
  CHECK(explored.given_up == 0);
}

TEST_CASE("all orders are six where two threads take two steps each", "[exploration]") {
  CHECK(explore({{{kLoad, 0}, {kStore, 0}}, {{kLoad, 0}, {kStore, 0}}}, {.reduced = false}).complete == 6);
}

TEST_CASE("without a preemption each thread goes on to its end", "[exploration]") {
  const Program program = {{{kLoad, 0}, {kStore, 0}}, {{kLoad, 0}, {kStore, 0}}};
  const Explored none = explore(program, {.preemptions = 0});
  CHECK(none.complete == 2);
  CHECK(none.outcomes == std::set<std::string>{"2 0 0 0 1 ", "2 0 0 1 0 "});
  CHECK(explore(program, {.preemptions = 1}).outcomes.size() > 2);
  CHECK(explore(program, {.preemptions = 5}).complete == 6);
}

TEST_CASE("locks taken in opposite orders deadlock in some order", "[exploration]") {
  const Program opposite = {{{kLock, 0}, {kLock, 1}, {kUnlock, 1}, {kUnlock, 0}},
                            {{kLock, 1}, {kLock, 0}, {kUnlock, 0}, {kUnlock, 1}}};
  CHECK(explore(opposite).outcomes.count("deadlock 0 0 0 0 0 ") == 1);
  const Program same = {opposite[0], opposite[0]};
  CHECK(explore(same).outcomes == std::set<std::string>{"0 0 0 0 0 "});
}

TEST_CASE("the reduction finds the outcomes of all orders, and runs no trace twice", "[exploration]") {
  Random random(20140122);
  std::uint64_t reduced_runs = 0, all_runs = 0;
  for (int number = 0; number < 1000; ++number) {
    const Program program = random_program(random);
    const Explored reduced = explore(program);
    const Explored all = explore(program, {.reduced = false});
    INFO("program " << number);
    REQUIRE(reduced.outcomes == all.outcomes);
    REQUIRE(reduced.traces == all.traces);
    REQUIRE(reduced.complete == all.traces.size());
    reduced_runs += reduced.complete;
    all_runs += all.complete;
  }
  CHECK(reduced_runs * 4 < all_runs);
}

TEST_CASE("parts have each trace once, in whichever order they are explored", "[exploration]") {
  Random random(20140123);
  std::uint64_t whole_runs = 0, part_runs = 0;
  for (int number = 0; number < 300; ++number) {
    const Program program = random_program(random);
    const Explored whole = explore(program);
    const std::uint64_t most = 1 + random.below(20);
    const Explored parts = explore_in_parts(program, {}, most, true);
    INFO("program " << number << ", executions of a part: " << most);
    REQUIRE(parts.outcomes == whole.outcomes);
    REQUIRE(parts.traces == whole.traces);
    REQUIRE(parts.complete == whole.complete);
    const Explored others = explore_in_parts(program, {}, most, false);
    REQUIRE(others.traces == whole.traces);
    REQUIRE(others.complete == whole.complete);
    REQUIRE(others.given_up == parts.given_up);
    whole_runs += whole.complete + whole.given_up;
    part_runs += parts.complete + parts.given_up;
  }
  CHECK(part_runs >= whole_runs);
}

TEST_CASE("parts of all orders, and of those with few preemptions, are those orders", "[exploration]") {
  Random random(20140124);
  for (int number = 0; number < 100; ++number) {
    const Program program = random_program(random);
    INFO("program " << number);
    for (const Exploration::Settings settings :
         {Exploration::Settings{.reduced = false}, Exploration::Settings{.preemptions = 1}}) {
      const Explored whole = explore(program, settings);
      const Explored parts = explore_in_parts(program, settings, 3, number % 2 == 0);
      REQUIRE(parts.outcomes == whole.outcomes);
      REQUIRE(parts.complete == whole.complete);
      REQUIRE(parts.given_up == whole.given_up);
    }
  }
}

TEST_CASE("what is left is estimated by what was explored", "[exploration]") {
  const Program program(2, std::vector<Step>(6, {kAdd, 0}));  // 924 orders
  Exploration exploration({.reduced = false});
  Explored explored;
  explore_some(program, exploration, 300, &explored);
  double left = 0;
  for (const ExplorationPart& part : exploration.give()) left += part.left;
  CHECK(left > 100);
  CHECK(left < 10'000);
  Exploration all({.reduced = false});
  explore_some(program, all, UINT64_MAX, &explored);
  CHECK(all.give().empty());
}
