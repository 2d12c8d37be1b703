// What a user has typed so far, as a chunk: an expression, statements, the beginning of either, or neither.
#pragma once

#include <string>

#include "vm/runtime/vm_thread.h"

namespace gilvm {

struct TypedChunk {
  enum class State {
    kComplete,    // `closure` runs it; of an expression, it returns the values
    kIncomplete,  // more lines are to come
    kWrong,       // `error` says why, as liblua words it
  };
  State state = State::kComplete;
  Closure* closure = nullptr;
  std::string error;
};

// `text`: one line, or several with line feeds between them. A first character '=' makes the rest an
// expression, as in Lua 5.1. REQUIRES: attached. No safepoint.
TypedChunk load_typed(VmThread& thread, const std::string& text);

}  // namespace gilvm
