// Commands that scripts give to the shell. As system() and popen(), but the child gets no blocked signals:
// the program blocks some in all of its threads, so that one of them can wait for them.
//
// Threads: any, detached from its VM.
#pragma once

#include <sys/types.h>

#include <string>

namespace gilvm {

// Starts `/bin/sh -c command` with `input` and `output` as its standard ones; -1: the same as this program's.
// Returns its process, or -1 with errno set.
pid_t start_shell(const std::string& command, int input = -1, int output = -1);
// Waits until it ends. Returns what wait() says of it, or -1 with errno set.
int wait_for_shell(pid_t process);

}  // namespace gilvm
