// Where the scripts of a VM find their modules: for a VM that another one's scripts make.
//
// Threads: any attached thread.
#pragma once

#include <optional>
#include <string>

#include "vm/runtime/vm.h"

namespace gilvm {

// package.path and package.cpath; nothing for one that is no string.
struct ModulePaths {
  std::optional<std::string> path, cpath;
};

ModulePaths module_paths_of(VmThread& thread);
void set_module_paths(VmThread& thread, const ModulePaths& paths);

}  // namespace gilvm
