// The instruction that the innermost frame runs: its operands' names for messages, and calls on its behalf.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>

#include "vm/interp/operations.h"

namespace gilvm {

inline Instruction current_instruction(const CallFrame* frame) { return (frame->pc - 1)->load(); }
// Is what is done now done for an instruction of the innermost frame, and not for a native function?
inline bool runs_instruction(VmThread& thread) {
  return thread.coroutine->frame()->kind == FrameKind::kScript && !thread.operates_for_native;
}
// For as long as it lives, operations are done for a native function: messages have no position and name no
// variable of the script that called it. No script runs meanwhile, or under a ScriptCall.
class OperatesForNative {
 public:
  explicit OperatesForNative(VmThread& thread) : thread_(thread), before_(thread.operates_for_native) {
    thread.operates_for_native = true;
  }
  ~OperatesForNative() { thread_.operates_for_native = before_; }
  OperatesForNative(const OperatesForNative&) = delete;

 private:
  VmThread& thread_;
  const bool before_;
};
// The Lua instruction that the current one comes from, by its place.
std::int32_t lua_position(const CallFrame* frame);
// Jumps when `outcome` is the condition of the comparison `instruction`.
inline void jump_if(CallFrame* frame, Instruction instruction, bool outcome) {
  if (outcome == ((instruction.x() & 1) != 0)) frame->pc += instruction.signed_c();
}

// Puts `values` into `wanted` registers from `to` on; what is missing is nil. Both may be the same registers.
inline void adjust_values(Register* to, std::uint32_t wanted, const Register* values, std::uint32_t count) {
  const std::uint32_t given = std::min(wanted, count);
  for (std::uint32_t index = 0; index < given; ++index) to[index].copy(values[index]);
  for (std::uint32_t index = given; index < wanted; ++index) to[index].set(Value::nil());
}
// What the frame's kCall has called gave so many values: as many as it wants go where it wants them. A
// kTailCall, which calls what has no frame likewise, wants all: its c is 0.
inline void complete_call(Coroutine* coroutine, CallFrame* frame, const Register* values,
                          std::uint32_t count) {
  const CodeWord& call = frame->pc[-1];
  Register* to = &frame->at(call.a());
  adjust_values(to, call.c() == 0 ? count : call.c() - 1u, values, count);
  if (call.c() == 0) coroutine->top = to + count;
}
// Does the frame run a loop's call of its iterator?
inline bool runs_iteration(const CallFrame* frame) {
  return frame->kind == FrameKind::kScript && current_instruction(frame).op() == Opcode::kGenericForCall;
}
// What the frame's kGenericForCall has called gave so many values.
inline void complete_iteration(CallFrame* frame, const Register* values, std::uint32_t count) {
  const CodeWord& call = frame->pc[-1];
  adjust_values(&frame->at(call.a()) + 4, call.c(), values, count);
}

// " (local 'x')" and the like, or nothing.
std::string name_of_lua_register(const CallFrame* frame, unsigned reg);
std::string name_of_indexed(VmThread& thread);              // what the current instruction indexes
std::string name_of_operand(VmThread& thread, bool right);  // its left or its right operand
// Raises "attempt to `action` a nil value (local 'x')".
Outcome type_error(VmThread& thread, const char* action, Value value, const std::string& name);

// The registers where a call that the current instruction makes by itself may begin.
Register* free_registers(VmThread& thread);
// Calls a metamethod for the current instruction, which is completed when it returns.
Outcome call_for_instruction(VmThread& thread, Value function, std::initializer_list<Value> arguments);
// Calls a metamethod for native code. False: it failed.
bool call_for_value(VmThread& thread, Value function, std::initializer_list<Value> arguments, Value* result);

}  // namespace gilvm
