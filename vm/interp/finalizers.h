// Calling the finalizers of objects that a collection found unreachable (Lua manual §2.5.3).
//
// The thread that collected calls them, at a switch point of the script that it runs, after the world has
// gone on again: as in Lua and in CPython, which run a finalizer in whichever thread caused the collection.
// It is called like any function, on the coroutine that the thread runs, above everything that is in use
// there; so a finalizer never runs while its thread is inside of a native function, except where that one
// calls a script anyway.
//
// Threads: several may call finalizers at once where no lock forbids it; each due finalizer is called once.
// Invariants:
//  (1) A thread runs one finalizer at a time. What becomes due meanwhile waits until it has returned.
//  (2) An error in a finalizer is a warning. It reaches neither the script that was interrupted nor its
//  pcall.
#pragma once

#include "vm/runtime/vm_thread.h"

namespace gilvm {

// Calls those that are due now. False: the thread is interrupted.
// REQUIRES: at a safepoint, with the innermost frame's pc up to date. The stack and the frames may move.
[[nodiscard]] bool run_due_finalizers(VmThread& thread);

// The end of a state (lua_close): closes the variables that the running coroutine has left open, then calls
// the finalizer of every object that has one, the last marked first. REQUIRES: at a safepoint.
void close_state(VmThread& thread);

}  // namespace gilvm
