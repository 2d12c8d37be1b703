#include "vm/runtime/errors.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "vm/runtime/activations.h"

namespace gilvm {

std::string global_function_name(VmThread& thread, Value function) {
  auto loaded = thread.vm().registry->get(Value::string(thread.string("_LOADED")));
  if (!loaded.is_table()) return {};
  // A function may have several names; its own goes before others.
  const char* own_name = function.is_native() ? function.as_native()->name : nullptr;
  std::string found;
  Value key = Value::nil(), module;
  while (loaded.as_table()->next(key, &key, &module) && !key.is_nil()) {
    if (!module.is_table() || !key.is_string()) continue;
    Value name = Value::nil(), value;
    while (module.as_table()->next(name, &name, &value) && !name.is_nil()) {
      if (!(value == function) || !name.is_string()) continue;
      std::string text(name.as_string()->view());
      const bool is_own = own_name && text == own_name;
      std::string_view module_name = key.as_string()->view();
      if (module_name != "_G") text = std::string(module_name) + "." + text;
      if (!own_name || is_own) return text;
      if (found.empty()) found = std::move(text);
    }
  }
  return found;
}

namespace {

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

std::atomic<Table*>& basic_metatable(Vm& vm, Value value) {
  using Type = Vm::BasicType;
  if (value.is_string()) return vm.basic_metatable(Type::kString);
  if (value.is_nil()) return vm.basic_metatable(Type::kNil);
  if (value.is_boolean()) return vm.basic_metatable(Type::kBoolean);
  if (value.is_function()) return vm.basic_metatable(Type::kFunction);
  if (value.is_coroutine()) return vm.basic_metatable(Type::kCoroutine);
  return vm.basic_metatable(value.is_identity() ? Type::kIdentity : Type::kNumber);
}

Table* metatable_of(VmThread& thread, Value value) {
  if (value.is_table()) return value.as_table()->metatable();
  if (value.is_userdata()) return value.as_userdata()->metatable.load(std::memory_order_acquire);
  return basic_metatable(thread.vm(), value).load(std::memory_order_acquire);
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
  Activation activation;
  Activations activations(thread.coroutine, nullptr);
  bool found = activations.at(level - 1, &activation);
  // An error that a module of ours raises is about the script that called it.
  while (found && activation.is_script() && activation.frame->closure->prototype->is_library) {
    found = activations.next(&activation);
  }
  if (!found || !activation.is_script()) return {};
  const std::int32_t line = current_line(*activation.frame);
  if (line <= 0) return {};
  return short_source(activation.frame->closure->prototype->source) + ":" + std::to_string(line) + ": ";
}

void raise(VmThread& thread, Value value) {
  thread.error = value;
  thread.error_is_handled = thread.error_is_interruption = false;
}

void raise_in_native(VmThread& thread, std::string_view message) {
  raise(thread, Value::string(thread.string(position_at(thread, 1) + std::string(message))));
}

void raise_message(VmThread& thread, std::string_view message) {
  std::string position;
  const CallFrame* frame = thread.coroutine->frame();
  if (frame->kind == FrameKind::kScript && !thread.operates_for_native) {
    position =
        short_source(frame->closure->prototype->source) + ":" + std::to_string(current_line(*frame)) + ": ";
  }
  raise(thread, Value::string(thread.string(position + std::string(message))));
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
  if (text.empty() || text.find_first_of("nN") != std::string_view::npos) return false;
  const std::string copy(text);
  char* end;
  const double number = std::strtod(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size()) return false;
  result->set(Value::number(number));
  return true;
}

}  // namespace gilvm
