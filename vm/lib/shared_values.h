// Value, Array and SharedMemory of the module `multiprocessing`.
#pragma once

#include "vm/lib/library.h"

namespace gilvm {

// Adds the types to the VM, and what makes them to the module `_multiprocessing`.
void add_shared_values(VmThread& thread, Table* module);

}  // namespace gilvm
