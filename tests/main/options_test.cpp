#include "vm/main/options.h"

#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

using Variables = std::map<std::string, std::string>;
using Words = std::vector<std::string>;

std::variant<Options, FinalText> parse(const Words& words, const Variables& variables = {},
                                       bool terminal = false, bool input_terminal = false) {
  Surroundings surroundings;
  surroundings.variable = [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  surroundings.cores = 8;
  surroundings.terminal = terminal;
  surroundings.input_terminal = input_terminal;
  auto result = parse_options(words, surroundings);
  choose_language(Language::kEnglish);
  return result;
}

Options options_of(const Words& words, const Variables& variables = {}) {
  const auto result = parse(words, variables);
  if (const FinalText* final_text = std::get_if<FinalText>(&result)) FAIL(final_text->text);
  return std::get<Options>(result);
}

// The one line of a refusal, without "gilvm: " and the line feed.
std::string refusal_of(const Words& words, const Variables& variables = {}) {
  const auto result = parse(words, variables);
  const FinalText* final_text = std::get_if<FinalText>(&result);
  if (final_text == nullptr) return "accepted";
  CHECK(final_text->to_stderr);
  CHECK(final_text->exit_status == 2);
  CHECK(final_text->text.starts_with("gilvm: "));
  CHECK(final_text->text.find('\n') == final_text->text.size() - 1);
  return final_text->text.substr(7, final_text->text.size() - 8);
}

std::string help_of(const Words& words) {
  const auto result = parse(words);
  const FinalText& help = std::get<FinalText>(result);
  CHECK_FALSE(help.to_stderr);
  CHECK(help.exit_status == 0);
  return help.text;
}

std::chrono::nanoseconds interval_time(const char* text) {
  return options_of({"a.lua", std::string("--switch-interval=") + text}).lock.interval.time;
}

}  // namespace

TEST_CASE("a script without a command is run", "[options]") {
  const Options options = options_of({"a.lua"});
  CHECK(options.command == Command::kRun);
  CHECK(options.scripts == Words{"a.lua"});
  CHECK(options.arguments.empty());
  CHECK(options.lock.regime == LockRegime::kGil);
  CHECK(options.lock.points == SwitchPoints::kEvery);
  CHECK(options.lock.interval.time == std::chrono::milliseconds(5));
  CHECK_FALSE(options.lock.interval.counted());
  CHECK_FALSE(options.workers_given);
  CHECK_FALSE(options.lock_given);
  CHECK(options.repeat == 1);
}

TEST_CASE("each command is recognised", "[options]") {
  CHECK(options_of({"run", "a.lua"}).command == Command::kRun);
  CHECK(options_of({"compare", "a.lua"}).command == Command::kCompare);
  CHECK(options_of({"dis", "a.lua"}).command == Command::kDisassemble);
  CHECK(options_of({"--no-gil", "run", "a.lua"}).lock.regime == LockRegime::kNone);
}

TEST_CASE("flags may stand before and after the script", "[options]") {
  const Options options = options_of({"run", "--no-gil", "a.lua", "--threads=4", "100"});
  CHECK(options.scripts == Words{"a.lua"});
  CHECK(options.arguments == Words{"100"});
  CHECK(options.lock.regime == LockRegime::kNone);
  CHECK(options.count == 4);
  CHECK(options.count_given);
}

TEST_CASE("words after the script are its arguments, as they are", "[options]") {
  const Words arguments = {"-5", "-.5", "[1,2]", "++", "", "a b", "%%", "{}", "run"};
  Words words = {"a.lua"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  CHECK(options_of(words).arguments == arguments);
}

TEST_CASE("every word after -- is the script's", "[options]") {
  const Options options = options_of({"run", "a.lua", "--", "--threads=4", "--", "--help"});
  CHECK(options.arguments == Words{"--threads=4", "--", "--help"});
  CHECK_FALSE(options.workers_given);
  CHECK(options_of({"--", "run", "x"}).scripts == Words{"run"});
}

TEST_CASE("the word - is a script", "[options]") {
  CHECK(options_of({"-"}).scripts == Words{"-"});
  CHECK(options_of({"run", "--threads=2", "-", "7"}).arguments == Words{"7"});
}

TEST_CASE("the flag --threads without a number gives each script a worker of its own", "[options]") {
  const Options options = options_of({"run", "--threads", "a.lua", "b.lua", "7", "c.lua"});
  CHECK(options.scripts == Words{"a.lua", "b.lua"});
  CHECK(options.arguments == Words{"7", "c.lua"});
  CHECK(options.count == 2);
  CHECK(options_of({"run", "--threads=3", "a.lua", "b.lua"}).arguments == Words{"b.lua"});
  CHECK(options_of({"run", "a.lua", "b.lua"}).arguments == Words{"b.lua"});
}

TEST_CASE("the default number of workers is that of the cores in use, but at least two", "[options]") {
  CHECK(options_of({"--threads", "a.lua"}).count == 8);
  CHECK(options_of({"--threads", "a.lua", "--cores=3"}).count == 3);
  CHECK(options_of({"--processes", "a.lua", "--cores=1"}).count == 2);
  CHECK(options_of({"--processes", "a.lua"}).workers == WorkerKind::kProcesses);
  CHECK(options_of({"--interpreters=3", "a.lua"}).workers == WorkerKind::kInterpreters);
  CHECK(options_of({"--interpreters=3", "a.lua"}).count == 3);
}

TEST_CASE("every spelling of the lock regime is accepted", "[options]") {
  CHECK(options_of({"a.lua", "--lock=none"}).lock.regime == LockRegime::kNone);
  CHECK(options_of({"a.lua", "--lock", "none"}).lock.regime == LockRegime::kNone);
  CHECK(options_of({"a.lua", "--lock=gil"}).lock.regime == LockRegime::kGil);
  CHECK(options_of({"a.lua", "--no-gil"}).lock.regime == LockRegime::kNone);
  CHECK(options_of({"a.lua", "--gil"}).lock_given);
  CHECK(options_of({"-X", "gil=0", "a.lua"}).lock.regime == LockRegime::kNone);
  CHECK(options_of({"-Xgil=0", "a.lua"}).lock.regime == LockRegime::kNone);
  CHECK(options_of({"-X", "gil=1", "a.lua"}).lock.regime == LockRegime::kGil);
}

TEST_CASE("a switch interval is a time or a number of instructions", "[options]") {
  CHECK(interval_time("5ms") == std::chrono::milliseconds(5));
  CHECK(interval_time("0.5ms") == std::chrono::microseconds(500));
  CHECK(interval_time("500us") == std::chrono::microseconds(500));
  CHECK(interval_time("1s") == std::chrono::seconds(1));
  CHECK(options_of({"a.lua", "--switch-interval=100i"}).lock.interval.instructions == 100);
}

TEST_CASE("a policy of the GIL is the interval's unless told otherwise", "[options]") {
  CHECK(options_of({"a.lua"}).lock.policy == GilPolicy::kInterval);
  CHECK(options_of({"a.lua", "--gil-policy=io-first"}).lock.policy == GilPolicy::kIoFirst);
  CHECK(options_of({"a.lua", "--gil-policy=interval"}).lock.policy == GilPolicy::kInterval);
  CHECK(options_of({"a.lua", "--gil-policy=io-first", "--no-gil"}).lock.regime == LockRegime::kNone);
  CHECK(refusal_of({"a.lua", "--gil-policy=fair"}) ==
        "--gil-policy: 'fair' is unknown; accepted: interval, io-first");
  CHECK(refusal_of({"a.lua", "--gil-policy=io-first", "--schedule=random"}) ==
        "--schedule=random decides which thread runs; it takes no --gil-policy=io-first");
}

TEST_CASE("compare runs its worlds with the policy that is given", "[options]") {
  for (const World& world : worlds_to_compare(options_of({"compare", "a.lua", "--gil-policy=io-first"})))
    CHECK(world.lock.policy == GilPolicy::kIoFirst);
}

TEST_CASE("a switch interval that is none is refused", "[options]") {
  CHECK(refusal_of({"a.lua", "--switch-interval=5"}) ==
        "--switch-interval: '5' has no unit; accepted are times (5ms, 500us, 1s) and instructions (100i)");
  const std::string value =
      GENERATE("0ms", "0i", "-5ms", "5m", "5 ms", "ms", "1.5i", "1e3ms", "nan", "inf", "0x5ms", "9999999999s",
               "99999999999999999999i", "1e999s", "5ms5ms", "0.0000001us");
  CHECK(refusal_of({"a.lua", "--switch-interval=" + value}) ==
        "--switch-interval: '" + value +
            "' is not an interval; accepted are times (5ms, 500us, 1s) and instructions (100i), above 0");
}

TEST_CASE("each preset sets the three parts of the lock", "[options]") {
  const auto preset = [](const char* name) { return options_of({"a.lua", "--like", name}).lock; };
  CHECK(preset("cpython2.7").interval.instructions == 100);
  CHECK(preset("cpython2.7").points == SwitchPoints::kEvery);
  CHECK(preset("cpython3.9").interval.time == std::chrono::milliseconds(5));
  CHECK(preset("cpython3.9").points == SwitchPoints::kEvery);
  CHECK(preset("cpython3.12").points == SwitchPoints::kLoops);
  CHECK(preset("cpython3.12").regime == LockRegime::kGil);
  CHECK(preset("ruby3").interval.time == std::chrono::milliseconds(100));
  CHECK(preset("ruby3").points == SwitchPoints::kLoops);
  CHECK(preset("none").regime == LockRegime::kNone);
}

TEST_CASE("an explicit flag overrides its part of a preset, in either order", "[options]") {
  const Options after = options_of({"a.lua", "--like=ruby3", "--switch-points=every"});
  const Options before = options_of({"a.lua", "--switch-points=every", "--like=ruby3"});
  CHECK(after.lock.points == SwitchPoints::kEvery);
  CHECK(before.lock.points == SwitchPoints::kEvery);
  CHECK(before.lock.interval.time == std::chrono::milliseconds(100));
  CHECK(options_of({"a.lua", "--like=cpython3.14t", "--no-gil"}).lock.regime == LockRegime::kNone);
}

TEST_CASE("each flag is also an environment variable, and the command line wins", "[options]") {
  const Variables variables = {{"GILVM_LOCK", "none"},
                               {"GILVM_SWITCH_INTERVAL", "7i"},
                               {"GILVM_SWITCH_POINTS", "loops"},
                               {"GILVM_PROCESSES", "3"},
                               {"GILVM_REPEAT", "9"},
                               {"GILVM_CORES", "1"},
                               {"GILVM_TIMEOUT", "2s"},
                               {"GILVM_STATS", "1"},
                               {"GILVM_JSON", "0"},
                               {"GILVM_LANG", ""}};
  const Options options = options_of({"a.lua"}, variables);
  CHECK(options.lock.regime == LockRegime::kNone);
  CHECK(options.lock.interval.instructions == 7);
  CHECK(options.lock.points == SwitchPoints::kLoops);
  CHECK(options.workers == WorkerKind::kProcesses);
  CHECK(options.count == 3);
  CHECK(options.repeat == 9);
  CHECK(options.cores == 1);
  CHECK(options.timeout == std::chrono::seconds(2));
  CHECK(options.stats);
  CHECK_FALSE(options.json);

  const Options overridden = options_of({"a.lua", "--gil", "--threads", "--repeat=2"}, variables);
  CHECK(overridden.lock.regime == LockRegime::kGil);
  CHECK(overridden.workers == WorkerKind::kThreads);
  CHECK(overridden.count == 2);
  CHECK(overridden.repeat == 2);
  CHECK(options_of({"a.lua", "--like=cpython3.9"}, variables).lock.regime == LockRegime::kGil);
  CHECK(options_of({"dis", "a.lua"}, {{"GILVM_REPEAT", "x"}}).command == Command::kDisassemble);
}

TEST_CASE("a wrong value in an environment variable is refused by the variable's name", "[options]") {
  CHECK(
      refusal_of({"a.lua"}, {{"GILVM_SWITCH_INTERVAL", "5"}}) ==
      "GILVM_SWITCH_INTERVAL: '5' has no unit; accepted are times (5ms, 500us, 1s) and instructions (100i)");
  CHECK(refusal_of({"a.lua"}, {{"GILVM_LOCK", "x"}}) ==
        "GILVM_LOCK: 'x' is not a lock regime; accepted: gil, object, none");
  CHECK(refusal_of({"a.lua"}, {{"GILVM_THREADS", "0"}}) ==
        "GILVM_THREADS: '0' is not a whole number from 1 to 1000");
  CHECK(refusal_of({"a.lua"}, {{"GILVM_STATS", "yes"}}) == "GILVM_STATS: 'yes' is unknown; accepted: 1, 0");
  CHECK(refusal_of({"a.lua"}, {{"GILVM_LANG", "fr"}}) == "GILVM_LANG: 'fr' is unknown; accepted: pt-BR, en");
  CHECK(refusal_of({"a.lua"}, {{"GILVM_LIKE", "cpython3.13"}}) ==
        "GILVM_LIKE: 'cpython3.13' is unknown; accepted: cpython2.7, cpython3.9, cpython3.12, cpython3.14t, "
        "ruby3, none");
  CHECK(refusal_of({"a.lua"}, {{"GILVM_THREADS", "2"}, {"GILVM_PROCESSES", "2"}}) ==
        "GILVM_THREADS and GILVM_PROCESSES cannot stand together");
  CHECK(refusal_of({"a.lua"}, {{"GILVM_MAX_MEMORY", "12"}}) ==
        "GILVM_MAX_MEMORY: '12' has no unit; accepted are sizes such as 512M or 2G");
  CHECK(refusal_of({"a.lua"}, {{"GILVM_INTERPRETERS", "0"}}) ==
        "GILVM_INTERPRETERS: '0' is not a whole number from 1 to 1000");
}

TEST_CASE("a number of workers outside of 1 to 1000 is refused", "[options]") {
  const std::string value = GENERATE("0", "10000", "1001", "-1", "x", "4x", "1.5", "99999999999999999999");
  CHECK(refusal_of({"a.lua", "--threads=" + value}) ==
        "--threads: '" + value + "' is not a whole number from 1 to 1000");
  CHECK(refusal_of({"a.lua", "--processes=" + value}) ==
        "--processes: '" + value + "' is not a whole number from 1 to 1000");
}

TEST_CASE("the least and the most workers are accepted", "[options]") {
  CHECK(options_of({"a.lua", "--threads=1"}).count == 1);
  CHECK(options_of({"a.lua", "--threads=1000"}).count == 1000);
}

TEST_CASE("a number of workers that is not joined to its flag is refused", "[options]") {
  CHECK(refusal_of({"--threads", "4", "a.lua"}) ==
        "--threads 4: the number is joined to the flag: --threads=4");
}

TEST_CASE("a flag that is given twice is refused", "[options]") {
  CHECK(refusal_of({"a.lua", "--repeat=2", "--repeat=2"}) == "--repeat is given twice");
  CHECK(refusal_of({"a.lua", "--stats", "--stats"}) == "--stats is given twice");
  CHECK(refusal_of({"a.lua", "--threads=2", "--threads"}) == "--threads is given twice");
  CHECK(refusal_of({"a.lua", "--lock=gil", "--lock", "none"}) == "--lock is given twice");
}

TEST_CASE("two flags that set the same thing are refused", "[options]") {
  CHECK(refusal_of({"a.lua", "--threads=2", "--processes=2"}) ==
        "--threads and --processes cannot stand together");
  CHECK(refusal_of({"a.lua", "--gil", "--no-gil"}) == "--gil and --no-gil cannot stand together");
  CHECK(refusal_of({"a.lua", "-X", "gil=1", "--lock=gil"}) == "--lock and -X cannot stand together");
}

TEST_CASE("an unknown flag is refused with the nearest known one", "[options]") {
  CHECK(refusal_of({"a.lua", "--switch-intervall=5ms"}) ==
        "there is no flag --switch-intervall; did you mean --switch-interval?");
  CHECK(refusal_of({"a.lua", "--threds=4"}) == "there is no flag --threds; did you mean --threads?");
  CHECK(refusal_of({"a.lua", "--nogil"}) == "there is no flag --nogil; did you mean --no-gil?");
  CHECK(refusal_of({"a.lua", "--no_gil"}) == "there is no flag --no_gil; did you mean --no-gil?");
  CHECK(refusal_of({"a.lua", "--verbose"}) ==
        "there is no flag --verbose; to hand it to the script, write -- before it");
  CHECK(refusal_of({"a.lua", "-t4"}) == "there is no flag -t4; to hand it to the script, write -- before it");
}

TEST_CASE("a hostile word cannot break the one line", "[options]") {
  const std::string refusal = refusal_of({"a.lua", "--x\n\x1b[2J" + std::string(5000, 'y')});
  CHECK(refusal.find('\x1b') == std::string::npos);
  CHECK(refusal.size() < 200);
  CHECK(refusal_of({"a.lua", "--lock=\n\xff{0}"}) ==
        "--lock: '??{0}' is not a lock regime; accepted: gil, object, none");
}

TEST_CASE("a wrong value is refused with what is accepted", "[options]") {
  CHECK(refusal_of({"a.lua", "--lock=mutex"}) ==
        "--lock: 'mutex' is not a lock regime; accepted: gil, object, none");
  CHECK(refusal_of({"a.lua", "-X", "gil=2"}) == "-X: 'gil=2' is unknown; accepted: gil=1, gil=0");
  CHECK(refusal_of({"a.lua", "--switch-points=all"}) ==
        "--switch-points: 'all' is unknown; accepted: every, loops");
  CHECK(refusal_of({"a.lua", "--like=cpython"}) ==
        "--like: 'cpython' is unknown; accepted: cpython2.7, cpython3.9, cpython3.12, cpython3.14t, ruby3, "
        "none");
  CHECK(refusal_of({"a.lua", "--repeat=0"}) == "--repeat: '0' is not a whole number from 1 to 1000");
  CHECK(refusal_of({"a.lua", "--repeat=1001"}) == "--repeat: '1001' is not a whole number from 1 to 1000");
  CHECK(refusal_of({"a.lua", "--cores=0"}) == "--cores: '0' is not a whole number from 1 to 1024");
  CHECK(refusal_of({"a.lua", "--timeout=10"}) ==
        "--timeout: '10' has no unit; accepted are times such as 10s or 500ms");
  CHECK(refusal_of({"a.lua", "--timeout=0s"}) ==
        "--timeout: '0s' is not a time; accepted are times above 0 such as 10s or 500ms");
  CHECK(refusal_of({"a.lua", "--timeout=10i"}) ==
        "--timeout: '10i' is not a time; accepted are times above 0 such as 10s or 500ms");
  CHECK(refusal_of({"a.lua", "--lang=fr"}) == "--lang: 'fr' is unknown; accepted: pt-BR, en");
}

TEST_CASE("a missing, empty or superfluous value is refused", "[options]") {
  CHECK(refusal_of({"a.lua", "--lock"}) == "--lock needs a value: --lock=gil|object|none");
  CHECK(refusal_of({"a.lua", "--stats", "--repeat"}) == "--repeat needs a value: --repeat=N");
  CHECK(refusal_of({"a.lua", "--repeat", "--"}) == "--repeat needs a value: --repeat=N");
  CHECK(refusal_of({"a.lua", "--repeat", "--stats"}) == "--repeat needs a value: --repeat=N");
  CHECK(refusal_of({"--lock=", "a.lua"}) == "--lock has an empty value");
  CHECK(refusal_of({"a.lua", "--threads="}) == "--threads has an empty value");
  CHECK(refusal_of({"a.lua", "--no-gil=1"}) == "--no-gil takes no value");
  CHECK(refusal_of({"a.lua", "--json=x", "--stats"}) == "--json takes no value");
}

TEST_CASE("what is not in this version yet is refused by name", "[options]") {
  const std::string command = GENERATE("lesson", "trace", "lab");
  CHECK(refusal_of({command, "a.lua"}) == "the command " + command + " is not in this version yet");
}

TEST_CASE("without a script, lines are read from a terminal, or else a script from standard input",
          "[options]") {
  const auto alone = [](const Words& words, const Variables& variables = {}) {
    return std::get<Options>(parse(words, variables, true, true));
  };
  CHECK(alone({}).interactive);
  CHECK(alone({}).scripts.empty());
  CHECK(alone({"--no-gil", "--timeout=5s", "--stats"}).lock.regime == LockRegime::kNone);
  CHECK(alone({}, {{"GILVM_SWITCH_INTERVAL", "1ms"}}).lock.interval.time == std::chrono::milliseconds(1));
  CHECK(alone({}, {{"GILVM_THREADS", "4"}, {"GILVM_REPEAT", "2"}, {"GILVM_JSON", "1"}}).interactive);
  CHECK_FALSE(alone({"a.lua"}).interactive);
  CHECK_FALSE(alone({"-"}).interactive);
  CHECK_FALSE(options_of({}).interactive);
  CHECK(options_of({"--no-gil"}).scripts == Words{"-"});
}

TEST_CASE("typed lines have no workers, repetitions or results", "[options]") {
  const std::string flag = GENERATE("--threads", "--processes=2", "--repeat=2", "--json");
  const auto result = parse({flag}, {}, true, true);
  const FinalText* final_text = std::get_if<FinalText>(&result);
  REQUIRE(final_text);
  const std::string name = flag.substr(0, flag.find('='));
  CHECK(final_text->text == "gilvm: " + name + " needs a script: gilvm " + name + " SCRIPT\n");
}

TEST_CASE("a missing script is refused", "[options]") {
  CHECK(refusal_of({"run"}) == "run needs a script: gilvm run SCRIPT");
  CHECK(refusal_of({"compare", "--threads=4"}) == "compare needs a script: gilvm compare SCRIPT");
  CHECK(refusal_of({"dis"}) == "dis needs a script: gilvm dis SCRIPT");
}

TEST_CASE("a mistyped command is refused, and a script of that name can still be run", "[options]") {
  CHECK(refusal_of({"comapre", "a.lua"}) ==
        "there is no command comapre; did you mean compare? (a script of that name: gilvm run comapre)");
  CHECK(options_of({"run", "comapre"}).scripts == Words{"comapre"});
  CHECK(options_of({"./runn"}).scripts == Words{"./runn"});
  CHECK(options_of({"run", "explore"}).scripts == Words{"explore"});
}

TEST_CASE("a schedule is chosen by its name, and its seed is any 64 bits", "[options]") {
  CHECK(options_of({"a.lua"}).schedule == ScheduleKind::kOs);
  CHECK(options_of({"a.lua", "--schedule=os"}).schedule == ScheduleKind::kOs);
  CHECK(options_of({"a.lua", "--schedule=round-robin"}).schedule == ScheduleKind::kRoundRobin);
  CHECK(options_of({"a.lua", "--schedule", "pct"}).schedule == ScheduleKind::kPct);
  const Options options = options_of({"a.lua", "--schedule=random", "--seed=18446744073709551615"});
  CHECK(options.schedule == ScheduleKind::kRandom);
  CHECK(options.seed == UINT64_MAX);
  CHECK(options_of({"a.lua"}, {{"GILVM_SCHEDULE", "random"}, {"GILVM_SEED", "3"}}).seed == 3);
}

TEST_CASE("a deterministic schedule has the same number of workers on every machine", "[options]") {
  Surroundings surroundings;
  surroundings.cores = 64;
  const Words words = {"a.lua", "--threads", "--schedule=random"};
  CHECK(std::get<Options>(parse_options(words, surroundings)).count == 2);
}

TEST_CASE("what no schedule decides is refused with one", "[options]") {
  CHECK(refusal_of({"a.lua", "--schedule=dice"}) ==
        "--schedule: 'dice' is unknown; accepted: os, random, round-robin, pct; a recorded schedule is for "
        "gilvm replay");
  CHECK(refusal_of({"a.lua", "--schedule=random", "--seed=-1"}) ==
        "--seed: '-1' is not a whole number from 0 to 18446744073709551615");
  const std::string seed_alone = "--seed needs --schedule=random, --schedule=round-robin or --schedule=pct";
  CHECK(refusal_of({"a.lua", "--seed=7"}) == seed_alone);
  CHECK(refusal_of({"a.lua", "--seed=7", "--schedule=os"}) == seed_alone);
  CHECK(refusal_of({"a.lua", "--schedule=pct", "--processes=2"}) ==
        "--schedule=pct decides over threads; it cannot schedule what --processes asks for");
  CHECK(refusal_of({"a.lua", "--schedule=pct", "--interpreters=2"}) ==
        "--schedule=pct decides over threads; it cannot schedule what --interpreters asks for");
  CHECK(refusal_of({"compare", "a.lua", "--schedule=random"}) == "compare does not take --schedule");
  CHECK(options_of({"compare", "a.lua"}, {{"GILVM_SCHEDULE", "random"}}).schedule == ScheduleKind::kOs);
}

TEST_CASE("replay takes a schedule before the script, and no flag that the schedule settles", "[options]") {
  const Options options = options_of({"replay", "a-schedule", "a.lua", "--continue", "5", "b.lua"});
  CHECK(options.command == Command::kReplay);
  CHECK(options.recorded == "a-schedule");
  CHECK(options.scripts == Words{"a.lua"});
  CHECK(options.arguments == Words{"5", "b.lua"});
  CHECK(options.goes_on);
  CHECK(refusal_of({"replay", "a-schedule"}) ==
        "replay needs a schedule and a script: gilvm replay SCHEDULE SCRIPT");
  CHECK(refusal_of({"replay", "a-schedule", "a.lua", "--no-gil"}) == "replay does not take --no-gil");
  CHECK(refusal_of({"a.lua", "--continue"}) == "run does not take --continue");
}

TEST_CASE("race runs ten random schedules without the GIL unless told otherwise", "[options]") {
  const Options plain = options_of({"race", "a.lua"});
  CHECK(plain.lock.regime == LockRegime::kNone);
  CHECK(plain.schedule == ScheduleKind::kRandom);
  CHECK(plain.repeat == 10);
  CHECK(plain.count == 2);
  const Options other = options_of({"race", "--gil", "--schedule=pct", "--repeat=3", "--threads=4", "a.lua"});
  CHECK(other.lock.regime == LockRegime::kGil);
  CHECK(other.schedule == ScheduleKind::kPct);
  CHECK(other.repeat == 3);
  CHECK(other.count == 4);
  CHECK(options_of({"race", "--threads", "a.lua", "b.lua"}).scripts.size() == 2);
  CHECK(refusal_of({"race", "--processes=2", "a.lua"}) == "race does not take --processes");
  CHECK(refusal_of({"race", "--schedule=os", "a.lua"}) ==
        "race decides over threads by itself: --schedule=random, --schedule=round-robin or --schedule=pct");
}

TEST_CASE("races are detected where the schedule is deterministic", "[options]") {
  CHECK(options_of({"--detect-races", "--schedule=random", "a.lua"}).detect_races);
  CHECK(options_of({"replay", "--detect-races", "1", "a.lua"}).detect_races);
  CHECK(refusal_of({"--detect-races", "a.lua"}) ==
        "--detect-races needs --schedule=random, --schedule=round-robin or --schedule=pct");
  CHECK(refusal_of({"race", "--detect-races", "a.lua"}) == "race does not take --detect-races");
}

TEST_CASE("dis refuses what it has no use for", "[options]") {
  CHECK(refusal_of({"dis", "a.lua", "--threads=4"}) == "dis does not take --threads");
  CHECK(refusal_of({"dis", "a.lua", "b.lua"}) == "dis takes one script, so 'b.lua' is too many");
}

TEST_CASE("help fits 80 columns in both languages and names nothing that is not there", "[options]") {
  const std::string language = GENERATE("--lang=en", "--lang=pt-BR");
  const std::string command = GENERATE("", "run", "compare", "explore", "race", "replay", "dis");
  const std::string help =
      help_of(command.empty() ? Words{"--help", language} : Words{command, "-h", language});
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(display_width(line) <= 80);
  }
  for (const char* later : {"gilvm lab"}) {
    CHECK(help.find(later) == std::string::npos);
  }
}

TEST_CASE("help is given whatever else is wrong, and in the language asked for", "[options]") {
  CHECK(help_of({"run", "--help", "--foo", "--threads=0"}).starts_with("Usage: gilvm [run]"));
  CHECK(help_of({"run", "--help", "--lang=pt-BR"}).starts_with("Uso: gilvm [run]"));
  CHECK(help_of({"help", "dis"}).starts_with("Usage: gilvm dis"));
  CHECK(help_of({"--version"}).starts_with("gilvm "));
}

TEST_CASE("the language is found in the order of gettext", "[options]") {
  const auto language = [](const Words& words, const Variables& variables) {
    Words all = {"a.lua"};
    all.insert(all.end(), words.begin(), words.end());
    return options_of(all, variables).language;
  };
  CHECK(language({}, {}) == Language::kEnglish);
  CHECK(language({}, {{"LANG", "pt_BR.UTF-8"}}) == Language::kPortuguese);
  CHECK(language({}, {{"LANG", "pt_BR.UTF-8"}, {"LC_MESSAGES", "en_US"}}) == Language::kEnglish);
  CHECK(language({}, {{"LC_ALL", "pt_BR"}, {"LC_MESSAGES", "en_US"}}) == Language::kPortuguese);
  CHECK(language({}, {{"LC_ALL", ""}, {"LANG", "pt_BR"}}) == Language::kPortuguese);
  CHECK(language({}, {{"LANG", "en_US"}, {"LANGUAGE", "fr:pt_BR:en"}}) == Language::kPortuguese);
  CHECK(language({}, {{"LANG", "C"}, {"LANGUAGE", "pt_BR"}}) == Language::kEnglish);
  CHECK(language({}, {{"GILVM_LANG", "en"}, {"LC_ALL", "pt_BR"}}) == Language::kEnglish);
  CHECK(language({"--lang=pt-BR"}, {{"GILVM_LANG", "en"}}) == Language::kPortuguese);
  CHECK(language({"--lang", "en"}, {{"LC_ALL", "pt_BR"}}) == Language::kEnglish);
}

TEST_CASE("a refusal is in the chosen language", "[options]") {
  CHECK(refusal_of({"a.lua", "--stats", "--stats", "--lang=pt-BR"}) == "--stats aparece duas vezes");
  CHECK(refusal_of({"a.lua", "--threads=0"}, {{"LANG", "pt_BR.UTF-8"}}) ==
        "--threads: '0' não é um número inteiro de 1 a 1000");
}

TEST_CASE("colour is only for a terminal, and not under NO_COLOR or --json", "[options]") {
  const auto color = [](const Words& words, const Variables& variables, bool terminal) {
    return std::get<Options>(parse(words, variables, terminal)).color;
  };
  CHECK(color({"a.lua"}, {}, true));
  CHECK(color({"a.lua"}, {{"NO_COLOR", ""}}, true));
  CHECK_FALSE(color({"a.lua"}, {}, false));
  CHECK_FALSE(color({"a.lua"}, {{"NO_COLOR", "1"}}, true));
  CHECK_FALSE(color({"a.lua"}, {{"TERM", "dumb"}}, true));
  CHECK_FALSE(color({"a.lua", "--json"}, {}, true));
}

TEST_CASE("compare runs six worlds, and those that agree with the lock that is given", "[options]") {
  const auto worlds = [](const Words& flags) {
    Words words = {"compare", "a.lua"};
    words.insert(words.end(), flags.begin(), flags.end());
    return worlds_to_compare(options_of(words));
  };
  const std::vector<World> all = worlds({"--threads=4", "--switch-interval=9i"});
  REQUIRE(all.size() == 6);
  CHECK(all[0].lock.points == SwitchPoints::kEvery);
  CHECK(all[1].lock.points == SwitchPoints::kLoops);
  CHECK(all[1].lock.interval.instructions == 9);
  CHECK(all[2].lock.regime == LockRegime::kObject);
  CHECK(all[3].lock.regime == LockRegime::kNone);
  CHECK(all[4].workers == WorkerKind::kInterpreters);
  CHECK(all[5].workers == WorkerKind::kProcesses);
  CHECK(worlds({"--no-gil"}).size() == 3);
  CHECK(worlds({"--lock=object"}).size() == 3);
  CHECK(worlds({"--gil"}).size() == 4);
  CHECK(worlds({"--switch-points=loops"}).size() == 5);
  CHECK(worlds({"--like=cpython3.12"}).size() == 3);
  CHECK(options_of({"compare", "a.lua"}).repeat == 5);
}

}  // namespace gilvm
