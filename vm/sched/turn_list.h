// A run as the turns that its threads had, in a form that can be changed: where a thread's turn ends is said
// by its own progress alone. So a turn may be left out, and those that follow still end where they ended.
//
// Schedule is for a run that is to come again step by step; this is for runs that resemble one.
//
// Threads: as FiberScheduler.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "vm/sched/strategy.h"

namespace gilvm {

// The thread has had so many answers, from the start of the run to the end of this turn; also those where it
// was the only one that could run.
struct ThreadTurn {
  ThreadId thread = 0;
  std::uint64_t until = 0;
  bool operator==(const ThreadTurn&) const = default;
};

class TurnList {
 public:
  static constexpr std::size_t kMostTurns = 1'000'000;  // that are kept: the first

  // `is_switch`: another one was running, and could have gone on.
  void add(ThreadId chosen, bool is_switch);
  // The run is over; how its threads end is not added.
  void close() { is_closed_ = true; }
  const std::vector<ThreadTurn>& turns() const { return turns_; }
  // How often a thread was stopped that could have gone on. That another one goes on where a thread waits or
  // has ended is none: nobody can leave it out.
  std::uint64_t switches() const { return switches_; }
  // The answers of all threads.
  std::uint64_t size() const { return size_; }

 private:
  std::vector<ThreadTurn> turns_;
  std::vector<std::uint64_t> answers_;  // by the threads' ids
  std::uint64_t switches_ = 0;
  std::uint64_t size_ = 0;
  bool is_closed_ = false;
};

// As `decider`; `list`, which outlives it, has the turns.
std::unique_ptr<Strategy> noting_turns(std::unique_ptr<Strategy> decider, TurnList& list);

// Who goes on where the running thread cannot, and no turn says who.
enum class Afterwards : std::uint8_t {
  kRanLast,   // who was stopped last; then nobody has to be stopped for it again
  kRanFirst,  // who has waited longest, such as a thread that has not begun
};

// As the turns say: the first that is not over and whose thread can run. Where there is none, the running
// thread goes on. After `most` answers `give_up` is called, once.
std::unique_ptr<Strategy> following(std::vector<ThreadTurn> turns, Afterwards afterwards, std::uint64_t most,
                                    std::function<void()> give_up);

}  // namespace gilvm
