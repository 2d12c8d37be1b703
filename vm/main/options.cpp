#include "vm/main/options.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>

#include "vm/main/flag_values.h"
#include "vm/main/flags.h"
#include "vm/main/help.h"
#include "vm/main/usage_error.h"
#include "vm/sched/recorded_schedule.h"

#ifndef GILVM_VERSION
#define GILVM_VERSION "development"
#endif

namespace gilvm {
namespace {

constexpr unsigned kMostRepeats = 1000;
constexpr unsigned kMostCores = 1024;
constexpr unsigned kMostPreemptions = 1000;
constexpr unsigned kDefaultCompareRepeats = 5;
constexpr unsigned kDefaultRaceRepeats = 10;
constexpr unsigned kLeastDefaultWorkers = 2;  // one worker alone has nobody to race with

// ---- Names that nobody knows

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
    if (!takes(command, flag) || !name.starts_with("--")) continue;
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

// ---- The language

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

// One line for what the command does not take, and for what is given twice.
void refuse_contradictions(const std::vector<Given>& given, Command command) {
  std::map<Subject, const Given*> first_of_subject;
  for (const Given& each : given) {
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
    case Subject::kVersion: break;
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

// ---- The whole

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
  const auto asks_for = [&](Subject subject) {
    return !on_command_line.empty() && on_command_line.front().flag->subject == subject;
  };
  if (choice.help || asks_for(Subject::kHelp)) {
    return FinalText{choice.named ? command_help(choice.command) : program_help(), false, 0};
  }
  if (asks_for(Subject::kVersion)) return FinalText{"gilvm " GILVM_VERSION "\n", false, 0};
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