// Who held the GIL when: what --record keeps of a run on OS threads.
//
// A turn is told by the instructions of its thread, since that is what a deterministic scheduler can count
// too: thread 2 ran until its 1,000th instruction. The lock goes to another thread in one of two places:
// before an instruction, which then is the first of the thread's next turn; or inside of one, in a native
// function that waits.
//
// Threads: the holder of the GIL, which is what guards it.
#pragma once

#include <cstdint>
#include <vector>

namespace gilvm {

struct LoggedTurn {
  std::uint64_t thread = 0;        // VmThread::number()
  std::uint64_t instructions = 0;  // that it has come to since it began, the one that it is at included
  bool waits = false;              // it has begun that one, and gave the lock up inside
  bool operator==(const LoggedTurn&) const = default;
};

class TurnLog {
 public:
  // The holder is about to give the lock up.
  void released(const LoggedTurn& turn) { turn_ = turn; }
  // A thread has taken it; perhaps the one that had it last.
  void taken(std::uint64_t thread) {
    if (thread == turn_.thread || turn_.thread == 0) return;
    turns_.push_back(turn_);
  }
  // Those that are over.
  const std::vector<LoggedTurn>& turns() const { return turns_; }

 private:
  LoggedTurn turn_;  // the last, as it ended
  std::vector<LoggedTurn> turns_;
};

}  // namespace gilvm
