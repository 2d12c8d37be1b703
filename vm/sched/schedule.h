// A schedule: the answers that a run's questions got, in their order.
//
// As text: "1x12-2x3-1": thread 1 for twelve questions, thread 2 for three, thread 1 for one. Threads count
// from 1, the main thread, in the order in which they were started.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vm/runtime/scheduler.h"

namespace gilvm {

class Schedule {
 public:
  struct Run {
    ThreadId thread;
    std::uint64_t length;
  };

  void add(ThreadId thread) {
    ++size_;
    if (!runs_.empty() && runs_.back().thread == thread) {
      ++runs_.back().length;
    } else {
      runs_.push_back({thread, 1});
    }
  }
  const std::vector<Run>& runs() const { return runs_; }
  // The number of answers.
  std::uint64_t size() const { return size_; }

  std::string text() const;
  // Nothing, where the text is none: a number is missing, 0 or too large, or a separator is another one.
  static std::optional<Schedule> from_text(std::string_view text);

 private:
  std::vector<Run> runs_;
  std::uint64_t size_ = 0;
};

}  // namespace gilvm
