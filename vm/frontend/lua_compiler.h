// Source text to a dumped chunk, by liblua. The only file besides the one that lends liblua's string
// functions to include <lua.h> is this one's .cpp.
#pragma once

#include <string>
#include <string_view>

namespace gilvm {

struct CompiledChunk {
  bool ok;
  std::string text;  // the chunk, or liblua's message: "name:line: what near 'where'"
};

// Compiles source text; `chunk_name` as in Lua's load: "@file", "=name" or the text itself. Binary chunks are
// refused with Lua's own words. Any thread.
CompiledChunk compile_lua(std::string_view source, const std::string& chunk_name);

}  // namespace gilvm
