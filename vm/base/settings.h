// What the learner chooses: what protects the VM, how long a thread may hold it, where it may switch.
//
// Plain data, set before a VM is made and constant while it lives; `sys.setswitchinterval` alone changes
// the interval of a running VM, through the Gil.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gilvm {

// What protects a VM's data from its own threads.
enum class LockRegime : std::uint8_t {
  kGil,     // one lock for the whole VM, as CPython
  kObject,  // a lock for each table, as free-threaded CPython (PEP 703)
  kNone,    // nothing
};

constexpr std::string_view name_of(LockRegime regime) {
  switch (regime) {
    case LockRegime::kGil: return "gil";
    case LockRegime::kObject: return "object";
    case LockRegime::kNone: break;
  }
  return "none";
}
constexpr std::optional<LockRegime> lock_regime(std::string_view name) {
  for (const LockRegime regime : {LockRegime::kGil, LockRegime::kObject, LockRegime::kNone}) {
    if (name == name_of(regime)) return regime;
  }
  return std::nullopt;
}

// Where the GIL may be handed over.
enum class SwitchPoints : std::uint8_t {
  kEvery,  // at every instruction, as CPython 3.9 and older
  kLoops,  // at backward jumps and function entry, as CPython 3.10 and newer
};

// How long a thread may hold the GIL while another one wants it.
struct SwitchInterval {
  // Exactly one of the two is in force: a count when `instructions` is not 0, a time otherwise.
  std::chrono::nanoseconds time = std::chrono::milliseconds(5);
  std::uint64_t instructions = 0;

  bool counted() const { return instructions != 0; }
};

// Who gets the GIL before others.
enum class GilPolicy : std::uint8_t {
  kInterval,  // nobody: each waits for a switch interval before it asks for the lock, as in CPython
  kIoFirst,   // who is back from a call that blocked: it asks at once
};

constexpr std::string_view name_of(GilPolicy policy) {
  return policy == GilPolicy::kIoFirst ? "io-first" : "interval";
}
constexpr std::optional<GilPolicy> gil_policy(std::string_view name) {
  for (const GilPolicy policy : {GilPolicy::kInterval, GilPolicy::kIoFirst}) {
    if (name == name_of(policy)) return policy;
  }
  return std::nullopt;
}

struct LockSettings {
  LockRegime regime = LockRegime::kGil;
  SwitchInterval interval;
  SwitchPoints points = SwitchPoints::kEvery;
  GilPolicy policy = GilPolicy::kInterval;
};

// Who decides which thread runs.
enum class ScheduleKind : std::uint8_t {
  kOs,          // the operating system
  kRoundRobin,  // the others, which are deterministic: each thread in its turn,
  kRandom,      // anyone,
  kPct,         // or by priorities that change a few times
};

// What an experiment runs its workers in.
enum class WorkerKind : std::uint8_t { kThreads, kInterpreters, kProcesses };

}  // namespace gilvm
