// The words that gilvm knows on its command line: the flags, and the commands that take them.
#pragma once

#include <array>
#include <string_view>

#include "vm/main/options.h"

namespace gilvm {

// What a flag sets. Two flags of one subject contradict each other, or repeat each other.
enum class Subject {
  kLock,
  kSwitchInterval,
  kSwitchPoints,
  kGilPolicy,
  kLike,
  kWorkers,
  kSchedule,
  kSeed,
  kRecord,
  kDetectRaces,
  kContinue,
  kSteps,
  kPredict,
  kWatch,
  kPreemptions,
  kMostSchedules,
  kRepeat,
  kCores,
  kTimeout,
  kMaxMemory,
  kLanguage,
  kReferenceCounts,
  kStats,
  kJson,
  kHelp,
  kVersion,
};

enum class Value {
  kNone,      // --stats
  kJoined,    // --threads or --threads=4, never --threads 4: the next word may be a script
  kRequired,  // --repeat=5 or --repeat 5
};

struct Flag {
  const char* name;
  Subject subject;
  Value value;
  const char* value_name;  // as --help shows it
  const char* variable;    // null: an alias, whose variable is that of the flag it stands for
};

// All of them, in the order in which they are listed and looked at.
inline constexpr std::array kFlags = {
    Flag{"--lock", Subject::kLock, Value::kRequired, "gil|object|none", "GILVM_LOCK"},
    Flag{"--gil", Subject::kLock, Value::kNone, "", nullptr},
    Flag{"--no-gil", Subject::kLock, Value::kNone, "", nullptr},
    Flag{"-X", Subject::kLock, Value::kRequired, "gil=1|gil=0", nullptr},
    Flag{"--switch-interval", Subject::kSwitchInterval, Value::kRequired, "5ms|500us|100i",
         "GILVM_SWITCH_INTERVAL"},
    Flag{"--switch-points", Subject::kSwitchPoints, Value::kRequired, "every|loops", "GILVM_SWITCH_POINTS"},
    Flag{"--gil-policy", Subject::kGilPolicy, Value::kRequired, "interval|io-first", "GILVM_GIL_POLICY"},
    Flag{"--like", Subject::kLike, Value::kRequired, "SYSTEM", "GILVM_LIKE"},
    Flag{"--threads", Subject::kWorkers, Value::kJoined, "N", "GILVM_THREADS"},
    Flag{"--processes", Subject::kWorkers, Value::kJoined, "N", "GILVM_PROCESSES"},
    Flag{"--interpreters", Subject::kWorkers, Value::kJoined, "N", "GILVM_INTERPRETERS"},
    Flag{"--schedule", Subject::kSchedule, Value::kRequired, "os|random|round-robin|pct", "GILVM_SCHEDULE"},
    Flag{"--seed", Subject::kSeed, Value::kRequired, "N", "GILVM_SEED"},
    Flag{"--record", Subject::kRecord, Value::kJoined, "FILE", "GILVM_RECORD"},
    Flag{"--detect-races", Subject::kDetectRaces, Value::kNone, "", "GILVM_DETECT_RACES"},
    Flag{"--continue", Subject::kContinue, Value::kNone, "", "GILVM_CONTINUE"},
    Flag{"--steps", Subject::kSteps, Value::kJoined, "FROM-TO", "GILVM_STEPS"},
    Flag{"--predict", Subject::kPredict, Value::kNone, "", "GILVM_PREDICT"},
    Flag{"--watch", Subject::kWatch, Value::kRequired, "NAME,NAME", "GILVM_WATCH"},
    Flag{"--preemptions", Subject::kPreemptions, Value::kRequired, "K", "GILVM_PREEMPTIONS"},
    Flag{"--max-schedules", Subject::kMostSchedules, Value::kRequired, "N", "GILVM_MAX_SCHEDULES"},
    Flag{"--repeat", Subject::kRepeat, Value::kRequired, "N", "GILVM_REPEAT"},
    Flag{"--cores", Subject::kCores, Value::kRequired, "N", "GILVM_CORES"},
    Flag{"--timeout", Subject::kTimeout, Value::kRequired, "10s|500ms", "GILVM_TIMEOUT"},
    Flag{"--max-memory", Subject::kMaxMemory, Value::kRequired, "512M|2G", "GILVM_MAX_MEMORY"},
    Flag{"--lang", Subject::kLanguage, Value::kRequired, "pt-BR|en", "GILVM_LANG"},
    Flag{"--refcounts", Subject::kReferenceCounts, Value::kNone, "", "GILVM_REFCOUNTS"},
    Flag{"--stats", Subject::kStats, Value::kNone, "", "GILVM_STATS"},
    Flag{"--json", Subject::kJson, Value::kNone, "", "GILVM_JSON"},
    Flag{"--help", Subject::kHelp, Value::kNone, "", nullptr},
    Flag{"--version", Subject::kVersion, Value::kNone, "", nullptr},
};

// Null: there is none of that name.
const Flag* find_flag(std::string_view name);

struct CommandWord {
  const char* word;
  Command command;
};
inline constexpr std::array kCommands = {
    CommandWord{"run", Command::kRun},         CommandWord{"compare", Command::kCompare},
    CommandWord{"explore", Command::kExplore}, CommandWord{"race", Command::kRace},
    CommandWord{"replay", Command::kReplay},   CommandWord{"dis", Command::kDisassemble}};
// Those that this version does not have yet.
inline constexpr std::array kLaterCommands = {"lesson", "trace", "lab"};

const char* word_of(Command command);
bool takes(Command command, const Flag& flag);

}  // namespace gilvm
