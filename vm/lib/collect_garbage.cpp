#include "vm/lib/collect_garbage.h"

#include "vm/interp/finalizers.h"
#include "vm/lib/file_results.h"

namespace gilvm {
namespace {

// In the order of kOptions.
enum class Option {
  kStop,
  kRestart,
  kCollect,
  kCount,
  kStep,
  kSetPause,
  kSetStepMultiplier,
  kIsRunning,
  kGenerational,
  kIncremental
};
constexpr const char* kOptions[] = {"stop",     "restart",    "collect",   "count",        "step",
                                    "setpause", "setstepmul", "isrunning", "generational", "incremental"};

// A parameter keeps a byte, a quarter of its value (lgc.h, setgcparam).
unsigned rounded(std::int64_t percent) {
  return static_cast<std::uint8_t>(static_cast<int>(percent) / 4) * 4u;
}

// Sets a parameter to an argument, and returns what it was. `keeps_at_zero`: a 0 changes nothing.
bool set_parameter(NativeCall& call, unsigned argument, std::atomic<unsigned>& parameter, bool keeps_at_zero,
                   unsigned* previous) {
  std::int64_t percent;
  if (!call.optional_integer(argument, 0, &percent)) return false;
  *previous = parameter.load(std::memory_order_relaxed);
  if (percent != 0 || !keeps_at_zero) parameter.store(rounded(percent), std::memory_order_relaxed);
  return true;
}

// What the caller's frame has above the call is left over: without it a script sees freed what it has let go
// of.
void forget_registers_above(Coroutine* coroutine) {
  const CallFrame* frame = coroutine->frame();
  if (frame->kind != FrameKind::kScript) return;
  const Opcode op = (frame->pc - 1)->load().op();
  if (op != Opcode::kCall && op != Opcode::kTailCall) return;
  Register* end = frame->base + frame->closure->prototype->frame_size;
  for (Register* reg = coroutine->top; reg < end; ++reg) reg->set(Value::nil());
}

int collect(NativeCall& call) {
  forget_registers_above(call.thread().coroutine);
  call.thread().coroutine->shrink();
  call.vm().collect(call.thread(), Heap::Thoroughness::kThorough);
  return run_due_finalizers(call.thread()) ? 0 : kNativeError;
}

// Arguments are checked even where they are for a collector of another kind.
bool check_parameters(NativeCall& call, unsigned first, unsigned count) {
  std::int64_t ignored;
  for (unsigned index = first; index < first + count; ++index) {
    if (!call.optional_integer(index, 0, &ignored)) return false;
  }
  return true;
}

int set_mode(NativeCall& call, bool generational) {
  const bool was = call.vm().heap().tuning().generational.exchange(generational, std::memory_order_relaxed);
  return call.one_text(was ? "generational" : "incremental");
}

}  // namespace

int collect_garbage(NativeCall& call) {
  std::size_t chosen;
  if (!option(call, 0, "collect", kOptions, &chosen)) return kNativeError;
  const auto what = static_cast<Option>(chosen);
  Heap& heap = call.vm().heap();
  Heap::Tuning& tuning = heap.tuning();
  unsigned previous;
  // In a finalizer every option is refused, its arguments are not.
  const bool refused = call.thread().runs_finalizer;
  switch (what) {
    case Option::kStop:
    case Option::kRestart:
      if (refused) break;
      heap.set_enabled(what == Option::kRestart);
      return call.one_integer(0);
    case Option::kCollect:
      if (refused) break;
      return collect(call) == kNativeError ? kNativeError : call.one_integer(0);
    case Option::kCount:
      if (refused) break;
      return call.one(Value::number(static_cast<double>(heap.bytes_in_use(&call.thread().heap())) / 1024));
    case Option::kStep:
      if (!check_parameters(call, 1, 1)) return kNativeError;
      if (refused) break;
      // A step is a whole collection, so that it always ends a cycle.
      return collect(call) == kNativeError ? kNativeError : call.one(Value::boolean(true));
    case Option::kSetPause:
    case Option::kSetStepMultiplier: {
      auto& parameter = what == Option::kSetPause ? tuning.pause : tuning.step_multiplier;
      if (refused) {
        if (!check_parameters(call, 1, 1)) return kNativeError;
        break;
      }
      if (!set_parameter(call, 1, parameter, false, &previous)) return kNativeError;
      return call.one_integer(previous);
    }
    case Option::kIsRunning:
      if (refused) break;
      return call.one(Value::boolean(heap.enabled()));
    case Option::kGenerational:
      if (!check_parameters(call, 1, 2)) return kNativeError;
      if (refused) break;
      return set_mode(call, true);
    case Option::kIncremental:
      if (!check_parameters(call, 1, 3)) return kNativeError;
      if (refused) break;
      if (!set_parameter(call, 1, tuning.pause, true, &previous) ||
          !set_parameter(call, 2, tuning.step_multiplier, true, &previous)) {
        return kNativeError;
      }
      return set_mode(call, false);
  }
  return call.one(Value::nil());
}

}  // namespace gilvm
