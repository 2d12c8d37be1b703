// Fuzz target: bytes as a chunk. The reader, the translator and the verifier refuse it or accept it, and what
// they accept can be listed and run (vm/frontend/verifier.h says so).
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tests/fuzz/limited_vm.h"
#include "vm/base/check.h"
#include "vm/frontend/listing.h"
#include "vm/frontend/lua_chunk.h"
#include "vm/frontend/translate.h"
#include "vm/frontend/verifier.h"

namespace gilvm {
namespace {

// A heap and no more: most inputs are refused, and need no VM.
bool is_sound(const LuaFunction& function) {
  Heap heap;
  define_object_kinds(heap);
  StringTable strings(heap, 0);
  std::string error;
  const Prototype* main = translate(function, *heap.attach(nullptr), strings, &error);
  GILVM_CHECK((main == nullptr) == !error.empty());
  if (!main || !verify(*main).empty()) return false;
  GILVM_CHECK(!listing(*main, "line 1\nline 2\n").empty());
  return true;
}

void run(const LuaFunction& function) {
  LimitedVm vm(LockRegime::kGil);
  std::string error;
  Prototype* prototype = translate(function, vm.thread().heap(), vm.strings(), &error);
  Closure* main = Closure::make(vm.thread().heap(), prototype);
  for (unsigned index = 0; index < main->upvalue_count(); ++index) {
    const Value value = index == 0 ? Value::table(vm.thread().vm().globals) : Value::nil();
    main->upvalues()[index] = Cell::make(vm.thread().heap(), value);
  }
  vm.call(main);
}

}  // namespace
}  // namespace gilvm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string error;
  const auto function =
      gilvm::read_chunk(std::string_view(reinterpret_cast<const char*>(data), size), &error);
  GILVM_CHECK(function.has_value() == error.empty());
  if (function && gilvm::is_sound(*function)) gilvm::run(*function);
  return 0;
}
