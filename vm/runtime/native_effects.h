// What native functions do to what threads share, as far as it is known: the one list of them, which the
// explorer and the race detector read. Of one that is not known, the explorer assumes everything, and the
// detector nothing.
//
// Threads: one at a time.
#pragma once

#include <unordered_map>

#include "vm/runtime/vm.h"

namespace gilvm {

enum class NativeTouch : std::uint8_t {
  kAnything,   // what is not known
  kNone,       // looks at its arguments only as far as they cannot change
  kShows,      // the same, and may make a text of an object's address
  kReads,      // reads its tables, as an operator would
  kWrites,     // and writes them
  kReadsRaw,   // reads its tables past their metamethods
  kWritesRaw,  // and writes them
  // Changes the object of C++ that is its first argument. Where it calls a script's function, to make an
  // error, it touches the object no more.
  kWritesObject,
};

// What it does with the elements of the table that is its first argument: the library's function of that
// name.
enum class TableOperation : std::uint8_t {
  kNone,  // nothing, or nothing that is known in that detail
  kInsert,
  kRemove,
  kSort,
  kConcat,
  kUnpack,
  kMove,
  // Past the metamethods.
  kRawGet,
  kRawSet,
  kRawLength,
  kNext,
};

class NativeEffects {
 public:
  // Looks up the library's functions in a VM where no script has run yet.
  void learn(VmThread& thread);
  bool is_empty() const { return effects_.empty(); }
  // Called with that first argument.
  NativeTouch touch_of(const NativeFunction& function, Value first) const;
  TableOperation operation_of(const NativeFunction& function) const {
    const auto known = effects_.find(function.code);
    return known == effects_.end() ? TableOperation::kNone : known->second.operation;
  }

 private:
  struct Effect {
    NativeTouch touch = NativeTouch::kAnything;
    TableOperation operation = TableOperation::kNone;
  };
  struct Known;
  static const std::initializer_list<Known> kKnown;

  std::unordered_map<NativeCode, Effect> effects_;
};

}  // namespace gilvm
