// The commands of the command line. Each returns the exit status.
#pragma once

#include "vm/main/options.h"
#include "vm/main/supervisor.h"

namespace gilvm {

inline constexpr int kExitScriptError = 1;

int run_command(const Options& options, Supervisor& supervisor);
int compare_command(const Options& options, Supervisor& supervisor);
int disassemble_command(const Options& options, Supervisor& supervisor);

// "gilvm: message" on standard error.
void complain(const std::string& message);
// The columns of the terminal, 80 where there is none.
std::size_t terminal_width();

}  // namespace gilvm
