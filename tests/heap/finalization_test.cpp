#include "vm/heap/finalization.h"

#include <catch2/catch.hpp>

#include "vm/heap/heap.h"

namespace gilvm {
namespace {

struct FinalizableHeap {
  Object* make() { return local->allocate(ObjectKind::kTable, 40); }
  void collect(const std::vector<Object*>& roots) {
    heap.collect([&](Marker& marker) {
      for (Object* root : roots) marker.mark_object(root);
    });
    heap.verify();
  }
  std::vector<Object*> take_all() {
    std::vector<Object*> due;
    while (Object* object = heap.finalization().take()) due.push_back(object);
    return due;
  }

  Heap heap;
  LocalHeap* local = heap.attach(nullptr);
};

}  // namespace

TEST_CASE("what is not reached becomes due in the reverse order of marking", "[finalization]") {
  FinalizableHeap test;
  std::vector<Object*> objects;
  for (int count = 0; count < 4; ++count) {
    objects.push_back(test.make());
    test.heap.finalization().add(objects.back());
  }
  test.collect({objects[2]});
  CHECK(test.heap.finalization().due_count() == 3);
  CHECK(test.take_all() == std::vector<Object*>{objects[3], objects[1], objects[0]});
  CHECK(test.heap.finalization().due_count() == 0);
}

TEST_CASE("what is due lives until it is taken, and is due once", "[finalization]") {
  FinalizableHeap test;
  Object* object = test.make();
  test.heap.finalization().add(object);
  test.heap.finalization().add(object);
  for (int count = 0; count < 3; ++count) test.collect({});
  CHECK(object->kind == ObjectKind::kTable);
  CHECK(test.take_all() == std::vector<Object*>{object});
  test.collect({});
  test.heap.each_object([](Object*) {});
  CHECK(object->kind == ObjectKind::kFree);
}

TEST_CASE("what was taken can be marked again", "[finalization]") {
  FinalizableHeap test;
  Object* object = test.make();
  test.heap.finalization().add(object);
  test.collect({});
  REQUIRE(test.heap.finalization().take() == object);
  test.heap.finalization().add(object);
  test.collect({});
  CHECK(test.heap.finalization().take() == object);
}

TEST_CASE("at the end all are due, and no other is marked", "[finalization]") {
  FinalizableHeap test;
  Object* first = test.make();
  Object* second = test.make();
  test.heap.finalization().add(first);
  test.heap.finalization().add(second);
  test.heap.finalization().make_all_due();
  test.heap.finalization().add(test.make());
  CHECK(test.take_all() == std::vector<Object*>{second, first});
}

}  // namespace gilvm
