// Names in messages, taken from code that may be damaged.
#include "vm/runtime/variable_names.h"

#include <catch2/catch.hpp>

using namespace gilvm;

namespace {

// ADDI, and the MMBINI after it with that event.
VariableName name_with_event(std::uint32_t event) {
  constexpr std::uint32_t kAddInteger = 21, kMetamethod = 47, kShiftOfC = 24;
  Heap heap;
  define_object_kinds(heap);
  LocalHeap* local = heap.attach(nullptr);
  Prototype* prototype = Prototype::make(*local);
  prototype->lua_code = {kAddInteger, kMetamethod | event << kShiftOfC};
  const VariableName name = name_of_called(*prototype, 0);
  heap.detach(local);
  return name;
}

}  // namespace

TEST_CASE("an operator's metamethod is named by its event, and not at all where there is no such event",
          "[variable_names]") {
  CHECK(name_with_event(static_cast<std::uint32_t>(Event::kAdd)).name == "add");
  CHECK_FALSE(name_with_event(static_cast<std::uint32_t>(Event::kCount)).known());
  CHECK_FALSE(name_with_event(255).known());
}
