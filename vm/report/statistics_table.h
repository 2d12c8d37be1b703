// The table of --stats: what each VM thread had to do with the GIL.
//
// Threads: any; reads the chosen language.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vm/report/compare_table.h"
#include "vm/report/world_result.h"

namespace gilvm {

// Lines that each end in a line feed, with a last one for the sum where there are several threads. From a
// width of 60 upwards no line is wider than style.width: a long name is cut.
std::string statistics_table(const std::vector<ThreadStatistics>& threads, const TableStyle& style = {});

}  // namespace gilvm
