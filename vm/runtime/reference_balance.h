// Does the ledger of reference counts agree with the references that there are? And how many are there to
// one object, where no ledger is kept?
//
// Threads: an attached one, at a safepoint.
#pragma once

#include "vm/runtime/vm.h"

namespace gilvm {

struct ReferenceBalance {
  std::uint64_t objects = 0;  // that have a count, or had one when they were collected
  WrongCounts wrong;
};

// Collects, then compares each object's count with a walk through all tables and captured variables. Adds
// what the collections of the run have found. REQUIRES: Vm::heap().counts().
ReferenceBalance balance_references(VmThread& thread);

// The references to an object from tables and captured variables, found by a collection and such a walk.
std::int64_t references_to(VmThread& thread, Value object);

}  // namespace gilvm
