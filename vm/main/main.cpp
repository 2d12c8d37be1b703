// gilvm: the program.
#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <variant>

#include "vm/main/commands.h"

namespace gilvm {
namespace {

// Keeps the program on the first `count` of the cores that it may use. 0: all of them.
void limit_cores(unsigned count) {
  cpu_set_t allowed, chosen;
  if (count == 0 || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  CPU_ZERO(&chosen);
  for (int core = 0; core < CPU_SETSIZE && count > 0; ++core) {
    if (!CPU_ISSET(core, &allowed)) continue;
    CPU_SET(core, &chosen);
    --count;
  }
  sched_setaffinity(0, sizeof chosen, &chosen);
}

int run(const Options& options) {
  limit_cores(options.cores);
  static Supervisor& supervisor = *new Supervisor(options.timeout);
  int status = 0;
  switch (options.command) {
    case Command::kRun:
      status =
          options.interactive ? interactive_command(options, supervisor) : run_command(options, supervisor);
      break;
    case Command::kCompare: status = compare_command(options, supervisor); break;
    case Command::kExplore: status = explore_command(options, supervisor); break;
    case Command::kRace: status = race_command(options, supervisor); break;
    case Command::kReplay: status = replay_command(options, supervisor); break;
    case Command::kDisassemble: status = disassemble_command(options, supervisor); break;
  }
  return supervisor.finish().value_or(status);
}

// The exit status once all output is out: what a full disk swallows is not silently lost.
int after_output(int status) {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return status;
  complain(std::string("cannot write standard output") +
           (errno != 0 ? std::string(" (") + std::strerror(errno) + ")" : std::string()));
  return status == 0 ? kExitScriptError : status;
}

}  // namespace
}  // namespace gilvm

int main(int count, char** words) {
  gilvm::Supervisor::block_signals();
  auto parsed = gilvm::parse_options({words + 1, words + count}, gilvm::Surroundings::of_this_process());
  if (auto* text = std::get_if<gilvm::FinalText>(&parsed)) {
    std::fputs(text->text.c_str(), text->to_stderr ? stderr : stdout);
    return gilvm::after_output(text->exit_status);
  }
  return gilvm::after_output(gilvm::run(std::get<gilvm::Options>(parsed)));
}
