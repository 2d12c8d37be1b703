// How a module that is built in becomes visible to scripts.
//
// Threads: REQUIRES that only one thread exists, as all that opens a library.
#pragma once

#include "vm/lib/library.h"

namespace gilvm {

// Makes `module` a global and a loaded module (Lua manual §6.3, package.loaded). open_base() made the table
// of those.
inline void publish_module(VmThread& thread, const char* name, Table* module) {
  set_field(thread, thread.vm().globals, name, Value::table(module));
  Value loaded = thread.vm().registry->get(Value::string(thread.string("_LOADED")));
  if (loaded.is_table()) set_field(thread, loaded.as_table(), name, Value::table(module));
}

}  // namespace gilvm
