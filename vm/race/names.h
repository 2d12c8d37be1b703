// What a finding calls the variables and locks of a program: as the script does where it uses them.
//
// Threads: any, while the prototypes exist.
#pragma once

#include <string>

#include "vm/race/shared_accesses.h"

namespace gilvm {

// "counter", "account.balance", "list[3]", "#list": what that instruction reads or writes.
std::string name_of_variable(const Prototype& prototype, const CodeWord* instruction,
                             const SharedAccess& access);
// What the method that is called there belongs to: "lock" of lock:acquire(); empty: not known.
std::string name_of_object(const Prototype& prototype, const CodeWord* call);

}  // namespace gilvm
