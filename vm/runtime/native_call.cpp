#include "vm/runtime/native_call.h"

#include <algorithm>

#include "vm/runtime/activations.h"
#include "vm/runtime/memory.h"

namespace gilvm {

int NativeCall::error(std::string_view message) {
  raise_in_native(thread_, message);
  return kNativeError;
}

int NativeCall::argument_error(unsigned index, std::string_view message) {
  const Activation self{nullptr, Value::native(function_)};
  const VariableName called = Activations(thread_.coroutine, this).name_of(self);
  unsigned number = index + 1;
  if (called.kind == "method") {
    if (number-- == 1) {
      return error("calling '" + called.name + "' on bad self (" + std::string(message) + ")");
    }
  }
  std::string name = called.known() ? called.name : global_function_name(thread_, Value::native(function_));
  if (name.empty()) name = "?";
  return error("bad argument #" + std::to_string(number) + " to '" + name + "' (" + std::string(message) +
               ")");
}

int NativeCall::type_error(unsigned index, const char* expected) {
  std::string got = "no value";
  if (has(index)) got = type_name_of(thread_, (*this)[index]);
  if (has(index) && (*this)[index].is_identity() && got == "userdata") got = "light userdata";
  return argument_error(index, std::string(expected) + " expected, got " + got);
}

bool NativeCall::reserve_text(std::string* text, std::size_t more, Value value) {
  constexpr std::size_t kChecked = 64 * 1024;  // from there on, half of which the heap would not notice
  const std::size_t size = text->size() + more;
  if (size <= text->capacity()) return true;
  const std::size_t capacity = std::max(size, 2 * text->capacity());
  // The text, and the string that is made of it.
  if (capacity >= kChecked && !make_room(thread_, capacity + size, {value})) return false;
  text->reserve(capacity);
  return true;
}

bool NativeCall::reserve_results(std::size_t count, const char* what) {
  Coroutine* coroutine = thread_.coroutine;
  if (coroutine->reserve(coroutine->stack() + first_, count)) return true;
  raise_in_native(thread_, what ? std::string("stack overflow (") + what + ")" : "stack overflow");
  return false;
}

int NativeCall::continue_with(Value function, std::initializer_list<Value> arguments, int wanted) {
  // The callee stands where the first argument stood: there is room, Coroutine::kSpare registers at least.
  Coroutine* coroutine = thread_.coroutine;
  Register* next = coroutine->stack() + first_;
  (next++)->set(function);
  for (Value argument : arguments) (next++)->set(argument);
  coroutine->top = next;
  return kNativeContinues - (wanted + 1);
}

bool NativeCall::integer(unsigned index, std::int64_t* result) {
  if (has(index)) {
    Register number = reg(index);
    if (number.value.is_string() && !number_from_text(number.value.as_string()->view(), &number)) {
      return type_error(index, "number") == 0;
    }
    if (number.is_integer()) {
      *result = number.as_integer();
      return true;
    }
    if (number.value.is_double()) {
      if (exact_integer(number.value.as_double(), result)) return true;
      return argument_error(index, "number has no integer representation") == 0;
    }
  }
  return type_error(index, "number") == 0;
}

bool NativeCall::number(unsigned index, double* result) {
  if (has(index)) {
    Register number = reg(index);
    if (number.value.is_string() && !number_from_text(number.value.as_string()->view(), &number)) {
      return type_error(index, "number") == 0;
    }
    if (number.value.is_double()) {
      *result = number.value.as_signed_double();
      return true;
    }
    if (number.is_integer()) {
      *result = static_cast<double>(number.as_integer());
      return true;
    }
  }
  return type_error(index, "number") == 0;
}

bool NativeCall::text(unsigned index, String** result) {
  if (has(index)) {
    Value value = (*this)[index];
    if (value.is_number()) {
      value = Value::string(thread_.text(number_text(value)));
      reg(index).set(value);
    }
    if (value.is_string()) {
      *result = value.as_string();
      return true;
    }
  }
  return type_error(index, "string") == 0;
}

bool NativeCall::table(unsigned index, Table** result) {
  if (!has(index) || !reg(index).value.is_table()) return type_error(index, "table") == 0;
  *result = reg(index).value.as_table();
  return true;
}

bool NativeCall::function(unsigned index, Value* result) {
  if (!has(index) || !reg(index).value.is_function()) return type_error(index, "function") == 0;
  *result = reg(index).value;
  return true;
}

bool NativeCall::any(unsigned index) { return has(index) || argument_error(index, "value expected") == 0; }

}  // namespace gilvm
