// A VM with the whole library, a main thread and a loaded script: what every command begins with.
#pragma once

#include <string>
#include <vector>

#include "vm/main/supervisor.h"
#include "vm/sched/os_scheduler.h"

namespace gilvm {

// A script's text and the name that messages give it.
struct Script {
  std::string name;  // as on the command line
  std::string source;
};
// Reads the script; "-" is standard input. False with a line for the user in *error.
bool read_script(const std::string& name, Script* script, std::string* error);

class ScriptHost {
 public:
  ScriptHost(const VmSettings& settings, Supervisor& supervisor, const std::vector<std::string>& arguments);
  // Ends daemon threads, waits for the others.
  ~ScriptHost();
  ScriptHost(const ScriptHost&) = delete;

  Vm& vm() { return vm_; }
  VmThread& thread() { return *thread_; }

  // The script's main function. Null with a message in *error.
  Closure* load(const Script& script, std::string* error);
  // Its arguments, as the main function takes them.
  std::vector<Value> arguments();
  // What arg.workers is for the workers. REQUIRES: none of them runs.
  void set_worker_count(unsigned count);
  // Does the text call `experiment`? Then it is run once, and not by each worker.
  static bool mentions_experiment(const Closure* main);
  // Waits for the threads and processes that the script has started, then calls the finalizers that are left.
  void finish();
  // Takes note of how a worker that is a process ended: its exit code, as ChildProcess has it.
  void worker_has_ended(int exit_code);
  // The exit status after os.exit, a signal or a time-out; `otherwise` when there was none.
  int exit_status(int otherwise);
  // The same in a child, which has no supervisor.
  int exit_status_of_child(int otherwise) const;

 private:
  void set_arguments(const std::string& script);

  Supervisor& supervisor_;
  const std::vector<std::string> arguments_;
  OsScheduler scheduler_;
  Vm vm_;
  VmThread* thread_;
  int exit_status_ = 0;  // as exit_status() last had it
};

}  // namespace gilvm
