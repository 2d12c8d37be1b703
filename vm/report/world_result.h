// What a run of a script in a world came to, as plain data: what the tables and the JSON are made from.
//
// The strings are text to show and to write into JSON as they are; nothing here knows a VM.
//
// Threads: plain data; whoever owns it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gilvm {

// A kind of worker with a lock regime, in the words of the command line.
struct WorldDescription {
  std::string workers = "threads";  // "threads", "interpreters" or "processes"
  std::string lock = "gil";         // "gil", "object" or "none"
  std::string switch_interval = "5ms";
  std::string switch_points = "every";  // "every" or "loops"
  std::string gil_policy = "interval";  // "interval" or "io-first"
};

struct GilFigures {
  std::uint64_t switches = 0;  // how often the GIL went from one thread to another
  std::uint64_t requests = 0;  // how often a waiter asked the holder to give it up
  double held_seconds = 0;
  double waited_seconds = 0;
};

// One VM thread's line of --stats.
struct ThreadStatistics {
  std::string name;
  GilFigures gil;
};

// A schedule that fails in the same way, with fewer switches.
struct ShrunkSchedule {
  std::string schedule;
  std::uint64_t switches = 0;
  std::uint64_t switches_before = 0;
  nlohmann::json observed;  // in it; null: the experiment has not come to that, or there is none
};

struct RepeatResult {
  nlohmann::json expected;  // null: the script expects nothing
  nlohmann::json observed;
  bool ok = false;  // expected == observed
  double wall_seconds = 0;
  double cpu_seconds = 0;  // of all threads and child processes together
  GilFigures gil;
  std::string schedule;  // what gilvm replay takes; empty where nothing decides over the threads
  std::optional<ShrunkSchedule> shrunk;
  std::string error;  // not empty: the run failed, and the fields above mean nothing
};

struct RunResult {
  std::string script;
  std::string name;  // the experiment's, or the script's when it is not one
  WorldDescription world;
  unsigned workers = 1;
  std::vector<RepeatResult> repeats;
  double single_wall_seconds = 0;  // what one worker takes in the same world; 0: not measured
};

struct CompareResult {
  std::string script;
  std::string name;
  std::vector<RunResult> worlds;
};

}  // namespace gilvm
