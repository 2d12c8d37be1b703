// What the program writes goes nowhere, for as long as a Silence lives.
//
// Threads: one at a time, while no other one writes.
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

namespace gilvm {

class Silence {
 public:
  // STDOUT_FILENO, STDERR_FILENO, or both.
  explicit Silence(std::initializer_list<int> streams);
  ~Silence();
  Silence(const Silence&) = delete;

 private:
  std::vector<std::pair<int, int>> kept_;  // each stream, and a descriptor of where it leads
};

}  // namespace gilvm
