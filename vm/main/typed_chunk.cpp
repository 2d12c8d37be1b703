#include "vm/main/typed_chunk.h"

#include <string_view>

#include "vm/lib/load.h"
#include "vm/runtime/vm.h"

namespace gilvm {
namespace {

// The compiler was content so far, and would have read on (lua.c, incomplete).
bool ends_too_early(std::string_view message) { return message.ends_with("<eof>"); }

}  // namespace

TypedChunk load_typed(VmThread& thread, const std::string& text) {
  const Value globals = Value::table(thread.vm().globals);
  const auto load = [&](const std::string& source, std::string* error) {
    // With the line feed that was typed too: a string does not go on behind it, so it is not incomplete.
    return load_source(thread, source + '\n', "=stdin", globals, error);
  };
  const bool marked = text.starts_with('=');
  TypedChunk chunk;
  std::string as_expression;
  chunk.closure = load("return " + text.substr(marked ? 1 : 0), &as_expression);
  if (chunk.closure) return chunk;
  if (marked) {
    chunk.error = as_expression;
  } else {
    chunk.closure = load(text, &chunk.error);
    if (chunk.closure) return chunk;
  }
  const bool early = ends_too_early(chunk.error) || ends_too_early(as_expression);
  chunk.state = early ? TypedChunk::State::kIncomplete : TypedChunk::State::kWrong;
  return chunk;
}

}  // namespace gilvm
