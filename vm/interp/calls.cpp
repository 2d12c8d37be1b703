// Calls, returns, errors that are caught, variables that are closed; and calls from native code.
#include <algorithm>
#include <new>

#include "vm/base/check.h"
#include "vm/interp/coroutines.h"
#include "vm/interp/current_instruction.h"
#include "vm/interp/operations.h"
#include "vm/runtime/memory.h"
#include "vm/runtime/traceback.h"
#include "vm/runtime/variable_names.h"

namespace gilvm {
namespace {

// The innermost frame's instruction made a call, which has returned: completes it.
Outcome finish_instruction(VmThread& thread, Register* values, std::uint32_t count) {
  CallFrame* frame = thread.coroutine->frame();
  const Register nothing;
  const Register& first = count > 0 ? *values : nothing;
  const Instruction instruction = current_instruction(frame);
  if (is_comparison(instruction.op())) {
    // `pending`: the answer is to be inverted (comparison_call).
    jump_if(frame, instruction, first.value.is_falsy() == (frame->pending != 0));
    return Outcome::kDone;
  }
  switch (instruction.op()) {
    case Opcode::kSetGlobal:
    case Opcode::kSetGlobalConstant:
    case Opcode::kSetField:
    case Opcode::kSetFieldConstant:
    case Opcode::kSetInteger:
    case Opcode::kSetIntegerConstant:
    case Opcode::kSetIndex:
    case Opcode::kSetIndexConstant: return Outcome::kDone;
    case Opcode::kConcatenate: {
      const std::uint32_t left = frame->pending - 1;
      Register* base = &frame->at(instruction.a());
      base[left - 1].copy(first);
      return concatenate(thread, thread.coroutine->index_of(base), left);
    }
    case Opcode::kGenericForCall: complete_iteration(frame, values, count); return Outcome::kDone;
    case Opcode::kClose:
    case Opcode::kReturnClose:
      thread.coroutine->top = frame->base + frame->pending;
      --frame->pc;
      return Outcome::kDone;
    default: frame->at(instruction.a()).copy(first); return Outcome::kDone;
  }
}

// Does a message handler run, which gets some more room than what has failed?
bool handles_error(const VmThread& thread) { return thread.native_depth > 0 && thread.error_is_handled; }

// The registers do not suffice. Not even those for message handlers: then no handler is asked
// (luaD_growstack).
Outcome stack_overflow(VmThread& thread) {
  if (!thread.coroutine->is_in_error_room()) {
    raise_message(thread, "stack overflow");
    return Outcome::kError;
  }
  raise(thread, Value::string(thread.string("error in error handling")));
  thread.error_is_handled = true;
  return Outcome::kError;
}

// Pushes the frame of a closure whose arguments stand above `function`.
Outcome push_script_frame(VmThread& thread, Register* function, std::uint32_t arguments, OnReturn on_return) {
  Coroutine* coroutine = thread.coroutine;
  Closure* closure = function->value.as_closure();
  const Prototype& prototype = *closure->prototype;
  const std::uint32_t index = coroutine->index_of(function + 1);
  const bool in_error = handles_error(thread);
  // Of a vararg function the frame begins above the arguments; of others the arguments are its first
  // registers.
  const std::size_t given = std::max<std::uint32_t>(arguments, prototype.parameters);
  const std::size_t needed =
      prototype.is_vararg ? given + prototype.frame_size : std::max<std::size_t>(given, prototype.frame_size);
  if (!coroutine->reserve(function + 1, needed, in_error)) return stack_overflow(thread);
  if (on_return == OnReturn::kFinish) {
    if (is_nested_too_deeply(thread)) {
      raise_message(thread, "C stack overflow");
      return Outcome::kError;
    }
    ++coroutine->nesting;
  }
  Register* base = coroutine->stack() + index;
  std::uint32_t shift = 0;
  for (std::uint32_t missing = arguments; missing < prototype.parameters; ++missing)
    base[missing].set(Value::nil());
  if (prototype.is_vararg) {
    // The extra arguments stay below the frame, as many as `shift` says beyond the parameters.
    shift = std::max<std::uint32_t>(arguments, prototype.parameters);
    for (std::uint32_t parameter = 0; parameter < prototype.parameters; ++parameter) {
      base[shift + parameter].copy(base[parameter]);
    }
    base += shift;
  }
  CallFrame* frame = coroutine->push_frame();
  if (!frame) {
    raise_message(thread, "stack overflow");
    return Outcome::kError;
  }
  // Growing stacks count; the next switch point looks at it.
  if (thread.vm().heap().wants_collection()) thread.request(kCollect);
  frame->begin(closure, prototype.code.get(), base);
  frame->shift = shift;
  frame->on_return = on_return;
  return Outcome::kDone;
}

// Pushes a frame of a native function that is not run in C++, and whose results go to `results`.
CallFrame* push_native_frame(VmThread& thread, FrameKind kind, NativeFunction* native, Register* results,
                             OnReturn on_return) {
  Coroutine* coroutine = thread.coroutine;
  if (is_nested_too_deeply(thread)) {
    raise(thread, Value::string(thread.string("C stack overflow")));
    return nullptr;
  }
  CallFrame* frame = coroutine->push_frame();
  if (!frame) {
    raise_message(thread, "stack overflow");
    return nullptr;
  }
  ++coroutine->nesting;
  frame->kind = kind;
  frame->base = results;
  frame->native = native;
  frame->on_return = on_return;
  frame->is_tail_call = false;
  frame->closing = false;
  frame->runs_handler = false;
  frame->handler = frame->error = Value::nil();
  return frame;
}

// Pushes the frame of pcall or xpcall, and calls what it protects.
[[gnu::noinline]] Outcome begin_protected_call(VmThread& thread, Register* function, std::uint32_t arguments,
                                               OnReturn on_return) {
  Coroutine* coroutine = thread.coroutine;
  NativeFunction* native = function->value.as_native();
  const bool has_handler = native->native_kind() != NativeKind::kProtectedCall;
  if (coroutine->hook.mask != 0) {
    const std::uint32_t index = coroutine->index_of(function);
    if (!hook_native_call(thread, native, index + 1, arguments)) return Outcome::kError;
    function = coroutine->stack() + index;
  }
  NativeCall call(thread, native, coroutine->index_of(function + 1), arguments);
  if (arguments == 0 && !has_handler) {
    call.argument_error(0, "value expected");
    thread.erring_native = native;
    return Outcome::kError;
  }
  Value handler;
  if (has_handler) {
    if (!call.function(1, &handler)) {
      thread.erring_native = native;
      return Outcome::kError;
    }
    // f, handler, arguments ... -> f, arguments ...
    for (std::uint32_t index = 1; index + 1 < arguments; ++index)
      function[1 + index].copy(function[2 + index]);
    --arguments;
  }
  CallFrame* frame = push_native_frame(thread, FrameKind::kProtected, native, function, on_return);
  if (!frame) return Outcome::kError;
  frame->handler = handler;
  coroutine->top = function + 1 + arguments;
  return begin_call(thread, function + 1, arguments - 1, OnReturn::kProtected);
}

// A native function has ended in continue_with(): what it calls stands above it, up to the top.
Outcome begin_continued_call(VmThread& thread, Register* function, int code, OnReturn on_return) {
  Coroutine* coroutine = thread.coroutine;
  NativeFunction* native = function->value.as_native();
  CallFrame* frame = push_native_frame(thread, FrameKind::kContinued, native, function, on_return);
  if (!frame) return Outcome::kError;
  frame->pending = static_cast<std::uint32_t>(kNativeContinues - code);
  const auto arguments = static_cast<std::uint32_t>(coroutine->top - function - 2);
  return begin_call(thread, function + 1, arguments, OnReturn::kContinued);
}

// Calls what is no function by its metamethod __call (Lua manual §2.4): the called value becomes the first
// argument. `chain`: so many such values are called already, each the metamethod of the one before.
Outcome begin_metamethod_call(VmThread& thread, Register* function, std::uint32_t arguments,
                              OnReturn on_return, int chain) {
  Coroutine* coroutine = thread.coroutine;
  const Value method = metamethod(thread, function->value, Event::kCall);
  if (method.is_nil() || chain == 100) {
    std::string name;
    if (runs_instruction(thread)) {
      const CallFrame* frame = coroutine->frame();
      if (on_return == OnReturn::kCall || current_instruction(frame).op() == Opcode::kGenericForCall ||
          on_return == OnReturn::kFinish) {
        name = name_of_called(*frame->closure->prototype, lua_position(frame)).in_parentheses();
      }
    }
    return type_error(thread, "call", function->value, name);
  }
  const std::uint32_t index = coroutine->index_of(function);
  coroutine->top = function + 1 + arguments;
  if (!coroutine->reserve(function, arguments + 2, handles_error(thread))) {
    raise_message(thread, "stack overflow");
    return Outcome::kError;
  }
  function = coroutine->stack() + index;
  for (std::uint32_t argument = arguments + 1; argument > 0; --argument) {
    function[argument].copy(function[argument - 1]);
  }
  function->set(method);
  if (method.is_closure() || method.is_native())
    return begin_call(thread, function, arguments + 1, on_return);
  return begin_metamethod_call(thread, function, arguments + 1, on_return, chain + 1);
}

// A protected frame is innermost and has caught an error: closes the variables above it, then returns false
// and the error.
Outcome finish_protected_frame(VmThread& thread) {
  Coroutine* coroutine = thread.coroutine;
  CallFrame* frame = coroutine->frame();
  if (has_to_close(coroutine, frame->base)) {
    const ToBeClosed variable = coroutine->to_be_closed.back();
    coroutine->to_be_closed.pop_back();
    const Value method = metamethod(thread, variable.value, Event::kClose);
    Register* start = coroutine->stack() + variable.level + 1;
    coroutine->top = start;
    const std::uint32_t index = coroutine->index_of(start);
    coroutine->reserve(start, 3, true);
    start = coroutine->stack() + index;
    start[0].set(method);
    start[1].set(variable.value);
    start[2].set(frame->error);
    coroutine->top = start + 3;
    // When the method returns, deliver() comes back to this function.
    return begin_call(thread, start, 2, OnReturn::kFinish);
  }
  coroutine->reserve(frame->base, 2, true);
  Register* results = frame->base;
  results[0].set(Value::boolean(false));
  results[1].set(frame->error);
  const OnReturn on_return = frame->on_return;
  NativeFunction* native = frame->native;
  frame->error = frame->handler = Value::nil();
  coroutine->pop_frame();
  --coroutine->nesting;
  if (coroutine->hook.mask != 0) {
    const std::uint32_t index = coroutine->index_of(results);
    if (!hook_native_return(thread, native, index + 1, 2)) return Outcome::kError;
    results = coroutine->stack() + index;
  }
  return deliver(thread, on_return, results, 2);
}

// The message handler of the innermost xpcall sees the error with the stack as it was. An error in the
// handler calls it again, on top of itself (luaG_errormsg), until there is no more room for that.
void call_message_handler(VmThread& thread) {
  Coroutine* coroutine = thread.coroutine;
  const CallFrame* frame = coroutine->frame();
  while (frame > coroutine->first_frame() && frame->kind != FrameKind::kProtected) --frame;
  if (frame->kind != FrameKind::kProtected || frame->handler.is_nil()) return;
  const Value handler = frame->handler;
  if (coroutine->depth() >= kDeepest + kErrorRoom - 1) {
    raise(thread, Value::string(thread.string("error in error handling")));
    thread.error_is_handled = true;
    return;
  }
  // The handler is told of it once, in the room that it has for that.
  if (coroutine->depth() == kDeepest) {
    const char* message = "C stack overflow";
    thread.erring_native ? raise(thread, Value::string(thread.string(message)))
                         : raise_message(thread, message);
  }
  coroutine->top = std::max(coroutine->top, free_registers(thread));
  NativeFunction* native = thread.erring_native;
  const Value error = thread.error;
  thread.error_is_handled = true;
  ScriptCall call(thread, handler, native);
  call.mark_as_handler();
  call.push(error);
  // Otherwise the handler has failed, and what it was called with then is the error.
  if (call.run()) {
    thread.error = call.result(0);
    thread.erring_native = native;
  }
  thread.error_is_handled = true;
}

// May the thread go on behind the frame? It may not behind a pcall of a script, where the script would go on
// too.
bool takes_interruption(VmThread& thread, const CallFrame* frame) {
  return frame->native->native_kind() == NativeKind::kInterruptibleCall &&
         thread.vm().interruption() == Interruption::kNone;
}

// Makes the interruption of one thread an error that says where it was, for the frame that takes it.
void become_error(VmThread& thread) {
  if (thread.error_is_interruption || thread.vm().interruption() != Interruption::kNone) return;
  const NativeCall wait(thread, thread.erring_native, 0, 0);  // that it ended
  const NativeCall* running = thread.erring_native ? &wait : nullptr;
  raise(thread,
        Value::string(thread.string(traceback(thread, thread.coroutine, running, "interrupted!", 0))));
  thread.error_is_handled = thread.error_is_interruption = true;
}

// The frame has caught an interruption: closes the variables of the coroutines that it has ended. As with
// others, an error in a __close method replaces the one before, and so does another interruption.
void close_interrupted_coroutines(VmThread& thread) {
  std::vector<Coroutine*>& interrupted = thread.interrupted_coroutines;
  while (!interrupted.empty()) {
    Coroutine* coroutine = interrupted.front();
    interrupted.erase(interrupted.begin());
    if (!coroutine->claim(CoroutineStatus::kFailed)) continue;  // another thread closes it
    CallFrame* frame = thread.coroutine->frame();
    coroutine->failure = frame->error;
    Value error;
    close_coroutine(thread, coroutine, true, &error);
    frame->error = error;
    if (thread.interrupted()) thread.vm().end_interruption(thread);
  }
}

}  // namespace

// Calls

Outcome begin_special_call(VmThread& thread, Register* function, std::uint32_t arguments,
                           OnReturn on_return) {
  switch (function->value.as_native()->native_kind()) {
    case NativeKind::kResume:
    case NativeKind::kWrapped: return begin_resume(thread, function, arguments, on_return);
    case NativeKind::kYield: return begin_yield(thread, function, arguments, on_return);
    default: return begin_protected_call(thread, function, arguments, on_return);
  }
}

Outcome begin_call(VmThread& thread, Register* function, std::uint32_t arguments, OnReturn on_return) {
  if (function->value.is_closure()) return push_script_frame(thread, function, arguments, on_return);
  if (!function->value.is_native()) [[unlikely]] {
    return begin_metamethod_call(thread, function, arguments, on_return, 0);
  }
  Coroutine* coroutine = thread.coroutine;
  NativeFunction* native = function->value.as_native();
  if (native->is_the_interpreters()) {
    return begin_special_call(thread, function, arguments, on_return);
  }
  coroutine->top = function + 1 + arguments;
  const std::uint32_t index = coroutine->index_of(function);
  // Above that are Coroutine::kSpare registers, for the results of a function that does not ask for more.
  if (!coroutine->reserve(function, arguments + 1, handles_error(thread))) return stack_overflow(thread);
  if (coroutine->hook.mask != 0 && !hook_native_call(thread, native, index + 1, arguments)) [[unlikely]] {
    thread.erring_native = native;
    return Outcome::kError;
  }
  NativeCall call(thread, native, index + 1, arguments);
  thread.running_native = native;
  thread.running_first = index + 1;
  int count = kNativeError;
  try {
    count = native->code(call);
  } catch (const std::bad_alloc&) {
    // The standard library's only way to say it; nothing else passes an exception on.
    raise_no_memory(thread);
  }
  if (coroutine->hook.mask != 0 && count >= 0 &&
      !hook_native_return(thread, native, index + 1, static_cast<std::uint32_t>(count))) [[unlikely]] {
    count = kNativeError;
  }
  function = thread.coroutine->stack() + index;
  if (count >= 0) [[likely]] {
    const auto results = static_cast<std::uint32_t>(count);
    if (on_return != OnReturn::kCall) return deliver(thread, on_return, function, results);
    complete_call(coroutine, coroutine->frame(), function, results);
    return Outcome::kDone;
  }
  if (count != kNativeError) return begin_continued_call(thread, function, count, on_return);
  if (!thread.error_is_handled) thread.erring_native = native;
  return Outcome::kError;
}

Outcome begin_tail_call(VmThread& thread, Register* function, std::uint32_t arguments) {
  Coroutine* coroutine = thread.coroutine;
  CallFrame* frame = coroutine->frame();
  // What has no frame of its own is called as usual; the kReturn that follows every tail call returns the
  // results.
  if (!function->value.is_closure()) return begin_call(thread, function, arguments, OnReturn::kCall);
  Register* base = frame->base - frame->shift;
  for (std::uint32_t index = 0; index <= arguments; ++index) {
    base[static_cast<std::ptrdiff_t>(index) - 1].copy(function[index]);
  }
  const OnReturn on_return = frame->on_return;
  if (on_return == OnReturn::kFinish) --coroutine->nesting;  // counted again for the new frame
  coroutine->pop_frame();
  const Outcome outcome = push_script_frame(thread, base - 1, arguments, on_return);
  if (outcome == Outcome::kDone) coroutine->frame()->is_tail_call = true;
  return outcome;
}

Outcome deliver(VmThread& thread, OnReturn on_return, Register* values, std::uint32_t count,
                bool returned_from_script) {
  Coroutine* coroutine = thread.coroutine;
  for (;;) {
    CallFrame* frame = coroutine->frame();
    switch (on_return) {
      case OnReturn::kCall: complete_call(coroutine, frame, values, count); return Outcome::kDone;
      case OnReturn::kFinish:
        if (returned_from_script) --coroutine->nesting;
        if (frame->kind == FrameKind::kProtected) return finish_protected_frame(thread);
        return finish_instruction(thread, values, count);
      case OnReturn::kProtected: {
        Register* to = frame->base;
        // Whatever was called stood above this function: so do its results, and `true` is not in their way.
        GILVM_ASSERT(values > to);
        for (std::uint32_t index = 0; index < count; ++index) to[index + 1].copy(values[index]);
        to->set(Value::boolean(true));
        on_return = frame->on_return;
        frame->handler = Value::nil();
        NativeFunction* native = frame->native;
        coroutine->pop_frame();
        --coroutine->nesting;
        returned_from_script = false;
        ++count;
        if (coroutine->hook.mask != 0) [[unlikely]] {
          const std::uint32_t index = coroutine->index_of(to);
          if (!hook_native_return(thread, native, index + 1, count)) return Outcome::kError;
          to = coroutine->stack() + index;
        }
        values = to;
        continue;
      }
      case OnReturn::kContinued: {
        Register* to = frame->base;
        const std::uint32_t wanted = frame->pending == 0 ? count : frame->pending - 1;
        for (std::uint32_t index = 0; index < wanted; ++index) {
          if (index < count) {
            to[index].copy(values[index]);
          } else {
            to[index].set(Value::nil());
          }
        }
        on_return = frame->on_return;
        NativeFunction* native = frame->native;
        coroutine->pop_frame();
        --coroutine->nesting;
        returned_from_script = false;
        count = wanted;
        if (coroutine->hook.mask != 0) [[unlikely]] {
          const std::uint32_t index = coroutine->index_of(to);
          if (!hook_native_return(thread, native, index + 1, count)) return Outcome::kError;
          to = coroutine->stack() + index;
        }
        values = to;
        continue;
      }
      case OnReturn::kCoroutine: {
        values = leave_coroutine(thread, CoroutineStatus::kDead, values, &count);
        if (!values) return Outcome::kError;
        coroutine = thread.coroutine;
        on_return = coroutine->waits_for;
        returned_from_script = false;
        continue;
      }
      case OnReturn::kNative: {
        Register* to = frame->base;
        for (std::uint32_t index = 0; index < count; ++index) to[index].copy(values[index]);
        coroutine->top = to + count;
        return Outcome::kLeave;
      }
    }
  }
}

Outcome return_values(VmThread& thread, Register* values, std::uint32_t count) {
  const OnReturn on_return = thread.coroutine->frame()->on_return;
  thread.coroutine->pop_frame();
  return deliver(thread, on_return, values, count, true);
}

Outcome catch_error(VmThread& thread) {
  for (;;) {
    if (!thread.interrupted() && !thread.error_is_handled) call_message_handler(thread);
    // An interruption is no error that a script could catch. It may come at any moment, to an error that has
    // been handled too.
    const bool catchable = !thread.interrupted();
    if (!catchable) become_error(thread);
    Coroutine* coroutine = thread.coroutine;
    CallFrame* frame = coroutine->frame();
    // The bottom frame is one of native code too.
    while (frame->kind != FrameKind::kNative &&
           !(frame->kind == FrameKind::kProtected && (catchable || takes_interruption(thread, frame)))) {
      --frame;
    }
    if (frame == coroutine->first_frame()) {
      const Outcome outcome = fail_coroutine(thread);
      if (outcome != Outcome::kError) return outcome;
      continue;
    }
    for (CallFrame* left = coroutine->frame(); left > frame; --left) {
      const bool is_counted = left->kind == FrameKind::kScript ? left->on_return == OnReturn::kFinish
                                                               : left->kind != FrameKind::kNative;
      if (is_counted) --coroutine->nesting;
    }
    coroutine->set_frame(frame);
    if (frame->kind == FrameKind::kNative) return Outcome::kError;
    if (!catchable) thread.vm().end_interruption(thread);
    frame->closing = true;
    frame->error = thread.error;
    coroutine->top = frame->base + 1;
    coroutine->leave_error_room();
    thread.error = Value::nil();
    thread.error_is_handled = thread.error_is_interruption = false;
    thread.erring_native = nullptr;
    close_interrupted_coroutines(thread);
    const Outcome outcome = finish_protected_frame(thread);
    // An error in a __close method replaces the one before.
    if (outcome != Outcome::kError) return outcome;
  }
}

// Variables to be closed

bool has_to_close(const Coroutine* coroutine, const Register* level) {
  return !coroutine->to_be_closed.empty() &&
         coroutine->to_be_closed.back().level >= coroutine->index_of(level);
}

Outcome close_one(VmThread& thread) {
  Coroutine* coroutine = thread.coroutine;
  CallFrame* frame = coroutine->frame();
  const ToBeClosed variable = coroutine->to_be_closed.back();
  coroutine->to_be_closed.pop_back();
  frame->pending = static_cast<std::uint32_t>(coroutine->top - frame->base);
  const Value method = metamethod(thread, variable.value, Event::kClose);
  return call_for_instruction(thread, method, {variable.value, Value::nil()});
}

Outcome mark_to_be_closed(VmThread& thread, const Register& variable, Register* level) {
  if (variable.value.is_falsy()) return Outcome::kDone;
  if (metamethod(thread, variable.value, Event::kClose).is_nil()) {
    const CallFrame* frame = thread.coroutine->frame();
    const Prototype& prototype = *frame->closure->prototype;
    const std::string name =
        name_of_local(prototype, lua_position(frame), static_cast<unsigned>(level - frame->base));
    // As luaG_findlocal names what a stripped chunk has no name for.
    raise_message(thread,
                  "variable '" + (name.empty() ? "(temporary)" : name) + "' got a non-closable value");
    return Outcome::kError;
  }
  thread.coroutine->to_be_closed.push_back({thread.coroutine->index_of(level), thread.boxed(variable)});
  return Outcome::kDone;
}

// For native code

ScriptCall::ScriptCall(VmThread& thread, Value function, NativeFunction* native)
    : thread_(thread),
      saved_native_(thread.running_native),
      saved_first_(thread.running_first),
      saved_operates_(thread.operates_for_native) {
  thread.operates_for_native = false;
  Coroutine* coroutine = thread.coroutine;
  saved_top_ = coroutine->index_of(coroutine->top);
  function_ = saved_top_;
  coroutine->reserve(coroutine->top, 1, true);
  is_too_deep_ = is_nested_too_deeply(thread);
  coroutine->enter_native_call();
  ++thread.native_depth;
  CallFrame* frame = coroutine->push_frame();
  if (!frame) return;  // run() reports it
  has_frame_ = true;
  frame->kind = FrameKind::kNative;
  frame->base = coroutine->top;
  frame->native = native;
  frame->on_return = OnReturn::kNative;
  frame->is_tail_call = false;
  frame->shift = native == thread.running_native ? thread.running_first : saved_top_;
  frame->runs_handler = frame->runs_hook = frame->runs_finalizer = false;
  (coroutine->top++)->set(function);
}

ScriptCall::~ScriptCall() {
  if (has_frame_) thread_.coroutine->pop_frame();
  thread_.coroutine->top = thread_.coroutine->stack() + saved_top_;
  thread_.coroutine->leave_native_call();
  --thread_.native_depth;
  thread_.running_native = saved_native_;
  thread_.running_first = saved_first_;
  thread_.operates_for_native = saved_operates_;
}

void ScriptCall::mark_as_handler() {
  if (has_frame_) thread_.coroutine->frame()->runs_handler = true;
}

void ScriptCall::mark_as_hook() {
  if (has_frame_) thread_.coroutine->frame()->runs_hook = true;
}

void ScriptCall::mark_as_finalizer() {
  if (has_frame_) thread_.coroutine->frame()->runs_finalizer = true;
}

void ScriptCall::restart(Value function) {
  Coroutine* coroutine = thread_.coroutine;
  coroutine->top = coroutine->stack() + function_;
  (coroutine->top++)->set(function);
}

void ScriptCall::push(Value argument) {
  Coroutine* coroutine = thread_.coroutine;
  if (coroutine->reserve(coroutine->top, 1, true)) (coroutine->top++)->set(argument);
}

bool ScriptCall::run() {
  Coroutine* coroutine = thread_.coroutine;
  Outcome outcome;
  if (!has_frame_) {
    raise_message(thread_, "stack overflow");
    outcome = Outcome::kError;
  } else if (is_too_deep_) {
    raise_message(thread_, "C stack overflow");
    outcome = Outcome::kError;
  } else {
    Register* function = coroutine->stack() + function_;
    outcome = begin_call(thread_, function, static_cast<std::uint32_t>(coroutine->top - function - 1),
                         OnReturn::kNative);
    if (outcome == Outcome::kError) outcome = catch_error(thread_);
    if (outcome == Outcome::kDone) outcome = interpret(thread_);
  }
  if (outcome != Outcome::kLeave) return false;
  results_ = static_cast<unsigned>(coroutine->top - (coroutine->stack() + function_));
  return true;
}

Value ScriptCall::result(unsigned index) const {
  return index < results_ ? thread_.boxed(thread_.coroutine->stack()[function_ + index]) : Value::nil();
}

}  // namespace gilvm
