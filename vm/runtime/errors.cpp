#include "vm/runtime/errors.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "vm/runtime/variable_names.h"

namespace gilvm {
namespace {

constexpr int kFirstLevels = 10, kLastLevels = 11;  // of a traceback, as luaL_traceback shows them

std::int32_t current_line(const CallFrame& frame) { return frame.closure->prototype->line_at(frame.pc - 1); }

std::int32_t lua_position(const CallFrame& frame) {
  const Prototype& prototype = *frame.closure->prototype;
  auto index = static_cast<std::size_t>(frame.pc - prototype.code.get());
  return index == 0 ? 0 : prototype.lua_position[index - 1];
}

}  // namespace

std::string global_function_name(VmThread& thread, Value function) {
  auto loaded = thread.vm().registry->get(Value::string(thread.string("_LOADED")));
  if (!loaded.is_table()) return {};
  Value key = Value::nil(), module;
  while (loaded.as_table()->next(key, &key, &module) && !key.is_nil()) {
    if (!module.is_table() || !key.is_string()) continue;
    Value name = Value::nil(), value;
    while (module.as_table()->next(name, &name, &value) && !name.is_nil()) {
      if (!(value == function) || !name.is_string()) continue;
      std::string text(name.as_string()->view());
      std::string_view module_name = key.as_string()->view();
      return module_name == "_G" ? text : std::string(module_name) + "." + text;
    }
  }
  return {};
}

namespace {

// How the function of `frame` was called, from the frame below.
VariableName call_name(const CallFrame& frame, const CallFrame* first) {
  if (frame.is_tail_call || &frame <= first) return {};
  const CallFrame& caller = *(&frame - 1);
  if (caller.kind != FrameKind::kScript) return {};
  return name_of_called(*caller.closure->prototype, lua_position(caller));
}

std::string describe_function(VmThread& thread, Value function, const VariableName& called, bool is_main,
                              const Prototype* prototype) {
  std::string global = global_function_name(thread, function);
  if (!global.empty()) return "function '" + global + "'";
  if (called.known()) return called.kind + " '" + called.name + "'";
  if (is_main) return "main chunk";
  if (prototype) {
    return "function <" + short_source(prototype->source) + ":" + std::to_string(prototype->first_line) + ">";
  }
  return "?";
}

bool is_space(char c) { return std::strchr(" \f\n\r\t\v", c) && c != '\0'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

int hexadecimal_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Decimal integers that fit, and hexadecimal ones modulo 2^64 (Lua manual §3.1).
bool integer_from_text(std::string_view text, std::int64_t* result) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::uint64_t value = 0;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    for (char c : text.substr(2)) {
      const int digit = hexadecimal_digit(c);
      if (digit < 0) return false;
      value = value * 16 + static_cast<unsigned>(digit);
    }
  } else {
    if (text.empty()) return false;
    for (char c : text) {
      if (c < '0' || c > '9') return false;
      const auto digit = static_cast<std::uint64_t>(c - '0');
      const std::uint64_t limit = 0x7FFFFFFFFFFFFFFFULL;
      if (value > limit / 10 || (value == limit / 10 && digit > limit % 10 + (negative ? 1 : 0)))
        return false;
      value = value * 10 + digit;
    }
  }
  *result = static_cast<std::int64_t>(negative ? 0 - value : value);
  return true;
}

}  // namespace

const char* type_name(Value value) {
  if (value.is_nil()) return "nil";
  if (value.is_boolean()) return "boolean";
  if (value.is_number() || value.is_wide()) return "number";
  if (value.is_string()) return "string";
  if (value.is_table()) return "table";
  if (value.is_function()) return "function";
  if (value.is_coroutine()) return "thread";
  return "userdata";
}

Table* metatable_of(VmThread& thread, Value value) {
  if (value.is_table()) return value.as_table()->metatable();
  if (value.is_string()) return thread.vm().string_metatable;
  if (value.is_userdata()) return value.as_userdata()->metatable.load(std::memory_order_acquire);
  return nullptr;
}

Value metamethod(VmThread& thread, Value value, Event event) {
  Table* metatable = metatable_of(thread, value);
  return metatable ? metatable->get_short(thread.vm().name_of(event)) : Value::nil();
}

std::string type_name_of(VmThread& thread, Value value) {
  if (value.is_table() || value.is_userdata()) {
    Value name = metamethod(thread, value, Event::kName);
    if (name.is_string()) return std::string(name.as_string()->view());
  }
  return type_name(value);
}

std::string position_at(VmThread& thread, int level) {
  const Coroutine* coroutine = thread.coroutine;
  const CallFrame* frame = coroutine->frame() - (level - 1);
  if (level < 1 || frame <= coroutine->first_frame() || frame->kind != FrameKind::kScript) return {};
  return short_source(frame->closure->prototype->source) + ":" + std::to_string(current_line(*frame)) + ": ";
}

void raise(VmThread& thread, Value value) {
  thread.error = value;
  thread.error_is_handled = false;
}

void raise_message(VmThread& thread, std::string_view message) {
  raise(thread, Value::string(thread.string(position_at(thread, 1) + std::string(message))));
}

std::string traceback(VmThread& thread, std::string_view message) {
  std::string text(message);
  if (!text.empty()) text += '\n';
  text += "stack traceback:";
  const Coroutine* coroutine = thread.coroutine;
  const CallFrame* first = coroutine->first_frame();
  std::vector<std::string> lines;
  for (const CallFrame* frame = coroutine->frame(); frame > first; --frame) {
    if (frame->kind != FrameKind::kScript) {
      // The library's own functions have no name, and are not shown.
      if (frame->native && frame->native->name) {
        lines.push_back("[C]: in " + describe_function(thread, Value::native(frame->native),
                                                       call_name(*frame, first), false, nullptr));
      }
      continue;
    }
    const Prototype& prototype = *frame->closure->prototype;
    lines.push_back(short_source(prototype.source) + ":" + std::to_string(current_line(*frame)) + ": in " +
                    describe_function(thread, Value::closure(frame->closure), call_name(*frame, first),
                                      prototype.first_line == 0, &prototype));
    if (frame->is_tail_call) lines.push_back("(...tail calls...)");
  }
  // The program that called the first function: a coroutine has none.
  if (coroutine->is_main()) lines.push_back("[C]: in ?");
  const int count = static_cast<int>(lines.size());
  for (int index = 0; index < count; ++index) {
    if (count > kFirstLevels + kLastLevels && index == kFirstLevels) {
      const int skipped = count - kFirstLevels - kLastLevels;
      text += "\n\t...\t(skipping " + std::to_string(skipped) + " levels)";
      index += skipped;
    }
    text += "\n\t" + lines[static_cast<std::size_t>(index)];
  }
  return text;
}

std::string integer_text(std::int64_t integer) {
  char buffer[24];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, integer);
  return std::string(buffer, end);
}

std::string float_text(double number) {
  char buffer[40];
  int length = std::snprintf(buffer, sizeof buffer, "%.14g", number);
  std::string text(buffer, static_cast<std::size_t>(length));
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string number_text(Value number) {
  return number.is_integer() ? integer_text(number.as_integer()) : float_text(number.as_signed_double());
}

bool exact_integer(double number, std::int64_t* result) {
  if (!(number >= -0x1p63 && number < 0x1p63)) return false;
  *result = static_cast<std::int64_t>(number);
  return static_cast<double>(*result) == number;
}

bool number_from_text(std::string_view text, Register* result) {
  text = trimmed(text);
  std::int64_t integer;
  if (integer_from_text(text, &integer)) {
    result->set_integer(integer);
    return true;
  }
  // strtod reads hexadecimal floats too, but also "inf" and "nan", which are no Lua numerals.
  if (text.empty() || text.size() > 200 || text.find_first_of("nN") != std::string_view::npos) return false;
  const std::string copy(text);
  char* end;
  const double number = std::strtod(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size()) return false;
  result->set(Value::number(number));
  return true;
}

}  // namespace gilvm
