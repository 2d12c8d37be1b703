// The module `time`: Python's clocks, and sleep.
#include "vm/lib/library.h"

namespace gilvm {
namespace {

int wall_clock(NativeCall& call) {
  return call.one(Value::number(call.vm().scheduler().wall_clock_seconds()));
}

int monotonic(NativeCall& call) {
  const auto since_start = call.vm().scheduler().now().time_since_epoch();
  return call.one(Value::number(std::chrono::duration<double>(since_start).count()));
}

int process_time(NativeCall& call) {
  return call.one(Value::number(call.vm().scheduler().process_cpu_seconds()));
}
int thread_time(NativeCall& call) {
  return call.one(Value::number(call.vm().scheduler().thread_cpu_seconds()));
}

int sleep(NativeCall& call) {
  double seconds;
  if (!call.number(0, &seconds)) return kNativeError;
  if (!(seconds >= 0)) return raise_exception(call, "ValueError", "sleep length must be non-negative");
  std::optional<Instant> deadline;
  if (!deadline_after(call, Value::number(seconds), &deadline)) return kNativeError;
  // Woken early by a token that was meant for an earlier wait: sleeps on.
  while (call.thread().park(deadline) == WakeReason::kUnparked) continue;
  if (call.thread().interrupted()) return kNativeError;
  return call.none();
}

constexpr LibraryFunction kFunctions[] = {
    {"time", wall_clock},           {"monotonic", monotonic},     {"perf_counter", monotonic},
    {"process_time", process_time}, {"thread_time", thread_time}, {"sleep", sleep},
};

int open(NativeCall& call) {
  Table* module = Table::make(call.thread().heap());
  add_functions(call.thread(), module, kFunctions);
  return call.one(Value::table(module));
}

}  // namespace

void add_time(VmThread& thread) { add_module(thread, "time", open); }

}  // namespace gilvm
