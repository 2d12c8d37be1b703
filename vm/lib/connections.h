// Connections of the module `multiprocessing`, as native code makes them.
#pragma once

#include "vm/lib/library.h"

namespace gilvm {

// Adds the type `Connection` to the VM, and what makes and waits for connections to the module
// `_multiprocessing`.
void add_connections(VmThread& thread, Table* module);

}  // namespace gilvm
