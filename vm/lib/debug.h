// The parts of the module `debug` (Lua manual §6.10), a file each.
#pragma once

#include "vm/lib/library.h"

namespace gilvm {

// The coroutine that a function of the module works on: its first argument, or the one that runs.
struct DebuggedCoroutine {
  explicit DebuggedCoroutine(NativeCall& native_call);
  // As Activations wants it: the function that asks is a level of its own coroutine only.
  const NativeCall* running() const { return is_current ? &call : nullptr; }

  NativeCall& call;
  Coroutine* coroutine;
  bool is_current;
  unsigned shift;  // the index of the argument after it
};

// For as long as it lives, no other thread runs scripts, so that a coroutine which may be another thread's
// can be looked at. A safepoint where it begins; none may be reached before it ends.
class StandingStill {
 public:
  explicit StandingStill(const DebuggedCoroutine& debugged)
      : thread_(debugged.call.thread()), stops_(!debugged.is_current) {
    if (stops_) thread_.vm().stop_the_world(thread_);
  }
  ~StandingStill() {
    if (stops_) thread_.vm().resume_the_world(thread_);
  }
  StandingStill(const StandingStill&) = delete;

 private:
  VmThread& thread_;
  const bool stops_;
};

// debug_info.cpp
int debug_get_info(NativeCall& call);
// debug_locals.cpp
int debug_get_local(NativeCall& call);
int debug_set_local(NativeCall& call);
// debug_upvalues.cpp
int debug_get_upvalue(NativeCall& call);
int debug_set_upvalue(NativeCall& call);
int debug_upvalue_id(NativeCall& call);
int debug_upvalue_join(NativeCall& call);
// debug_hooks.cpp
int debug_set_hook(NativeCall& call);
int debug_get_hook(NativeCall& call);

}  // namespace gilvm
