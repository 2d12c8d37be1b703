#include "vm/sched/turn_list.h"

#include <algorithm>
#include <utility>

namespace gilvm {
namespace {

// By the ids of threads, which are small numbers.
std::uint64_t& at(std::vector<std::uint64_t>& answers, ThreadId thread) {
  if (answers.size() <= thread) answers.resize(thread + 1);
  return answers[thread];
}

bool is_candidate(const Decision& decision, ThreadId thread) {
  return std::find(decision.candidates.begin(), decision.candidates.end(), thread) !=
         decision.candidates.end();
}

class NotingTurns final : public Strategy {
 public:
  NotingTurns(std::unique_ptr<Strategy> decider, TurnList& list)
      : decider_(std::move(decider)), list_(list) {}
  ThreadId choose(const Decision& decision) override {
    const bool is_choice = decision.candidates.size() > 1;
    const ThreadId chosen =
        is_choice || decider_->sees_every_point() ? decider_->choose(decision) : decision.candidates.front();
    list_.add(chosen, chosen != decision.current && is_candidate(decision, decision.current));
    return chosen;
  }
  bool sees_every_point() const override { return true; }

 private:
  const std::unique_ptr<Strategy> decider_;
  TurnList& list_;
};

class Following final : public Strategy {
 public:
  Following(std::vector<ThreadTurn> turns, Afterwards afterwards, std::uint64_t most,
            std::function<void()> give_up)
      : turns_(std::move(turns)), afterwards_(afterwards), most_(most), give_up_(std::move(give_up)) {}

  ThreadId choose(const Decision& decision) override {
    if (++answers_given_ == most_) give_up_();
    const ThreadId chosen = wanted(decision);
    ++at(answers_, chosen);
    at(last_chosen_, chosen) = answers_given_;
    return chosen;
  }
  bool sees_every_point() const override { return true; }

 private:
  ThreadId wanted(const Decision& decision) {
    while (next_ < turns_.size() && is_over(turns_[next_])) ++next_;
    std::size_t looked_at = 0;
    for (std::size_t turn = next_; turn < turns_.size() && looked_at < kFarthest; ++turn, ++looked_at) {
      if (!is_over(turns_[turn]) && is_candidate(decision, turns_[turn].thread)) return turns_[turn].thread;
    }
    if (is_candidate(decision, decision.current)) return decision.current;
    const auto [first, last] = std::minmax_element(
        decision.candidates.begin(), decision.candidates.end(),
        [this](ThreadId one, ThreadId other) { return at(last_chosen_, one) < at(last_chosen_, other); });
    return afterwards_ == Afterwards::kRanLast ? *last : *first;
  }
  bool is_over(const ThreadTurn& turn) { return at(answers_, turn.thread) >= turn.until; }

  // How many turns are looked at for one whose thread can run.
  static constexpr std::size_t kFarthest = 64;

  const std::vector<ThreadTurn> turns_;
  const Afterwards afterwards_;
  const std::uint64_t most_;
  const std::function<void()> give_up_;
  std::size_t next_ = 0;
  std::uint64_t answers_given_ = 0;
  // By the threads' ids: how many answers each has had, and the number of the last one.
  std::vector<std::uint64_t> answers_, last_chosen_;
};

}  // namespace

void TurnList::add(ThreadId chosen, bool is_switch) {
  if (is_closed_) return;
  ++size_;
  if (is_switch) ++switches_;
  const std::uint64_t until = ++at(answers_, chosen);
  if (!turns_.empty() && turns_.back().thread == chosen && turns_.back().until + 1 == until) {
    turns_.back().until = until;
  } else if (turns_.size() < kMostTurns) {
    turns_.push_back({chosen, until});
  }
}

std::unique_ptr<Strategy> noting_turns(std::unique_ptr<Strategy> decider, TurnList& list) {
  return std::make_unique<NotingTurns>(std::move(decider), list);
}

std::unique_ptr<Strategy> following(std::vector<ThreadTurn> turns, Afterwards afterwards, std::uint64_t most,
                                    std::function<void()> give_up) {
  return std::make_unique<Following>(std::move(turns), afterwards, most, std::move(give_up));
}

}  // namespace gilvm
