#include "vm/runtime/warnings.h"

#include <cstdio>

namespace gilvm {

void Warnings::emit(const std::string& message) const {
  if (!on()) return;
  // One write, so that the lines of several threads do not mix.
  const std::string line = "Lua warning: " + message + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace gilvm
