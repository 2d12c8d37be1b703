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
  ExperimentRunner(const World& world, const SchedulePlan& plan, Supervisor& supervisor,
                   const std::vector<std::string>& arguments)
      : world_(world),
        host_({world.lock, world.max_memory, {}, world.counts_references}, plan, supervisor, arguments) {
    host_.report_deadlocks();
  }

  // Runs the script's main function, which returns the experiment. False with a message in *error, which is
  // empty when the VM was interrupted; *plain is set when the script ended well but returned no experiment.
  bool load(const Script& script, std::string* error, bool* plain);
  const std::string& name() const { return experiment_.name; }
  ScriptHost& host() { return host_; }
  const World& world() const { return world_; }

  // Told when the main thread begins to wait for the workers, which are threads, and when all of them have
  // ended: true, then false.
  std::function<void(bool)> on_waiting;

  // One repetition with that many workers.
  RepeatResult run(unsigned workers);

 private:
  bool call(Value function, const std::vector<Value>& arguments, Value* result, std::string* error);
  double seconds_since(Instant start);
  double cpu_seconds();
  std::string run_threads(unsigned workers, double* wall_seconds);
  std::string run_processes(unsigned workers, double* wall_seconds);
  std::string run_interpreters(unsigned workers, double* wall_seconds);
  bool run_in_guest(VmThread& guest, unsigned worker, unsigned workers, std::string* failure) const;

  const World world_;
  Script script_;  // outlives the host's threads
  ScriptHost host_;
  Experiment experiment_;
};

}  // namespace gilvm
