#include "vm/interp/coroutines.h"

#include "vm/base/check.h"
#include "vm/interp/current_instruction.h"

namespace gilvm {
namespace {

Value message_value(VmThread& thread, const char* message) { return Value::string(thread.string(message)); }

void clear_error(VmThread& thread) {
  thread.error = Value::nil();
  thread.error_is_handled = thread.error_is_interruption = false;
  thread.erring_native = nullptr;
}

// Raises `error` for a function of coroutine.wrap, as luaB_auxwrap does: a string gets its caller's position.
void raise_in_caller(VmThread& thread, NativeFunction* wrapped, Value error) {
  if (error.is_string()) {
    error = Value::string(thread.string(position_at(thread, 1) + std::string(error.as_string()->view())));
  }
  raise(thread, error);
  thread.erring_native = wrapped;
}

// A native function in the register `place` is called, or has returned: the hook of the coroutine that runs
// is told. False: it has failed.
bool tell_of_call(VmThread& thread, NativeFunction* native, std::uint32_t place, std::uint32_t arguments) {
  return thread.coroutine->hook.mask == 0 || hook_native_call(thread, native, place + 1, arguments);
}
bool tell_of_return(VmThread& thread, NativeFunction* native, std::uint32_t place, std::uint32_t results) {
  return thread.coroutine->hook.mask == 0 || hook_native_return(thread, native, place + 1, results);
}

// What resume or the wrapped function in the register `place` does with an error: gives it or raises it.
Outcome refuse(VmThread& thread, NativeFunction* native, std::uint32_t place, OnReturn on_return,
               Value error) {
  if (native->native_kind() == NativeKind::kWrapped) {
    raise_in_caller(thread, native, error);
    return Outcome::kError;
  }
  Coroutine* coroutine = thread.coroutine;
  coroutine->stack()[place].set(Value::boolean(false));
  coroutine->stack()[place + 1].set(error);
  if (!tell_of_return(thread, native, place, 2)) return Outcome::kError;
  return deliver(thread, on_return, coroutine->stack() + place, 2);
}

void copy_values(Register* to, const Register* values, std::uint32_t count) {
  for (std::uint32_t index = 0; index < count; ++index) to[index].copy(values[index]);
}

// Why a coroutine could not be claimed: in between it may have become something else in another thread.
const char* refusal(CoroutineStatus status) {
  const bool has_ended = status == CoroutineStatus::kDead || status == CoroutineStatus::kFailed;
  return has_ended ? "cannot resume dead coroutine" : "cannot resume non-suspended coroutine";
}

// Each coroutine has a hook of its own, or none.
void run(VmThread& thread, Coroutine* coroutine) {
  const bool is_hooked = thread.coroutine->hook.mask != 0 || coroutine->hook.mask != 0;
  thread.coroutine = coroutine;
  if (is_hooked) thread.hook_has_changed();
}

// Makes `coroutine`, which the caller has claimed, run in place of the present one.
void switch_to(VmThread& thread, Coroutine* coroutine) {
  Coroutine* resumer = thread.coroutine;
  coroutine->resumer = resumer;
  coroutine->depth_below = resumer->depth() + 1;
  resumer->set_status(CoroutineStatus::kNormal);
  run(thread, coroutine);
}

// Makes the resumer run again. The running coroutine stays claimed.
Coroutine* switch_back(VmThread& thread) {
  Coroutine* resumer = thread.coroutine->resumer;
  thread.coroutine->resumer = nullptr;
  resumer->waits_in = nullptr;
  resumer->set_status(CoroutineStatus::kRunning);
  run(thread, resumer);
  return resumer;
}

// Nothing runs any more in a coroutine that the interrupted thread has left: except, where the thread will go
// on, the methods that close its variables.
void end_interrupted(VmThread& thread, Coroutine* coroutine) {
  if (thread.vm().interruption() != Interruption::kNone || coroutine->to_be_closed.empty()) {
    coroutine->release();
    coroutine->set_status(CoroutineStatus::kDead);
    return;
  }
  thread.interrupted_coroutines.push_back(coroutine);
  coroutine->set_status(CoroutineStatus::kFailed);
}

// Where a coroutine that waits is to get values: in a call of a script, or a loop's call of its iterator.
// Then they can be handed over at once.
bool waits_in_script(const Coroutine* coroutine) {
  if (coroutine->waits_for == OnReturn::kCall) return true;
  return coroutine->waits_for == OnReturn::kFinish && runs_iteration(coroutine->frame());
}
// REQUIRES: waits_in_script().
void receive(Coroutine* coroutine, const Register* values, std::uint32_t count) {
  if (coroutine->waits_for == OnReturn::kCall) {
    complete_call(coroutine, coroutine->frame(), values, count);
  } else {
    complete_iteration(coroutine->frame(), values, count);
  }
}

}  // namespace

Outcome begin_resume(VmThread& thread, Register* function, std::uint32_t arguments, OnReturn on_return) {
  Coroutine* resumer = thread.coroutine;
  NativeFunction* native = function->value.as_native();
  const std::uint32_t place = resumer->index_of(function);
  if (!tell_of_call(thread, native, place, arguments)) return Outcome::kError;
  function = resumer->stack() + place;
  const Register* values = function + 1;
  Coroutine* coroutine;
  if (native->native_kind() == NativeKind::kWrapped) {
    coroutine = native->slots()[0].load().as_coroutine();
  } else {
    NativeCall call(thread, native, place + 1, arguments);
    if (arguments == 0 || !values->value.is_coroutine()) {
      call.type_error(0, "thread");
      thread.erring_native = native;
      return Outcome::kError;
    }
    coroutine = values->value.as_coroutine();
    ++values;
    --arguments;
  }
  if (!coroutine->claim(CoroutineStatus::kSuspended)) {
    return refuse(thread, native, place, on_return, message_value(thread, refusal(coroutine->status())));
  }
  if (is_nested_too_deeply(thread)) {
    const Value error = message_value(thread, "C stack overflow");
    // As in Lua, one that has not begun ends by it.
    if (!coroutine->has_begun) coroutine->failure = error;
    coroutine->set_status(coroutine->has_begun ? CoroutineStatus::kSuspended : CoroutineStatus::kFailed);
    return refuse(thread, native, place, on_return, error);
  }
  const std::uint32_t at = coroutine->has_begun ? coroutine->waits_at : 1;
  if (!coroutine->reserve(coroutine->stack() + at, arguments + 1)) {
    coroutine->set_status(CoroutineStatus::kSuspended);
    return refuse(thread, native, place, on_return, message_value(thread, "too many arguments to resume"));
  }
  Register* to = coroutine->stack() + at;
  resumer->wait(native, function, on_return);
  switch_to(thread, coroutine);
  if (coroutine->has_begun) {
    NativeFunction* yield = coroutine->waits_in;
    coroutine->waits_in = nullptr;
    if (coroutine->hook.mask == 0 && waits_in_script(coroutine)) {
      receive(coroutine, values, arguments);
      return Outcome::kDone;
    }
    copy_values(to, values, arguments);
    // The hook may resume others.
    const OnReturn waits_for = coroutine->waits_for;
    if (!tell_of_return(thread, yield, at, arguments)) return Outcome::kError;
    return deliver(thread, waits_for, coroutine->stack() + at, arguments);
  }
  coroutine->has_begun = true;
  copy_values(to, values, arguments);
  return begin_call(thread, to - 1, arguments, OnReturn::kCoroutine);
}

Outcome begin_yield(VmThread& thread, Register* function, std::uint32_t arguments, OnReturn on_return) {
  Coroutine* coroutine = thread.coroutine;
  NativeFunction* native = function->value.as_native();
  const std::uint32_t place = coroutine->index_of(function);
  if (!tell_of_call(thread, native, place, arguments)) return Outcome::kError;
  function = coroutine->stack() + place;
  if (coroutine->is_main() || coroutine->native_calls() != 0) {
    raise(thread, message_value(thread, coroutine->is_main() ? "attempt to yield from outside a coroutine"
                                                             : "attempt to yield across a C-call boundary"));
    thread.erring_native = native;
    return Outcome::kError;
  }
  coroutine->wait(native, function, on_return);
  Coroutine* resumer = coroutine->resumer;
  if (resumer->hook.mask == 0 && waits_in_script(resumer) &&
      resumer->reserve(resumer->stack() + resumer->waits_at, std::size_t{arguments} + 2)) {
    Register* values = function + 1;
    if (resumer->waits_in->native_kind() == NativeKind::kResume) {
      function->set(Value::boolean(true));
      values = function;
      ++arguments;
    }
    receive(resumer, values, arguments);
    switch_back(thread);
    coroutine->set_status(CoroutineStatus::kSuspended);
    return Outcome::kDone;
  }
  Register* values = leave_coroutine(thread, CoroutineStatus::kSuspended, function + 1, &arguments);
  if (!values) return Outcome::kError;
  return deliver(thread, thread.coroutine->waits_for, values, arguments);
}

Register* leave_coroutine(VmThread& thread, CoroutineStatus status, Register* values, std::uint32_t* count) {
  Coroutine* coroutine = thread.coroutine;
  Coroutine* resumer = coroutine->resumer;
  NativeFunction* native = resumer->waits_in;
  const bool is_wrapped = native->native_kind() == NativeKind::kWrapped;
  const bool fits = resumer->reserve(resumer->stack() + resumer->waits_at, std::size_t{*count} + 2);
  Register* results = resumer->stack() + resumer->waits_at;
  if (fits && is_wrapped) {
    copy_values(results, values, *count);
  } else if (fits) {
    results[0].set(Value::boolean(true));
    copy_values(results + 1, values, *count);
    ++*count;
  }
  switch_back(thread);
  if (status == CoroutineStatus::kDead) coroutine->release();
  coroutine->set_status(status);
  // From here on another thread may run it.
  if (!fits) {
    const Value error = message_value(thread, "too many results to resume");
    if (is_wrapped) {
      raise_in_caller(thread, native, error);
      return nullptr;
    }
    results[0].set(Value::boolean(false));
    results[1].set(error);
    *count = 2;
  }
  if (resumer->hook.mask == 0) return results;
  // The hook may resume others.
  const std::uint32_t place = resumer->waits_at;
  const OnReturn waits_for = resumer->waits_for;
  if (!tell_of_return(thread, native, place, *count)) return nullptr;
  resumer->waits_for = waits_for;
  return resumer->stack() + place;
}

Outcome fail_coroutine(VmThread& thread) {
  Coroutine* coroutine = thread.coroutine;
  GILVM_ASSERT(coroutine->resumer);
  NativeFunction* native = coroutine->resumer->waits_in;
  Coroutine* resumer = switch_back(thread);
  if (thread.interrupted()) {
    // The error goes on as it is.
    end_interrupted(thread, coroutine);
    return Outcome::kError;
  }
  Value error = thread.error;
  // Stays a level of the stack.
  coroutine->waits_in = thread.erring_native;
  coroutine->waits_at = coroutine->index_of(coroutine->top);
  coroutine->waits_for = OnReturn::kCoroutine;
  clear_error(thread);
  coroutine->failure = error;
  if (native->native_kind() == NativeKind::kWrapped) {
    close_coroutine(thread, coroutine, true, &error);
    if (thread.interrupted()) return Outcome::kError;
  } else {
    coroutine->set_status(CoroutineStatus::kFailed);
  }
  return refuse(thread, native, resumer->waits_at, resumer->waits_for, error);
}

bool close_coroutine(VmThread& thread, Coroutine* coroutine, bool failed, Value* error) {
  switch_to(thread, coroutine);
  coroutine->waits_in = nullptr;
  coroutine->set_frame(coroutine->first_frame());
  coroutine->nesting = 0;
  while (!coroutine->to_be_closed.empty() && !thread.interrupted()) {
    const ToBeClosed variable = coroutine->to_be_closed.back();
    coroutine->to_be_closed.pop_back();
    const Value method = metamethod(thread, variable.value, Event::kClose);
    coroutine->top = coroutine->stack() + variable.level + 1;
    ScriptCall call(thread, method);
    call.push(variable.value);
    call.push(coroutine->failure);
    if (call.run()) continue;
    failed = true;
    coroutine->failure = thread.error;
    clear_error(thread);
  }
  switch_back(thread);
  *error = coroutine->failure;
  if (thread.interrupted()) {
    end_interrupted(thread, coroutine);
  } else {
    coroutine->release();
    coroutine->set_status(CoroutineStatus::kDead);
  }
  return failed;
}

}  // namespace gilvm
