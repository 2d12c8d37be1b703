#include "vm/sched/strategy.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "vm/base/check.h"
#include "vm/base/random.h"

namespace gilvm {
namespace {

bool is_candidate(const Decision& decision, ThreadId thread) {
  return std::find(decision.candidates.begin(), decision.candidates.end(), thread) !=
         decision.candidates.end();
}

// The candidate after the current thread, in the order in which they were started; after the last, the first.
ThreadId next_in_turn(const Decision& decision) {
  const auto next =
      std::upper_bound(decision.candidates.begin(), decision.candidates.end(), decision.current);
  return next != decision.candidates.end() ? *next : decision.candidates.front();
}

class RoundRobin final : public Strategy {
 public:
  ThreadId choose(const Decision& decision) override {
    const bool goes_on = (decision.reason == TurnReason::kMayYield && !decision.interval_passed) ||
                         decision.reason == TurnReason::kReturned;
    return goes_on && is_candidate(decision, decision.current) ? decision.current : next_in_turn(decision);
  }
};

class RandomWalk final : public Strategy {
 public:
  explicit RandomWalk(std::uint64_t seed) : random_(seed) {}
  ThreadId choose(const Decision& decision) override {
    return decision.candidates[random_.below(decision.candidates.size())];
  }

 private:
  Random random_;
};

class ProbabilisticConcurrencyTesting final : public Strategy {
 public:
  ProbabilisticConcurrencyTesting(std::uint64_t seed, unsigned depth) : random_(seed) {
    for (unsigned change = 1; change < depth; ++change) {
      const std::uint64_t magnitude = std::uint64_t{1} << random_.below(kMagnitudes);
      changes_.push_back(magnitude + random_.below(magnitude));
    }
    std::sort(changes_.begin(), changes_.end(), std::greater<>());
  }

  ThreadId choose(const Decision& decision) override {
    ++question_;
    ThreadId highest = best_of(decision);
    const bool changes = !changes_.empty() && question_ >= changes_.back();
    if (changes) changes_.pop_back();
    // Who runs on and on may wait for a thread that it keeps from running.
    in_succession_ = highest == decision.current ? in_succession_ + 1 : 0;
    if (changes || in_succession_ > kPatience) {
      in_succession_ = 0;
      priorities_[highest] = --lowest_;
      highest = best_of(decision);
    }
    return highest;
  }

 private:
  static constexpr std::uint64_t kMagnitudes = 17;  // changes come within 2^17 questions
  static constexpr std::uint64_t kPatience = 50'000;

  std::int64_t priority_of(ThreadId thread) {
    const auto [position, is_new] = priorities_.try_emplace(thread);
    if (is_new) position->second = static_cast<std::int64_t>(random_.next() >> 2);
    return position->second;
  }
  ThreadId best_of(const Decision& decision) {
    ThreadId best = 0;
    for (ThreadId thread : decision.candidates) {
      if (best == 0 || priority_of(thread) > priority_of(best)) best = thread;
    }
    return best;
  }

  Random random_;
  std::unordered_map<ThreadId, std::int64_t> priorities_;
  std::vector<std::uint64_t>
      changes_;  // questions at which the highest priority becomes the lowest; the next last
  std::int64_t lowest_ = 0;
  std::uint64_t question_ = 0;
  std::uint64_t in_succession_ = 0;
};

class Replay final : public Strategy {
 public:
  Replay(Schedule schedule, std::unique_ptr<Strategy> afterwards, std::function<void()> divergence)
      : schedule_(std::move(schedule)),
        afterwards_(std::move(afterwards)),
        divergence_(std::move(divergence)) {}

  ThreadId choose(const Decision& decision) override {
    if (run_ == schedule_.runs().size()) return afterwards_->choose(decision);
    const Schedule::Run& run = schedule_.runs()[run_];
    if (!is_candidate(decision, run.thread)) {
      run_ = schedule_.runs().size();
      divergence_();
      return afterwards_->choose(decision);
    }
    if (++done_ == run.length) {
      ++run_;
      done_ = 0;
    }
    return run.thread;
  }

 private:
  const Schedule schedule_;
  const std::unique_ptr<Strategy> afterwards_;
  const std::function<void()> divergence_;
  std::size_t run_ = 0;
  std::uint64_t done_ = 0;  // of the run
};

}  // namespace

std::unique_ptr<Strategy> round_robin() { return std::make_unique<RoundRobin>(); }

std::unique_ptr<Strategy> random_walk(std::uint64_t seed) { return std::make_unique<RandomWalk>(seed); }

std::unique_ptr<Strategy> probabilistic_concurrency_testing(std::uint64_t seed, unsigned depth) {
  return std::make_unique<ProbabilisticConcurrencyTesting>(seed, depth);
}

std::unique_ptr<Strategy> strategy_of(ScheduleKind kind, std::uint64_t seed) {
  GILVM_CHECK(kind != ScheduleKind::kOs);
  if (kind == ScheduleKind::kRandom) return random_walk(seed);
  if (kind == ScheduleKind::kPct) return probabilistic_concurrency_testing(seed);
  return round_robin();
}

std::unique_ptr<Strategy> replay(Schedule schedule, std::unique_ptr<Strategy> afterwards,
                                 std::function<void()> divergence) {
  return std::make_unique<Replay>(std::move(schedule), std::move(afterwards), std::move(divergence));
}

}  // namespace gilvm
