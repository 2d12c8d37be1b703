// Random numbers that a seed determines, the same on every machine: splitmix64 (Steele, Lea, Flood: Fast
// Splittable Pseudorandom Number Generators, OOPSLA 2014).
#pragma once

#include <cstdint>

namespace gilvm {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t mixed = state_ += 0x9E3779B97F4A7C15;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    return mixed ^ (mixed >> 31);
  }
  // Less than `limit`. REQUIRES: 0 < limit < 2^32; it is even enough as long as `limit` is far less.
  std::uint64_t below(std::uint64_t limit) { return (next() >> 32) * limit >> 32; }

 private:
  std::uint64_t state_;
};

}  // namespace gilvm
