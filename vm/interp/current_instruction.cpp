#include "vm/interp/current_instruction.h"

#include <algorithm>

#include "vm/bytecode/lua_instruction.h"
#include "vm/runtime/activations.h"

namespace gilvm {

std::int32_t lua_position(const CallFrame* frame) { return lua_position_of(*frame); }

namespace {

LuaInstruction lua_instruction(const CallFrame* frame) {
  return LuaInstruction{frame->closure->prototype->lua_code[static_cast<std::size_t>(lua_position(frame))]};
}

}  // namespace

std::string name_of_lua_register(const CallFrame* frame, unsigned reg) {
  return name_of_register(*frame->closure->prototype, lua_position(frame), reg).in_parentheses();
}

std::string name_of_indexed(VmThread& thread) {
  if (!runs_instruction(thread)) return {};
  const CallFrame* frame = thread.coroutine->frame();
  const LuaInstruction i = lua_instruction(frame);
  switch (i.op()) {
    case LuaOp::GETTABUP: return name_of_upvalue(*frame->closure->prototype, i.b()).in_parentheses();
    case LuaOp::SETTABUP: return name_of_upvalue(*frame->closure->prototype, i.a()).in_parentheses();
    case LuaOp::GETTABLE:
    case LuaOp::GETI:
    case LuaOp::GETFIELD:
    case LuaOp::SELF: return name_of_lua_register(frame, i.b());
    case LuaOp::SETTABLE:
    case LuaOp::SETI:
    case LuaOp::SETFIELD: return name_of_lua_register(frame, i.a());
    default: return {};
  }
}

std::string name_of_operand(VmThread& thread, bool right) {
  if (!runs_instruction(thread)) return {};
  const CallFrame* frame = thread.coroutine->frame();
  const LuaInstruction i = lua_instruction(frame);
  if (i.op() >= LuaOp::ADD && i.op() <= LuaOp::SHR) return name_of_lua_register(frame, right ? i.c() : i.b());
  if (i.op() >= LuaOp::UNM && i.op() <= LuaOp::LEN) return name_of_lua_register(frame, i.b());
  if (i.op() >= LuaOp::ADDI && i.op() <= LuaOp::SHLI) {
    const LuaInstruction fallback{
        frame->closure->prototype->lua_code[static_cast<std::size_t>(lua_position(frame)) + 1]};
    if (right == fallback.k()) return name_of_lua_register(frame, i.b());
  }
  return {};
}

Outcome type_error(VmThread& thread, const char* action, Value value, const std::string& name) {
  raise_message(thread,
                std::string("attempt to ") + action + " a " + type_name_of(thread, value) + " value" + name);
  return Outcome::kError;
}

Register* free_registers(VmThread& thread) {
  Coroutine* coroutine = thread.coroutine;
  CallFrame* frame = coroutine->frame();
  if (frame->kind == FrameKind::kScript) {
    Register* end = frame->base + frame->closure->prototype->frame_size;
    // An open list that the instruction is about to use stands above.
    const Opcode op = current_instruction(frame).op();
    return op == Opcode::kReturnClose ? std::max(end, coroutine->top) : end;
  }
  return coroutine->top;
}

Outcome call_for_instruction(VmThread& thread, Value function, std::initializer_list<Value> arguments) {
  Register* start = free_registers(thread);
  Coroutine* coroutine = thread.coroutine;
  const std::uint32_t index = coroutine->index_of(start);
  if (!coroutine->reserve(start, arguments.size() + 1)) {
    raise_message(thread, "stack overflow");
    return Outcome::kError;
  }
  start = coroutine->stack() + index;
  start->set(function);
  Register* next = start + 1;
  for (Value argument : arguments) (next++)->set(argument);
  return begin_call(thread, start, static_cast<std::uint32_t>(arguments.size()), OnReturn::kFinish);
}

bool call_for_value(VmThread& thread, Value function, std::initializer_list<Value> arguments, Value* result) {
  ScriptCall call(thread, function, thread.running_native);
  for (Value argument : arguments) call.push(argument);
  if (!call.run()) return false;
  *result = call.result(0);
  return true;
}

}  // namespace gilvm
