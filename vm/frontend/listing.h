// The instructions of a script beside its source text, for people: what `gilvm dis` prints.
//
// Function by function: each source line, then the instructions that it became. The margin marks those that
// touch what other threads can reach, and those where the GIL may change hands under --switch-points=loops; a
// legend at the end says so, in the chosen language (vm/base/text.h). No line is wider than 80 columns.
#pragma once

#include <string>
#include <string_view>

#include "vm/object/function.h"

namespace gilvm {

// `source` is the text that `main`, a main chunk, was compiled from.
// Threads: any, while no collection frees the prototypes.
std::string listing(const Prototype& main, std::string_view source);

}  // namespace gilvm
