// What instructions do when their quick case does not apply: metamethods, coercions, errors.
//
// The functions with an Outcome work for the instruction that the innermost frame runs, whose pc is up to
// date. They may push a frame for a metamethod: the loop runs it, and finish_instruction() completes the
// instruction when it returns, so that scripts call scripts without recursion in C++.
#pragma once

#include "vm/interp/call.h"

namespace gilvm {

enum class Outcome : std::uint8_t {
  kDone,   // go on with the innermost frame, which may be another one
  kError,  // an error is raised
  kLeave,  // leave the interpreter's loop: a frame that native code waits for has returned
};

// Calls. `function` points to the register of the called value; its arguments follow.
Outcome begin_call(VmThread& thread, Register* function, std::uint32_t arguments, OnReturn on_return);
// As begin_call(), where `function` is_the_interpreters().
Outcome begin_special_call(VmThread& thread, Register* function, std::uint32_t arguments, OnReturn on_return);
// As a tail call of the innermost frame, which it replaces.
Outcome begin_tail_call(VmThread& thread, Register* function, std::uint32_t arguments);
// The innermost frame returns `count` values.
Outcome return_values(VmThread& thread, Register* values, std::uint32_t count);
// Hands results to the frame that is innermost now.
Outcome deliver(VmThread& thread, OnReturn on_return, Register* values, std::uint32_t count,
                bool returned_from_script = false);
// An error is raised: unwinds to the innermost protected frame and goes on there, or, where a frame of native
// code is further in, to that, and returns kError. A coroutine that catches nothing ends, and the one that
// resumed it goes on.
Outcome catch_error(VmThread& thread);

// LUAI_MAXCCALLS, less what Lua itself has in use; message handlers get some more.
constexpr std::uint32_t kDeepest = 199, kErrorRoom = 20;
// Would one metamethod, protected call, call from native code or resume more make too many inside one
// another? Most of them take no C++ stack here, but a runaway __index, or a function that protects a call of
// itself, should end as soon as in Lua.
inline bool is_nested_too_deeply(VmThread& thread) {
  return thread.coroutine->depth() >= kDeepest + (thread.error_is_handled ? kErrorRoom : 0);
}

// Hooks (hooks.cpp). The instruction of the innermost frame, at pc - 1, is about to run: tells the hook what
// is to be told before.
Outcome run_hooks(VmThread& thread);
// Tells the hook that a native function is called, or has returned its `count` results; its first argument
// stands at `first` in the stack, its results from first - 1 on. False: the hook failed. The stack may move.
// REQUIRES: the coroutine has a hook.
[[nodiscard]] bool hook_native_call(VmThread& thread, NativeFunction* native, std::uint32_t first,
                                    std::uint32_t count);
[[nodiscard]] bool hook_native_return(VmThread& thread, NativeFunction* native, std::uint32_t first,
                                      std::uint32_t count);

// The name of a native function that is the __index of objects of C++ with attributes. By the address of this
// name the interpreter knows it, and looks for a method in the table in its slot 0 before it calls it.
inline constexpr char kIndexOfAttributes[] = "__index";

// Instructions. `destination` is a register operand.
Outcome index_into(VmThread& thread, Value object, Value key, std::uint16_t destination);
Outcome store_index(VmThread& thread, Value object, Value key, Value value);
Outcome arithmetic_into(VmThread& thread, Event event, const Register& left, const Register& right,
                        std::uint16_t destination);
// Jumps when the outcome is the condition of the instruction.
Outcome compare_and_jump(VmThread& thread, Event event, const Register& left, const Register& right);
Outcome length_into(VmThread& thread, const Register& operand, std::uint16_t destination);
Outcome concatenate(VmThread& thread, std::uint32_t first, std::uint32_t count);
Outcome prepare_for_loop(VmThread& thread, Register* state, bool* runs);
// Is there a variable to be closed at this level or above?
bool has_to_close(const Coroutine* coroutine, const Register* level);
// Closes the innermost one. The current instruction is run again afterwards, until there is none.
Outcome close_one(VmThread& thread);
Outcome mark_to_be_closed(VmThread& thread, const Register& variable, Register* level);

// Runs from the innermost frame on, until a frame with OnReturn::kNative returns (kLeave) or an error comes
// to a native frame (kError).
Outcome interpret(VmThread& thread);

}  // namespace gilvm
