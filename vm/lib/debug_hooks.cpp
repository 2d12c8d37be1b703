// debug.sethook and debug.gethook. What tells the hook is vm/interp/hooks.cpp.
#include "vm/lib/debug.h"

namespace gilvm {
namespace {

std::uint8_t mask_from(std::string_view text, std::int64_t count) {
  unsigned mask = count > 0 ? unsigned{Hook::kCount} : 0;
  if (text.find('c') != std::string_view::npos) mask |= Hook::kCall;
  if (text.find('r') != std::string_view::npos) mask |= Hook::kReturn;
  if (text.find('l') != std::string_view::npos) mask |= Hook::kLine;
  return static_cast<std::uint8_t>(mask);
}

std::string text_from(std::uint8_t mask) {
  std::string text;
  if (mask & Hook::kCall) text += 'c';
  if (mask & Hook::kReturn) text += 'r';
  if (mask & Hook::kLine) text += 'l';
  return text;
}

// The registry has a table of hooks with weak keys, as lua5.4's: the functions by their coroutines.
void remember(NativeCall& call, Coroutine* coroutine, Value function) {
  VmThread& thread = call.thread();
  Table* registry = call.function()->slots()[0].load().as_table();
  const Value known = registry->get_short(thread.string("_HOOKKEY"));
  Table* hooks = known.is_table() ? known.as_table() : nullptr;
  if (!hooks) {
    hooks = Table::make(thread.heap());
    set_field(thread, hooks, "__mode", Value::string(thread.string("k")));
    hooks->set_metatable(hooks);
    set_field(thread, registry, "_HOOKKEY", Value::table(hooks));
  }
  (void)hooks->set(thread.heap(), Value::coroutine(coroutine), function);  // a coroutine is a good key
}

}  // namespace

int debug_set_hook(NativeCall& call) {
  const DebuggedCoroutine debugged(call);
  const unsigned first = debugged.shift;
  Value function;
  std::uint8_t mask = 0;
  std::int64_t count = 0;
  if (!call.is_none_or_nil(first)) {
    String* text;
    if (!call.text(first + 1, &text) || !call.function(first, &function) ||
        !call.optional_integer(first + 2, 0, &count)) {
      return kNativeError;
    }
    count = static_cast<std::int32_t>(count);
    mask = mask_from(text->view(), count);
  }
  const Turns* turns = call.vm().scheduler().turns();
  if (mask != 0 && turns && turns->watcher) {
    return call.error(
        "debug.sethook is not possible while every order is explored, or races are looked for: a hook's "
        "steps are not seen");
  }
  if (mask == 0) function = Value::nil();
  remember(call, debugged.coroutine, function);
  const StandingStill still(debugged);
  Hook& hook = debugged.coroutine->hook;
  hook.function = function;
  hook.mask = mask;
  hook.count = hook.left = static_cast<std::int32_t>(count);
  hook.jumped = false;
  if (debugged.is_current) {
    call.thread().hook_has_changed();
  } else if (debugged.coroutine->status() == CoroutineStatus::kRunning) {
    call.vm().renew_dispatch();
  }
  return call.none();
}

int debug_get_hook(NativeCall& call) {
  const DebuggedCoroutine debugged(call);
  const StandingStill still(debugged);
  const Hook& hook = debugged.coroutine->hook;
  if (hook.mask == 0) return call.one(Value::nil());
  if (!call.reserve_results(3)) return kNativeError;
  call.set_result(0, hook.function);
  call.set_result(1, Value::string(call.thread().string(text_from(hook.mask))));
  call.set_result(2, Value::inline_integer(hook.count));
  return 3;
}

}  // namespace gilvm
