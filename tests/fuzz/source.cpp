// Fuzz target: source text, compiled and run for a moment, with the GIL and without it. Whatever the text,
// gilvm neither crashes nor leaks, and the heap stays whole.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/limited_vm.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  for (const gilvm::LockRegime regime : {gilvm::LockRegime::kGil, gilvm::LockRegime::kNone}) {
    gilvm::LimitedVm(regime).run(source);
  }
  return 0;
}
