// What is wrong with a command line, in one line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "vm/base/text.h"
#include "vm/report/terminal_text.h"

namespace gilvm {

// Carries the one line out of the depth of the parser; parse_options() turns it into a FinalText.
struct UsageError {
  std::string message;
};

template <typename... Arguments>
[[noreturn]] void refuse(const char* pattern, const Arguments&... arguments) {
  throw UsageError{filled(pattern, arguments...)};
}

inline constexpr std::size_t kShownValueWidth = 40;

// A word from outside, fit for a message of one line.
inline std::string shown(std::string_view word) { return shortened(printable(word), kShownValueWidth); }

}  // namespace gilvm
