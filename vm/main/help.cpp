#include "vm/main/help.h"

#include <cstddef>

#include "vm/base/text.h"
#include "vm/main/flags.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

constexpr std::size_t kHelpWidth = 80;

// What --help says of a flag; empty for one that it does not list.
std::string help_for(const Flag& flag, Command command) {
  switch (flag.subject) {
    case Subject::kLock:
      if (flag.name == std::string_view("--lock") && command == Command::kRace) {
        return translate(
            "what protects the VM: one global lock, a lock for each table, or nothing (default)");
      }
      if (flag.name == std::string_view("--lock")) {
        return translate(
            "what protects the VM: one global lock (default), a lock for each table, or nothing");
      }
      if (flag.name == std::string_view("--gil")) return translate("the same as --lock=gil");
      if (flag.name == std::string_view("--no-gil")) return translate("the same as --lock=none");
      return translate("the same as --gil, --no-gil, as Python writes it");
    case Subject::kSwitchInterval:
      return translate(
          "how long a thread may hold the GIL while another wants it: a time in s, ms or us "
          "(default 5ms), or a number of instructions");
    case Subject::kSwitchPoints:
      return translate(
          "where the GIL may change hands: at every instruction (default), or at backward jumps and "
          "function entry only");
    case Subject::kGilPolicy:
      return translate(
          "how long a thread waits before it asks for the GIL: a switch interval (default), or with io-first "
          "not at all after a call that waited, as for I/O");
    case Subject::kLike:
      return translate(
          "--lock, --switch-interval and --switch-points as that system has them: cpython2.7, cpython3.9, "
          "cpython3.12, cpython3.14t, ruby3, "
          "or none, CPython with its lock taken out");
    case Subject::kWorkers:
      if (command == Command::kExplore) return translate("N threads that share the globals (default 2)");
      if (command == Command::kCompare) {
        return flag.name == std::string_view("--threads")
                   ? translate("N workers in every world; without N as many as cores, at least 2")
                   : translate("the same");
      }
      if (flag.name == std::string_view("--interpreters")) {
        return translate("the same with interpreters: VMs in one process, each with its own globals and GIL");
      }
      return flag.name == std::string_view("--threads")
                 ? translate(
                       "N threads that share the globals; without N as many as cores, at least 2; with "
                       "several scripts one thread each")
                 : translate("the same with processes that share nothing");
    case Subject::kSchedule:
      if (command == Command::kRace) {
        return translate(
            "who decides which thread runs: chance (default), each in its turn, or priorities that change a "
            "few "
            "times (PCT)");
      }
      return translate(
          "who decides which thread runs: the operating system (default), or a deterministic scheduler, "
          "by chance, in turns, or by priorities that change a few times (PCT)");
    case Subject::kRecord:
      return translate(
          "keep which thread held the GIL when, in instructions, for gilvm replay: in FILE, or on standard "
          "error");
    case Subject::kDetectRaces:
      return translate(
          "with such a scheduler: say also what could go wrong between the threads (gilvm race)");
    case Subject::kSeed:
      if (command == Command::kRace) {
        return translate(
            "where all that is random comes from in the first run (default 0); the next has the next number");
      }
      return translate(
          "with such a scheduler: where all that is random comes from (default 0); with --repeat the next "
          "run has the next number");
    case Subject::kContinue: return translate("go on where the run leaves the schedule");
    case Subject::kSteps:
      return translate(
          "show what each thread reads, writes and calls of what threads share, a column a thread, and where "
          "another one goes on and why; FROM-TO: only these steps");
    case Subject::kPredict:
      return translate("the same with a ? for each value, to be filled in before the values are looked at");
    case Subject::kWatch:
      return translate(
          "the same with a column for each of these globals and captured locals, which shows its changes");
    case Subject::kPreemptions:
      return translate(
          "only the schedules in which a thread is stopped K times at most that could have gone on: 0 to "
          "1000");
    case Subject::kMostSchedules: return translate("run so many schedules at most");
    case Subject::kRepeat:
      if (command == Command::kRace) return translate("how many schedules to run: 1 to 1000 (default 10)");
      return translate("how often to run it: 1 to 1000 (run: once, compare: 5 times)");
    case Subject::kCores: return translate("use at most N cores of this machine");
    case Subject::kTimeout: return translate("stop everything after that time, with exit status 124");
    case Subject::kMaxMemory:
      return translate(
          "how much memory a script may use, in each process: beyond it the error \"not enough memory\"");
    case Subject::kLanguage: return translate("language of messages, otherwise that of the environment");
    case Subject::kReferenceCounts:
      return translate("count references as CPython does, and say at the end which counts are wrong");
    case Subject::kStats: return translate("what each thread had to do with the GIL");
    case Subject::kJson: return translate("write the results as JSON");
    case Subject::kHelp: return translate("this text");
    case Subject::kVersion: return translate("the version");
  }
  return "";
}

// A row of help: a name, and what it is beside it or, where the name is too long for that, under it.
std::string help_row(const std::string& name, const std::string& text) {
  constexpr std::size_t kNameWidth = 26;
  std::string result = "  " + name;
  bool first = display_width(result) + 2 <= kNameWidth;
  if (!first) result += '\n';
  for (const std::string& line : wrapped(text, kHelpWidth - kNameWidth)) {
    result = (first ? pad_after(result, kNameWidth) : result + std::string(kNameWidth, ' ')) + line + '\n';
    first = false;
  }
  return result;
}

std::string paragraph(const char* text) {
  std::string result;
  for (const std::string& line : wrapped(text, kHelpWidth)) result += line + '\n';
  return result + '\n';
}

std::string command_summary(Command command) {
  switch (command) {
    case Command::kRun: return translate("run a script, alone or in several workers");
    case Command::kCompare: return translate("run an experiment in every world, and print one table");
    case Command::kExplore: return translate("run an experiment in every order, and print every outcome");
    case Command::kRace: return translate("find what can go wrong between threads, with both source lines");
    case Command::kReplay: return translate("run a schedule once more that a run has printed");
    case Command::kDisassemble: return translate("show the bytecode beside the source");
  }
  return "";
}

std::string usage_of(Command command) {
  switch (command) {
    case Command::kRun: return translate("gilvm [run] [FLAG...] SCRIPT [ARGUMENT...]");
    case Command::kCompare: return translate("gilvm compare [FLAG...] SCRIPT [ARGUMENT...]");
    case Command::kExplore: return translate("gilvm explore [FLAG...] SCRIPT [ARGUMENT...]");
    case Command::kRace: return translate("gilvm race [FLAG...] SCRIPT [ARGUMENT...]");
    case Command::kReplay: return translate("gilvm replay [FLAG...] SCHEDULE SCRIPT [ARGUMENT...]");
    case Command::kDisassemble: return translate("gilvm dis SCRIPT");
  }
  return "";
}

}  // namespace

std::string program_help() {
  std::string text =
      paragraph(translate("gilvm interprets Lua 5.4 to show what a global interpreter lock (GIL) "
                          "does: to the results of a program, and to its speed."));
  text += std::string(translate("Usage:")) + '\n';
  text += "  " + std::string(translate("gilvm [FLAG...]")) + '\n';
  for (const CommandWord& entry : kCommands) text += "  " + usage_of(entry.command) + '\n';
  text += '\n' + std::string(translate("Commands:")) + '\n';
  for (const CommandWord& entry : kCommands) text += help_row(entry.word, command_summary(entry.command));
  text += help_row("gilvm", translate("alone: run the lines that you type"));
  text += help_row("COMMAND --help", translate("the flags of a command"));
  text += help_row("--version", translate("the version"));
  text += '\n' + std::string(translate("Examples:")) + '\n';
  text += "  gilvm compare scripts/lost_update.lua\n";
  text += "  gilvm run scripts/lost_update.lua --threads=4 --no-gil\n";
  text += "  gilvm run --threads a.lua b.lua\n";
  text += "  gilvm run scripts/lost_update.lua --no-gil --schedule=random --seed=7\n\n";
  text += paragraph(
      translate("A flag may stand before or after SCRIPT (- is standard input). Other words after "
                "SCRIPT are its arguments; after -- every word is. Each flag is also an environment "
                "variable: --switch-interval is GILVM_SWITCH_INTERVAL. The command line wins."));
  text += paragraph(
      translate("Exit status: 0 done, 1 error in the script, 2 wrong usage, 3 deadlock, 4 a replay that "
                "left its schedule or races that were found, 124 time-out, 130 interrupted."));
  text.pop_back();
  return text;
}

std::string command_help(Command command) {
  std::string text = std::string(translate("Usage:")) + ' ' + usage_of(command) + "\n\n";
  std::string summary = command_summary(command);
  text += paragraph(summary.c_str());
  if (command == Command::kCompare) {
    text += paragraph(translate(
        "The worlds are threads under the GIL with either kind of switch points, threads "
        "without a lock, interpreters, and processes. --lock, --switch-points and --like leave only "
        "the threads' worlds that agree with them; --threads=N sets the number of workers "
        "of every world."));
  }
  if (command == Command::kExplore) {
    text += paragraph(translate(
        "SCRIPT returns an experiment. It is run again and again from the start, in threads, until "
        "every order of their steps has been seen that can make a difference, under the lock that the "
        "flags say. The text of a schedule is for gilvm replay."));
    text += paragraph(translate(
        "Exit status: as that of gilvm run. 3: a schedule ends in a deadlock; 1: one ends in an error. "
        "An observation that is not the expected one is a result, and gives 0."));
  }
  if (command == Command::kRace) {
    text += paragraph(translate(
        "SCRIPT is run several times, each time in another order of its threads' steps, without the GIL "
        "unless the flags say otherwise. What is found: data races, also those that did no harm in these "
        "runs; lost updates; locks that guard the wrong data; locks that are taken in different orders; "
        "deadlocks. The text of a schedule is for gilvm replay."));
    text += paragraph(translate(
        "Exit status: 4 where something was found, 0 where nothing was, 1 for an error in the script."));
  }
  if (command == Command::kReplay) {
    text += paragraph(translate(
        "SCHEDULE is what `gilvm run --schedule=random` prints on standard error where an experiment "
        "or a script fails, or the name of a file that holds it. The lock, the switching interval, the "
        "workers and the seed stand in it. Where the run comes to another step than the recorded one, "
        "because the program is another, or its arguments, or gilvm, it ends with exit status 4."));
  }
  text += std::string(translate("Flags:")) + '\n';
  for (const Flag& flag : kFlags) {
    const std::string help = help_for(flag, command);
    if (help.empty() || !takes(command, flag)) continue;
    std::string name = flag.subject == Subject::kHelp ? "-h, --help" : flag.name;
    if (flag.value == Value::kRequired)
      name += (flag.name[1] == '-' ? "=" : " ") + std::string(flag.value_name);
    if (flag.value == Value::kJoined) name += "[=" + std::string(flag.value_name) + "]";
    text += help_row(name, help);
  }
  return text;
}

}  // namespace gilvm
