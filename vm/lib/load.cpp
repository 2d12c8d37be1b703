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

Closure* load_source(VmThread& thread, std::string_view source, const std::string& chunk_name,
                     Value environment, std::string* error) {
  CompiledChunk chunk = compile_lua(source, chunk_name);
  if (!chunk.ok) {
    *error = std::move(chunk.text);
    return nullptr;
  }
  const std::optional<LuaFunction> function = read_chunk(chunk.text, error);
  if (!function) return nullptr;
  Prototype* prototype = translate(*function, thread.heap(), thread.vm().strings(), error);
  if (!prototype) return nullptr;
  *error = verify(*prototype);
  if (!error->empty()) return nullptr;
  account(thread.vm().heap(), *prototype);
  Closure* closure = Closure::make(thread.heap(), prototype);
  for (unsigned index = 0; index < closure->upvalue_count(); ++index) {
    closure->upvalues()[index] = Cell::make(thread.heap(), index == 0 ? environment : Value::nil());
  }
  return closure;
}

bool read_file(const std::string& path, std::string* content, std::string* error) {
  auto fail = [&](const char* what) {
    *error = std::string("cannot ") + what + " " + path + " (" + std::strerror(errno) + ")";
    return false;
  };
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return fail("open");
  char buffer[16384];
  std::size_t size;
  content->clear();
  while ((size = std::fread(buffer, 1, sizeof buffer, file)) > 0) content->append(buffer, size);
  const bool failed = std::ferror(file);
  const int reason = errno;
  std::fclose(file);
  errno = reason;
  return !failed || fail("read");
}

std::string_view without_shebang(std::string_view source) {
  if (source.substr(0, 3) == "\xEF\xBB\xBF") source.remove_prefix(3);
  if (source.empty() || source[0] != '#') return source;
  const std::size_t line_end = source.find('\n');
  return line_end == std::string_view::npos ? std::string_view() : source.substr(line_end);
}

}  // namespace gilvm
