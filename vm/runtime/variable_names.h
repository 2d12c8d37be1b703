// What a message calls a value: "local 'x'", "field 'name'", "global 'print'".
//
// Worked out from the Lua instructions that a function was translated from, as liblua does it (ldebug.c):
// find the instruction that last set a register, and say where its value came from.
#pragma once

#include <cstdint>
#include <string>

#include "vm/object/function.h"

namespace gilvm {

struct VariableName {
  std::string kind;  // "local", "upvalue", "global", "field", "method", "constant"; empty: not known
  std::string name;

  bool known() const { return !kind.empty(); }
  // " (local 'x')", or nothing.
  std::string in_parentheses() const { return known() ? " (" + kind + " '" + name + "')" : ""; }
};

// Of the value in register `reg` at the Lua instruction `position`.
VariableName name_of_register(const Prototype& prototype, std::int32_t position, unsigned reg);
// Of upvalue `index`.
VariableName name_of_upvalue(const Prototype& prototype, unsigned index);
// Of the function that the Lua instruction at `position` calls; `kind` may be "metamethod" or "for iterator"
// too.
VariableName name_of_called(const Prototype& prototype, std::int32_t position);
// How the source writes what stands in register `reg` at `position`: "counter", "threading.Lock",
// "lock:acquire", "forks[first]". Parts that are not known are "?"; empty where nothing is.
std::string path_of_register(const Prototype& prototype, std::int32_t position, unsigned reg);
// The same of the table that the instruction at `position` indexes or takes the length of, and of the
// function that it calls.
std::string path_of_indexed(const Prototype& prototype, std::int32_t position);
std::string path_of_called(const Prototype& prototype, std::int32_t position);
// Of the object whose method is called there: `lock` of lock:acquire().
VariableName name_of_receiver(const Prototype& prototype, std::int32_t position);
// The name of the local variable in register `reg` (counted from 0) at `position`, or nothing.
std::string name_of_local(const Prototype& prototype, std::int32_t position, unsigned reg);

}  // namespace gilvm
