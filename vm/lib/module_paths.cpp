#include "vm/lib/module_paths.h"

#include "vm/lib/library.h"

namespace gilvm {
namespace {

// The table `package`; null: a script has put something else in its place.
Table* package_of(VmThread& thread) {
  Table* loaded = thread.vm().registry->get_short(thread.string("_LOADED")).as_table();
  const Value package = loaded->get_short(thread.string("package"));
  return package.is_table() ? package.as_table() : nullptr;
}

std::optional<std::string> text_in(VmThread& thread, Table* table, const char* field) {
  const Value text = table->get_short(thread.string(field));
  if (!text.is_string()) return std::nullopt;
  return std::string(text.as_string()->view());
}

}  // namespace

ModulePaths module_paths_of(VmThread& thread) {
  Table* package = package_of(thread);
  if (!package) return {};
  return {text_in(thread, package, "path"), text_in(thread, package, "cpath")};
}

void set_module_paths(VmThread& thread, const ModulePaths& paths) {
  Table* package = package_of(thread);
  if (!package) return;
  const auto set = [&](const char* field, const std::optional<std::string>& text) {
    if (text) set_field(thread, package, field, Value::string(thread.string(*text)));
  };
  set("path", paths.path);
  set("cpath", paths.cpath);
}

}  // namespace gilvm
