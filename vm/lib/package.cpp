// The package library (Lua manual §6.3): require, and where it searches. Modules in C cannot be loaded.
#include <cstdio>
#include <cstdlib>

#include "vm/lib/library.h"
#include "vm/lib/load.h"
#include "vm/runtime/memory.h"

namespace gilvm {
namespace {

constexpr const char* kDefaultPath =
    "/usr/local/share/lua/5.4/?.lua;/usr/local/share/lua/5.4/?/init.lua;/usr/share/lua/5.4/?.lua;"
    "/usr/share/lua/5.4/?/init.lua;./?.lua;./?/init.lua";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  if (from.empty()) return text;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// The first readable file that a template of `path` gives; empty, with what was tried in *tried.
std::string find_file(std::string name, const std::string& path, std::string_view separator,
                      std::string_view directory, std::string* tried) {
  name = replaced(name, separator, directory);
  std::size_t start = 0;
  while (start <= path.size()) {
    std::size_t end = path.find(';', start);
    if (end == std::string::npos) end = path.size();
    const std::string file = replaced(path.substr(start, end - start), "?", name);
    start = end + 1;
    if (file.empty()) continue;
    if (std::FILE* opened = std::fopen(file.c_str(), "r")) {
      std::fclose(opened);
      return file;
    }
    *tried += "\n\tno file '" + file + "'";
  }
  return {};
}

int search_path(NativeCall& call) {
  String *name, *path;
  if (!call.text(0, &name) || !call.text(1, &path)) return kNativeError;
  std::string separator = ".", directory = "/";
  String* text;
  if (!call.is_none_or_nil(2)) {
    if (!call.text(2, &text)) return kNativeError;
    separator = text->view();
  }
  if (!call.is_none_or_nil(3)) {
    if (!call.text(3, &text)) return kNativeError;
    directory = text->view();
  }
  std::string tried;
  const std::string file =
      find_file(std::string(name->view()), std::string(path->view()), separator, directory, &tried);
  if (!file.empty()) return call.one_text(file);
  if (!tried.empty()) tried.erase(0, 2);
  const Value message = Value::string(call.thread().string(tried));
  return call.two(Value::nil(), message);
}

int preload_searcher(NativeCall& call) {
  String* name;
  if (!call.text(0, &name)) return kNativeError;
  const Value preload = call.vm().registry->get_short(call.thread().string("_PRELOAD"));
  const Value loader = preload.is_table() ? preload.as_table()->get(Value::string(name)) : Value::nil();
  if (loader.is_nil()) return call.one_text("no field package.preload['" + std::string(name->view()) + "']");
  const Value data = Value::string(call.thread().string(":preload:"));
  return call.two(loader, data);
}

int file_searcher(NativeCall& call) {
  String* name;
  if (!call.text(0, &name)) return kNativeError;
  Table* package = call.function()->slots()[0].load().as_table();
  const Value path = package->get_short(call.thread().string("path"));
  if (!path.is_string()) return call.error("'package.path' must be a string");
  std::string tried, source, error;
  const std::string file =
      find_file(std::string(name->view()), std::string(path.as_string()->view()), ".", "/", &tried);
  if (file.empty()) return call.one_text(tried.empty() ? tried : tried.substr(2));
  bool read;
  {
    Blocking blocking(call.thread());
    read = read_file(file, &source, &error);
  }
  Closure* closure = nullptr;
  if (read) {
    closure = load_source(call.thread(), without_shebang(source), "@" + file, Value::table(call.vm().globals),
                          &error);
  }
  if (!closure) {
    return call.error("error loading module '" + std::string(name->view()) + "' from file '" + file +
                      "':\n\t" + error);
  }
  const Value data = Value::string(call.thread().string(file));
  return call.two(Value::closure(closure), data);
}

int require(NativeCall& call) {
  String* name;
  if (!call.text(0, &name)) return kNativeError;
  VmThread& thread = call.thread();
  Table* package = call.function()->slots()[0].load().as_table();
  const Value loaded = call.vm().registry->get_short(thread.string("_LOADED"));
  const Value key = Value::string(name);
  Value module = loaded.as_table()->get(key);
  if (!module.is_nil() && !module.is_false()) return call.one(module);

  const Value searchers = package->get_short(thread.string("searchers"));
  if (!searchers.is_table()) return call.error("'package.searchers' must be a table");
  std::string tried;
  for (std::int64_t index = 1;; ++index) {
    const Value searcher = searchers.as_table()->get_integer(index);
    if (searcher.is_nil()) {
      return call.error("module '" + std::string(name->view()) + "' not found:" + tried);
    }
    Value loader, data;
    {
      ScriptCall found(thread, searcher, call.function());
      found.push(key);
      if (!found.run()) return kNativeError;
      loader = found.result(0);
      data = found.result(1);
    }
    if (loader.is_string()) {
      if (loader.as_string()->length() > 0) tried += "\n\t" + std::string(loader.as_string()->view());
      continue;
    }
    if (!loader.is_function()) continue;
    call.keep(loader);
    call.keep(data);
    {
      ScriptCall script(thread, loader, call.function());
      script.push(key);
      script.push(data);
      if (!script.run()) return kNativeError;
      module = script.result(0);
    }
    if (module.is_nil()) module = loaded.as_table()->get(key);
    if (module.is_nil()) module = Value::boolean(true);
    if (store(thread, loaded.as_table(), key, module) != StoreResult::kStored) return kNativeError;
    return call.two(module, data);
  }
}

}  // namespace

void open_package(VmThread& thread) {
  Table* package = Table::make(thread.heap());
  Table* preload = Table::make(thread.heap());
  Table* searchers = Table::make(thread.heap());
  Table* registry = thread.vm().registry;
  set_field(thread, registry, "_PRELOAD", Value::table(preload));
  const Value loaded = registry->get_short(thread.string("_LOADED"));
  const char* path = std::getenv("LUA_PATH_5_4");
  if (!path) path = std::getenv("LUA_PATH");
  set_field(thread, package, "path",
            Value::string(thread.string(path ? replaced(path, ";;", std::string(";") + kDefaultPath + ";")
                                             : kDefaultPath)));
  set_field(thread, package, "cpath", Value::string(thread.string("")));
  set_field(thread, package, "config", Value::string(thread.string("/\n;\n?\n!\n-\n")));
  set_field(thread, package, "loaded", loaded);
  set_field(thread, package, "preload", Value::table(preload));
  set_field(thread, package, "searchers", Value::table(searchers));
  set_field(thread, package, "searchpath",
            Value::native(NativeFunction::make(thread.heap(), "searchpath", search_path)));
  NativeFunction* files = NativeFunction::make(thread.heap(), "searcher", file_searcher, 1);
  files->slots()[0].store(Value::table(package));
  searchers->set_integer(thread.heap(), 1,
                         Value::native(NativeFunction::make(thread.heap(), "searcher", preload_searcher)));
  searchers->set_integer(thread.heap(), 2, Value::native(files));
  NativeFunction* function = NativeFunction::make(thread.heap(), "require", require, 1);
  function->slots()[0].store(Value::table(package));
  set_field(thread, thread.vm().globals, "require", Value::native(function));
  set_field(thread, thread.vm().globals, "package", Value::table(package));
  set_field(thread, loaded.as_table(), "package", Value::table(package));
}

}  // namespace gilvm
