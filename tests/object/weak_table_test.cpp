#include "vm/object/weak_table.h"

#include <catch2/catch.hpp>

#include "tests/object/object_heap.h"

namespace gilvm {
namespace {

struct WeakHeap : ObjectHeap {
  WeakHeap() {
    mode_name = text("__mode");
    heap.mode_name = mode_name.as_string();
    root = Table::make(*local);
    root->set_integer(*local, 1, mode_name);
  }

  // A table that `root` keeps.
  Table* make_weak(const char* mode) {
    Table* metatable = Table::make(*local);
    metatable->set_short(*local, mode_name.as_string(), text(mode));
    Table* table = Table::make(*local);
    table->set_metatable(metatable);
    keep(Value::table(table));
    return table;
  }
  void keep(Value value) { root->set_integer(*local, static_cast<std::int64_t>(root->length()) + 1, value); }
  Value object() { return Value::table(Table::make(*local)); }
  void set(Table* table, Value key, Value value) {
    REQUIRE(table->set(*local, key, value) == StoreResult::kStored);
  }
  static int count(Table* table) {
    int entries = 0;
    Value key, value;
    while (table->next(key, &key, &value) && !key.is_nil()) ++entries;
    return entries;
  }

  Value mode_name;
  Table* root;
};

}  // namespace

TEST_CASE("a weak value goes unless something else reaches it", "[weak]") {
  WeakHeap test;
  Table* table = test.make_weak("v");
  const Value kept = test.object();
  test.keep(kept);
  test.set(table, Value::inline_integer(1), kept);
  test.set(table, Value::inline_integer(2), test.object());
  test.set(table, test.text("hash"), test.object());
  test.set(table, test.text("text"), test.text("a text that nothing else reaches, and that is long"));
  test.set(table, test.text("large"), test.integer(std::int64_t{1} << 60));
  test.collect(test.root);
  CHECK(table->get_integer(1) == kept);
  CHECK(table->get_integer(2).is_nil());
  CHECK(WeakHeap::count(table) == 3);
}

TEST_CASE("a weak key goes with its entry", "[weak]") {
  WeakHeap test;
  Table* table = test.make_weak("k");
  const Value kept = test.object();
  test.keep(kept);
  test.set(table, kept, test.object());
  test.set(table, test.object(), kept);
  test.set(table, test.text("strong"), test.object());
  test.collect(test.root);
  CHECK(WeakHeap::count(table) == 2);
  CHECK(table->get(kept).is_table());
}

TEST_CASE("ephemerons that depend on each other in any order are followed in one collection", "[weak]") {
  WeakHeap test;
  constexpr int kLinks = 1000;
  std::vector<Table*> tables;
  for (int link = 0; link < kLinks; ++link) tables.push_back(test.make_weak("k"));
  const Value first = test.object();
  Value key = first;
  for (int link = kLinks; link-- > 0;) {
    const Value next = test.object();
    test.set(tables[static_cast<std::size_t>(link)], key, next);
    key = next;
  }
  auto entries = [&] {
    int sum = 0;
    for (Table* table : tables) sum += WeakHeap::count(table);
    return sum;
  };
  test.keep(first);
  test.collect(test.root);
  CHECK(entries() == kLinks);
  test.root->set_integer(*test.local, static_cast<std::int64_t>(test.root->length()), Value::nil());
  test.collect(test.root);
  CHECK(entries() == 0);
}

TEST_CASE("an object that is to be finalized is gone from weak values and still a key", "[weak]") {
  WeakHeap test;
  Table* values = test.make_weak("v");
  Table* keys = test.make_weak("k");
  Table* both = test.make_weak("kv");
  const Value object = test.object();
  test.set(values, Value::inline_integer(1), object);
  test.set(keys, object, test.object());
  test.set(both, object, Value::boolean(true));
  test.heap.finalization().add(object.as_object());
  test.collect(test.root);
  CHECK(WeakHeap::count(values) == 0);
  CHECK(keys->get(object).is_table());
  CHECK(both->get(object) == Value::boolean(true));
  CHECK(test.heap.finalization().take() == object.as_object());
  test.collect(test.root);
  CHECK(WeakHeap::count(keys) == 0);
  CHECK(WeakHeap::count(both) == 0);
}

TEST_CASE("a weak table that only an object to be finalized reaches is cleared too", "[weak]") {
  WeakHeap test;
  Table* weak = test.make_weak("v");
  const Value owner = test.object();
  test.set(owner.as_table(), Value::inline_integer(1), Value::table(weak));
  test.root->set_integer(*test.local, static_cast<std::int64_t>(test.root->length()), Value::nil());
  test.set(weak, Value::inline_integer(1), test.object());
  test.set(weak, Value::inline_integer(2), owner);
  test.heap.finalization().add(owner.as_object());
  test.collect(test.root);
  CHECK(weak->get_integer(1).is_nil());
  CHECK(weak->get_integer(2) == owner);
}

}  // namespace gilvm
