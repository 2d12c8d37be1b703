// From Lua's instructions to gilvm's, with closure conversion.
//
// One Lua instruction becomes one or a few of ours. A captured local's register holds a Cell
// (captured_locals.h), so reading it becomes kLoadCell into a temporary register above Lua's, and writing it
// kStoreCell from one. The cell is made on every way into the local's scope:
//  - falling or jumping to the instruction where the scope begins: kMakeCell stands in front of it;
//  - jumping into the middle of it (the compiler threads jumps): through a trampoline at the end of the code.
#pragma once

#include <string>

#include "vm/frontend/lua_chunk.h"
#include "vm/object/function.h"

namespace gilvm {

// Translates a function and those nested in it. Null, and a reason in *error, when it cannot.
// No collection may happen meanwhile: the result is reachable from nowhere yet.
Prototype* translate(const LuaFunction& function, LocalHeap& heap, StringTable& strings, std::string* error);

}  // namespace gilvm
