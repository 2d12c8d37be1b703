// Runs an experiment in a world: set up, start the workers at once, wait for them, observe.
#pragma once

#include "vm/lib/experiment.h"
#include "vm/main/options.h"
#include "vm/main/script_host.h"
#include "vm/report/world_result.h"

namespace gilvm {

// The world in the words of the command line.
WorldDescription describe(const World& world);

// One experiment, loaded in a VM of its own with the world's lock.
class ExperimentRunner {
 public:
  ExperimentRunner(const World& world, Supervisor& supervisor, const std::vector<std::string>& arguments)
      : world_(world), host_({world.lock, 0, world.max_memory}, supervisor, arguments) {}

  // Runs the script's main function, which returns the experiment. False with a message in *error, which is
  // empty when the VM was interrupted; *plain is set when the script ended well but returned no experiment.
  bool load(const Script& script, std::string* error, bool* plain);
  const std::string& name() const { return experiment_.name; }
  ScriptHost& host() { return host_; }
  const World& world() const { return world_; }

  // One repetition with that many workers.
  RepeatResult run(unsigned workers);

 private:
  bool call(Value function, const std::vector<Value>& arguments, Value* result, std::string* error);
  std::string run_threads(unsigned workers, double* wall_seconds);
  std::string run_processes(unsigned workers, double* wall_seconds);

  const World world_;
  ScriptHost host_;
  Experiment experiment_;
};

}  // namespace gilvm
