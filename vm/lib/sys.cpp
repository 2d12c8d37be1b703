// The module `sys`: what Python's sys says about the lock, and how it is set.
#include "vm/lib/library.h"

namespace gilvm {
namespace {

int set_switch_interval(NativeCall& call) {
  double seconds;
  if (!call.number(0, &seconds)) return kNativeError;
  if (!(seconds > 0)) return raise_exception(call, "ValueError", "switch interval must be strictly positive");
  SwitchInterval interval;
  interval.time =
      std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(std::min(seconds, 1e6)));
  call.vm().set_switch_interval(interval);
  return call.none();
}

// Seconds; with a counted interval, nil and the number of instructions.
int get_switch_interval(NativeCall& call) {
  const SwitchInterval interval = call.vm().gil().interval();
  if (interval.counted()) {
    return call.two(Value::nil(), call.thread().integer(static_cast<std::int64_t>(interval.instructions)));
  }
  return call.one(Value::number(std::chrono::duration<double>(interval.time).count()));
}

int is_gil_enabled(NativeCall& call) { return call.one(Value::boolean(call.vm().has_gil())); }

constexpr LibraryFunction kFunctions[] = {
    {"setswitchinterval", set_switch_interval},
    {"getswitchinterval", get_switch_interval},
    {"is_gil_enabled", is_gil_enabled},
};

int open(NativeCall& call) {
  Table* module = Table::make(call.thread().heap());
  add_functions(call.thread(), module, kFunctions);
  return call.one(Value::table(module));
}

}  // namespace

void add_sys(VmThread& thread) { add_module(thread, "sys", open); }

}  // namespace gilvm
