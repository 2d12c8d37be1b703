// Text as a terminal shows it: its width in columns, cut, padded and wrapped to fit.
//
// All text is UTF-8. Text that comes from outside (names of files, messages of scripts) goes through
// printable() first, so that it can neither move the cursor nor break a line.
//
// Threads: any; there is no state.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gilvm {

// How many columns `text` takes: 0 for a combining mark, 2 for the wide letters of East Asia, 1 for the rest.
std::size_t display_width(std::string_view text);

// `text` with each control character, and each byte that is not UTF-8, replaced by "?".
std::string printable(std::string_view text);

// `text` if it fits into `width` columns, otherwise its beginning and "…".
std::string shortened(std::string_view text, std::size_t width);

// `text` with blanks after it, or before it, up to `width` columns.
std::string pad_after(std::string_view text, std::size_t width);
std::string pad_before(std::string_view text, std::size_t width);

// `text` in lines of at most `width` columns, broken at blanks; a word longer than a line is broken within.
// REQUIRES: width is at least 2.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

// A translated `pattern` with its {0}, {1}, ... filled in.
template <typename... Arguments>
std::string filled(const char* pattern, const Arguments&... arguments) {
  return fmt::vformat(pattern, fmt::make_format_args(arguments...));
}

// `value` with so many digits after the decimal sign of the chosen language: "42.2", "42,2".
std::string decimal(double value, int digits);

}  // namespace gilvm
