// What native functions do to what threads share, as far as it is known. Of one that is not known, everything
// is assumed.
//
// Threads: one at a time.
#pragma once

#include <unordered_map>

#include "vm/runtime/vm.h"

namespace gilvm {

enum class NativeEffect : std::uint8_t {
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

class NativeEffects {
 public:
  // Looks up the library's functions in a VM where no script has run yet.
  void learn(VmThread& thread);
  bool is_empty() const { return effects_.empty(); }
  // Called with that first argument.
  NativeEffect of(const NativeFunction& function, Value first) const;

 private:
  std::unordered_map<NativeCode, NativeEffect> effects_;
};

}  // namespace gilvm
