// What each thread knows of the others: how far each of them was when it last heard of it, directly or
// through others (Fidge, Timestamps in Message-Passing Systems That Preserve the Partial Ordering, 1988;
// Mattern, Virtual Time and Global States of Distributed Systems, 1989). An epoch is one thread's entry in
// its own clock, which it moves on whenever it lets others know of it: "FastTrack: Efficient and Precise
// Dynamic Race Detection" (Flanagan, Freund, PLDI 2009).
//
// Threads: plain data.
// Invariants:
//  (1) What was done in an epoch happens before what a thread does iff that thread's clock knows the epoch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gilvm {

using ThreadNumber = std::uint32_t;  // VmThread::number()

struct Epoch {
  ThreadNumber thread = 0;
  std::uint32_t time = 0;  // 0: before anything

  bool operator==(const Epoch&) const = default;
};

class VectorClock {
 public:
  std::uint32_t time_of(ThreadNumber thread) const { return thread < times_.size() ? times_[thread] : 0; }
  Epoch epoch_of(ThreadNumber thread) const { return {thread, time_of(thread)}; }
  bool knows(Epoch epoch) const { return epoch.time <= time_of(epoch.thread); }

  void advance(ThreadNumber thread) {
    if (times_.size() <= thread) times_.resize(thread + std::size_t{1});
    ++times_[thread];
  }
  // From now on it knows what `other` knows.
  void join(const VectorClock& other) {
    if (times_.size() < other.times_.size()) times_.resize(other.times_.size());
    for (std::size_t thread = 0; thread < other.times_.size(); ++thread) {
      times_[thread] = std::max(times_[thread], other.times_[thread]);
    }
  }

 private:
  std::vector<std::uint32_t> times_;
};

}  // namespace gilvm
