#include "vm/main/options.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "vm/report/terminal_text.h"
#include "vm/sched/recorded_schedule.h"

#ifndef GILVM_VERSION
#define GILVM_VERSION "development"
#endif

namespace gilvm {
namespace {

constexpr std::size_t kHelpWidth = 80;
constexpr std::size_t kShownValueWidth = 40;
constexpr unsigned kMostRepeats = 1000;
constexpr unsigned kMostCores = 1024;
constexpr unsigned kMostPreemptions = 1000;
constexpr unsigned kDefaultCompareRepeats = 5;
constexpr unsigned kDefaultRaceRepeats = 10;
constexpr unsigned kLeastDefaultWorkers = 2;  // one worker alone has nobody to race with
constexpr std::uint64_t kMostInstructions = 1'000'000'000'000'000;
constexpr double kMostSeconds = 1'000'000;
constexpr double kLeastMemory = 0x1p20;  // the library alone takes a good part of it
constexpr double kMostMemory = 0x1p46;

// ---- The flags
// -----------------------------------------------------------------------------------------------

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
  kLater,  // known, but not in this version
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

constexpr std::array kFlags = {
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

const Flag* find_flag(std::string_view name) {
  if (name == "-h") name = "--help";
  const auto* found =
      std::find_if(kFlags.begin(), kFlags.end(), [&](const Flag& flag) { return name == flag.name; });
  return found == kFlags.end() ? nullptr : found;
}

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
    case Subject::kLater: break;
  }
  return "";
}

struct CommandWord {
  const char* word;
  Command command;
};
constexpr std::array kCommands = {
    CommandWord{"run", Command::kRun},         CommandWord{"compare", Command::kCompare},
    CommandWord{"explore", Command::kExplore}, CommandWord{"race", Command::kRace},
    CommandWord{"replay", Command::kReplay},   CommandWord{"dis", Command::kDisassemble}};
constexpr std::array kLaterCommands = {"lesson", "trace", "lab"};

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

// ---- Errors
// --------------------------------------------------------------------------------------------------

// Carries the one line out of the depth of the parser; parse_options() turns it into a FinalText.
struct UsageError {
  std::string message;
};

template <typename... Arguments>
[[noreturn]] void refuse(const char* pattern, const Arguments&... arguments) {
  throw UsageError{filled(pattern, arguments...)};
}

// A word from outside, fit for a message of one line.
std::string shown(std::string_view word) { return shortened(printable(word), kShownValueWidth); }

// The number of letters to insert, remove, replace or swap with a neighbour to get from one to the other
// (optimal string alignment distance).
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::vector<std::size_t>> cost(from.size() + 1, std::vector<std::size_t>(to.size() + 1));
  for (std::size_t i = 0; i <= from.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= to.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = cost[i - 1][j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[from.size()][to.size()];
}

[[noreturn]] void refuse_unknown_flag(const std::string& word, Command command) {
  const std::string name = word.substr(0, word.find('='));
  const char* nearest = nullptr;
  // Nobody mistypes half of a name; and a long word would take its time to compare.
  std::size_t least = name.size() > kShownValueWidth ? 0 : std::max<std::size_t>(3, name.size() / 3 + 1);
  for (const Flag& flag : kFlags) {
    if (flag.subject == Subject::kLater || !takes(command, flag) || !name.starts_with("--")) continue;
    const std::size_t distance = edit_distance(name, flag.name);
    if (distance < least) {
      least = distance;
      nearest = flag.name;
    }
  }
  if (nearest != nullptr) {
    refuse(translate("there is no flag {0}; did you mean {1}?"), shown(name), nearest);
  }
  refuse(translate("there is no flag {0}; to hand it to the script, write -- before it"), shown(name));
}

// ---- Values
// --------------------------------------------------------------------------------------------------

// A value, and the flag or the environment variable that it came from.
struct Given {
  const Flag* flag;
  std::string value;
  std::string source;
};

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

unsigned number_between(const Given& given, unsigned least, unsigned most) {
  const std::optional<std::uint64_t> number = whole_number(given.value);
  if (!number || *number < least || *number > most) {
    refuse(translate("{0}: '{1}' is not a whole number from {2} to {3}"), given.source, shown(given.value),
           least, most);
  }
  return static_cast<unsigned>(*number);
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

struct Quantity {
  double number = 0;
  std::string_view digits;
  std::string_view unit;
};

// "0.5ms" is 0.5 and "ms".
std::optional<Quantity> quantity_of(std::string_view text) {
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  Quantity quantity;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), quantity.number, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  const auto size = static_cast<std::size_t>(end - text.data());
  quantity.digits = text.substr(0, size);
  quantity.unit = text.substr(size);
  return quantity;
}

std::optional<std::chrono::nanoseconds> time_of(const Quantity& quantity) {
  constexpr std::array<std::pair<std::string_view, double>, 3> kUnits = {
      {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}}};
  for (const auto& [name, nanoseconds] : kUnits) {
    if (quantity.unit != name) continue;
    const double time = quantity.number * nanoseconds;
    if (time < 1 || time > kMostSeconds * 1e9) return std::nullopt;
    return std::chrono::nanoseconds(std::llround(time));
  }
  return std::nullopt;
}

std::uint64_t schedules_from(const Given& given) {
  const std::optional<std::uint64_t> number = whole_number(given.value);
  if (!number || *number == 0) {
    refuse(translate("{0}: '{1}' is not a whole number from {2} to {3}"), given.source, shown(given.value), 1,
           UINT64_MAX);
  }
  return *number;
}

std::chrono::nanoseconds timeout_from(const Given& given) {
  const std::optional<Quantity> quantity = quantity_of(given.value);
  if (quantity && quantity->unit.empty()) {
    refuse(translate("{0}: '{1}' has no unit; accepted are times such as 10s or 500ms"), given.source,
           shown(given.value));
  }
  const std::optional<std::chrono::nanoseconds> time = quantity ? time_of(*quantity) : std::nullopt;
  if (!time) {
    refuse(translate("{0}: '{1}' is not a time; accepted are times above 0 such as 10s or 500ms"),
           given.source, shown(given.value));
  }
  return *time;
}

std::size_t memory_from(const Given& given) {
  constexpr std::array<std::pair<std::string_view, double>, 3> kUnits = {
      {{"K", 0x1p10}, {"M", 0x1p20}, {"G", 0x1p30}}};
  const std::optional<Quantity> quantity = quantity_of(given.value);
  if (quantity && quantity->unit.empty()) {
    refuse(translate("{0}: '{1}' has no unit; accepted are sizes such as 512M or 2G"), given.source,
           shown(given.value));
  }
  for (const auto& [name, bytes] : kUnits) {
    if (!quantity || quantity->unit != name) continue;
    const double size = quantity->number * bytes;
    if (size >= kLeastMemory && size <= kMostMemory) return static_cast<std::size_t>(size);
  }
  refuse(translate("{0}: '{1}' is not a size; accepted are sizes from 1M on such as 512M or 2G"),
         given.source, shown(given.value));
}

SwitchInterval interval_from(const Given& given) {
  const std::optional<Quantity> quantity = quantity_of(given.value);
  if (quantity && quantity->unit.empty()) {
    refuse(translate("{0}: '{1}' has no unit; accepted are times (5ms, 500us, 1s) and instructions (100i)"),
           given.source, shown(given.value));
  }
  SwitchInterval interval;
  if (quantity && quantity->unit == "i") {
    const std::optional<std::uint64_t> count = whole_number(quantity->digits);
    if (count && *count >= 1 && *count <= kMostInstructions) {
      interval.instructions = *count;
      return interval;
    }
  } else if (const auto time = quantity ? time_of(*quantity) : std::nullopt) {
    interval.time = *time;
    return interval;
  }
  refuse(
      translate("{0}: '{1}' is not an interval; accepted are times (5ms, 500us, 1s) and instructions (100i), "
                "above 0"),
      given.source, shown(given.value));
}

LockRegime regime_from(const Given& given) {
  if (given.flag->name == std::string_view("--gil")) return LockRegime::kGil;
  if (given.flag->name == std::string_view("--no-gil")) return LockRegime::kNone;
  if (given.flag->name == std::string_view("-X")) {
    if (given.value == "gil=1") return LockRegime::kGil;
    if (given.value == "gil=0") return LockRegime::kNone;
    refuse(translate("-X: '{0}' is unknown; accepted: gil=1, gil=0"), shown(given.value));
  }
  if (const std::optional<LockRegime> regime = lock_regime(given.value)) return *regime;
  refuse(translate("{0}: '{1}' is not a lock regime; accepted: gil, object, none"), given.source,
         shown(given.value));
}

SwitchPoints points_from(const Given& given) {
  if (given.value == "every") return SwitchPoints::kEvery;
  if (given.value == "loops") return SwitchPoints::kLoops;
  refuse(translate("{0}: '{1}' is unknown; accepted: every, loops"), given.source, shown(given.value));
}

GilPolicy policy_from(const Given& given) {
  if (const std::optional<GilPolicy> policy = gil_policy(given.value)) return *policy;
  refuse(translate("{0}: '{1}' is unknown; accepted: interval, io-first"), given.source, shown(given.value));
}

ScheduleKind schedule_from(const Given& given) {
  if (const std::optional<ScheduleKind> kind = schedule_kind(given.value)) return *kind;
  refuse(
      translate("{0}: '{1}' is unknown; accepted: os, random, round-robin, pct; a recorded schedule is for "
                "gilvm replay"),
      given.source, shown(given.value));
}

// "5-20", or "5": from there on.
void steps_from(const Given& given, Options* options) {
  const std::size_t dash = given.value.find('-');
  const auto first = whole_number(given.value.substr(0, dash));
  const auto last = dash == std::string::npos ? std::optional<std::uint64_t>(UINT64_MAX)
                                              : whole_number(given.value.substr(dash + 1));
  if (!first || !last || *first == 0 || *last < *first) {
    refuse(translate("{0}: '{1}' is not a range of steps; accepted are ranges such as 1-40"), given.source,
           shown(given.value));
  }
  options->first_step = *first;
  options->last_step = *last;
}

// "counter,list"
std::vector<std::string> names_from(const Given& given) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= given.value.size();) {
    const std::size_t end = std::min(given.value.find(',', begin), given.value.size());
    const std::string name = given.value.substr(begin, end - begin);
    if (name.empty()) {
      refuse(translate("{0}: '{1}' is not a list of names such as counter,list"), given.source,
             shown(given.value));
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    begin = end + 1;
  }
  return names;
}

std::uint64_t seed_from(const Given& given) {
  if (const std::optional<std::uint64_t> seed = whole_number(given.value)) return *seed;
  refuse(translate("{0}: '{1}' is not a whole number from {2} to {3}"), given.source, shown(given.value), 0,
         UINT64_MAX);
}

struct Preset {
  std::string_view name;
  LockSettings lock;
};

LockSettings preset_from(const Given& given) {
  using std::chrono::milliseconds;
  static const std::array kPresets = {
      Preset{"cpython2.7", {LockRegime::kGil, {milliseconds(5), 100}, SwitchPoints::kEvery}},
      Preset{"cpython3.9", {LockRegime::kGil, {milliseconds(5), 0}, SwitchPoints::kEvery}},
      Preset{"cpython3.12", {LockRegime::kGil, {milliseconds(5), 0}, SwitchPoints::kLoops}},
      Preset{"cpython3.14t", {LockRegime::kObject, {}, SwitchPoints::kEvery}},
      Preset{"ruby3", {LockRegime::kGil, {milliseconds(100), 0}, SwitchPoints::kLoops}},
      Preset{"none", {LockRegime::kNone, {}, SwitchPoints::kEvery}},
  };
  for (const Preset& preset : kPresets) {
    if (given.value == preset.name) return preset.lock;
  }
  refuse(
      translate("{0}: '{1}' is unknown; accepted: cpython2.7, cpython3.9, cpython3.12, cpython3.14t, ruby3, "
                "none"),
      given.source, shown(given.value));
}

// ---- The language
// --------------------------------------------------------------------------------------------

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

// What --lang and GILVM_LANG may say. A locale's name, from LANG and the like, may say anything.
std::optional<Language> accepted_language(std::string_view name) {
  std::string tag = lower_case(name.substr(0, name.find('.')));
  std::replace(tag.begin(), tag.end(), '_', '-');
  const bool known = tag == "pt" || tag == "pt-br" || tag == "en" || tag == "en-us" || tag == "en-gb";
  return known ? std::optional(language_of(tag)) : std::nullopt;
}

// An empty variable counts as none (GNU gettext manual, "Setting the POSIX Locale").
std::string value_of_variable(const Surroundings& surroundings, const char* name) {
  const char* value = surroundings.variable ? surroundings.variable(name) : nullptr;
  return value == nullptr ? "" : value;
}

// The order of gettext: LC_ALL, LC_MESSAGES, LANG, and where these name a language, LANGUAGE before them.
Language language_of_locale(const Surroundings& surroundings) {
  std::string locale;
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    if (locale.empty()) locale = value_of_variable(surroundings, name);
  }
  if (locale.empty() || locale == "C" || locale == "POSIX") return Language::kEnglish;
  std::string list = value_of_variable(surroundings, "LANGUAGE");
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(':'), list.size());
    if (const auto language = accepted_language(list.substr(0, end))) return *language;
    list.erase(0, end + 1);
  }
  return language_of(locale);
}

// ---- From words to options
// -----------------------------------------------------------------------------------

bool looks_like_flag(std::string_view word) {
  // "-" is standard input, and "-5" or "-.5" a number for the script.
  if (word.size() < 2 || word[0] != '-') return false;
  return !is_digit(word[1]) && word[1] != '.';
}

bool is_whole_number(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), is_digit);
}

// The words of the command line by what they are for.
struct SortedWords {
  std::vector<std::string> flags;  // with the values that stand after them
  std::vector<std::string> plain;
  std::vector<std::string> after_marker;  // what stands after "--"
};

SortedWords sort_words(const std::vector<std::string>& words) {
  SortedWords sorted;
  for (std::size_t index = 0; index < words.size(); ++index) {
    const std::string& word = words[index];
    if (word == "--") {
      sorted.after_marker.assign(words.begin() + static_cast<std::ptrdiff_t>(index) + 1, words.end());
      break;
    }
    if (!looks_like_flag(word)) {
      sorted.plain.push_back(word);
      continue;
    }
    sorted.flags.push_back(word);
    const Flag* flag = find_flag(word);
    if (flag == nullptr || index + 1 == words.size()) continue;
    const std::string& next = words[index + 1];
    if (flag->value == Value::kRequired && next != "--") {
      sorted.flags.push_back(next);
      ++index;
    } else if (flag->value == Value::kJoined && is_whole_number(next)) {
      refuse(translate("{0} {1}: the number is joined to the flag: {0}={1}"), flag->name, shown(next));
    }
  }
  return sorted;
}

// A word that begins with '-', taken apart: --repeat=5, -Xgil=1, --stats.
struct FlagWord {
  std::string name;
  const Flag* flag;                  // null: there is none of that name
  std::optional<std::string> value;  // joined to the name
};

FlagWord take_apart(const std::string& word) {
  const bool attached = word.size() > 2 && word.starts_with("-X");
  const std::size_t equals = word.find('=');
  const std::string name = attached ? "-X" : word.substr(0, equals);
  FlagWord result{name, find_flag(name), std::nullopt};
  if (attached) {
    result.value = word.substr(2);
  } else if (equals != std::string::npos) {
    result.value = word.substr(equals + 1);
  }
  return result;
}

constexpr const char* kNoValue = "true";  // that of a flag without one

// The command line's flags, from words that hold nothing else, in the order of kFlags.
std::vector<Given> given_flags(const std::vector<std::string>& words, Command command) {
  std::vector<Given> given;
  std::string unknown;
  for (std::size_t index = 0; index < words.size(); ++index) {
    auto [name, flag, value] = take_apart(words[index]);
    if (flag == nullptr) {
      if (unknown.empty()) unknown = words[index];
      continue;
    }
    // Who asks for help gets it, whatever else is wrong.
    if (flag->subject == Subject::kHelp || flag->subject == Subject::kVersion) return {{flag, "", name}};
    if (value && value->empty()) refuse(translate("{0} has an empty value"), name);
    if (value && flag->value == Value::kNone) refuse(translate("{0} takes no value"), name);
    if (!value && flag->value == Value::kRequired) {
      const bool follows = index + 1 < words.size() && !looks_like_flag(words[index + 1]);
      if (!follows) refuse(translate("{0} needs a value: {0}={1}"), name, flag->value_name);
      value = words[++index];
    }
    given.push_back({flag, value.value_or(kNoValue), flag->name});
  }
  if (!unknown.empty()) refuse_unknown_flag(unknown, command);
  std::stable_sort(given.begin(), given.end(),
                   [](const Given& left, const Given& right) { return left.flag < right.flag; });
  return given;
}

bool joined_without_value(const Given& given) {
  return given.flag->value == Value::kJoined && given.value == kNoValue;
}

// One line for what this version lacks, for what the command does not take, and for what is given twice.
void refuse_contradictions(const std::vector<Given>& given, Command command) {
  std::map<Subject, const Given*> first_of_subject;
  for (const Given& each : given) {
    if (each.flag->subject == Subject::kLater) {
      refuse(translate("{0} is not in this version yet"), each.source);
    }
    if (!takes(command, *each.flag))
      refuse(translate("{0} does not take {1}"), word_of(command), each.source);
    const auto [entry, added] = first_of_subject.emplace(each.flag->subject, &each);
    if (added) continue;
    const Given& other = *entry->second;
    if (other.source == each.source) refuse(translate("{0} is given twice"), each.source);
    refuse(translate("{0} and {1} cannot stand together"), other.source, each.source);
  }
}

// The environment's flags, but for those whose subject the command line settles itself.
std::vector<Given> given_by_environment(const Surroundings& surroundings, Command command,
                                        const std::vector<Given>& on_command_line) {
  std::vector<Given> given;
  for (const Flag& flag : kFlags) {
    if (flag.variable == nullptr || !takes(command, flag)) continue;
    const bool settled = std::any_of(on_command_line.begin(), on_command_line.end(),
                                     [&](const Given& each) { return each.flag->subject == flag.subject; });
    std::string value = value_of_variable(surroundings, flag.variable);
    if (settled || value.empty()) continue;
    if (flag.value == Value::kNone) {
      if (value == "0") continue;
      if (value != "1")
        refuse(translate("{0}: '{1}' is unknown; accepted: 1, 0"), flag.variable, shown(value));
    }
    given.push_back({&flag, std::move(value), flag.variable});
  }
  return given;
}

void apply(Options& options, const Given& given) {
  switch (given.flag->subject) {
    case Subject::kLock:
      options.lock.regime = regime_from(given);
      options.lock_given = true;
      break;
    case Subject::kSwitchInterval: options.lock.interval = interval_from(given); break;
    case Subject::kSwitchPoints:
      options.lock.points = points_from(given);
      options.points_given = true;
      break;
    case Subject::kGilPolicy: options.lock.policy = policy_from(given); break;
    case Subject::kLike:
      options.lock = preset_from(given);
      options.lock_given = true;
      options.points_given = options.lock.regime == LockRegime::kGil;
      break;
    case Subject::kWorkers:
      options.workers = given.flag->name == std::string_view("--threads")     ? WorkerKind::kThreads
                        : given.flag->name == std::string_view("--processes") ? WorkerKind::kProcesses
                                                                              : WorkerKind::kInterpreters;
      options.workers_given = true;
      if (joined_without_value(given)) break;
      options.count = number_between(given, 1, kMostWorkers);
      options.count_given = true;
      break;
    case Subject::kSchedule: options.schedule = schedule_from(given); break;
    case Subject::kSeed: options.seed = seed_from(given); break;
    case Subject::kDetectRaces: options.detect_races = true; break;
    case Subject::kRecord:
      options.records = true;
      if (!joined_without_value(given)) options.record_file = given.value;
      break;
    case Subject::kContinue: options.goes_on = true; break;
    case Subject::kSteps:
      options.steps = true;
      if (!joined_without_value(given)) steps_from(given, &options);
      break;
    case Subject::kPredict: options.steps = options.hides_values = true; break;
    case Subject::kWatch:
      options.steps = true;
      options.watched = names_from(given);
      break;
    case Subject::kPreemptions: options.preemptions = number_between(given, 0, kMostPreemptions); break;
    case Subject::kMostSchedules: options.most_schedules = schedules_from(given); break;
    case Subject::kRepeat: options.repeat = number_between(given, 1, kMostRepeats); break;
    case Subject::kCores: options.cores = number_between(given, 1, kMostCores); break;
    case Subject::kTimeout: options.timeout = timeout_from(given); break;
    case Subject::kMaxMemory: options.max_memory = memory_from(given); break;
    case Subject::kReferenceCounts: options.counts_references = true; break;
    case Subject::kStats: options.stats = true; break;
    case Subject::kJson: options.json = true; break;
    case Subject::kLanguage:  // chosen before anything is said
    case Subject::kHelp:
    case Subject::kVersion:
    case Subject::kLater: break;
  }
}

// A preset first, so that an explicit flag beside it overrides its part.
void apply_all(Options& options, const std::vector<Given>& given) {
  const auto is_preset = [](const Given& each) { return each.flag->subject == Subject::kLike; };
  for (const Given& each : given) {
    if (is_preset(each)) apply(options, each);
  }
  for (const Given& each : given) {
    if (!is_preset(each)) apply(options, each);
  }
}

bool ends_in_lua(const std::string& word) { return word.ends_with(".lua"); }

// Divides the words that are no flags into scripts and the script's arguments.
void take_scripts(Options& options, std::vector<std::string> words,
                  const std::vector<std::string>& after_marker) {
  const bool for_each_worker = (options.command == Command::kRun || options.command == Command::kRace) &&
                               options.workers_given && !options.count_given;
  std::size_t scripts = words.empty() ? 0 : 1;
  while (for_each_worker && scripts > 0 && scripts < words.size() && ends_in_lua(words[scripts])) ++scripts;
  words.insert(words.end(), after_marker.begin(), after_marker.end());
  if (options.command == Command::kReplay) {
    if (words.size() < 2)
      refuse(translate("replay needs a schedule and a script: gilvm replay SCHEDULE SCRIPT"));
    options.recorded = words.front();
    words.erase(words.begin());
  }
  if (words.empty()) refuse(translate("{0} needs a script: gilvm {0} SCRIPT"), word_of(options.command));
  const auto end_of_scripts = words.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(scripts, 1));
  options.scripts.assign(words.begin(), end_of_scripts);
  options.arguments.assign(end_of_scripts, words.end());
  if (options.scripts.size() > kMostWorkers) {
    refuse(translate("there are {0} scripts, and the most are {1}"), options.scripts.size(), kMostWorkers);
  }
  if (options.scripts.size() > 1) options.count = static_cast<unsigned>(options.scripts.size());
  if (options.command == Command::kDisassemble && !options.arguments.empty()) {
    refuse(translate("dis takes one script, so '{0}' is too many"), shown(options.arguments.front()));
  }
}

// ---- Help
// ----------------------------------------------------------------------------------------------------

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

// ---- The whole
// -----------------------------------------------------------------------------------------------

// Before anything is said: from a --lang that will turn out to be right, or else from the environment.
void choose_language_early(const std::vector<std::string>& words, const Surroundings& surroundings) {
  const auto from_variable = accepted_language(value_of_variable(surroundings, "GILVM_LANG"));
  choose_language(from_variable ? *from_variable : language_of_locale(surroundings));
  constexpr std::string_view kJoined = "--lang=";
  for (std::size_t index = 0; index < words.size() && words[index] != "--"; ++index) {
    std::string value;
    if (words[index].starts_with(kJoined)) value = words[index].substr(kJoined.size());
    if (words[index] == "--lang" && index + 1 < words.size()) value = words[index + 1];
    if (const auto language = accepted_language(value)) choose_language(*language);
  }
}

void check_language(const Given& given) {
  if (given.flag->subject != Subject::kLanguage || accepted_language(given.value)) return;
  refuse(translate("{0}: '{1}' is unknown; accepted: pt-BR, en"), given.source, shown(given.value));
}

struct CommandChoice {
  Command command = Command::kRun;
  bool named = false;
  bool help = false;  // `gilvm help`, `gilvm help run`
};

std::optional<Command> command_called(std::string_view word) {
  for (const CommandWord& entry : kCommands) {
    if (word == entry.word) return entry.command;
  }
  return std::nullopt;
}

void refuse_later_command(const std::string& word) {
  if (std::find(kLaterCommands.begin(), kLaterCommands.end(), word) == kLaterCommands.end()) return;
  refuse(translate("the command {0} is not in this version yet"), word);
}

// A word that is no file's usual name, but nearly a command.
void refuse_mistyped_command(const std::string& word) {
  if (word.size() < 3 || word.size() > kShownValueWidth || word.find_first_of("./") != std::string::npos)
    return;
  for (const CommandWord& entry : kCommands) {
    const std::size_t distance = edit_distance(word, entry.word);
    if (distance == 0 || distance * 3 > std::string_view(entry.word).size()) continue;
    refuse(translate("there is no command {0}; did you mean {1}? (a script of that name: gilvm run {0})"),
           shown(word), entry.word);
  }
}

// Takes the command's word from the front of `plain`.
CommandChoice take_command(std::vector<std::string>& plain) {
  CommandChoice choice;
  if (!plain.empty() && plain.front() == "help") {
    choice.help = true;
    plain.erase(plain.begin());
  }
  if (plain.empty()) return choice;
  refuse_later_command(plain.front());
  if (const auto command = command_called(plain.front())) {
    choice.command = *command;
    choice.named = true;
    plain.erase(plain.begin());
  } else {
    refuse_mistyped_command(plain.front());
  }
  return choice;
}

// Lines that are typed have no workers and no results. An environment variable is for the other commands
// then.
void refuse_without_script(const std::vector<Given>& on_command_line) {
  for (const Given& each : on_command_line) {
    const Subject subject = each.flag->subject;
    if (subject != Subject::kWorkers && subject != Subject::kRepeat && subject != Subject::kJson &&
        subject != Subject::kSchedule && subject != Subject::kSeed && subject != Subject::kRecord) {
      continue;
    }
    refuse(translate("{0} needs a script: gilvm {0} SCRIPT"), each.source);
  }
}

// What a schedule cannot be combined with.
void check_schedule(const Options& options, const std::vector<Given>& on_command_line) {
  const bool seeded = std::any_of(on_command_line.begin(), on_command_line.end(),
                                  [](const Given& each) { return each.flag->subject == Subject::kSeed; });
  if (options.schedule == ScheduleKind::kOs) {
    if (options.command == Command::kRace) {
      refuse(
          translate("race decides over threads by itself: --schedule=random, --schedule=round-robin or "
                    "--schedule=pct"));
    }
    if (options.detect_races && options.command == Command::kRun) {
      refuse(translate("--detect-races needs --schedule=random, --schedule=round-robin or --schedule=pct"));
    }
    if (seeded) refuse(translate("--seed needs --schedule=random, --schedule=round-robin or --schedule=pct"));
    return;
  }
  if (options.lock.policy != GilPolicy::kInterval) {
    refuse(translate("--schedule={0} decides which thread runs; it takes no --gil-policy={1}"),
           name_of(options.schedule), name_of(options.lock.policy));
  }
  if (options.workers_given && options.workers != WorkerKind::kThreads) {
    refuse(translate("--schedule={0} decides over threads; it cannot schedule what {1} asks for"),
           name_of(options.schedule),
           options.workers == WorkerKind::kProcesses ? "--processes" : "--interpreters");
  }
}

// What can be recorded: one run of OS threads that the GIL puts in an order.
void check_record(const Options& options) {
  if (!options.records) return;
  if (options.schedule != ScheduleKind::kOs) {
    refuse(translate("{0} and {1} cannot stand together"), "--record", "--schedule");
  }
  if (options.repeat != 1) refuse(translate("{0} and {1} cannot stand together"), "--record", "--repeat");
  if (options.lock.regime != LockRegime::kGil) {
    refuse(translate("--record needs the GIL: without it threads run at the same time, in no order"));
  }
  if (options.workers_given && options.workers != WorkerKind::kThreads) {
    refuse(translate("{0} and {1} cannot stand together"), "--record",
           options.workers == WorkerKind::kProcesses ? "--processes" : "--interpreters");
  }
}

std::variant<Options, FinalText> parse(const std::vector<std::string>& words,
                                       const Surroundings& surroundings) {
  SortedWords sorted = sort_words(words);
  const CommandChoice choice = take_command(sorted.plain);
  const std::vector<Given> on_command_line = given_flags(sorted.flags, choice.command);
  const Subject first = on_command_line.empty() ? Subject::kLater : on_command_line.front().flag->subject;
  if (choice.help || first == Subject::kHelp) {
    return FinalText{choice.named ? command_help(choice.command) : program_help(), false, 0};
  }
  if (first == Subject::kVersion) return FinalText{"gilvm " GILVM_VERSION "\n", false, 0};
  refuse_contradictions(on_command_line, choice.command);
  const std::vector<Given> in_environment =
      given_by_environment(surroundings, choice.command, on_command_line);
  refuse_contradictions(in_environment, choice.command);

  Options options;
  options.command = choice.command;
  if (!choice.named && sorted.plain.empty() && sorted.after_marker.empty()) {
    options.interactive = surroundings.input_terminal;
    if (!options.interactive) sorted.plain = {"-"};
  }
  if (options.interactive) refuse_without_script(on_command_line);
  if (choice.command == Command::kCompare) options.repeat = kDefaultCompareRepeats;
  if (choice.command == Command::kRace) {
    options.repeat = kDefaultRaceRepeats;
    options.schedule = ScheduleKind::kRandom;
    options.lock.regime = LockRegime::kNone;
  }
  for (const std::vector<Given>* layer : {&in_environment, &on_command_line}) {
    for (const Given& each : *layer) check_language(each);
    apply_all(options, *layer);
  }
  check_schedule(options, on_command_line);
  check_record(options);
  if (!options.count_given) {
    // The same on every machine, where the run is to be.
    const bool anywhere = options.schedule == ScheduleKind::kOs && options.command != Command::kExplore;
    const unsigned all = anywhere ? surroundings.cores : kLeastDefaultWorkers;
    const unsigned cores = options.cores == 0 ? all : std::min(options.cores, all);
    options.count = std::clamp(cores, kLeastDefaultWorkers, kMostWorkers);
  }
  if (!options.interactive) take_scripts(options, std::move(sorted.plain), sorted.after_marker);
  options.language = chosen_language();
  options.color = surroundings.terminal && !options.json &&
                  value_of_variable(surroundings, "NO_COLOR").empty() &&
                  value_of_variable(surroundings, "TERM") != "dumb";
  return options;
}

}  // namespace

Surroundings Surroundings::of_this_process() {
  cpu_set_t cores;
  const bool known = sched_getaffinity(0, sizeof cores, &cores) == 0;
  return {[](const char* name) -> const char* { return std::getenv(name); },
          known ? static_cast<unsigned>(CPU_COUNT(&cores)) : 1, isatty(STDOUT_FILENO) == 1,
          isatty(STDIN_FILENO) == 1};
}

const char* version() { return GILVM_VERSION; }

std::variant<Options, FinalText> parse_options(const std::vector<std::string>& words,
                                               const Surroundings& surroundings) {
  choose_language_early(words, surroundings);
  try {
    return parse(words, surroundings);
  } catch (const UsageError& error) {
    return FinalText{"gilvm: " + error.message + '\n', true, kExitUsage};
  }
}

std::vector<World> worlds_to_compare(const Options& options) {
  const auto threads = [&](LockRegime regime, SwitchPoints points) {
    return World{WorkerKind::kThreads, {regime, options.lock.interval, points, options.lock.policy}};
  };
  std::vector<World> worlds;
  for (SwitchPoints points : {SwitchPoints::kEvery, SwitchPoints::kLoops}) {
    if (options.lock_given && options.lock.regime != LockRegime::kGil) continue;
    if (options.points_given && options.lock.points != points) continue;
    worlds.push_back(threads(LockRegime::kGil, points));
  }
  for (LockRegime regime : {LockRegime::kObject, LockRegime::kNone}) {
    if (options.lock_given && options.lock.regime != regime) continue;
    worlds.push_back(threads(regime, options.lock.points));
  }
  worlds.push_back({WorkerKind::kInterpreters, options.lock});
  worlds.push_back({WorkerKind::kProcesses, options.lock});
  for (World& world : worlds) world.max_memory = options.max_memory;
  return worlds;
}

}  // namespace gilvm
