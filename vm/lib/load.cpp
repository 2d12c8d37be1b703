#include "vm/lib/load.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "vm/frontend/lua_chunk.h"
#include "vm/frontend/lua_compiler.h"
#include "vm/frontend/translate.h"
#include "vm/frontend/verifier.h"
#include "vm/runtime/vm.h"

namespace gilvm {
namespace {

void account(Heap& heap, const Prototype& prototype) {
  heap.account_outside(prototype.outside_bytes());
  for (const Prototype* nested : prototype.prototypes) account(heap, *nested);
}

}  // namespace

namespace {

constexpr char kBinary = '\x1b';  // LUA_SIGNATURE[0]

// What messages call a binary chunk (luaU_undump).
std::string name_of_binary(const std::string& chunk_name) {
  const std::string name = chunk_name.c_str();  // up to the first NUL
  if (name.starts_with('@') || name.starts_with('=')) return name.substr(1);
  return name.starts_with(kBinary) ? "binary string" : name;
}

void trust_locals(Prototype& prototype) {
  prototype.locals_are_trusted = true;
  for (Prototype* nested : prototype.prototypes) trust_locals(*nested);
}

Prototype* compile(VmThread& thread, std::string_view chunk, const std::string& chunk_name,
                   std::string* error) {
  const bool is_binary = chunk.starts_with(kBinary);
  std::string reason;
  CompiledChunk compiled;
  if (!is_binary) {
    compiled = compile_lua(chunk, chunk_name);
    if (!compiled.ok) {
      *error = std::move(compiled.text);
      return nullptr;
    }
    chunk = compiled.text;
  }
  Prototype* prototype = nullptr;
  const std::optional<LuaFunction> function = read_chunk(chunk, &reason);
  if (function) prototype = translate(*function, thread.heap(), thread.vm().strings(), &reason);
  if (prototype) reason = verify(*prototype);
  if (reason.empty()) {
    if (!is_binary) trust_locals(*prototype);
    return prototype;
  }
  *error = is_binary ? name_of_binary(chunk_name) + ": bad binary format (" + reason + ")" : reason;
  return nullptr;
}

}  // namespace

Closure* load_source(VmThread& thread, std::string_view source, const std::string& chunk_name,
                     Value environment, std::string* error) {
  return load_chunk(thread, source, chunk_name, "bt", environment, error);
}

Closure* load_chunk(VmThread& thread, std::string_view chunk, const std::string& chunk_name,
                    std::string_view mode, Value environment, std::string* error) {
  const bool is_binary = chunk.starts_with(kBinary);
  if (mode.find(is_binary ? 'b' : 't') == std::string_view::npos) {
    *error = std::string("attempt to load a ") + (is_binary ? "binary" : "text") + " chunk (mode is '" +
             std::string(mode) + "')";
    return nullptr;
  }
  Prototype* prototype = compile(thread, chunk, chunk_name, error);
  if (!prototype) return nullptr;
  account(thread.vm().heap(), *prototype);
  Closure* closure = Closure::make(thread.heap(), prototype);
  for (unsigned index = 0; index < closure->upvalue_count(); ++index) {
    closure->upvalues()[index] = Cell::make_counted(thread.heap(), index == 0 ? environment : Value::nil());
  }
  return closure;
}

bool read_stream(std::FILE* stream, std::string* content) {
  char buffer[16384];
  std::size_t size;
  content->clear();
  while ((size = std::fread(buffer, 1, sizeof buffer, stream)) > 0) content->append(buffer, size);
  return !std::ferror(stream);
}

bool read_file(const std::string& path, std::string* content, std::string* error) {
  auto fail = [&](const char* what) {
    *error = std::string("cannot ") + what + " " + path + " (" + std::strerror(errno) + ")";
    return false;
  };
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return fail("open");
  const bool failed = !read_stream(file, content);
  const int reason = errno;
  std::fclose(file);
  errno = reason;
  return !failed || fail("read");
}

std::string_view without_shebang(std::string_view source) {
  if (source.substr(0, 3) == "\xEF\xBB\xBF") source.remove_prefix(3);
  if (source.empty() || source[0] != '#') return source;
  const std::size_t line_end = source.find('\n');
  if (line_end == std::string_view::npos) return {};
  source.remove_prefix(line_end);
  return source.substr(1).starts_with(kBinary) ? source.substr(1) : source;
}

}  // namespace gilvm
