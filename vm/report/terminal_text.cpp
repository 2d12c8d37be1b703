#include "vm/report/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "vm/base/text.h"

namespace gilvm {
namespace {

struct Letter {
  char32_t code = 0;
  std::size_t size = 1;
  bool valid = false;
};

// The letter that begins at `position`; an invalid byte is a letter of its own (Unicode 15, table 3-7).
Letter letter_at(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t offset) { return static_cast<unsigned char>(text[position + offset]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || position + size > text.size()) return {};
  char32_t code = lead & (0xFFU >> (size + 1));
  for (std::size_t offset = 1; offset < size; ++offset) {
    if ((byte(offset) & 0xC0U) != 0x80) return {};
    code = code << 6U | (byte(offset) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeastOfSize = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeastOfSize[size] || surrogate || code > 0x10FFFF) return {};
  return {code, size, true};
}

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t count>
bool in_ranges(const std::array<Range, count>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [code](Range range) { return code >= range.first && code <= range.last; });
}

// The blocks that matter for names of files and messages, not all of Unicode.
constexpr std::array<Range, 6> kNoWidth = {{{0x0300, 0x036F},
                                            {0x1AB0, 0x1AFF},
                                            {0x1DC0, 0x1DFF},
                                            {0x200B, 0x200D},
                                            {0x20D0, 0x20FF},
                                            {0xFE00, 0xFE0F}}};
constexpr std::array<Range, 8> kTwoWide = {{{0x1100, 0x115F},
                                            {0x2E80, 0xA4CF},
                                            {0xAC00, 0xD7A3},
                                            {0xF900, 0xFAFF},
                                            {0xFE30, 0xFE6F},
                                            {0xFF00, 0xFF60},
                                            {0x1F300, 0x1FAFF},
                                            {0x20000, 0x3FFFD}}};
// C0, DEL and C1, the marks that turn the direction of text around, and line separators.
constexpr std::array<Range, 5> kControls = {
    {{0x00, 0x1F}, {0x7F, 0x9F}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}}};

std::size_t width_of(Letter letter) {
  if (in_ranges(kNoWidth, letter.code)) return 0;
  return in_ranges(kTwoWide, letter.code) ? 2 : 1;
}

// How many bytes of `text` fit into `width` columns.
std::size_t bytes_that_fit(std::string_view text, std::size_t width) {
  std::size_t used = 0;
  std::size_t position = 0;
  while (position < text.size()) {
    const Letter letter = letter_at(text, position);
    used += width_of(letter);
    if (used > width) break;
    position += letter.size;
  }
  return position;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t position = 0; position < text.size();) {
    const Letter letter = letter_at(text, position);
    width += width_of(letter);
    position += letter.size;
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t position = 0; position < text.size();) {
    const Letter letter = letter_at(text, position);
    if (!letter.valid || in_ranges(kControls, letter.code)) {
      result += '?';
    } else {
      result += text.substr(position, letter.size);
    }
    position += letter.size;
  }
  return result;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return "";
  return std::string(text.substr(0, bytes_that_fit(text, width - 1))) + "…";
}

std::string pad_after(std::string_view text, std::size_t width) {
  const std::size_t used = display_width(text);
  return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

std::string pad_before(std::string_view text, std::size_t width) {
  const std::size_t used = display_width(text);
  return std::string(used < width ? width - used : 0, ' ') + std::string(text);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  const auto finish_line = [&] {
    if (!line.empty()) lines.push_back(std::move(line));
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const bool fits = !line.empty() && display_width(line) + 1 + display_width(word) <= width;
    if (fits) {
      line += ' ';
    } else {
      finish_line();
    }
    while (!fits && display_width(word) > width) {
      const std::size_t size = bytes_that_fit(word, width);
      lines.emplace_back(word.substr(0, size));
      word.remove_prefix(size);
    }
    line += word;
  }
  finish_line();
  return lines;
}

std::string decimal(double value, int digits) {
  std::string text = fmt::format("{:.{}f}", value, digits);
  if (chosen_language() == Language::kPortuguese) std::replace(text.begin(), text.end(), '.', ',');
  return text;
}

}  // namespace gilvm
