// What the race detector has found in a run, in words that outlive the run's VM.
//
// Threads: plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gilvm {

struct HeldLock {
  std::string name;  // as the script calls it; empty: not known
  std::string file;  // where the thread took it
  std::int32_t line = 0;
};

struct FoundAccess {
  std::string file;
  std::int32_t line = 0;
  std::string thread;
  std::string started_at;  // "a.lua:12"; empty: no script has started the thread
  bool writes = false;
  bool adds_key = false;  // kGrowth: else it stores at a key that is there
  std::vector<HeldLock> locks;
  std::vector<std::string> traceback;  // innermost first
  HeldLock takes;                      // kLockOrder: what it takes there, with the name alone
};

struct RaceFinding {
  enum class Kind : std::uint8_t {
    kRace,       // two accesses, one of them a write, with nothing that orders them
    kWrongLock,  // the same, where both hold a lock, but none in common
    // Two accesses to a table that has no lock of its own: one adds a key, so that the table may have to
    // grow, which loses what the other one stores at another key meanwhile.
    kGrowth,
    // Three accesses: one thread has read a value, another one has written, and then the first has written
    // what it made of the value that it had read.
    kLostUpdate,
    kLockOrder,  // an access for each lock of a cycle: where a thread takes it that holds the one before
    kDeadlock,   // every thread waits; an access for each, which is no access but where it waits
  };

  Kind kind = Kind::kRace;
  std::string variable;  // kLockOrder: the locks
  std::vector<FoundAccess> accesses;
  std::string report;    // kDeadlock: who waits for whom
  std::string schedule;  // of a run that shows it
  // How many switches it has, and how many the schedule had of which it is what is left.
  struct Switches {
    std::uint64_t left = 0, before = 0;
  };
  std::optional<Switches> switches;  // nothing: it was not shrunk

  // The same for findings that differ only in when they were seen.
  std::string identity() const;
  // Where the accesses are, "file:line" each, sorted.
  std::vector<std::string> places() const;
};

}  // namespace gilvm
