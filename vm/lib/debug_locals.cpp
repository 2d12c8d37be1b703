// debug.getlocal and debug.setlocal: the values in a level's registers.
#include "vm/lib/debug.h"
#include "vm/runtime/activations.h"

namespace gilvm {
namespace {

// Where a local variable of a level stands.
struct Local {
  std::string name;  // empty: there is none
  std::uint32_t index = 0;
  bool is_temporary = false;
};

Local vararg(const Coroutine* coroutine, const CallFrame& frame, std::int64_t number) {
  const Prototype& prototype = *frame.closure->prototype;
  if (!prototype.is_vararg) return {};
  const std::int64_t count = std::int64_t{frame.shift} - prototype.parameters;
  if (number > count) return {};
  return {"(vararg)", static_cast<std::uint32_t>(coroutine->index_of(frame.base) - count + number - 1)};
}

// Local variable `number` of a level, counted from 1; the extra arguments are -1, -2, ... (luaG_findlocal).
Local find_local(const Coroutine* coroutine, const Activations& activations, const Activation& activation,
                 std::int64_t number) {
  const std::uint32_t begin = activations.begin_of(activation);
  Local local;
  if (activation.is_script()) {
    const CallFrame& frame = *activation.frame;
    if (number < 0) return vararg(coroutine, frame, -number);
    if (number > 0 && number <= 256) {
      local.name =
          name_of_local(*frame.closure->prototype, lua_position_of(frame), static_cast<unsigned>(number - 1));
    }
  }
  if (local.name.empty()) {
    if (number <= 0 || number > std::int64_t{activations.end_of(activation)} - begin) return {};
    local.name = activation.is_script() ? "(temporary)" : "(C temporary)";
    local.is_temporary = true;
  }
  local.index = static_cast<std::uint32_t>(begin + number - 1);
  return local;
}

Value value_of(VmThread& thread, const Register& reg) {
  return reg.value.is_cell() ? reg.value.as_cell()->content.load() : thread.boxed(reg);
}

void set_value(LocalHeap& heap, const Local& local, Register& reg, Value value) {
  if (local.is_temporary) {
    // The instruction that uses a table or a cell does not look again whether it is one.
    if (!reg.value.is_cell() && (!reg.value.is_table() || value.is_table())) reg.set(value);
  } else if (reg.value.is_cell()) {
    reg.value.as_cell()->assign(heap, value);
  } else if (local.name == "(for state)" && reg.value.is_wide()) {
    // The state of a loop over integers stays one.
    if (value.is_integer()) reg.wide = value.as_integer();
  } else {
    reg.set(value);
  }
}

// The level in argument `index`. False with the error raised: there is none.
bool level_argument(NativeCall& call, Activations& activations, unsigned index, std::int64_t level,
                    Activation* activation) {
  return activations.at(static_cast<std::int32_t>(level), activation) ||
         call.argument_error(index, "level out of range") == 0;
}

}  // namespace

int debug_get_local(NativeCall& call) {
  const DebuggedCoroutine debugged(call);
  const unsigned subject = debugged.shift;
  std::int64_t number, level;
  if (!call.integer(subject + 1, &number)) return kNativeError;
  const Value function = call[subject];
  if (function.is_function()) {
    // A parameter's name: a local that is visible from the first instruction on.
    if (!function.is_closure() || number < 1 || number > 256) return call.one(Value::nil());
    const std::string name =
        name_of_local(*function.as_closure()->prototype, 0, static_cast<unsigned>(number - 1));
    return name.empty() ? call.one(Value::nil()) : call.one_text(name);
  }
  if (!call.integer(subject, &level)) return kNativeError;
  const StandingStill still(debugged);
  Activations activations(debugged.coroutine, debugged.running());
  Activation activation;
  if (!level_argument(call, activations, subject, level, &activation)) return kNativeError;
  const Local local =
      find_local(debugged.coroutine, activations, activation, static_cast<std::int32_t>(number));
  if (local.name.empty()) return call.one(Value::nil());
  const Value value = value_of(call.thread(), debugged.coroutine->stack()[local.index]);
  return call.two(Value::string(call.thread().string(local.name)), value);
}

int debug_set_local(NativeCall& call) {
  const DebuggedCoroutine debugged(call);
  const unsigned subject = debugged.shift;
  std::int64_t level, number;
  if (!call.integer(subject, &level) || !call.integer(subject + 1, &number)) return kNativeError;
  const StandingStill still(debugged);
  Activations activations(debugged.coroutine, debugged.running());
  Activation activation;
  if (!level_argument(call, activations, subject, level, &activation) || !call.any(subject + 2))
    return kNativeError;
  const Local local =
      find_local(debugged.coroutine, activations, activation, static_cast<std::int32_t>(number));
  if (local.name.empty()) return call.one(Value::nil());
  set_value(call.thread().heap(), local, debugged.coroutine->stack()[local.index], call[subject + 2]);
  return call.one_text(local.name);
}

}  // namespace gilvm
