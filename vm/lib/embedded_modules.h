// The modules that are written in Lua: vm/lib/lua/*.lua, whose text is inside the program.
//
// A module is compiled when a script first requires it, and once in a VM, also where several threads require
// it at once: they must all get the same classes and the same errors. Its chunk name is that of its file, and
// the errors that it raises point at the script that called it (Prototype::is_library). The parts of a
// package, as asyncio.events, get into package.preload when the package is loaded, or when they are required.
#pragma once

#include <string_view>

namespace gilvm {

struct EmbeddedModule {
  const char* name;
  std::string_view source;
  bool is_part;  // of a package, which is another module
};

// Ends with one that has no name. Made by vm/lib/lua/embed.cmake.
extern const EmbeddedModule kEmbeddedModules[];

}  // namespace gilvm
