// The start method "spawn": a child process with a VM of its own, which has nothing of the parent's scripts
// but what it is sent.
//
// Threads: the child's one thread.
#pragma once

#include <string>

#include "vm/lib/library.h"

namespace gilvm {

// In the child of a fork: makes a VM with the settings of the parent's, and runs there the function that
// `bytes` has (copy_to_bytes, to_fresh_vm) with its arguments. The parent's VM stays as it is, and is never
// used again. Returns the exit status.
int run_in_fresh_vm(VmThread& parent, const std::string& bytes, const std::string& name);

// Prints the error that has ended a process; nothing where it is empty.
void report_process_failure(const std::string& name, const std::string& failure);

}  // namespace gilvm
