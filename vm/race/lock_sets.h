// Sets of locks, each set once and known by a number: what a thread holds at an access is four bytes to keep.
//
// Threads: plain data.
// Invariants:
//  (1) Set 0 is empty; the locks of a set are in ascending order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace gilvm {

using LockNumber = std::uint32_t;

class LockSets {
 public:
  using Set = std::uint32_t;
  static constexpr Set kEmpty = 0;

  const std::vector<LockNumber>& of(Set set) const { return *sets_[set]; }
  Set with(Set set, LockNumber lock) {
    std::vector<LockNumber> locks = of(set);
    const auto place = std::lower_bound(locks.begin(), locks.end(), lock);
    if (place != locks.end() && *place == lock) return set;
    locks.insert(place, lock);
    return number_of(std::move(locks));
  }
  Set without(Set set, LockNumber lock) {
    std::vector<LockNumber> locks = of(set);
    std::erase(locks, lock);
    return number_of(std::move(locks));
  }
  bool share(Set one, Set other) const {
    for (const LockNumber lock : of(one)) {
      if (std::binary_search(of(other).begin(), of(other).end(), lock)) return true;
    }
    return false;
  }

 private:
  Set number_of(std::vector<LockNumber> locks) {
    const auto [found, is_new] = numbers_.try_emplace(std::move(locks), static_cast<Set>(sets_.size()));
    if (is_new) sets_.push_back(&found->first);
    return found->second;
  }

  std::map<std::vector<LockNumber>, Set> numbers_ = {{{}, kEmpty}};
  std::vector<const std::vector<LockNumber>*> sets_ = {&numbers_.begin()->first};
};

}  // namespace gilvm
