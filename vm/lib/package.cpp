// The package library (Lua manual §6.3): require, and where it searches. Modules in C cannot be loaded.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "vm/lib/library.h"
#include "vm/lib/load.h"
#include "vm/runtime/memory.h"
#include "vm/runtime/sync_observer.h"

namespace gilvm {
namespace {

constexpr const char* kDefaultPath =
    "/usr/local/share/lua/5.4/?.lua;/usr/local/share/lua/5.4/?/init.lua;/usr/local/lib/lua/5.4/?.lua;"
    "/usr/local/lib/lua/5.4/?/init.lua;/usr/share/lua/5.4/?.lua;"
    "/usr/share/lua/5.4/?/init.lua;./?.lua;./?/init.lua";

// Where Debian's lua5.4 looks for libraries. They are not loaded, but a message that a module was not found
// is the same.
constexpr const char* kDefaultLibraryPath =
    "/usr/local/lib/lua/5.4/?.so;/usr/lib/x86_64-linux-gnu/lua/5.4/?.so;/usr/lib/lua/5.4/?.so;"
    "/usr/local/lib/lua/5.4/loadall.so;./?.so";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  if (from.empty()) return text;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// A path of the environment: ";;" in it is the default one.
std::string with_default(const char* path, const char* default_path) {
  std::string between = ";";
  between += default_path;
  between += ';';
  return replaced(path, ";;", between);
}

// The first readable file that a template of `path` gives; empty, with what was tried in *tried (loadlib.c,
// searchpath).
std::string find_file(std::string name, const std::string& path, std::string_view separator,
                      std::string_view directory, std::string* tried) {
  if (!separator.empty() && name.find(separator[0]) != std::string::npos) {
    name = replaced(name, separator, directory);
  }
  const std::string files = replaced(path, "?", name);
  for (std::size_t start = 0; start < files.size();) {
    const std::size_t end = std::min(files.find(';', start), files.size());
    const std::string file = files.substr(start, end - start);
    if (std::FILE* opened = std::fopen(file.c_str(), "r")) {
      std::fclose(opened);
      return file;
    }
    start = end + 1;
  }
  *tried = "no file '" + replaced(files, ";", "'\n\tno file '") + "'";
  return {};
}

int search_path(NativeCall& call) {
  String *name, *path;
  // In this order loadlib.c, as compiled, looks at them.
  std::string separator = ".", directory = "/";
  String* text;
  if (!call.is_none_or_nil(3)) {
    if (!call.text(3, &text)) return kNativeError;
    directory = text->view();
  }
  if (!call.is_none_or_nil(2)) {
    if (!call.text(2, &text)) return kNativeError;
    separator = text->view();
  }
  if (!call.text(1, &path) || !call.text(0, &name)) return kNativeError;
  std::string tried;
  const std::string file =
      find_file(std::string(name->view()), std::string(path->view()), separator, directory, &tried);
  if (!file.empty()) return call.one_text(file);
  const Value message = Value::string(call.thread().string(tried));
  return call.two(Value::nil(), message);
}

int preload_searcher(NativeCall& call) {
  String* name;
  if (!call.text(0, &name)) return kNativeError;
  const Value preload = call.vm().registry->get_short(call.thread().string("_PRELOAD"));
  Value loader = preload.is_table() ? preload.as_table()->get(Value::string(name)) : Value::nil();
  if (loader.is_nil() && preload.is_table() && add_embedded_part(call.thread(), name->view())) {
    loader = preload.as_table()->get(Value::string(name));
  }
  if (loader.is_nil()) return call.one_text("no field package.preload['" + std::string(name->view()) + "']");
  const Value data = Value::string(call.thread().string(":preload:"));
  return call.two(loader, data);
}

// The file of the module `name` by package.path or package.cpath, which is `field`; empty, with what was
// tried. False with the error raised.
bool find_module(NativeCall& call, const std::string& name, const char* field, std::string* file,
                 std::string* tried) {
  Table* package = call.function()->slots()[0].load().as_table();
  const Value path = package->get_short(call.thread().string(field));
  std::string text;
  if (path.is_string()) {
    text = path.as_string()->view();
  } else if (path.is_number()) {
    text = number_text(path);
  } else {
    return call.error("'package." + std::string(field) + "' must be a string") == 0;
  }
  *file = find_file(name, text, ".", "/", tried);
  return true;
}

int loading_error(NativeCall& call, std::string_view name, const std::string& file,
                  const std::string& error) {
  return call.error("error loading module '" + std::string(name) + "' from file '" + file + "':\n\t" + error);
}

int file_searcher(NativeCall& call) {
  String* name;
  std::string tried, source, error, file;
  if (!call.text(0, &name) || !find_module(call, std::string(name->view()), "path", &file, &tried))
    return kNativeError;
  if (file.empty()) return call.one_text(tried);
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
  if (!closure) return loading_error(call, name->view(), file, error);
  const Value data = Value::string(call.thread().string(file));
  return call.two(Value::closure(closure), data);
}

constexpr const char* kNoLibraries = "dynamic libraries not enabled; check your Lua installation";

// Finds modules in C, or those in the library of a package (`root`), only to say that they cannot be loaded.
template <bool root>
int library_searcher(NativeCall& call) {
  String* name;
  if (!call.text(0, &name)) return kNativeError;
  std::string library(name->view()), file, tried;
  if (root) {
    const std::size_t dot = library.find('.');
    if (dot == std::string::npos) return call.none();
    library.resize(dot);
  }
  if (!find_module(call, library, "cpath", &file, &tried)) return kNativeError;
  if (file.empty()) return call.one_text(tried);
  return loading_error(call, name->view(), file, kNoLibraries);
}

int load_library(NativeCall& call) {
  String *path, *function;
  if (!call.text(0, &path) || !call.text(1, &function)) return kNativeError;
  VmThread& thread = call.thread();
  if (!call.reserve_results(3)) return kNativeError;
  call.set_result(0, Value::nil());
  call.set_result(1, Value::string(thread.string(kNoLibraries)));
  call.set_result(2, Value::string(thread.string("absent")));
  return 3;
}

int require(NativeCall& call) {
  String* name;
  if (!call.text(0, &name)) return kNativeError;
  VmThread& thread = call.thread();
  Table* package = call.function()->slots()[0].load().as_table();
  const Value loaded = call.vm().registry->get_short(thread.string("_LOADED"));
  const Value key = Value::string(name);
  Value module = loaded.as_table()->get(key);
  SyncObserver* const observer = call.vm().sync_observer;
  if (!module.is_nil() && !module.is_false()) {
    if (observer) observer->hears(thread, loaded.as_object());
    return call.one(module);
  }

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
    if (loader.is_string()) tried += "\n\t" + std::string(loader.as_string()->view());
    if (loader.is_number()) tried += "\n\t" + number_text(loader);
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
    if (observer) observer->tells(thread, loaded.as_object());
    if (store(thread, loaded.as_table(), key, module) != StoreResult::kStored) return kNativeError;
    return call.two(module, data);
  }
}

}  // namespace

void open_package(VmThread& thread) {
  Table* package = Table::make(thread.heap(), 0, 8);
  Table* preload = Table::make(thread.heap(), 0, 16);
  Table* searchers = Table::make(thread.heap(), 4);
  Table* registry = thread.vm().registry;
  set_field(thread, registry, "_PRELOAD", Value::table(preload));
  const Value loaded = registry->get_short(thread.string("_LOADED"));
  const char* path = std::getenv("LUA_PATH_5_4");
  if (!path) path = std::getenv("LUA_PATH");
  set_field(thread, package, "path",
            Value::string(thread.string(path ? with_default(path, kDefaultPath) : kDefaultPath)));
  const char* library_path = std::getenv("LUA_CPATH_5_4");
  if (!library_path) library_path = std::getenv("LUA_CPATH");
  set_field(thread, package, "cpath",
            Value::string(thread.string(library_path ? with_default(library_path, kDefaultLibraryPath)
                                                     : kDefaultLibraryPath)));
  set_field(thread, package, "config", Value::string(thread.string("/\n;\n?\n!\n-\n")));
  set_field(thread, package, "loaded", loaded);
  set_field(thread, package, "preload", Value::table(preload));
  set_field(thread, package, "searchers", Value::table(searchers));
  set_field(thread, package, "searchpath",
            Value::native(NativeFunction::make(thread.heap(), "searchpath", search_path)));
  set_field(thread, package, "loadlib",
            Value::native(NativeFunction::make(thread.heap(), "loadlib", load_library)));
  std::int64_t index = 0;
  for (NativeCode code : {preload_searcher, file_searcher, library_searcher<false>, library_searcher<true>}) {
    NativeFunction* searcher = NativeFunction::make(thread.heap(), "searcher", code, 1);
    searcher->slots()[0].store(Value::table(package));
    searchers->set_integer(thread.heap(), ++index, Value::native(searcher));
  }
  NativeFunction* function = NativeFunction::make(thread.heap(), "require", require, 1);
  function->slots()[0].store(Value::table(package));
  set_field(thread, thread.vm().globals, "require", Value::native(function));
  set_field(thread, thread.vm().globals, "package", Value::table(package));
  set_field(thread, loaded.as_table(), "package", Value::table(package));
}

}  // namespace gilvm
