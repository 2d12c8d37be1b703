// Scripts that test the module `concurrent.interpreters`.
#pragma once

#include <string>

#include "tests/lib/script_vm.h"

namespace gilvm {

// In line 1, so that the script itself begins in line 2.
//   problem(f, ...)   the error of f(...) as a text, or "none"
inline const char* const kInterpretersPrelude =
    "local interpreters, threading = require 'interpreters', require 'threading' "
    "local function problem(f, ...) local ok, e = pcall(f, ...) return ok and 'none' or tostring(e) end\n";

// With several VMs, which no schedule has.
inline std::string run_interpreters(const std::string& source) {
  return run_in_system_threads(kInterpretersPrelude + source);
}

// With their queues alone.
inline std::string run_interpreter_queues(const std::string& source) {
  return run_in_each_regime(kInterpretersPrelude + source);
}

}  // namespace gilvm
