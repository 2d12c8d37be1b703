// The module `utf8` (Lua manual §6.5).

#include <climits>

#include "vm/lib/publish_module.h"

namespace gilvm {
namespace {

constexpr std::uint32_t kLargestCodePoint = 0x10FFFF;
constexpr std::uint32_t kLargestLaxCode = 0x7FFFFFFF;
constexpr std::string_view kCharPattern("[\0-\x7F\xC2-\xFD][\x80-\xBF]*", 14);
constexpr std::string_view kInvalidCode = "invalid UTF-8 code";

bool is_continuation(char byte) { return (byte & 0xC0) == 0x80; }

// A position counted from 1; a negative one counts from the end, 0 when that is before the start.
std::int64_t position_in(std::int64_t position, std::size_t length) {
  if (position >= 0) return position;
  if (0 - static_cast<std::uint64_t>(position) > length) return 0;
  return static_cast<std::int64_t>(length) + position + 1;
}

// Decodes the sequence at `bytes`, which a NUL follows somewhere. Returns where the next one begins, null
// where the bytes are no valid sequence; unless `lax`, surrogates and codes above 10FFFF are none either.
const char* decode(const char* bytes, std::uint32_t* code, bool lax) {
  // The least code of each length, against overlong forms. The first refuses a lone continuation byte.
  static constexpr std::uint32_t kLeast[] = {~0u, 0x80, 0x800, 0x10000, 0x200000, 0x4000000};
  std::uint32_t lead = static_cast<unsigned char>(bytes[0]);
  std::uint32_t result = 0;
  if (lead < 0x80) {
    result = lead;
  } else {
    unsigned count = 0;
    for (; lead & 0x40; lead <<= 1) {
      const char next = bytes[++count];
      if (!is_continuation(next)) return nullptr;
      result = result << 6 | (static_cast<unsigned char>(next) & 0x3Fu);
    }
    if (count > 5) return nullptr;
    result |= (lead & 0x7F) << (count * 5);
    if (result > kLargestLaxCode || result < kLeast[count]) return nullptr;
    bytes += count;
  }
  if (!lax && (result > kLargestCodePoint || (result >= 0xD800 && result <= 0xDFFF))) return nullptr;
  *code = result;
  return bytes + 1;
}

void append_encoded(std::uint32_t code, std::string* text) {
  if (code < 0x80) {
    text->push_back(static_cast<char>(code));
    return;
  }
  char bytes[6];
  unsigned count = 0;
  std::uint32_t largest_in_lead = 0x3F;
  do {
    bytes[count++] = static_cast<char>(0x80 | (code & 0x3F));
    code >>= 6;
    largest_in_lead >>= 1;
  } while (code > largest_in_lead);
  text->push_back(static_cast<char>(~largest_in_lead << 1 | code));
  while (count > 0) text->push_back(bytes[--count]);
}

bool is_truthy(NativeCall& call, unsigned index) {
  return call.has(index) && !call.reg(index).value.is_falsy();
}

int utf8_length(NativeCall& call) {
  String* string;
  std::int64_t first, last;
  if (!call.text(0, &string) || !call.optional_integer(1, 1, &first) ||
      !call.optional_integer(2, -1, &last)) {
    return kNativeError;
  }
  const auto length = static_cast<std::int64_t>(string->length());
  first = position_in(first, string->length());
  last = position_in(last, string->length());
  if (first < 1 || first - 1 > length) return call.argument_error(1, "initial position out of bounds");
  if (last > length) return call.argument_error(2, "final position out of bounds");
  const bool lax = is_truthy(call, 3);
  std::int64_t count = 0;
  for (std::int64_t at = first - 1; at < last; ++count) {
    std::uint32_t code;
    const char* next = decode(string->data() + at, &code, lax);
    if (!next) {
      if (!call.reserve_results(2)) return kNativeError;
      return call.two(Value::nil(), Value::inline_integer(at + 1));
    }
    at = next - string->data();
  }
  return call.one_integer(count);
}

int utf8_code_point(NativeCall& call) {
  String* string;
  std::int64_t first, last;
  if (!call.text(0, &string) || !call.optional_integer(1, 1, &first)) return kNativeError;
  first = position_in(first, string->length());
  if (!call.optional_integer(2, first, &last)) return kNativeError;
  last = position_in(last, string->length());
  if (first < 1) return call.argument_error(1, "out of bounds");
  if (last > static_cast<std::int64_t>(string->length())) return call.argument_error(2, "out of bounds");
  if (first > last) return call.none();
  const bool lax = is_truthy(call, 3);
  if (!call.reserve_results(static_cast<std::size_t>(last - first) + 1, "string slice too long"))
    return kNativeError;
  // The string may lose its register to a result; nothing is collected before the function returns.
  const char* end = string->data() + last;
  unsigned count = 0;
  for (const char* at = string->data() + first - 1; at < end; ++count) {
    std::uint32_t code;
    at = decode(at, &code, lax);
    if (!at) return call.error(kInvalidCode);
    call.set_result(count, Value::inline_integer(code));
  }
  return static_cast<int>(count);
}

int utf8_char(NativeCall& call) {
  std::string text;
  for (unsigned index = 0; index < call.count(); ++index) {
    std::int64_t code;
    if (!call.integer(index, &code)) return kNativeError;
    if (static_cast<std::uint64_t>(code) > kLargestLaxCode)
      return call.argument_error(index, "value out of range");
    append_encoded(static_cast<std::uint32_t>(code), &text);
  }
  return call.one_text(text);
}

int utf8_offset(NativeCall& call) {
  String* string;
  std::int64_t count, from;
  if (!call.text(0, &string) || !call.integer(1, &count)) return kNativeError;
  const auto length = static_cast<std::int64_t>(string->length());
  if (!call.optional_integer(2, count >= 0 ? 1 : length + 1, &from)) return kNativeError;
  std::int64_t at = position_in(from, string->length()) - 1;
  if (at < 0 || at > length) return call.argument_error(2, "position out of bounds");
  const char* bytes = string->data();
  if (count == 0) {
    while (at > 0 && is_continuation(bytes[at])) --at;
    return call.one_integer(at + 1);
  }
  if (is_continuation(bytes[at])) return call.error("initial position is a continuation byte");
  if (count < 0) {
    for (; count < 0 && at > 0; ++count) {
      do --at;
      while (at > 0 && is_continuation(bytes[at]));
    }
  } else {
    for (--count; count > 0 && at < length; --count) {
      do ++at;
      while (is_continuation(bytes[at]));  // ends at the final NUL
    }
  }
  return count == 0 ? call.one_integer(at + 1) : call.one(Value::nil());
}

template <bool lax>
int step(NativeCall& call) {
  String* string;
  if (!call.text(0, &string)) return kNativeError;
  const std::size_t length = string->length();
  std::uint64_t at =
      call.has(1) && call.reg(1).is_integer() ? static_cast<std::uint64_t>(call.reg(1).as_integer()) : 0;
  // The control variable is where the last character began, from 1: `at`, from 0, is the byte behind its
  // first.
  if (at < length) {
    while (is_continuation(string->data()[at])) ++at;
  }
  if (at >= length) return call.none();
  std::uint32_t code;
  if (!decode(string->data() + at, &code, lax)) return call.error(kInvalidCode);
  if (!call.reserve_results(2)) return kNativeError;
  return call.two(Value::inline_integer(static_cast<std::int64_t>(at) + 1), Value::inline_integer(code));
}

enum CodesSlot { kStrictStep, kLaxStep, kCodesSlots };

int utf8_codes(NativeCall& call) {
  String* string;
  if (!call.text(0, &string)) return kNativeError;
  const Value iterator = call.function()->slots()[is_truthy(call, 1) ? kLaxStep : kStrictStep].load();
  if (!call.reserve_results(3)) return kNativeError;
  call.set_result(0, iterator);
  call.set_result(1, Value::string(string));
  call.set_result(2, Value::inline_integer(0));
  return 3;
}

constexpr LibraryFunction kFunctions[] = {
    {"char", utf8_char}, {"codepoint", utf8_code_point}, {"len", utf8_length}, {"offset", utf8_offset}};

}  // namespace

void open_utf8(VmThread& thread) {
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  LocalHeap& heap = thread.heap();
  NativeFunction* codes = NativeFunction::make(heap, "codes", utf8_codes, kCodesSlots);
  codes->slots()[kStrictStep].store(Value::native(NativeFunction::make(heap, "for iterator", step<false>)));
  codes->slots()[kLaxStep].store(Value::native(NativeFunction::make(heap, "for iterator", step<true>)));
  set_field(thread, module, "codes", Value::native(codes));
  set_field(thread, module, "charpattern", Value::string(thread.string(kCharPattern)));
  publish_module(thread, "utf8", module);
}

}  // namespace gilvm
