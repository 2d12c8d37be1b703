// What the schedules that were explored have come to so far. Tallies of several parts of a tree are added up
// in any order: the sum is the same.
//
// Threads: plain data.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "vm/report/explore_table.h"

namespace gilvm {

struct ExploreTally {
  std::vector<ExploredOutcome> outcomes;  // no two are the same
  std::uint64_t schedules = 0;            // of all outcomes
  std::uint64_t given_up = 0;             // that went on for too long
  std::uint64_t executions = 0;  // these, and those that differ from one of them in nothing that matters
  bool has_left_out = false;     // because of a bound on preemptions
  bool has_waited_for_time = false;

  // Null: there is none like it.
  ExploredOutcome* find(const ExploredOutcome& outcome);
  void add(ExploreTally other);

  // For another process.
  nlohmann::json json() const;
  static ExploreTally from_json(const nlohmann::json& json);
};

// By their grades and results: the same order in each run.
void sort_outcomes(std::vector<ExploredOutcome>& outcomes);

}  // namespace gilvm
