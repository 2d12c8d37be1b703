// A call of a native function: its arguments, its results, its errors.
//
// Threads: the caller's. The arguments stand in registers, so the collector sees them; a Value that the
// function got elsewhere must be kept with keep() before anything that may be a safepoint (a call of a
// script, a wait).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "vm/runtime/errors.h"

namespace gilvm {

class NativeCall {
 public:
  // Arguments stand in the `count` registers from `first` on. Results go to first - 1 and following.
  NativeCall(VmThread& thread, NativeFunction* function, std::uint32_t first, std::uint32_t count)
      : thread_(thread), function_(function), first_(first), count_(count) {}

  VmThread& thread() { return thread_; }
  Vm& vm() { return thread_.vm(); }
  NativeFunction* function() const { return function_; }
  unsigned count() const { return count_; }

  // Argument `index`, from 0; nil beyond the last.
  Value operator[](unsigned index) { return index < count_ ? thread_.boxed(reg(index)) : Value::nil(); }
  bool has(unsigned index) const { return index < count_; }
  bool is_none_or_nil(unsigned index) { return index >= count_ || reg(index).value.is_nil(); }
  // REQUIRES: index < count().
  Register& reg(unsigned index) { return thread_.coroutine->stack()[first_ + index]; }
  // The index in the stack of the first argument.
  std::uint32_t first() const { return first_; }

  // Keeps `value` alive for the rest of the call.
  void keep(Value value) {
    Coroutine* coroutine = thread_.coroutine;
    if (coroutine->reserve(coroutine->top, 1, true)) (coroutine->top++)->set(value);
  }

  // Results: to be given in order, after the last use of the arguments that they overwrite (result i stands
  // where argument i - 1 stood).
  int none() { return 0; }
  int one(Value value) {
    thread_.coroutine->stack()[first_ - 1].set(value);
    return 1;
  }
  int one_integer(std::int64_t integer) {
    thread_.coroutine->stack()[first_ - 1].set_integer(integer);
    return 1;
  }
  int one_text(std::string_view text) { return one(Value::string(thread_.text(text))); }
  int two(Value first, Value second) {
    set_result(0, first);
    set_result(1, second);
    return 2;
  }
  // Makes room for `more` bytes in a text that becomes a result. False with the error raised: there is no
  // memory. A safepoint, which keeps `value` alive.
  bool reserve_text(std::string* text, std::size_t more, Value value = Value::nil());
  // Makes room for `count` results. False with the error raised: too many, which is `what`.
  bool reserve_results(std::size_t count, const char* what = nullptr);
  // REQUIRES: index <= count(), or reserve_results(index + 1).
  void set_result(unsigned index, Value value) { thread_.coroutine->stack()[first_ - 1 + index].set(value); }
  Register& result(unsigned index) { return thread_.coroutine->stack()[first_ - 1 + index]; }

  // As the function's last act: has the interpreter call `function`, whose results become its own; all of
  // them, or as many as are `wanted`. Unlike a ScriptCall it lets the script yield.
  static constexpr int kAllResults = -1;
  int continue_with(Value function, std::initializer_list<Value> arguments, int wanted = kAllResults);

  // Arguments with a type. False with Lua's error raised: "bad argument #1 to 'f' (number expected, got
  // nil)".
  bool integer(unsigned index, std::int64_t* result);
  bool number(unsigned index, double* result);
  bool text(unsigned index, String** result);  // a string, or a number, which becomes one
  bool table(unsigned index, Table** result);
  bool function(unsigned index, Value* result);
  bool any(unsigned index);  // any value, but there must be one
  bool optional_integer(unsigned index, std::int64_t absent, std::int64_t* result) {
    if (!is_none_or_nil(index)) return integer(index, result);
    *result = absent;
    return true;
  }
  bool optional_number(unsigned index, double absent, double* result) {
    if (!is_none_or_nil(index)) return number(index, result);
    *result = absent;
    return true;
  }

  // Each raises and returns kNativeError.
  int error(std::string_view message);  // with the position of the caller
  int argument_error(unsigned index, std::string_view message);
  int type_error(unsigned index, const char* expected);

 private:
  VmThread& thread_;
  NativeFunction* function_;
  std::uint32_t first_;
  std::uint32_t count_;
};

}  // namespace gilvm
