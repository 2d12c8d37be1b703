// The report of --refcounts: whether the ledger of reference counts balances, and the objects of which it
// does not.
//
// Threads: any; reads the chosen language.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "vm/report/compare_table.h"

namespace gilvm {

// Objects of one name and type whose counts are wrong in the same direction.
struct WrongReferences {
  std::string variable;  // empty: not known
  std::string type;      // "table", "function", "thread" or "userdata"
  bool is_above = false;
  std::uint64_t objects = 0;
  std::int64_t counts = 0;      // of all of them
  std::int64_t references = 0;  // to all of them
};

struct ReferenceReport {
  std::uint64_t objects = 0;  // all that have, or had, a count
  std::vector<WrongReferences> wrong;
};

// Lines that each end in a line feed. From a width of 60 upwards none is wider than style.width.
std::string reference_table(const ReferenceReport& report, const TableStyle& style = {});
nlohmann::ordered_json json_of(const ReferenceReport& report);

}  // namespace gilvm
