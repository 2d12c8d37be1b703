// The table of `gilvm compare`: a row a world, and under it one sentence on why it came out so.
//
// No line is wider than the width asked for: where the columns do not fit, they move together, and where that
// is not enough each world becomes a paragraph. The sentence says only what the results show.
//
// Threads: any; reads the chosen language.
#pragma once

#include <cstddef>
#include <string>

#include "vm/report/world_result.h"

namespace gilvm {

inline constexpr std::size_t kDefaultWidth = 80;
inline constexpr std::size_t kLeastWidth = 20;  // a narrower terminal is written to as if it had this

struct TableStyle {
  std::size_t width = kDefaultWidth;  // columns
  bool color = false;                 // ANSI colours, for a terminal only
};

// "threads/gil every", "threads/none", "processes": the words are those of the flags, in every language.
std::string world_label(const WorldDescription& world);

// Lines that each end in a line feed.
std::string compare_table(const CompareResult& compare, const TableStyle& style = {});

}  // namespace gilvm
