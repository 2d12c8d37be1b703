// collectgarbage (Lua manual §6.1).
#pragma once

#include "vm/runtime/native_call.h"

namespace gilvm {

int collect_garbage(NativeCall& call);

}  // namespace gilvm
