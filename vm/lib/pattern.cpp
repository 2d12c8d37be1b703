#include "vm/lib/pattern.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace gilvm {
namespace {

// The classes of a byte in the "C" locale, a bit each.
enum ByteClass : std::uint8_t {
  kLetter = 1,
  kDigit = 2,
  kLower = 4,
  kUpper = 8,
  kSpace = 16,
  kControl = 32,
  kPunctuation = 64,
  kHexadecimal = 128,
};

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned byte = 0; byte < 128; ++byte) {
    unsigned bits = 0;
    if (byte >= 'a' && byte <= 'z') bits |= kLetter | kLower;
    if (byte >= 'A' && byte <= 'Z') bits |= kLetter | kUpper;
    if (byte >= '0' && byte <= '9') bits |= kDigit | kHexadecimal;
    if ((byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F')) bits |= kHexadecimal;
    if (byte == ' ' || (byte >= '\t' && byte <= '\r')) bits |= kSpace;
    if (byte < 32 || byte == 127) bits |= kControl;
    if (byte > 32 && byte < 127 && !(bits & (kLetter | kDigit))) bits |= kPunctuation;
    classes[byte] = static_cast<std::uint8_t>(bits);
  }
  return classes;
}
constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

// The classes that a letter behind '%' stands for, in lower case; 0: it stands for itself.
constexpr std::array<std::uint8_t, 128> make_class_letters() {
  std::array<std::uint8_t, 128> letters{};
  letters['a'] = kLetter;
  letters['c'] = kControl;
  letters['d'] = kDigit;
  letters['g'] = kLetter | kDigit | kPunctuation;
  letters['l'] = kLower;
  letters['p'] = kPunctuation;
  letters['s'] = kSpace;
  letters['u'] = kUpper;
  letters['w'] = kLetter | kDigit;
  letters['x'] = kHexadecimal;
  return letters;
}
constexpr std::array<std::uint8_t, 128> kClassLetters = make_class_letters();

unsigned char byte_of(char c) { return static_cast<unsigned char>(c); }

bool is_in_class(char c, char letter) {
  const bool is_upper = letter >= 'A' && letter <= 'Z';
  const unsigned lower = byte_of(letter) | (is_upper ? 0x20u : 0u);
  if (lower == 'z') return (c == '\0') != is_upper;  // deprecated, still there
  const std::uint8_t bits = lower < kClassLetters.size() ? kClassLetters[lower] : std::uint8_t{0};
  if (bits == 0) return letter == c;
  return ((kClasses[byte_of(c)] & bits) != 0) != is_upper;
}

// `set` points to the '[', `last` to the ']' that closes it.
bool is_in_set(char c, const char* set, const char* last) {
  bool found = true;
  if (set[1] == '^') {
    found = false;
    ++set;
  }
  while (++set < last) {
    if (*set == '%') {
      if (is_in_class(c, *++set)) return found;
    } else if (set[1] == '-' && set + 2 < last) {
      set += 2;
      if (byte_of(set[-2]) <= byte_of(c) && byte_of(c) <= byte_of(*set)) return found;
    } else if (*set == c) {
      return found;
    }
  }
  return !found;
}

bool is_quantifier(char c) { return c == '*' || c == '+' || c == '?' || c == '-'; }

}  // namespace

const char* PatternMatcher::end_of_single(const char* item) {
  if (*item == '%') {
    if (item + 1 == pattern_end_) return fail("malformed pattern (ends with '%')");
    return item + 2;
  }
  if (*item++ != '[') return item;
  if (*item == '^') ++item;
  do {  // a ']' that comes first does not close the set
    if (item == pattern_end_) return fail("malformed pattern (missing ']')");
    if (*item++ == '%' && item < pattern_end_) ++item;
  } while (*item != ']' || item == pattern_end_);
  return item + 1;
}

inline bool PatternMatcher::single_matches(const char* subject, const char* item,
                                           const char* item_end) const {
  if (subject >= end_) return false;
  switch (*item) {
    case '.': return true;
    case '%': return is_in_class(*subject, item[1]);
    case '[': return is_in_set(*subject, item, item_end - 1);
    default: return *item == *subject;
  }
}

const char* PatternMatcher::match_most(const char* subject, const char* item, const char* item_end) {
  const char* last = subject;
  if (*item == '.') {
    last = end_;
  } else {
    while (single_matches(last, item, item_end)) ++last;
  }
  if (item_end + 1 == pattern_end_ && depth_ > 0) return last;  // nothing follows that could fail
  for (; last >= subject; --last) {
    const char* result = match(last, item_end + 1);
    if (result || failed_) return result;
  }
  return nullptr;
}

const char* PatternMatcher::match_least(const char* subject, const char* item, const char* item_end) {
  for (;;) {
    const char* result = match(subject, item_end + 1);
    if (result || failed_) return result;
    if (!single_matches(subject, item, item_end)) return nullptr;
    ++subject;
  }
}

const char* PatternMatcher::match_balance(const char* subject, const char* item) {
  if (item >= pattern_end_ - 1) return fail("malformed pattern (missing arguments to '%b')");
  if (subject >= end_ || *subject != *item) return nullptr;
  const char opening = item[0], closing = item[1];
  int open = 1;
  while (++subject < end_) {
    if (*subject == closing) {
      if (--open == 0) return subject + 1;
    } else if (*subject == opening) {
      ++open;
    }
  }
  return nullptr;
}

const char* PatternMatcher::match_frontier(const char* subject, const char* item,
                                           const char* item_end) const {
  const char before = subject == begin_ ? '\0' : subject[-1];
  const char here = subject == end_ ? '\0' : *subject;
  return !is_in_set(before, item, item_end - 1) && is_in_set(here, item, item_end - 1) ? subject : nullptr;
}

const char* PatternMatcher::match_again(const char* subject, char digit) {
  const int index = digit - '1';
  if (index < 0 || static_cast<unsigned>(index) >= level_ || captures_[index].length == kUnfinished) {
    return fail("invalid capture index %" + std::to_string(index + 1));
  }
  // A captured position is as long as no string.
  const auto length = static_cast<std::size_t>(captures_[index].length);
  if (static_cast<std::size_t>(end_ - subject) < length) return nullptr;
  return std::memcmp(captures_[index].start, subject, length) == 0 ? subject + length : nullptr;
}

const char* PatternMatcher::open_capture(const char* subject, const char* item, std::ptrdiff_t length) {
  if (level_ >= kMostCaptures) return fail("too many captures");
  captures_[level_].start = subject;
  captures_[level_].length = length;
  ++level_;
  const char* result = match(subject, item);
  if (!result) --level_;
  return result;
}

const char* PatternMatcher::close_capture(const char* subject, const char* item) {
  unsigned index = level_;
  do {
    if (index == 0) return fail("invalid pattern capture");
  } while (captures_[--index].length != kUnfinished);
  captures_[index].length = subject - captures_[index].start;
  const char* result = match(subject, item);
  if (!result) captures_[index].length = kUnfinished;
  return result;
}

// Matches the pattern from `item` on. Only what may have to go back recurses.
const char* PatternMatcher::match(const char* subject, const char* item) {
  if (depth_-- == 0) return fail("pattern too complex");
  if (thread_.interrupted()) return fail("interrupted");
  const char* result = nullptr;
  for (;;) {
    if (item == pattern_end_) {
      result = subject;
      break;
    }
    if (*item == '(') {
      const bool is_position = item[1] == ')';
      result = is_position ? open_capture(subject, item + 2, kPosition)
                           : open_capture(subject, item + 1, kUnfinished);
      break;
    }
    if (*item == ')') {
      result = close_capture(subject, item + 1);
      break;
    }
    if (*item == '$' && item + 1 == pattern_end_) {
      result = subject == end_ ? subject : nullptr;
      break;
    }
    if (*item == '%' && (item[1] == 'b' || item[1] == 'f' || (item[1] >= '0' && item[1] <= '9'))) {
      if (item[1] == 'b') {
        subject = match_balance(subject, item + 2);
        item += 4;
      } else if (item[1] == 'f') {
        item += 2;
        if (*item != '[') {
          result = fail("missing '[' after '%f' in pattern");
          break;
        }
        const char* set_end = end_of_single(item);
        if (!set_end) break;
        subject = match_frontier(subject, item, set_end);
        item = set_end;
      } else {
        subject = match_again(subject, item[1]);
        item += 2;
      }
      if (!subject) break;
      continue;
    }
    const char* item_end = end_of_single(item);
    if (!item_end) break;
    const char quantifier = *item_end;
    if (!is_quantifier(quantifier)) {
      if (!single_matches(subject, item, item_end)) break;
      ++subject;
      item = item_end;
      continue;
    }
    if (quantifier == '*') {
      result = match_most(subject, item, item_end);
      break;
    }
    if (quantifier == '-') {
      result = match_least(subject, item, item_end);
      break;
    }
    const bool matches = single_matches(subject, item, item_end);
    if (quantifier == '+') {
      if (matches) result = match_most(subject + 1, item, item_end);
      break;
    }
    if (matches) {
      result = match(subject + 1, item_end + 1);
      if (result || failed_) break;
    }
    item = item_end + 1;
  }
  ++depth_;
  return result;
}

// The character with which every match begins; null: there may be several.
const char* PatternMatcher::first_character() const {
  if (pattern_ == pattern_end_) return nullptr;
  if (*pattern_ == '%') return pattern_end_ - pattern_ >= 4 && pattern_[1] == 'b' ? pattern_ + 2 : nullptr;
  if (std::strchr("^$*+?.([-)", *pattern_)) return nullptr;
  return is_quantifier(pattern_[1]) && pattern_[1] != '+' ? nullptr : pattern_;
}

const char* PatternMatcher::search(const char** start) {
  const char* const first = first_character();
  for (const char* here = *start; here <= end_; ++here) {
    if (first) {
      here = static_cast<const char*>(std::memchr(here, *first, static_cast<std::size_t>(end_ - here)));
      if (!here) return nullptr;
    }
    const char* found = match_at(here);
    if (found) {
      *start = here;
      return found;
    }
    if (failed_) return nullptr;
  }
  return nullptr;
}

bool PatternMatcher::capture(unsigned index, const char* start, const char* end, Capture* result) {
  if (index >= level_) {
    if (index != 0) return fail("invalid capture index %" + std::to_string(index + 1)) != nullptr;
    result->start = start;
    result->length = end - start;
    return true;
  }
  *result = captures_[index];
  if (result->length == kUnfinished) return fail("unfinished capture") != nullptr;
  return true;
}

}  // namespace gilvm
