// How far an exploration has come: a line on the terminal that rewrites itself, and is gone at the end. Where
// standard error is no terminal there is none.
//
// Threads: the main one.
#pragma once

#include <cstdint>
#include <string>

#include "vm/base/clock.h"
#include "vm/main/explore_tally.h"

namespace gilvm {

class ExploreProgress {
 public:
  // Before standard error is silenced.
  ExploreProgress();
  ~ExploreProgress();
  ExploreProgress(const ExploreProgress&) = delete;

  bool is_due() const { return terminal_ >= 0 && monotonic_now() >= next_; }
  // Where it is due. `left`: executions, an estimate.
  void show(const ExploreTally& tally, double left);

 private:
  void write(const std::string& text) const;

  const int terminal_;  // -1: none
  const Instant start_;
  Instant next_;
  bool is_shown_ = false;
};

// The line; `seconds`: since the start. Not wider than `width` columns.
std::string progress_line(const ExploreTally& tally, double left, double seconds, std::size_t width);

}  // namespace gilvm
