// Stack tracebacks, in the words of Lua's debug.traceback.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vm/runtime/activations.h"
#include "vm/runtime/errors.h"

namespace gilvm {

// The message, where there is one, and the levels of the coroutine from `level` on. `running` as in
// Activations.
std::string traceback(VmThread& thread, const Coroutine* coroutine, const NativeCall* running,
                      std::optional<std::string_view> message, std::int64_t level);

}  // namespace gilvm
