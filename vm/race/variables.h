// The history of each variable that threads have touched.
//
// A variable is an object and, of a table, a key: SharedAccess has both. An object that was collected leaves
// its variables here until another one gets its address; its identity hash tells them apart.
//
// Threads: the OS thread of the scheduler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "vm/race/shared_accesses.h"
#include "vm/race/variable_history.h"

namespace gilvm {

struct Variable {
  const Object* object = nullptr;
  std::uint32_t identity = 0;
  SharedAccess::Part part = SharedAccess::Part::kContent;
  std::uint64_t key = 0;
  std::uint32_t version = 0;  // how often it was written
  VariableHistory history;
  GrowthHistory growth;  // kLength, kKeys: instead of that
};

class Variables {
 public:
  // Stays where it is until clear().
  Variable& of(const SharedAccess& access) {
    if ((variables_.size() + 1) * 2 > places_.size()) grow();
    const std::size_t mask = places_.size() - 1;
    for (std::size_t place = hash_of(access.object, access.key, access.part) & mask;;
         place = (place + 1) & mask) {
      if (places_[place] == 0) {
        variables_.emplace_back();
        places_[place] = static_cast<std::uint32_t>(variables_.size());
        return begin(variables_.back(), access);
      }
      Variable& variable = variables_[places_[place] - 1];
      if (variable.object == access.object && variable.key == access.key && variable.part == access.part) {
        return variable.identity == access.object->word ? variable : begin(variable, access);
      }
    }
  }
  void clear() {
    variables_.clear();
    places_.assign(places_.size(), 0);
  }

 private:
  static std::size_t hash_of(const Object* object, std::uint64_t key, SharedAccess::Part part) {
    std::uint64_t hash = (reinterpret_cast<std::uintptr_t>(object) >> 3) + static_cast<std::uint64_t>(part);
    hash = (hash ^ key) * 0x9E3779B97F4A7C15ULL;
    return static_cast<std::size_t>(hash ^ hash >> 29);
  }
  static Variable& begin(Variable& variable, const SharedAccess& access) {
    variable = Variable();
    variable.object = access.object;
    variable.identity = access.object->word;
    variable.part = access.part;
    variable.key = access.key;
    return variable;
  }
  void grow() {
    places_.assign(std::max<std::size_t>(1024, places_.size() * 2), 0);
    const std::size_t mask = places_.size() - 1;
    std::uint32_t number = 0;
    for (const Variable& variable : variables_) {
      std::size_t place = hash_of(variable.object, variable.key, variable.part) & mask;
      while (places_[place] != 0) place = (place + 1) & mask;
      places_[place] = ++number;
    }
  }

  std::deque<Variable> variables_;
  std::vector<std::uint32_t> places_;  // open addressing: a number of variables_ and 1, or 0
};

}  // namespace gilvm
