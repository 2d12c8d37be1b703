// Source text to a closure: the front end as the rest of the library uses it.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "vm/runtime/vm_thread.h"

namespace gilvm {

// Compiles, translates and verifies `source`. Null, and a message as liblua words it in *error, when that
// fails. `chunk_name` as in Lua's load. The closure's only upvalue is _ENV, set to `environment`. REQUIRES:
// attached. No safepoint.
// A binary chunk is accepted too.
Closure* load_source(VmThread& thread, std::string_view source, const std::string& chunk_name,
                     Value environment, std::string* error);

// As load_source(), where `mode` says which chunks are accepted: text, where it has a 't', and binary, where
// it has a 'b'.
Closure* load_chunk(VmThread& thread, std::string_view chunk, const std::string& chunk_name,
                    std::string_view mode, Value environment, std::string* error);

// Reads a stream to its end. False, with errno set: that failed.
bool read_stream(std::FILE* stream, std::string* content);
// Reads a whole file. False, and "cannot open NAME" or its like in *error.
bool read_file(const std::string& path, std::string* content, std::string* error);
// Drops a byte order mark and a first line that begins with '#', as lua does; before text the line end stays,
// so that lines keep their numbers.
std::string_view without_shebang(std::string_view source);

}  // namespace gilvm
