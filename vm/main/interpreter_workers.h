// Workers that are interpreters: each a VM of the host's group, on a thread of the host's.
#pragma once

#include <functional>
#include <string>

#include "vm/main/script_host.h"

namespace gilvm {

// What the worker of that number, from 1, does in its VM. False: *failure says why not; it is empty where the
// worker was interrupted.
using InterpreterBody = std::function<bool(VmThread& guest, unsigned worker, std::string* failure)>;

// Runs the workers at once: makes each a VM, calls `body` there, and closes the VM when the threads that the
// worker has started have ended. What the VMs' threads had to do with their locks is added to the host's
// records. *wall_seconds is how long all that took. The failure of the first worker, by number, that has one:
// "worker 2: ..."; empty: none has.
// Returns when the workers have ended, or the host is interrupted: what `body` refers to outlives the host.
std::string run_in_interpreters(ScriptHost& host, unsigned workers, const InterpreterBody& body,
                                double* wall_seconds);

}  // namespace gilvm
