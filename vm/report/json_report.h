// The objects that --json writes (their keys: docs, "--json").
//
// A string that is not UTF-8, as a Lua string may be, is written with U+FFFD in place of the bytes that are
// not.
//
// Threads: any; there is no state.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "vm/report/world_result.h"

namespace gilvm {

nlohmann::ordered_json json_of(const RunResult& run);
nlohmann::ordered_json json_of(const CompareResult& compare);
nlohmann::ordered_json json_of(const WorldDescription& world);

// One line that ends in a line feed.
std::string json_text(const nlohmann::ordered_json& object);

}  // namespace gilvm
