#include "vm/main/flags.h"

#include <algorithm>

namespace gilvm {

const Flag* find_flag(std::string_view name) {
  if (name == "-h") name = "--help";
  const auto* found =
      std::find_if(kFlags.begin(), kFlags.end(), [&](const Flag& flag) { return name == flag.name; });
  return found == kFlags.end() ? nullptr : found;
}

const char* word_of(Command command) {
  const auto* found = std::find_if(kCommands.begin(), kCommands.end(),
                                   [&](CommandWord entry) { return entry.command == command; });
  return found->word;
}

bool takes(Command command, const Flag& flag) {
  switch (flag.subject) {
    case Subject::kLanguage:
    case Subject::kHelp:
    case Subject::kVersion: return true;
    case Subject::kTimeout:
    case Subject::kMaxMemory:
    case Subject::kJson: return command != Command::kDisassemble;
    case Subject::kStats:
      return command == Command::kRun || command == Command::kCompare || command == Command::kReplay;
    case Subject::kReferenceCounts: return command == Command::kRun;
    case Subject::kDetectRaces: return command == Command::kRun || command == Command::kReplay;
    case Subject::kRecord: return command == Command::kRun;
    case Subject::kGilPolicy: return command == Command::kRun || command == Command::kCompare;
    case Subject::kPreemptions:
    case Subject::kMostSchedules: return command == Command::kExplore;
    case Subject::kRepeat:
      return command == Command::kRun || command == Command::kCompare || command == Command::kRace;
    case Subject::kCores:
      return command == Command::kRun || command == Command::kCompare || command == Command::kExplore;
    case Subject::kWorkers:
      if (command == Command::kExplore || command == Command::kRace) {
        return flag.name == std::string_view("--threads");
      }
      return command == Command::kRun || command == Command::kCompare;
    case Subject::kContinue:
    case Subject::kSteps:
    case Subject::kPredict:
    case Subject::kWatch: return command == Command::kReplay;
    case Subject::kSchedule:
    case Subject::kSeed: return command == Command::kRun || command == Command::kRace;
    default: return command != Command::kReplay && command != Command::kDisassemble;
  }
}

}  // namespace gilvm
