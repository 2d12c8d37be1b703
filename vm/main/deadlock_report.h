// What is said when every thread waits for another: who waits for what, who has it, and where he took it.
#pragma once

#include <string>
#include <vector>

#include "vm/base/race_finding.h"
#include "vm/runtime/vm.h"

namespace gilvm {

// Lines for the user. REQUIRES: every thread of `vm` waits, and goes on waiting meanwhile.
std::string deadlock_report(Vm& vm);
// The same in one line, without the main thread: who waits for what, and who goes round in a loop instead.
std::string waits_in_one_line(Vm& vm);
// Where they wait, as a finding has it. REQUIRES: the same.
std::vector<FoundAccess> waiting_threads(Vm& vm);

}  // namespace gilvm
