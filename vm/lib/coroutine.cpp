// The module `coroutine` (Lua manual §6.2). resume, yield and what wrap returns are the interpreter's own
// (vm/interp/coroutines.h).
#include "vm/interp/coroutines.h"
#include "vm/lib/library.h"
#include "vm/lib/publish_module.h"

namespace gilvm {
namespace {

// The interpreter does these by itself (NativeKind).
int never_called(NativeCall& call) { return call.none(); }

// Argument 0. Null with Lua's type error raised when it is something else.
Coroutine* coroutine_argument(NativeCall& call) {
  if (call.has(0) && call[0].is_coroutine()) return call[0].as_coroutine();
  call.type_error(0, "thread");
  return nullptr;
}

const char* name_of(CoroutineStatus status) {
  switch (status) {
    case CoroutineStatus::kSuspended: return "suspended";
    case CoroutineStatus::kRunning: return "running";
    case CoroutineStatus::kNormal: return "normal";
    default: return "dead";
  }
}

// A new coroutine has the hook of the one that makes it, as in Lua; but not its function, which lua5.4 looks
// up by the coroutine that sethook was told: so nothing is called.
Coroutine* make(NativeCall& call, Value body) {
  Coroutine* coroutine = Coroutine::make(call.thread().heap(), body);
  const Hook& hook = call.thread().coroutine->hook;
  coroutine->hook.mask = hook.mask;
  coroutine->hook.count = coroutine->hook.left = hook.count;
  return coroutine;
}

int create(NativeCall& call) {
  Value body;
  if (!call.function(0, &body)) return kNativeError;
  return call.one(Value::coroutine(make(call, body)));
}

int wrap(NativeCall& call) {
  Value body;
  if (!call.function(0, &body)) return kNativeError;
  LocalHeap& heap = call.thread().heap();
  NativeFunction* function = NativeFunction::make(heap, "wrap", never_called, 1, NativeKind::kWrapped);
  function->slots()[0].store(Value::coroutine(make(call, body)));
  return call.one(Value::native(function));
}

int status(NativeCall& call) {
  Coroutine* coroutine = coroutine_argument(call);
  return coroutine ? call.one_text(name_of(coroutine->status())) : kNativeError;
}

int running(NativeCall& call) {
  Coroutine* coroutine = call.thread().coroutine;
  return call.two(Value::coroutine(coroutine), Value::boolean(coroutine->is_main()));
}

int is_yieldable(NativeCall& call) {
  Coroutine* coroutine = call.has(0) ? coroutine_argument(call) : call.thread().coroutine;
  if (!coroutine) return kNativeError;
  return call.one(Value::boolean(!coroutine->is_main() && coroutine->native_calls() == 0));
}

int close(NativeCall& call) {
  Coroutine* coroutine = coroutine_argument(call);
  if (!coroutine) return kNativeError;
  bool failed = false;
  while (!coroutine->claim(CoroutineStatus::kSuspended)) {
    failed = coroutine->claim(CoroutineStatus::kFailed);
    if (failed) break;
    const CoroutineStatus status = coroutine->status();
    if (status == CoroutineStatus::kDead) return call.one(Value::boolean(true));
    // Otherwise another thread has given it up since.
    if (status == CoroutineStatus::kRunning || status == CoroutineStatus::kNormal) {
      return call.error(std::string("cannot close a ") + name_of(status) + " coroutine");
    }
  }
  Value error;
  failed = close_coroutine(call.thread(), coroutine, failed, &error);
  if (call.thread().interrupted()) return kNativeError;
  if (!failed) return call.one(Value::boolean(true));
  return call.two(Value::boolean(false), error);
}

constexpr LibraryFunction kFunctions[] = {
    {"create", create},
    {"resume", never_called, NativeKind::kResume},
    {"yield", never_called, NativeKind::kYield},
    {"wrap", wrap},
    {"status", status},
    {"running", running},
    {"isyieldable", is_yieldable},
    {"close", close},
};

}  // namespace

void open_coroutine(VmThread& thread) {
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  publish_module(thread, "coroutine", module);
}

}  // namespace gilvm
