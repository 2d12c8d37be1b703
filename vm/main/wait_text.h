// What a thread waits for, as a report says it.
//
// Threads: any, while the thread waits.
#pragma once

#include <string>

#include "vm/runtime/vm.h"

namespace gilvm {

// "for the end of T1", "for the Lock that T2 took at a.lua:7"; empty where it is not known.
std::string wait_text(const VmThread& thread);

}  // namespace gilvm
