// Does an instruction store what another one of the same function has read, or what was computed from it?
//
// Only registers are followed, backwards from the store through moves, arithmetic, concatenation and calls,
// as the instructions stand in the code. What goes through a table or another function's variables is not
// seen.
//
// Threads: any.
#pragma once

#include "vm/object/function.h"

namespace gilvm {

// REQUIRES: both are instructions of `prototype`, and `store` writes to a captured local or a table.
bool stores_what_was_read(const Prototype& prototype, const CodeWord* read, const CodeWord* store);

}  // namespace gilvm
