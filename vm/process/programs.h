// Programs that a script starts beside its own (posix_spawn, PATH as execvp has it), and their ends.
//
// Threads: any.
// Invariants:
//  (1) Every program that was started and whose end nobody has taken is killed when this one is interrupted.
//  (2) Only the process with that number is waited for, so that nobody else's child is taken away.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace gilvm {

struct ProgramStart {
  std::vector<std::string> arguments;  // those of its main(): the first is the program, a path or a name
  std::optional<std::vector<std::string>> environment;  // "NAME=value" each; none: that of this program
  std::string directory;                                // where it begins; empty: where this one is
  int files[3] = {-1, -1, -1};  // what becomes its standard input, output and error; -1: this program's
  bool starts_session = false;  // setsid()
};

// Starts the program with no other descriptors than these three, and no blocked signals. Its process, or -1
// with errno set. REQUIRES: start.arguments is not empty.
pid_t start_program(const ProgramStart& start);

// Takes its end, if it has ended: its exit status, or minus the number of the signal that ended it; 255 where
// somebody else has taken it.
std::optional<int> take_end_of_program(pid_t process);

// Kills it, and waits until it has ended. REQUIRES: nobody has taken its end.
void end_program(pid_t process);

}  // namespace gilvm
