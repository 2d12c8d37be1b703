// Source text to a closure: the front end as the rest of the library uses it.
#pragma once

#include <string>
#include <string_view>

#include "vm/runtime/vm_thread.h"

namespace gilvm {

// Compiles, translates and verifies `source`. Null, and a message as liblua words it in *error, when that
// fails. `chunk_name` as in Lua's load. The closure's only upvalue is _ENV, set to `environment`. REQUIRES:
// attached. No safepoint.
Closure* load_source(VmThread& thread, std::string_view source, const std::string& chunk_name,
                     Value environment, std::string* error);

// Reads a whole file. False, and "cannot open NAME" or its like in *error.
bool read_file(const std::string& path, std::string* content, std::string* error);
// Drops a first line that begins with '#', as lua does; the line end stays, so that lines keep their numbers.
std::string_view without_shebang(std::string_view source);

}  // namespace gilvm
