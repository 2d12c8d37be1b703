// Why a schedule that was explored has come to its outcome: the schedule is run once more, watched by those
// who watch other runs, too.
//
// Threads: the main one.
#pragma once

#include <string>

#include "vm/main/experiment_runner.h"
#include "vm/report/explore_table.h"

namespace gilvm {

// One line for the user; empty where it is not known. REQUIRES: no VM of the main thread exists.
std::string reason_of(const ExploredOutcome& outcome, const Options& options, const Script& script,
                      Supervisor& supervisor);

}  // namespace gilvm
