// Resuming and yielding: another coroutine becomes the one that the VM thread runs. No C++ stack is used for
// it: the loop goes on with the innermost frame of the other one, and what waits for values says by itself
// where they go (Coroutine::wait).
#pragma once

#include "vm/interp/operations.h"

namespace gilvm {

// coroutine.resume, or a function that coroutine.wrap made. Arguments as of begin_call().
Outcome begin_resume(VmThread& thread, Register* function, std::uint32_t arguments, OnReturn on_return);
// coroutine.yield.
Outcome begin_yield(VmThread& thread, Register* function, std::uint32_t arguments, OnReturn on_return);

// The running coroutine hands `*count` values to the one that resumed it, which runs from now on, and gets
// `status`. The result is where the values stand then, *count of them; they go where waits_for says.
// Null: an error is raised in the resumer.
Register* leave_coroutine(VmThread& thread, CoroutineStatus status, Register* values, std::uint32_t* count);

// An error is raised that the running coroutine does not catch: it ends, and its resumer goes on, or has the
// error in its turn (kError).
Outcome fail_coroutine(VmThread& thread);

// Closes the variables of a coroutine that the caller has claimed, which is dead afterwards. `failed`: an
// error, its `failure`, has ended it. True: it was ended by an error, or there was one in a __close method:
// *error, which nothing keeps. As ScriptCall, this is a boundary that nothing yields across.
// When the thread is interrupted, the variables that are left stay open; whoever catches that closes them.
bool close_coroutine(VmThread& thread, Coroutine* coroutine, bool failed, Value* error);

}  // namespace gilvm
