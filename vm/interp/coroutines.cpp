#include "vm/interp/coroutines.h"

#include "vm/base/check.h"

namespace gilvm {
namespace {

Value message_value(VmThread& thread, const char* message) { return Value::string(thread.string(message)); }

void clear_error(VmThread& thread) {
  thread.error = Value::nil();
  thread.error_is_handled = false;
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

// What resume or the wrapped function in the register `place` does with an error: gives it or raises it.
Outcome refuse(VmThread& thread, NativeFunction* native, std::uint32_t place, OnReturn on_return,
               Value error) {
  if (native->native_kind() == NativeKind::kWrapped) {
    raise_in_caller(thread, native, error);
    return Outcome::kError;
  }
  Register* results = thread.coroutine->stack() + place;
  results[0].set(Value::boolean(false));
  results[1].set(error);
  return deliver(thread, on_return, results, 2);
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

}  // namespace

Outcome begin_resume(VmThread& thread, Register* function, std::uint32_t arguments, OnReturn on_return) {
  Coroutine* resumer = thread.coroutine;
  NativeFunction* native = function->value.as_native();
  const std::uint32_t place = resumer->index_of(function);
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
  copy_values(to, values, arguments);
  resumer->wait(native, function, on_return);
  switch_to(thread, coroutine);
  if (coroutine->has_begun) {
    coroutine->waits_in = nullptr;
    return deliver(thread, coroutine->waits_for, to, arguments);
  }
  coroutine->has_begun = true;
  return begin_call(thread, to - 1, arguments, OnReturn::kCoroutine);
}

Outcome begin_yield(VmThread& thread, Register* function, std::uint32_t arguments, OnReturn on_return) {
  Coroutine* coroutine = thread.coroutine;
  NativeFunction* native = function->value.as_native();
  if (coroutine->is_main() || coroutine->native_calls() != 0) {
    raise(thread, message_value(thread, coroutine->is_main() ? "attempt to yield from outside a coroutine"
                                                             : "attempt to yield across a C-call boundary"));
    thread.erring_native = native;
    return Outcome::kError;
  }
  coroutine->wait(native, function, on_return);
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
  if (fits) return results;
  const Value error = message_value(thread, "too many results to resume");
  if (is_wrapped) {
    raise_in_caller(thread, native, error);
    return nullptr;
  }
  results[0].set(Value::boolean(false));
  results[1].set(error);
  *count = 2;
  return results;
}

Outcome fail_coroutine(VmThread& thread) {
  Coroutine* coroutine = thread.coroutine;
  GILVM_ASSERT(coroutine->resumer);
  NativeFunction* native = coroutine->resumer->waits_in;
  Coroutine* resumer = switch_back(thread);
  if (thread.interrupted()) {
    // The error goes on as it is; nothing will run in the coroutine again.
    coroutine->release();
    coroutine->set_status(CoroutineStatus::kDead);
    return Outcome::kError;
  }
  Value error = thread.error;
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
    Value method = metamethod(thread, variable.value, Event::kClose);
    if (method.is_nil()) method = variable.value;
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
  coroutine->release();
  coroutine->set_status(CoroutineStatus::kDead);
  return failed;
}

}  // namespace gilvm
