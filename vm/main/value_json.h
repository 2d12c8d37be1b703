// Script values as JSON, for results: what an experiment observed and expected.
#pragma once

#include <nlohmann/json.hpp>

#include "vm/heap/value.h"

namespace gilvm {

// A table whose keys are 1 to n becomes an array, any other an object; what JSON has no form for becomes a
// string such as "function". Tables deeper than 20 become "...".
nlohmann::json json_of(Value value);

}  // namespace gilvm
