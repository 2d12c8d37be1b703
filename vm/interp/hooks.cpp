// What debug.sethook asks for: a script is told of calls, returns, lines and counted instructions (Lua manual
// §4.7, lua_sethook; the rules are those of ldebug.c, luaG_traceexec).
//
// Lua's instructions are counted, not ours: those that were translated from one are one step.
#include <algorithm>

#include "vm/bytecode/lua_instruction.h"
#include "vm/interp/current_instruction.h"
#include "vm/interp/operations.h"

namespace gilvm {
namespace {

// Calls the hook; `line` is 0 where the event has none. The frame that the event is about is innermost.
bool call_hook(VmThread& thread, const char* event, std::int32_t line, std::uint32_t first_transferred,
               std::uint32_t transferred) {
  Coroutine* coroutine = thread.coroutine;
  Hook& hook = coroutine->hook;
  if (hook.runs || hook.function.is_nil()) return true;
  hook.runs = true;
  hook.first_transferred = transferred == 0 ? 0 : first_transferred;
  hook.transferred = transferred;
  const std::uint32_t top = coroutine->index_of(coroutine->top);
  const CallFrame* frame = coroutine->frame();
  if (frame->kind == FrameKind::kScript) {
    coroutine->top = std::max(coroutine->top, frame->base + frame->closure->prototype->frame_size);
  }
  bool succeeded;
  {
    ScriptCall call(thread, hook.function);
    call.mark_as_hook();
    call.push(Value::string(thread.string(event)));
    call.push(line > 0 ? Value::inline_integer(line) : Value::nil());
    succeeded = call.run();
  }
  coroutine->top = coroutine->stack() + top;
  hook.runs = false;
  hook.transferred = 0;
  if (!succeeded && thread.interrupted()) {
    // It would run into the same again before any line that removes it; lua.c, lstop, removes it too.
    hook.mask = 0;
    thread.hook_has_changed();
  }
  return succeeded;
}

// A native function's frame, for the time of an event: its values are those from `first` to `end`.
bool call_hook_for_native(VmThread& thread, NativeFunction* native, const char* event, std::uint32_t first,
                          std::uint32_t end, std::uint32_t first_transferred, std::uint32_t transferred) {
  Coroutine* coroutine = thread.coroutine;
  const std::uint32_t top = coroutine->index_of(coroutine->top);
  CallFrame* frame = coroutine->push_frame();
  if (!frame) {
    raise_message(thread, "stack overflow");
    return false;
  }
  coroutine->top = coroutine->stack() + end;
  frame->kind = FrameKind::kNative;
  frame->base = coroutine->top;
  frame->native = native;
  frame->shift = first;
  frame->on_return = OnReturn::kNative;
  frame->is_tail_call = frame->runs_handler = frame->runs_hook = frame->runs_finalizer = false;
  const bool succeeded = call_hook(thread, event, 0, first_transferred, transferred);
  coroutine->pop_frame();
  coroutine->top = coroutine->stack() + top;
  return succeeded;
}

std::int32_t index_of_instruction(const CallFrame& frame) {
  return static_cast<std::int32_t>(frame.pc - frame.closure->prototype->code.get()) - 1;
}

// The innermost frame goes on after a call: what it runs next is compared with the instruction that called.
void go_on_in(const CallFrame& caller, Hook& hook) {
  if (caller.kind == FrameKind::kScript) hook.last = index_of_instruction(caller);
}

// Is the instruction one that Lua's code does not have? Cells, and the jump from where one is made aside.
bool is_ours_alone(const Prototype& prototype, std::int32_t index) {
  const CodeWord* instruction = prototype.code.get() + index;
  if (instruction->op() == Opcode::kMakeCell) return true;
  return instruction->op() == Opcode::kJumpBack && index > 0 && (instruction - 1)->op() == Opcode::kMakeCell;
}

// Does the instruction only go on with what the Lua instruction before has begun?
bool continues(const Prototype& prototype, std::int32_t last, std::int32_t index) {
  if (last < 0) return false;
  const auto from = static_cast<std::size_t>(last), to = static_cast<std::size_t>(index);
  if (from >= prototype.code_size || prototype.lua_position[from] != prototype.lua_position[to]) return false;
  const Opcode op = prototype.code[to].op();
  return last < index || (last == index && (op == Opcode::kClose || op == Opcode::kReturnClose));
}

bool begins_line(const Prototype& prototype, std::int32_t last, std::int32_t index) {
  if (last < 0) return true;
  const auto to = static_cast<std::size_t>(index);
  // After an error that was caught it may belong to another function.
  const std::size_t from =
      static_cast<std::uint32_t>(last) < prototype.code_size ? static_cast<std::size_t>(last) : 0;
  return prototype.lua_position[to] <= prototype.lua_position[from] ||
         prototype.lines[to] != prototype.lines[from];
}

// The line of a CLOSE that stands before the instruction in Lua's code, and that ours does not have because
// only cells are closed by it; otherwise the line of `last`.
std::int32_t line_before(const Prototype& prototype, std::int32_t last, std::int32_t index) {
  const auto from = static_cast<std::size_t>(last), to = static_cast<std::size_t>(index);
  if (last < 0 || from >= prototype.code_size) return prototype.lines[to];
  const auto position = static_cast<std::size_t>(prototype.lua_position[to]);
  if (position == 0 || index == 0 || position > prototype.lua_lines.size()) return prototype.lines[from];
  const std::int32_t before = prototype.lua_position[to - 1];
  if (before == static_cast<std::int32_t>(position) || before == static_cast<std::int32_t>(position) - 1 ||
      LuaInstruction{prototype.lua_code[position - 1]}.op() != LuaOp::CLOSE) {
    return prototype.lines[from];
  }
  return prototype.lua_lines[position - 1];
}

// The innermost frame's instruction returns values: from *first on, as many as the result says. -1: it does
// not return now.
std::int32_t returned(const Coroutine* coroutine, const Instruction instruction, std::uint32_t* first) {
  const CallFrame* frame = coroutine->frame();
  // Lua's own operand: ours may be a copy of what a cell holds.
  const Prototype& prototype = *frame->closure->prototype;
  *first = LuaInstruction{prototype.lua_code[static_cast<std::size_t>(lua_position(frame))]}.a();
  switch (instruction.op()) {
    case Opcode::kReturnNone: return 0;
    case Opcode::kReturnOne: return 1;
    case Opcode::kReturnClose:
      if (has_to_close(coroutine, frame->base)) return -1;
      [[fallthrough]];
    case Opcode::kReturn:
      if (instruction.b() != 0) return instruction.b() - 1;
      return static_cast<std::int32_t>(coroutine->top - (frame->base + *first));
    default: return -1;
  }
}

}  // namespace

bool hook_native_call(VmThread& thread, NativeFunction* native, std::uint32_t first, std::uint32_t count) {
  if (!(thread.coroutine->hook.mask & Hook::kCall)) return true;
  return call_hook_for_native(thread, native, "call", first, first + count, 1, count);
}

bool hook_native_return(VmThread& thread, NativeFunction* native, std::uint32_t first, std::uint32_t count) {
  Coroutine* coroutine = thread.coroutine;
  bool succeeded = true;
  if (coroutine->hook.mask & Hook::kReturn) {
    // The hook sees the results as values of the function; those that are handed on stand one lower.
    const std::uint32_t copies = first + count;
    const std::uint32_t top = coroutine->index_of(coroutine->top);
    if (!coroutine->reserve(coroutine->stack() + copies, count + 1)) {
      raise_message(thread, "stack overflow");
      return false;
    }
    const Register* results = coroutine->stack() + first - 1;
    for (std::uint32_t index = 0; index < count; ++index)
      coroutine->stack()[copies + index].copy(results[index]);
    succeeded = call_hook_for_native(thread, native, "return", first, copies + count, count + 1, count);
    coroutine->top = coroutine->stack() + top;
  }
  if (!coroutine->hook.runs) go_on_in(*coroutine->frame(), coroutine->hook);
  return succeeded;
}

Outcome run_hooks(VmThread& thread) {
  Coroutine* coroutine = thread.coroutine;
  Hook& hook = coroutine->hook;
  if (hook.mask == 0 || hook.runs) return Outcome::kDone;

  const Prototype& prototype = *coroutine->frame()->closure->prototype;
  const std::int32_t index = index_of_instruction(*coroutine->frame());
  const Instruction instruction = current_instruction(coroutine->frame());
  const bool is_entered = index == 0 && !hook.jumped;
  hook.jumped = instruction.op() == Opcode::kJumpBack;
  if (is_entered) {
    hook.last = -1;
    const char* event = coroutine->frame()->is_tail_call ? "tail call" : "call";
    if (hook.mask & Hook::kCall && !call_hook(thread, event, 0, 1, prototype.parameters))
      return Outcome::kError;
  }
  if (is_ours_alone(prototype, index)) return Outcome::kDone;
  if (!continues(prototype, hook.last, index)) {
    if (hook.mask & Hook::kCount && --hook.left == 0) {
      hook.left = hook.count;
      if (!call_hook(thread, "count", 0, 0, 0)) return Outcome::kError;
    }
    const std::int32_t line = prototype.lines[static_cast<std::size_t>(index)];
    const std::int32_t before = line_before(prototype, hook.last, index);
    const bool passes_line =
        before != line && hook.last >= 0 && before != prototype.lines[static_cast<std::size_t>(hook.last)];
    if (hook.mask & Hook::kLine && passes_line && !call_hook(thread, "line", before, 0, 0))
      return Outcome::kError;
    if (hook.mask & Hook::kLine && begins_line(prototype, hook.last, index) &&
        !call_hook(thread, "line", line, 0, 0)) {
      return Outcome::kError;
    }
  }
  hook.last = index;
  std::uint32_t first;
  const std::int32_t count = returned(coroutine, instruction, &first);
  if (count >= 0) {
    if (hook.mask & Hook::kReturn &&
        !call_hook(thread, "return", 0, first + 1, static_cast<std::uint32_t>(count))) {
      return Outcome::kError;
    }
    go_on_in(*(coroutine->frame() - 1), hook);
  }
  return Outcome::kDone;
}

}  // namespace gilvm
