// What a step of a thread reads or writes, as far as another thread could notice.
//
// An object is known by its identity hash, a key by a hash of it: both are the same in every run that has
// come to the same state, unlike addresses. Two that have the same hash are taken for one: then a schedule
// more may be run than is needed, and never one less.
//
// Threads: plain data.
#pragma once

#include <cstdint>

namespace gilvm {

struct Access {
  static constexpr std::uint32_t kWhole = 0;     // as a key: all of the object
  static constexpr std::uint32_t kAnything = 0;  // as an object: all that there is
  static constexpr std::uint32_t kPlaces = 1;    // as an object: where threads wait, a key each
  static constexpr std::uint32_t kEnds = 2;      // that a thread has ended, a key each
  static constexpr std::uint32_t kNumbers = 3;   // the numbers by which scripts are shown addresses
  static constexpr std::uint32_t kFirstObject = 4;

  std::uint32_t object;
  std::uint32_t key;
  bool writes;

  static Access anything() { return {kAnything, kWhole, true}; }
  bool operator==(const Access&) const = default;
};

// Does their order matter?
inline bool conflict(const Access& one, const Access& other) {
  if (!one.writes && !other.writes) return false;
  if (one.object == Access::kAnything || other.object == Access::kAnything) return true;
  return one.object == other.object &&
         (one.key == other.key || one.key == Access::kWhole || other.key == Access::kWhole);
}

}  // namespace gilvm
