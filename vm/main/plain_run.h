// One run of plain scripts: a VM, and what its main thread or its workers call there.
//
// Threads: the main one.
#pragma once

#include <string>
#include <vector>

#include "vm/main/script_host.h"

namespace gilvm {

struct PlainRun {
  PlainRun(const VmSettings& settings, const SchedulePlan& plan, Supervisor& supervisor,
           const std::vector<std::string>& arguments);

  // Loads what one more worker calls. False with a message in *error.
  bool load(const Script& script, std::string* error);
  // The same for all that are missing of `count` workers: each has a script of its own, or the only one.
  bool load_all(const std::vector<Script>& scripts, std::size_t count, std::string* error);

  // Each gives the exit status. REQUIRES: what is called is loaded, but for interpreters().
  //
  // On the main thread. The error that ended it, or nothing, is in *failure.
  int alone(std::string* failure);
  // In threads or in processes.
  int workers_in(WorkerKind kind);
  // In interpreters, each of which loads its script itself: its own, or the only one. The failure of the
  // first that has one, or nothing, is in *failure. The scripts outlive the run.
  int interpreters(const std::vector<Script>& scripts, unsigned count, std::string* failure);

  ScriptHost host;
  std::string thread_failure;  // of the first worker thread that has ended in an error
  Table* const kept;           // the workers, as a root: they are loaded before any of them runs
  std::vector<Closure*> workers;

 private:
  int in_threads();
  int in_processes();
};

}  // namespace gilvm
