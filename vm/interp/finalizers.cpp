#include "vm/interp/finalizers.h"

#include <algorithm>
#include <utility>

#include "vm/interp/call.h"

namespace gilvm {
namespace {

// Who calls back and forth between scripts and native code this deep has no room left for a finalizer's call.
constexpr unsigned kDeepestNativeCall = 150;
constexpr std::uint32_t kDeepestNesting = 150;

// Keeps what a thread is in the middle of, while something else runs on its coroutine: the open list of
// values that ends at the coroutine's top, and an error that a message handler is at work on.
class Interlude {
 public:
  explicit Interlude(VmThread& thread)
      : thread_(thread),
        handled_(thread.error_is_handled),
        interruption_(thread.error_is_interruption),
        top_(thread.coroutine->index_of(thread.coroutine->top)) {
    Coroutine* coroutine = thread.coroutine;
    const CallFrame* frame = coroutine->frame();
    if (frame->kind == FrameKind::kScript) {
      coroutine->top = std::max(coroutine->top, frame->base + frame->closure->prototype->frame_size);
    }
    ok_ = coroutine->reserve(coroutine->top, 2);
    if (!ok_) return;
    kept_ = coroutine->index_of(coroutine->top);
    (coroutine->top++)->set(thread.error);
    (coroutine->top++)->set(thread.erring_native ? Value::native(thread.erring_native) : Value::nil());
    thread.error_is_handled = thread.error_is_interruption = false;
  }
  ~Interlude() {
    Coroutine* coroutine = thread_.coroutine;
    if (ok_) {
      const Register* kept = coroutine->stack() + kept_;
      thread_.error = kept[0].value;
      thread_.erring_native = kept[1].value.is_native() ? kept[1].value.as_native() : nullptr;
      thread_.error_is_handled = handled_;
      thread_.error_is_interruption = interruption_;
    }
    coroutine->top = coroutine->stack() + top_;
  }
  Interlude(const Interlude&) = delete;
  bool ok() const { return ok_; }

 private:
  VmThread& thread_;
  const bool handled_, interruption_;
  const std::uint32_t top_;
  std::uint32_t kept_ = 0;
  bool ok_ = false;
};

// pcall(function, first, second). False: it failed, and *error says how, or the thread is interrupted.
bool call_protected(VmThread& thread, Value function, Value first, Value second, Value* error) {
  ScriptCall call(thread, Value::native(thread.vm().protected_call));
  if (thread.runs_finalizer) call.mark_as_finalizer();
  call.push(function);
  call.push(first);
  call.push(second);
  if (!call.run()) {
    *error = thread.error;
    return false;
  }
  *error = call.result(1);
  return call.result(0).as_boolean();
}

void warn_of_error(VmThread& thread, Value error) {
  const std::string message =
      error.is_string() ? std::string(error.as_string()->data()) : "error object is not a string";
  Blocking blocking(thread);
  thread.vm().warnings().emit("error in __gc (" + message + ")");
}

// The call that an object's finalizer is.
void finalize(VmThread& thread, Object* object) {
  const Value value = object->kind == ObjectKind::kTable ? Value::table(static_cast<Table*>(object))
                                                         : Value::userdata(static_cast<Userdata*>(object));
  const Value method = metamethod(thread, value, Event::kGc);
  if (method.is_nil()) return;
  if (!method.is_function() && metamethod(thread, method, Event::kCall).is_nil()) {
    const std::string text =
        "attempt to call a " + type_name_of(thread, method) + " value (metamethod '__gc')";
    warn_of_error(thread, Value::string(thread.string(text)));
    return;
  }
  // No hook is told of what a finalizer does (lgc.c, GCTM).
  Hook& hook = thread.coroutine->hook;
  const bool hook_runs = std::exchange(hook.runs, true);
  Value error;
  if (!call_protected(thread, method, value, Value::nil(), &error) && !thread.interrupted()) {
    warn_of_error(thread, error);
  }
  hook.runs = hook_runs;
}

// Calls at most `count` finalizers. False: the thread is interrupted.
bool run_finalizers(VmThread& thread, std::size_t count) {
  thread.runs_finalizer = true;
  for (; count > 0 && !thread.interrupted(); --count) {
    const Interlude interlude(thread);
    if (!interlude.ok()) break;
    Object* object = thread.vm().heap().finalization().take();
    if (!object) break;
    finalize(thread, object);
  }
  thread.runs_finalizer = false;
  return !thread.interrupted();
}

// With the error of the one before, as luaD_closeprotected does.
void close_variables(VmThread& thread) {
  Coroutine* coroutine = thread.coroutine;
  Value error;
  while (!coroutine->to_be_closed.empty() && !thread.interrupted()) {
    const Interlude interlude(thread);
    if (!interlude.ok()) return;
    const ToBeClosed variable = coroutine->to_be_closed.back();
    coroutine->to_be_closed.pop_back();
    const Value method = metamethod(thread, variable.value, Event::kClose);
    Value next_error;
    if (!call_protected(thread, method, variable.value, error, &next_error)) error = next_error;
  }
}

}  // namespace

bool run_due_finalizers(VmThread& thread) {
  thread.clear(kFinalize);
  Finalization& finalization = thread.vm().heap().finalization();
  // The finalizer that runs is followed by what has become due meanwhile.
  if (thread.runs_finalizer || !thread.vm().protected_call) return !thread.interrupted();
  // They wait for the next collection, or the end.
  if (thread.native_depth > kDeepestNativeCall || thread.coroutine->nesting > kDeepestNesting) return true;
  // Those that these make due are called later: a script whose finalizers make garbage goes on in between.
  if (!run_finalizers(thread, finalization.due_count())) return false;
  if (finalization.due_count() > 0) thread.request(kFinalize);
  return true;
}

void close_state(VmThread& thread) {
  if (thread.interrupted() || thread.runs_finalizer || !thread.vm().protected_call) return;
  close_variables(thread);
  thread.vm().stop_the_world(thread);
  thread.vm().heap().finalization().make_all_due();
  thread.vm().resume_the_world(thread);
  while (thread.vm().heap().finalization().due_count() > 0) {
    if (!run_finalizers(thread, thread.vm().heap().finalization().due_count())) return;
  }
}

}  // namespace gilvm
