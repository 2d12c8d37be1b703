// The names that may stand at the end of what a user has typed: globals, fields, keywords.
#pragma once

#include <string>
#include <vector>

#include "vm/runtime/vm_thread.h"

namespace gilvm {

// Whole words in the order of their letters, each beginning with the last, unfinished word of `text`, which
// may be empty behind a '.' or ':'. No script runs for it: of __index, only tables are looked at. REQUIRES:
// attached. No safepoint.
std::vector<std::string> completions(VmThread& thread, const std::string& text);

}  // namespace gilvm
