// The schedule of a program that has run: what its text says beside the steps.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vm/main/script_host.h"

namespace gilvm {

// Of the scripts and their arguments.
std::uint32_t fingerprint_of(const std::vector<Script>& scripts, const std::vector<std::string>& arguments);

// The steps of `host`, which has finished, with what else a replay needs to know. `workers`: 0: there are
// none.
RecordedSchedule complete_schedule(const ScriptHost& host, const LockSettings& lock, std::uint32_t program,
                                   unsigned workers);

}  // namespace gilvm
