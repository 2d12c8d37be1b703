// Experiments: what a script returns so that every command can run it in every world.
#pragma once

#include <optional>
#include <string>

#include "vm/runtime/vm_thread.h"

namespace gilvm {

// The parts of an experiment; each may be nil but `worker`. `table` holds them, and keeps them alive.
struct Experiment {
  Value table;
  std::string name;
  Value setup, worker, observe, expect;
};

// Adds the global function `experiment`, which checks its table and marks it.
void add_experiment(VmThread& thread);
// The experiment in `value`, if it is one.
std::optional<Experiment> experiment_of(VmThread& thread, Value value);

}  // namespace gilvm
