#include "vm/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace gilvm {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "gilvm: internal error: %s:%d: %s does not hold\n", file, line, condition);
  std::abort();
}

}  // namespace gilvm
