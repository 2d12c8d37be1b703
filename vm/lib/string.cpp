// The module `string` (Lua manual §6.4) and the metatable of all strings.
//
// Unusual format items, pack and unpack are lent from liblua; no script ever runs inside a lent function.

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <cstdio>
#include <cstring>

#include "vm/frontend/dump.h"
#include "vm/lib/lent_functions.h"
#include "vm/lib/pattern.h"
#include "vm/lib/publish_module.h"
#include "vm/runtime/memory.h"

namespace gilvm {
namespace {

constexpr std::size_t kLongestString = INT_MAX;  // that string.rep makes, as in lstrlib.c

// Returns a string of `length` bytes that `fill(bytes)` writes, from arguments alone.
template <typename Fill>
int return_string(NativeCall& call, std::size_t length, Fill fill) {
  VmThread& thread = call.thread();
  if (length <= String::kLongestShort) {
    char bytes[String::kLongestShort];
    fill(bytes);
    return call.one_text({bytes, length});
  }
  char* bytes;
  String* string = thread.vm().strings().make_uninitialised(thread.heap(), length, &bytes);
  if (!string) {
    collect_for_memory(thread, {});
    string = thread.vm().strings().make_uninitialised(thread.heap(), length, &bytes);
  }
  if (!string) {
    raise_no_memory(thread);
    return kNativeError;
  }
  fill(bytes);
  return call.one(Value::string(string));
}

// The first position of a range, from 1; a negative one counts from the end (posrelatI).
std::size_t first_position(std::int64_t position, std::size_t length) {
  if (position > 0) return static_cast<std::size_t>(position);
  if (position == 0 || position < -static_cast<std::int64_t>(length)) return 1;
  return length + static_cast<std::size_t>(position) + 1;
}

// The last position of a range, 0 when it is before the string (getendpos).
std::size_t last_position(std::int64_t position, std::size_t length) {
  if (position > static_cast<std::int64_t>(length)) return length;
  if (position >= 0) return static_cast<std::size_t>(position);
  if (position < -static_cast<std::int64_t>(length)) return 0;
  return length + static_cast<std::size_t>(position) + 1;
}

int string_byte(NativeCall& call) {
  String* string;
  std::int64_t from, to;
  if (!call.text(0, &string) || !call.optional_integer(1, 1, &from)) return kNativeError;
  const std::size_t first = first_position(from, string->length());
  if (!call.optional_integer(2, from, &to)) return kNativeError;
  const std::size_t last = last_position(to, string->length());
  if (first > last) return call.none();
  const std::size_t count = last - first + 1;
  if (!call.reserve_results(count, "string slice too long")) return kNativeError;
  // The string may lose its register to a result; nothing is collected before the function returns.
  for (std::size_t index = 0; index < count; ++index) {
    const auto byte = static_cast<unsigned char>(string->data()[first - 1 + index]);
    call.set_result(static_cast<unsigned>(index), Value::inline_integer(byte));
  }
  return static_cast<int>(count);
}

int string_char(NativeCall& call) {
  char buffer[64];
  std::string longer;
  char* bytes = buffer;
  if (call.count() > sizeof buffer) {
    longer.resize(call.count());
    bytes = longer.data();
  }
  for (unsigned index = 0; index < call.count(); ++index) {
    std::int64_t code;
    if (!call.integer(index, &code)) return kNativeError;
    if (code < 0 || code > UCHAR_MAX) return call.argument_error(index, "value out of range");
    bytes[index] = static_cast<char>(code);
  }
  return call.one_text({bytes, call.count()});
}

int string_length(NativeCall& call) {
  String* string;
  if (!call.text(0, &string)) return kNativeError;
  return call.one_integer(static_cast<std::int64_t>(string->length()));
}

int string_sub(NativeCall& call) {
  String* string;
  std::int64_t from, to;
  if (!call.text(0, &string) || !call.integer(1, &from) || !call.optional_integer(2, -1, &to))
    return kNativeError;
  const std::size_t first = first_position(from, string->length());
  const std::size_t last = last_position(to, string->length());
  if (first > last) return call.one_text("");
  if (first == 1 && last == string->length()) return call.one(Value::string(string));
  return call.one_text(string->view().substr(first - 1, last - first + 1));
}

template <typename Change>
int change_bytes(NativeCall& call, Change change) {
  String* string;
  if (!call.text(0, &string)) return kNativeError;
  std::string_view old = string->view();
  return return_string(call, old.size(), [&](char* bytes) { change(old, bytes); });
}

// The locale is always "C", so only ASCII letters have a case.
int string_lower(NativeCall& call) {
  return change_bytes(call, [](std::string_view old, char* bytes) {
    std::transform(old.begin(), old.end(), bytes,
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  });
}

int string_upper(NativeCall& call) {
  return change_bytes(call, [](std::string_view old, char* bytes) {
    std::transform(old.begin(), old.end(), bytes,
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; });
  });
}

int string_reverse(NativeCall& call) {
  return change_bytes(
      call, [](std::string_view old, char* bytes) { std::reverse_copy(old.begin(), old.end(), bytes); });
}

int string_repeat(NativeCall& call) {
  String* string;
  String* separator = nullptr;
  std::int64_t times;
  if (!call.text(0, &string) || !call.integer(1, &times)) return kNativeError;
  if (!call.is_none_or_nil(2) && !call.text(2, &separator)) return kNativeError;
  if (times <= 0) return call.one_text("");
  const std::string_view part = string->view();
  const std::string_view between = separator ? separator->view() : std::string_view();
  if (part.empty() && between.empty()) return call.one_text("");  // and not so many times nothing
  const auto count = static_cast<std::size_t>(times);
  if (part.size() + between.size() > kLongestString / count) return call.error("resulting string too large");
  const std::size_t length = count * part.size() + (count - 1) * between.size();
  return return_string(call, length, [&](char* bytes) {
    if (part.size() == 1 && between.empty()) {
      std::memset(bytes, part[0], length);
      return;
    }
    for (std::size_t index = 0; index < count; ++index) {
      bytes = std::copy(part.begin(), part.end(), bytes);
      if (index + 1 < count) bytes = std::copy(between.begin(), between.end(), bytes);
    }
  });
}

int string_dump(NativeCall& call) {
  Value function;
  if (!call.function(0, &function)) return kNativeError;
  if (!function.is_closure()) return call.error("unable to dump given function");
  const bool strip = call.has(1) && !call[1].is_falsy();
  return call.one_text(dump(*function.as_closure()->prototype, strip));
}

// --- patterns
// -----------------------------------------------------------------------------------------------

constexpr std::array<bool, 256> make_specials() {
  std::array<bool, 256> specials{};
  for (char c : std::string_view("^$*+?.([%-")) specials[static_cast<unsigned char>(c)] = true;
  return specials;
}
constexpr std::array<bool, 256> kSpecials = make_specials();

bool has_specials(std::string_view pattern) {
  return std::any_of(pattern.begin(), pattern.end(),
                     [](char c) { return kSpecials[static_cast<unsigned char>(c)]; });
}

// Raises what is wrong with the pattern.
int pattern_error(NativeCall& call, const PatternMatcher& matcher) { return call.error(matcher.error()); }

// The value of capture `index` of the match from `start` to `end`. False with the error raised.
bool capture_value(NativeCall& call, PatternMatcher& matcher, unsigned index, const char* start,
                   const char* end, Value* value) {
  PatternMatcher::Capture capture;
  if (!matcher.capture(index, start, end, &capture)) return pattern_error(call, matcher) == 0;
  *value = capture.is_position() ? Value::inline_integer(matcher.position_of(capture))
                                 : Value::string(call.thread().text(capture.view()));
  return true;
}

// Makes `count` captures the results from `first` on.
int capture_results(NativeCall& call, PatternMatcher& matcher, const char* start, const char* end,
                    unsigned first, unsigned count) {
  if (!call.reserve_results(first + count)) return kNativeError;
  for (unsigned index = 0; index < count; ++index) {
    Value value;
    if (!capture_value(call, matcher, index, start, end, &value)) return kNativeError;
    call.set_result(first + index, value);
  }
  return static_cast<int>(first + count);
}

// The arguments that find, match and gmatch share.
struct Search {
  String* subject;
  String* pattern;
  std::size_t position;  // from 1

  bool read(NativeCall& call) {
    std::int64_t from;
    if (!call.text(0, &subject) || !call.text(1, &pattern) || !call.optional_integer(2, 1, &from))
      return false;
    position = first_position(from, subject->length());
    return true;
  }
  bool is_beyond_end() const { return position > subject->length() + 1; }
};

// A pattern without its anchor.
struct Anchored {
  explicit Anchored(std::string_view text) : pattern(text), is_anchored(text.starts_with('^')) {
    if (is_anchored) pattern.remove_prefix(1);
  }
  std::string_view pattern;
  bool is_anchored;
};

template <bool finds>
int search_for_pattern(NativeCall& call, const Search& search) {
  const Anchored anchored(search.pattern->view());
  PatternMatcher matcher(call.thread(), search.subject->view(), anchored.pattern);
  const char* start = search.subject->data() + search.position - 1;
  const char* end = anchored.is_anchored ? matcher.match_at(start) : matcher.search(&start);
  if (!end) return matcher.failed() ? pattern_error(call, matcher) : call.one(Value::nil());
  if (!finds) return capture_results(call, matcher, start, end, 0, matcher.value_count());
  const char* subject = search.subject->data();
  const int count = capture_results(call, matcher, start, end, 2, matcher.level());
  if (count == kNativeError) return count;
  call.set_result(0, Value::inline_integer(start - subject + 1));
  call.set_result(1, Value::inline_integer(end - subject));
  return count;
}

int string_find(NativeCall& call) {
  Search search;
  if (!search.read(call)) return kNativeError;
  if (search.is_beyond_end()) return call.one(Value::nil());
  const std::string_view pattern = search.pattern->view();
  const bool plain = call.has(3) && !call[3].is_falsy();
  if (!plain && has_specials(pattern)) return search_for_pattern<true>(call, search);
  const std::string_view subject = search.subject->view().substr(search.position - 1);
  const char* found =
      pattern.empty()
          ? subject.data()
          : static_cast<const char*>(memmem(subject.data(), subject.size(), pattern.data(), pattern.size()));
  if (!found) return call.one(Value::nil());
  const std::int64_t start = found - search.subject->data() + 1;
  if (!call.reserve_results(2)) return kNativeError;
  return call.two(Value::inline_integer(start),
                  Value::inline_integer(start + static_cast<std::int64_t>(pattern.size()) - 1));
}

int string_match(NativeCall& call) {
  Search search;
  if (!search.read(call)) return kNativeError;
  if (search.is_beyond_end()) return call.one(Value::nil());
  return search_for_pattern<false>(call, search);
}

enum GmatchSlot { kSubject, kPattern, kPosition, kLastEnd, kGmatchSlots };

int gmatch_step(NativeCall& call) {
  Slot* slots = call.function()->slots();
  const std::string_view subject = slots[kSubject].load().as_string()->view();
  // "^" is no anchor here (Lua manual §6.4.1).
  PatternMatcher matcher(call.thread(), subject, slots[kPattern].load().as_string()->view());
  const char* last_end = subject.data() + slots[kLastEnd].load().as_inline_integer();
  const char* limit = subject.data() + subject.size();
  const char* start = subject.data() + slots[kPosition].load().as_inline_integer();
  for (; start <= limit; ++start) {
    const char* end = matcher.search(&start);
    if (!end) return matcher.failed() ? pattern_error(call, matcher) : call.none();
    if (end == last_end) continue;
    const Value position = Value::inline_integer(end - subject.data());
    slots[kPosition].store(position);
    slots[kLastEnd].store(position);
    return capture_results(call, matcher, start, end, 0, matcher.value_count());
  }
  return call.none();
}

int string_gmatch(NativeCall& call) {
  Search search;
  if (!search.read(call)) return kNativeError;
  const std::size_t position = std::min(search.position - 1, search.subject->length() + 1);
  NativeFunction* step =
      NativeFunction::make(call.thread().heap(), "for iterator", gmatch_step, kGmatchSlots);
  step->slots()[kSubject].store(Value::string(search.subject));
  step->slots()[kPattern].store(Value::string(search.pattern));
  step->slots()[kPosition].store(Value::inline_integer(static_cast<std::int64_t>(position)));
  step->slots()[kLastEnd].store(Value::inline_integer(-1));
  return call.one(Value::native(step));
}

// --- gsub
// ---------------------------------------------------------------------------------------------------

// One call of gsub: what was matched is replaced piece by piece.
class Substitution {
 public:
  Substitution(NativeCall& call, String* subject, std::string_view pattern)
      : call_(call),
        subject_(subject->view()),
        matcher_(call.thread(), subject_, pattern),
        replacement_(call[2]) {}

  // Replaces up to `most` matches. False with the error raised.
  bool run(std::int64_t most, bool is_anchored) {
    const char* here = subject_.data();
    const char* const limit = here + subject_.size();
    const char* last_end = nullptr;
    while (count_ < most) {
      const char* start = here;
      const char* end = is_anchored ? matcher_.match_at(start) : matcher_.search(&start);
      if (matcher_.failed()) return pattern_error(call_, matcher_) == 0;
      if (!end) break;
      if (end == last_end) {
        // An empty match where the one before ended.
        if (start == limit) break;
        text_.append(here, start + 1);
        here = start + 1;
        if (is_anchored) break;
        continue;
      }
      ++count_;
      text_.append(here, start);
      if (!append_replacement(start, end)) return false;
      here = last_end = end;
      if (is_anchored) break;
    }
    text_.append(here, limit);
    return true;
  }

  bool changed() const { return changed_; }
  std::int64_t count() const { return count_; }
  const std::string& text() const { return text_; }

 private:
  bool append_replacement(const char* start, const char* end) {
    if (replacement_.is_string()) {
      changed_ = true;
      return append_text(replacement_.as_string()->view(), start, end);
    }
    Value value;
    if (!find_replacement(start, end, &value)) return false;
    if (value.is_falsy()) {
      text_.append(start, end);
      return true;
    }
    changed_ = true;
    if (value.is_string()) {
      if (!call_.reserve_text(&text_, value.as_string()->length(), value)) return false;
      text_.append(value.as_string()->view());
    } else if (value.is_number()) {
      text_.append(number_text(value));
    } else {
      call_.error("invalid replacement value (a " + type_name_of(call_.thread(), value) + ")");
      return false;
    }
    return true;
  }

  // What a table or a function has for the match.
  bool find_replacement(const char* start, const char* end, Value* value) {
    Value captures[PatternMatcher::kMostCaptures];
    const unsigned count = replacement_.is_table() ? 1 : matcher_.value_count();
    for (unsigned index = 0; index < count; ++index) {
      if (!capture_value(call_, matcher_, index, start, end, &captures[index])) return false;
    }
    if (replacement_.is_table()) return get_index(call_.thread(), replacement_, captures[0], value);
    ScriptCall script(call_.thread(), replacement_, call_.function());
    for (unsigned index = 0; index < count; ++index) script.push(captures[index]);
    if (!script.run()) return false;
    *value = script.result(0);
    return true;
  }

  // A replacement string, in which %0 to %9 stand for captures and %% for %.
  bool append_text(std::string_view replacement, const char* start, const char* end) {
    if (!call_.reserve_text(&text_, replacement.size() + static_cast<std::size_t>(end - start))) return false;
    for (;;) {
      const std::size_t percent = replacement.find('%');
      text_.append(replacement.substr(0, percent));
      if (percent == std::string_view::npos) return true;
      const char next = percent + 1 < replacement.size() ? replacement[percent + 1] : '\0';
      replacement.remove_prefix(std::min(percent + 2, replacement.size()));
      if (next == '%') {
        text_.push_back('%');
      } else if (next == '0') {
        text_.append(start, end);
      } else if (next >= '1' && next <= '9') {
        if (!append_capture(static_cast<unsigned>(next - '1'), start, end)) return false;
      } else {
        return call_.error("invalid use of '%' in replacement string") == 0;
      }
    }
  }

  bool append_capture(unsigned index, const char* start, const char* end) {
    PatternMatcher::Capture capture;
    if (!matcher_.capture(index, start, end, &capture)) return pattern_error(call_, matcher_) == 0;
    if (capture.is_position()) {
      text_ += integer_text(matcher_.position_of(capture));
    } else {
      text_.append(capture.view());
    }
    return true;
  }

  NativeCall& call_;
  const std::string_view subject_;
  PatternMatcher matcher_;
  const Value replacement_;
  std::string text_;
  std::int64_t count_ = 0;
  bool changed_ = false;
};

int string_gsub(NativeCall& call) {
  String *subject, *pattern, *text;
  std::int64_t most;
  if (!call.text(0, &subject) || !call.text(1, &pattern)) return kNativeError;
  const auto all = static_cast<std::int64_t>(subject->length()) + 1;
  if (!call.optional_integer(3, all, &most)) return kNativeError;
  const Value replacement = call[2];
  if (replacement.is_number() && !call.text(2, &text)) return kNativeError;
  if (!replacement.is_number() && !replacement.is_string() && !replacement.is_table() &&
      !replacement.is_function()) {
    return call.type_error(2, "string/function/table");
  }
  const Anchored anchored(pattern->view());
  Substitution substitution(call, subject, anchored.pattern);
  if (!substitution.run(most, anchored.is_anchored)) return kNativeError;
  const Value result = substitution.changed() ? Value::string(call.thread().text(substitution.text()))
                                              : Value::string(subject);
  if (!call.reserve_results(2)) return kNativeError;
  return call.two(result, Value::inline_integer(substitution.count()));
}

// --- format
// -------------------------------------------------------------------------------------------------

// Is `modifiers` made of "-", "0", a width and a precision of at most two digits each? All conversions of
// numbers allow these; anything else is left to liblua to judge.
bool is_common(std::string_view modifiers) {
  std::size_t at = 0;
  auto digits = [&] {
    std::size_t count = 0;
    while (at < modifiers.size() && modifiers[at] >= '0' && modifiers[at] <= '9') ++at, ++count;
    return count;
  };
  while (at < modifiers.size() && (modifiers[at] == '-' || modifiers[at] == '0')) ++at;
  if (at > 5 || digits() > 2) return false;
  if (at == modifiers.size()) return true;
  return modifiers[at++] == '.' && digits() <= 2 && at == modifiers.size();
}

template <typename Number>
void append_formatted(std::string* text, std::string_view modifiers, const char* length, char conversion,
                      Number number) {
  char item[24];
  char buffer[512];  // 99 digits of precision after the 309 of the largest double
  std::snprintf(item, sizeof item, "%%%.*s%s%c", static_cast<int>(modifiers.size()), modifiers.data(), length,
                conversion);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const int written = std::snprintf(buffer, sizeof buffer, item, number);
#pragma GCC diagnostic pop
  text->append(buffer, static_cast<std::size_t>(written));
}

// One conversion of string.format: its modifiers, its letter (NUL at the end of the format), its argument.
struct FormatItem {
  std::string_view text;  // with the percent sign and the letter
  std::string_view modifiers;
  char conversion;
  unsigned argument;
};

enum class ArgumentKind { kInteger, kFloat, kText, kAddress, kOther };

ArgumentKind argument_kind(char conversion) {
  if (conversion == '\0') return ArgumentKind::kOther;
  if (std::strchr("cdiuoxX", conversion)) return ArgumentKind::kInteger;
  if (std::strchr("aAeEfFgG", conversion)) return ArgumentKind::kFloat;
  if (conversion == 's') return ArgumentKind::kText;
  if (conversion == 'p') return ArgumentKind::kAddress;
  return ArgumentKind::kOther;
}

// Formats an item that is not common, or is wrong, by liblua. `value` is already of the kind that it needs.
bool append_lent(NativeCall& call, const FormatItem& item, Value value, std::string* text) {
  LentCall lent(call.thread(), LentFunction::kFormat);
  lent.push_text(item.text);
  if (argument_kind(item.conversion) == ArgumentKind::kAddress) {
    lent.push_address(value);
  } else {
    lent.push(value);
  }
  if (!lent.run(call, static_cast<int>(item.argument) - 1)) return false;
  text->append(lent.text_result(0));
  return true;
}

bool append_item(NativeCall& call, const FormatItem& item, std::string* text) {
  VmThread& thread = call.thread();
  switch (argument_kind(item.conversion)) {
    case ArgumentKind::kInteger: {
      std::int64_t integer;
      if (!call.integer(item.argument, &integer)) return false;
      const char conversion = item.conversion;
      if (item.modifiers.empty() && (conversion == 'd' || conversion == 'i')) {
        char digits[24];
        text->append(digits, std::to_chars(digits, digits + sizeof digits, integer).ptr);
      } else if (item.modifiers.empty() && conversion == 'c') {
        text->push_back(static_cast<char>(integer));
      } else if (std::strchr("dixX", conversion) && is_common(item.modifiers)) {
        append_formatted(text, item.modifiers, "ll", conversion, static_cast<long long>(integer));
      } else {
        return append_lent(call, item, thread.integer(integer), text);
      }
      return true;
    }
    case ArgumentKind::kFloat: {
      double number;
      if (!call.number(item.argument, &number)) return false;
      if (!std::strchr("eEfgG", item.conversion) || !is_common(item.modifiers)) {
        return append_lent(call, item, Value::number(number), text);
      }
      append_formatted(text, item.modifiers, "", item.conversion, number);
      return true;
    }
    case ArgumentKind::kText: {
      Value value = call[item.argument];
      if (!value.is_string() && !to_text(thread, value, &value)) return false;
      if (!call.reserve_text(text, value.as_string()->length(), value)) return false;
      if (!item.modifiers.empty()) return append_lent(call, item, value, text);
      text->append(value.as_string()->view());
      return true;
    }
    default: return append_lent(call, item, call[item.argument], text);
  }
}

int string_format(NativeCall& call) {
  String* format;
  if (!call.text(0, &format)) return kNativeError;
  const std::string_view rest = format->view();
  std::string text;
  unsigned argument = 0;
  for (std::size_t at = 0;;) {
    const std::size_t percent = rest.find('%', at);
    text.append(rest.substr(at, percent == std::string_view::npos ? percent : percent - at));
    if (percent == std::string_view::npos) break;
    if (percent + 1 < rest.size() && rest[percent + 1] == '%') {
      text.push_back('%');
      at = percent + 2;
      continue;
    }
    if (!call.has(++argument)) return call.argument_error(argument, "no value");
    const std::size_t letter = std::min(rest.find_first_not_of("-+ #0123456789.", percent + 1), rest.size());
    FormatItem item;
    item.text = rest.substr(percent, letter + 1 - percent);
    item.modifiers = rest.substr(percent + 1, letter - percent - 1);
    item.conversion = letter < rest.size() ? rest[letter] : '\0';
    item.argument = argument;
    if (!append_item(call, item, &text)) return kNativeError;
    at = letter + 1;
  }
  return call.one_text(text);
}

// --- pack and unpack
// ----------------------------------------------------------------------------------------

// Hands the results of a lent call on, as they are.
int hand_on(NativeCall& call, LentCall& lent) {
  const unsigned count = lent.result_count();
  if (!call.reserve_results(count)) return kNativeError;
  for (unsigned index = 0; index < count; ++index) call.set_result(index, lent.result(index));
  return static_cast<int>(count);
}

int lent_with_all(NativeCall& call, LentFunction function) {
  LentCall lent(call.thread(), function);
  for (unsigned index = 0; index < call.count(); ++index) {
    const Value value = call[index];
    if (value.is_string()) {
      lent.push_subject(value.as_string());
    } else {
      lent.push(value);
    }
  }
  return lent.run(call) ? hand_on(call, lent) : kNativeError;
}

int string_pack(NativeCall& call) { return lent_with_all(call, LentFunction::kPack); }
int string_pack_size(NativeCall& call) { return lent_with_all(call, LentFunction::kPackSize); }
int string_unpack(NativeCall& call) { return lent_with_all(call, LentFunction::kUnpack); }

// --- arithmetic on strings
// ----------------------------------------------------------------------------------

// A number, or the one that a string reads as.
bool operand(VmThread& thread, Value value, Value* number) {
  if (value.is_string()) {
    Register converted;
    if (!number_from_text(value.as_string()->view(), &converted)) return false;
    *number = thread.boxed(converted);
    return true;
  }
  *number = value;
  return value.is_number();
}

// The metamethods of strings for arithmetic: all of what an operator does when an operand is a string and the
// first has none of its own (lstrlib.c, arith and trymt).
template <Event event>
int string_arithmetic(NativeCall& call) {
  VmThread& thread = call.thread();
  Value left, right;
  if (operand(thread, call[0], &left)) {
    // With one argument lstrlib.c takes the converted first one for the second.
    if (call.count() == 1 || operand(thread, call[1], &right)) {
      Value result;
      if (!arithmetic(thread, event, left, call.count() == 1 ? left : right, &result)) return kNativeError;
      return call.one(result);
    }
  }
  const Value second = call[1];
  const Value handler = second.is_string() ? Value::nil() : metamethod(thread, second, event);
  if (handler.is_nil()) {
    return call.error("attempt to " + std::string(name_of(event) + 2) + " a '" + type_name(call[0]) +
                      "' with a '" + type_name(second) + "'");
  }
  ScriptCall script(thread, handler, call.function());
  script.push(call[0]);
  script.push(second);
  if (!script.run()) return kNativeError;
  const Value result = script.result(0);
  return call.one(result);
}

constexpr LibraryFunction kFunctions[] = {
    {"byte", string_byte},     {"char", string_char},       {"dump", string_dump},
    {"find", string_find},     {"format", string_format},   {"gmatch", string_gmatch},
    {"gsub", string_gsub},     {"len", string_length},      {"lower", string_lower},
    {"match", string_match},   {"pack", string_pack},       {"packsize", string_pack_size},
    {"rep", string_repeat},    {"reverse", string_reverse}, {"sub", string_sub},
    {"unpack", string_unpack}, {"upper", string_upper},
};

constexpr LibraryFunction kMetamethods[] = {
    {"__add", string_arithmetic<Event::kAdd>},          {"__sub", string_arithmetic<Event::kSubtract>},
    {"__mul", string_arithmetic<Event::kMultiply>},     {"__mod", string_arithmetic<Event::kModulo>},
    {"__pow", string_arithmetic<Event::kPower>},        {"__div", string_arithmetic<Event::kDivide>},
    {"__idiv", string_arithmetic<Event::kFloorDivide>}, {"__unm", string_arithmetic<Event::kNegate>},
};

}  // namespace

void open_string(VmThread& thread) {
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  publish_module(thread, "string", module);

  Table* metatable = Table::make(thread.heap());
  thread.vm().basic_metatable(Vm::BasicType::kString).store(metatable, std::memory_order_release);
  add_functions(thread, metatable, kMetamethods);
  set_field(thread, metatable, "__index", Value::table(module));
}

}  // namespace gilvm
