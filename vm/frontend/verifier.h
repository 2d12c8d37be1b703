// Checks a translated function before it runs: what it accepts cannot make the interpreter access anything
// that does not exist, nor take a cell for a value or a value for a cell.
//
// It follows every path through the code and knows for each register whether it holds a value, a cell, or
// something left over. Like the verifier of the JVM (The Java Virtual Machine Specification, §4.10), it joins
// what it knows where paths meet.
#pragma once

#include <string>

#include "vm/object/function.h"

namespace gilvm {

// Checks `prototype` and those nested in it. An empty string when they are sound, otherwise what is wrong.
std::string verify(const Prototype& prototype);

}  // namespace gilvm
