// The module `sys`: what Python's sys says about the lock, and how it is set.
#include "vm/lib/library.h"
#include "vm/runtime/reference_balance.h"

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

// What CPython 3.12 says of an object that is immortal (PEP 683).
constexpr std::int64_t kImmortal = 0xFFFF'FFFF;

// With --refcounts what the ledger says, otherwise the number of references that a walk finds; and one more
// for the argument.
int get_reference_count(NativeCall& call) {
  if (call.count() == 0) {
    return raise_exception(call, "TypeError", "sys.getrefcount() takes exactly one argument (0 given)");
  }
  const Value object = call[0];
  if (!ReferenceCounts::has_count(object)) return call.one_integer(kImmortal);
  const ReferenceCounts* counts = call.vm().heap().counts();
  return call.one_integer(
      1 + (counts ? counts->count_of(object.as_object()) : references_to(call.thread(), object)));
}

constexpr LibraryFunction kFunctions[] = {
    {"setswitchinterval", set_switch_interval},
    {"getswitchinterval", get_switch_interval},
    {"is_gil_enabled", is_gil_enabled},
    {"getrefcount", get_reference_count},
};

int open(NativeCall& call) {
  Table* module = Table::make(call.thread().heap());
  add_functions(call.thread(), module, kFunctions);
  return call.one(Value::table(module));
}

}  // namespace

void add_sys(VmThread& thread) { add_module(thread, "sys", open); }

}  // namespace gilvm
