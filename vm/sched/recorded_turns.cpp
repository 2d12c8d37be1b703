#include "vm/sched/recorded_turns.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace gilvm {
namespace {

// How far a thread has come in half instructions: an even number stands before an instruction, an odd one
// inside of it.
std::uint64_t position_of(const LoggedTurn& turn) { return turn.instructions * 2 + (turn.waits ? 1 : 0); }

class ReplayTurns final : public Strategy {
 public:
  ReplayTurns(std::vector<LoggedTurn> turns, std::unique_ptr<Strategy> afterwards,
              std::function<void()> divergence)
      : turns_(std::move(turns)), afterwards_(std::move(afterwards)), divergence_(std::move(divergence)) {}

  bool sees_every_point() const override { return true; }

  // The running thread has come to the point where it asks.
  ThreadId awaited(const Decision& decision) override {
    std::uint64_t& instructions = instructions_[running_];
    instructions += decision.instructions - std::exchange(seen_, decision.instructions);
    const bool is_inside = decision.reason == TurnReason::kReturned;
    const std::uint64_t position = instructions * 2 + (is_inside ? 1 : 0);
    if (next_ < turns_.size() && turns_[next_].thread == running_ && has_run_) {
      const std::uint64_t end = position_of(turns_[next_]);
      // Where it waited in the record and need not wait here, because what it waited for is there already, it
      // comes to its next switch point.
      if (position > end && !turns_[next_].waits) return leave();
      if (position >= end) {
        ++next_;
        has_run_ = false;
      }
    }
    return next_ < turns_.size() ? turns_[next_].thread : 0;
  }

  ThreadId choose(const Decision& decision) override {
    const auto can_run = [&](ThreadId thread) {
      return std::find(decision.candidates.begin(), decision.candidates.end(), thread) !=
             decision.candidates.end();
    };
    if (next_ < turns_.size() && !can_run(turns_[next_].thread)) leave();
    if (next_ < turns_.size()) {
      has_run_ = true;
      return running_ = turns_[next_].thread;
    }
    if (decision.candidates.size() == 1) return running_ = decision.candidates.front();
    // The last turn goes on.
    return running_ = afterwards_->choose(decision);
  }

 private:
  ThreadId leave() {
    next_ = turns_.size();
    divergence_();
    return 0;
  }

  const std::vector<LoggedTurn> turns_;
  const std::unique_ptr<Strategy> afterwards_;
  const std::function<void()> divergence_;
  std::size_t next_ = 0;  // the turn that goes on, or comes next
  bool has_run_ = true;   // it has begun; the main thread's first one has before anybody asks
  ThreadId running_ = 1;
  std::uint64_t seen_ = 0;  // instructions of all threads
  std::map<ThreadId, std::uint64_t> instructions_;
};

bool take_number(std::string_view* text, std::uint64_t* number) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *number);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  return true;
}

bool take(std::string_view* text, char letter) {
  if (!text->starts_with(letter)) return false;
  text->remove_prefix(1);
  return true;
}

}  // namespace

std::string text_of(const std::vector<LoggedTurn>& turns) {
  std::string text;
  std::map<std::uint64_t, std::uint64_t> before;  // instructions, by thread
  for (const LoggedTurn& turn : turns) {
    if (!text.empty()) text += '-';
    const std::uint64_t length = turn.instructions - std::exchange(before[turn.thread], turn.instructions);
    text += std::to_string(turn.thread) + 'x' + std::to_string(length);
    if (turn.waits) text += 'w';
  }
  return text;
}

std::optional<std::vector<LoggedTurn>> turns_from(std::string_view text) {
  std::vector<LoggedTurn> turns;
  std::map<std::uint64_t, std::uint64_t> before;
  do {
    LoggedTurn turn;
    std::uint64_t length = 0;
    if (!take_number(&text, &turn.thread) || turn.thread == 0 || !take(&text, 'x') ||
        !take_number(&text, &length)) {
      return std::nullopt;
    }
    std::uint64_t& instructions = before[turn.thread];
    if (length > UINT64_MAX / 4 - instructions) return std::nullopt;
    turn.instructions = instructions += length;
    turn.waits = take(&text, 'w');
    turns.push_back(turn);
  } while (take(&text, '-'));
  if (!text.empty()) return std::nullopt;
  return turns;
}

std::unique_ptr<Strategy> replay_turns(std::vector<LoggedTurn> turns, std::unique_ptr<Strategy> afterwards,
                                       std::function<void()> divergence) {
  return std::make_unique<ReplayTurns>(std::move(turns), std::move(afterwards), std::move(divergence));
}

}  // namespace gilvm
