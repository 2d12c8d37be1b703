// The command line: arguments and environment in, a plain struct or a text to end with out.
//
// A flag on the command line wins over its environment variable (--switch-interval: GILVM_SWITCH_INTERVAL),
// and an explicit flag over the part of --like that it names. Flags may stand before or after SCRIPT; other
// words after it are the script's, and after "--" every word is.
//
// Threads: parse_options() before any other thread exists, since it chooses the language.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "vm/base/settings.h"
#include "vm/base/text.h"

namespace gilvm {

enum class Command { kRun, kCompare, kExplore, kRace, kReplay, kDisassemble };

inline constexpr unsigned kMostWorkers = 1000;
inline constexpr int kExitUsage = 2;

struct Options {
  Command command = Command::kRun;
  bool interactive = false;  // `gilvm` alone on a terminal: kRun without a script, of lines that are typed
  // At least one, unless interactive; "-" is standard input. More than one only for `run --threads a.lua
  // b.lua` (or --processes, or `race`): worker i runs scripts[i - 1], and count is their number.
  std::vector<std::string> scripts;
  std::vector<std::string> arguments;

  LockSettings lock;
  bool lock_given = false;    // by a flag, a variable or a preset
  bool points_given = false;  // the same

  WorkerKind workers = WorkerKind::kThreads;
  bool workers_given = false;  // false: a plain script runs once, an experiment in `count` threads
  unsigned count = 2;          // 1 to kMostWorkers; by default as many as cores, at least 2
  bool count_given = false;

  ScheduleKind schedule = ScheduleKind::kOs;
  std::uint64_t seed = 0;     // of a schedule that is not the operating system's
  bool records = false;       // kRun: who held the GIL when, on OS threads
  std::string record_file;    // where to; empty: to standard error
  bool detect_races = false;  // kRun, kReplay: with such a schedule
  // kReplay: what to replay, a schedule or the name of a file that holds one. What such a schedule depends on
  // stands in it, and not in the members above.
  std::string recorded;
  bool goes_on = false;  // also where the run leaves that schedule

  // kReplay: what each thread does is shown, as far as it is about what threads share. The rest is for that.
  bool steps = false;
  std::uint64_t first_step = 1;
  std::uint64_t last_step = 0;  // 0: that of the output's own limit
  bool hides_values = false;
  std::vector<std::string> watched;  // names of variables

  std::optional<unsigned> preemptions;          // kExplore: in each schedule, at most; nothing: any number
  std::optional<std::uint64_t> most_schedules;  // kExplore: at most; nothing: any number

  unsigned repeat = 1;  // 1 to 1000; `compare` has a default of its own
  unsigned cores = 0;   // how many cores to use at most; 0: all
  std::optional<std::chrono::nanoseconds> timeout;
  std::size_t max_memory = 0;  // bytes for the heap of each process; 0: no limit but the machine's
  Language language = Language::kEnglish;
  bool counts_references = false;
  bool stats = false;
  bool json = false;
  bool color = false;  // standard output is a terminal, and neither NO_COLOR nor --json asks for none
};

// What to print instead of running anything: help, the version, or one line on what was wrong.
struct FinalText {
  std::string text;  // ends in a line feed
  bool to_stderr = false;
  int exit_status = 0;
};

// What the command line is read against; a test brings its own.
struct Surroundings {
  std::function<const char*(const char*)> variable;  // as getenv(): null where it is not set
  unsigned cores = 1;                                // those that this process may use
  bool terminal = false;                             // standard output is one
  bool input_terminal = false;                       // standard input is one

  static Surroundings of_this_process();
};

// "0.1.0"
const char* version();

// `words` is argv without the name of the program. Chooses the language, for its own text and all that
// follows.
std::variant<Options, FinalText> parse_options(const std::vector<std::string>& words,
                                               const Surroundings& surroundings);

// One row of `gilvm compare`.
struct World {
  WorkerKind workers = WorkerKind::kThreads;
  LockSettings lock;
  std::size_t max_memory = 0;  // as Options has it
  bool counts_references = false;
};

// The worlds that `compare` runs: threads under the GIL with each kind of switch points, threads without a
// lock, and processes. A lock or switch points that were given leave out the threads' worlds that differ.
std::vector<World> worlds_to_compare(const Options& options);

}  // namespace gilvm
