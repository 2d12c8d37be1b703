// The commands of the command line. Each returns the exit status.
#pragma once

#include "vm/main/options.h"
#include "vm/main/supervisor.h"

namespace gilvm {

class ScriptHost;

inline constexpr int kExitScriptError = 1;
inline constexpr int kExitRace = 4;

int run_command(const Options& options, Supervisor& supervisor);
// Lines that are typed, one after the other.
int interactive_command(const Options& options, Supervisor& supervisor);
int compare_command(const Options& options, Supervisor& supervisor);
int explore_command(const Options& options, Supervisor& supervisor);
// The same, and what could go wrong between the threads.
int race_command(const Options& options, Supervisor& supervisor);
int replay_command(const Options& options, Supervisor& supervisor);
int disassemble_command(const Options& options, Supervisor& supervisor);

// What --stats asks for, on standard error.
void show_statistics(ScriptHost& host, const Options& options);
// "gilvm: message" on standard error.
void complain(const std::string& message);
// The columns of the terminal, 80 where there is none.
std::size_t terminal_width();

}  // namespace gilvm
