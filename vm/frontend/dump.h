// A function as a binary chunk, in the format that read_chunk() reads: Lua 5.4's (ldump.c).
//
// Threads: any; a prototype does not change.
#pragma once

#include <string>

#include "vm/object/function.h"

namespace gilvm {

// `strip`: without lines, names and the source. Where locals are captured, the ranges of the locals stay, as
// without them nobody could tell when a cell is to be made; they have no names.
std::string dump(const Prototype& prototype, bool strip);

}  // namespace gilvm
