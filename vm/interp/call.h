// Calling scripts, and doing what scripts do to values, from native code.
//
// Every function here may run a script, so it is a safepoint: a collection may happen, the stack may move,
// other threads may run. A failure is an error raised in the thread.
#pragma once

#include <string_view>

#include "vm/runtime/native_call.h"

namespace gilvm {

// A call of a value from native code:
//   ScriptCall call(thread, function);
//   call.push(argument);
//   if (!call.run()) return kNativeError;
//   Value first = call.result(0);
// The results live until the ScriptCall ends. A failure is to be passed on: the pcall further out closes the
// variables that the script left open. Who wants to go on after an error calls through xpcall, as
// call_reporting() does.
class ScriptCall {
 public:
  // `native`: the function that calls, for tracebacks; null when the caller is no script's.
  ScriptCall(VmThread& thread, Value function, NativeFunction* native = nullptr);
  ~ScriptCall();
  ScriptCall(const ScriptCall&) = delete;

  // What is called is a message handler, a hook, or a finalizer.
  void mark_as_handler();
  void mark_as_hook();
  void mark_as_finalizer();
  // After run(): another call, of `function`, is to follow in the same place. The results are given up. The
  // native function raises no error by itself between two calls.
  void restart(Value function);
  void push(Value argument);
  [[nodiscard]] bool run();
  unsigned result_count() const { return results_; }
  // Nil beyond the last.
  Value result(unsigned index) const;

 private:
  VmThread& thread_;
  std::uint32_t function_;  // index in the stack
  std::uint32_t saved_top_;
  NativeFunction* const saved_native_;
  const std::uint32_t saved_first_;
  const bool saved_operates_;
  unsigned results_ = 0;
  bool is_too_deep_;
  bool has_frame_ = false;
};

// object[key] and object[key] = value, with metamethods.
[[nodiscard]] bool get_index(VmThread& thread, Value object, Value key, Value* result);
[[nodiscard]] bool set_index(VmThread& thread, Value object, Value key, Value value);
// left < right and left == right, with metamethods.
[[nodiscard]] bool less_than(VmThread& thread, Value left, Value right, bool* result);
[[nodiscard]] bool equals(VmThread& thread, Value left, Value right, bool* result);
// Without metamethods (Lua manual §6.1, rawequal).
bool raw_equals(Value left, Value right);
// #object, with __len.
[[nodiscard]] bool length_of(VmThread& thread, Value object, Value* result);
// tostring(value): with __tostring and __name. The result is a string.
[[nodiscard]] bool to_text(VmThread& thread, Value value, Value* result);
// Arithmetic as the instructions do it. REQUIRES: two numbers; unary operators take the operand twice.
[[nodiscard]] bool arithmetic(VmThread& thread, Event event, Value left, Value right, Value* result);

// Makes the interpreter's loop known to the runtime. Called once before any VM runs.
void set_up_interpreter();

}  // namespace gilvm
