// A heap with the kinds of this folder and a string table, for tests.
#pragma once

#include <string_view>

#include "vm/object/function.h"
#include "vm/object/table.h"

namespace gilvm {

struct ObjectHeap {
  ObjectHeap() : strings(heap, 0x5EED), local(heap.attach(nullptr)) { define_object_kinds(heap); }

  Value text(std::string_view bytes) { return Value::string(strings.make(*local, bytes)); }
  Value integer(std::int64_t number) {
    if (Value::fits_inline(number)) return Value::inline_integer(number);
    auto* box = static_cast<Box*>(local->allocate(ObjectKind::kBox, sizeof(Box)));
    box->integer = number;
    return Value::box(box);
  }
  // Everything that `root` does not lead to is freed.
  void collect(Object* root) {
    heap.collect([root](Marker& marker) {
      if (root) marker.mark_object(root);
    });
    heap.verify();
  }

  Heap heap;
  StringTable strings;
  LocalHeap* local;
};

}  // namespace gilvm
