// How one learns that a process has ended.
#pragma once

#include <sys/types.h>

namespace gilvm {

// A descriptor, closed by exec, that can be read when the process has ended (pidfd_open(2)). -1, with errno
// set: there is no such process, or the kernel has no pidfd. Thread-safe.
int open_process_end(pid_t process);

}  // namespace gilvm
