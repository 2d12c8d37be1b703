#include "vm/frontend/lua_compiler.h"

#include <lua.hpp>
#include <memory>

#include "vm/base/check.h"

namespace gilvm {
namespace {

struct Source {
  std::string_view text;
  bool done = false;
};

const char* read_source(lua_State*, void* data, size_t* size) {
  auto* source = static_cast<Source*>(data);
  *size = source->done ? 0 : source->text.size();
  source->done = true;
  return source->text.data();
}

int append_to_string(lua_State*, const void* bytes, size_t size, void* data) {
  static_cast<std::string*>(data)->append(static_cast<const char*>(bytes), size);
  return 0;
}

// liblua's own table of interned strings and its stack are kept from one compilation to the next.
lua_State* thread_state() {
  struct Closer {
    void operator()(lua_State* state) const { lua_close(state); }
  };
  thread_local std::unique_ptr<lua_State, Closer> state(luaL_newstate());
  GILVM_CHECK(state);
  return state.get();
}

}  // namespace

CompiledChunk compile_lua(std::string_view source, const std::string& chunk_name) {
  lua_State* state = thread_state();
  Source reader{source};
  CompiledChunk result{true, {}};
  if (lua_load(state, read_source, &reader, chunk_name.c_str(), "t") == LUA_OK) {
    lua_dump(state, append_to_string, &result.text, 0);
  } else {
    size_t length;
    const char* message = lua_tolstring(state, -1, &length);
    result.ok = false;
    result.text = message ? std::string(message, length) : "error object is not a string";
  }
  lua_settop(state, 0);
  return result;
}

}  // namespace gilvm
