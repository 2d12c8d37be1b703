// What `gilvm race` has found: a paragraph a finding, with who did what where, and the schedule that shows
// it.
//
// No line is wider than the width asked for, but one that holds a schedule: that is a word, to be copied.
//
// Threads: any; reads the chosen language.
#pragma once

#include "vm/base/race_finding.h"
#include "vm/report/compare_table.h"

namespace gilvm {

struct RaceResult {
  std::string script;
  std::string name;
  WorldDescription world;
  unsigned workers = 0;  // 0: the script ran alone
  std::uint64_t runs = 0;
  std::vector<RaceFinding> findings;
};

// Lines that each end in a line feed.
std::string race_report(const RaceResult& result, const TableStyle& style = {});
nlohmann::ordered_json json_of(const RaceResult& result);
// Of the findings alone.
nlohmann::ordered_json json_of(const std::vector<RaceFinding>& findings);

}  // namespace gilvm
