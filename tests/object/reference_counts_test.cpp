// The ledger of reference counts, on the level of tables and cells; tests/end_to_end/refcounts.sh tries it
// with scripts.
#include "vm/heap/reference_counts.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "tests/object/object_heap.h"
#include "vm/object/table_lock.h"

namespace gilvm {
namespace {

// A heap that counts references; `regime_has_locks`: as the lock regime `object` has it.
struct CountedHeap {
  explicit CountedHeap(bool regime_has_locks = false) {
    heap.count_references(regime_has_locks);
    define_object_kinds(heap);
    if (regime_has_locks) heap.mark_tables();
    local = heap.attach(nullptr);
  }
  std::int32_t count(const Object* object) { return heap.counts()->count_of(object); }
  Value key(const char* text) { return Value::string(strings.make(*local, text)); }
  void set(Table* table, Value key, Value value) {
    REQUIRE(table->set(*local, key, value) == StoreResult::kStored);
  }
  Heap heap;
  StringTable strings{heap, 1};
  LocalHeap* local;
};

TEST_CASE("a store counts the new value up and the old one down", "[counts]") {
  CountedHeap counted(GENERATE(false, true));
  Table* holder = Table::make(*counted.local);
  Table* first = Table::make(*counted.local);
  Table* second = Table::make(*counted.local);
  counted.set(holder, counted.key("x"), Value::table(first));
  counted.set(holder, Value::inline_integer(1), Value::table(first));
  CHECK(counted.count(first) == 2);
  counted.set(holder, counted.key("x"), Value::table(second));
  CHECK(counted.count(first) == 1);
  CHECK(counted.count(second) == 1);
  counted.set(holder, counted.key("x"), Value::nil());
  counted.set(holder, Value::inline_integer(1), Value::inline_integer(7));
  CHECK(counted.count(first) == 0);
  CHECK(counted.count(second) == 0);
}

TEST_CASE("a key is counted as long as it has a value", "[counts]") {
  CountedHeap counted(GENERATE(false, true));
  Table* holder = Table::make(*counted.local);
  Table* key = Table::make(*counted.local);
  counted.set(holder, Value::table(key), Value::nil());
  CHECK(counted.count(key) == 0);
  counted.set(holder, Value::table(key), Value::boolean(true));
  CHECK(counted.count(key) == 1);
  counted.set(holder, Value::table(key), Value::table(key));
  CHECK(counted.count(key) == 2);
  counted.set(holder, Value::table(key), Value::nil());
  CHECK(counted.count(key) == 0);
}

TEST_CASE("growth of a table changes no count", "[counts]") {
  CountedHeap counted(GENERATE(false, true));
  Table* holder = Table::make(*counted.local);
  Table* value = Table::make(*counted.local);
  for (std::int64_t index = 1; index <= 100; ++index)
    counted.set(holder, Value::inline_integer(index), Value::table(value));
  for (std::int64_t index = 1; index <= 100; ++index)
    counted.set(holder, Value::number(static_cast<double>(index) + 0.5), Value::table(value));
  CHECK(counted.count(value) == 200);
}

TEST_CASE("append and take_last are entered", "[counts]") {
  CountedHeap counted(true);
  Table* list = Table::make(*counted.local);
  Table* value = Table::make(*counted.local);
  const TableLock lock(*counted.local, list);
  for (int times = 0; times < 5; ++times) REQUIRE(list->append(*counted.local, Value::table(value)));
  CHECK(counted.count(value) == 5);
  CHECK(list->take_last(*counted.local) == Value::table(value));
  CHECK(counted.count(value) == 4);
}

TEST_CASE("a cell counts its content", "[counts]") {
  CountedHeap counted;
  Table* value = Table::make(*counted.local);
  Cell* cell = Cell::make_counted(*counted.local, Value::table(value));
  CHECK(counted.count(value) == 1);
  cell->assign(*counted.local, Value::table(value));
  CHECK(counted.count(value) == 1);
  cell->assign(*counted.local, Value::nil());
  CHECK(counted.count(value) == 0);
}

TEST_CASE("what the collector frees gives its references back", "[counts]") {
  CountedHeap counted;
  Table* kept = Table::make(*counted.local);
  Table* dead = Table::make(*counted.local);
  counted.set(dead, Value::inline_integer(1), Value::table(kept));
  counted.set(dead, Value::inline_integer(2), Value::table(dead));
  Cell::make_counted(*counted.local, Value::table(kept));
  CHECK(counted.count(kept) == 2);
  counted.heap.collect([&](Marker& marker) { marker.mark_object(kept); });
  CHECK(counted.count(kept) == 0);
  CHECK(counted.heap.counts()->gone().empty());
  CHECK(counted.heap.counts()->gone_count() == 1);
}

TEST_CASE("a wrong count of an object that is gone is remembered by name", "[counts]") {
  CountedHeap counted;
  Table* holder = Table::make(*counted.local);
  Table* value = Table::make(*counted.local);
  counted.set(holder, counted.key("shared"), Value::table(value));
  counted.heap.counts()->gain(Value::table(value));
  counted.set(holder, counted.key("shared"), Value::nil());
  counted.heap.collect([&](Marker& marker) { marker.mark_object(holder); });
  const WrongCounts& gone = counted.heap.counts()->gone();
  REQUIRE(gone.size() == 1);
  CHECK(gone.begin()->first == WrongKey{"shared", ObjectKind::kTable, true});
  CHECK(gone.begin()->second.objects == 1);
  CHECK(gone.begin()->second.counts == 1);
  // The next object in that place begins at 0.
  counted.heap.collect([](Marker&) {});
  for (int times = 0; times < 1000; ++times) {
    REQUIRE(counted.count(Table::make(*counted.local)) == 0);
  }
}

TEST_CASE("weak tables enter what the collector clears", "[counts]") {
  CountedHeap counted;
  String* mode = counted.strings.make(*counted.local, "__mode");
  counted.heap.mode_name = mode;
  const char* const weakness = GENERATE("k", "v", "kv");
  Table* metatable = Table::make(*counted.local);
  counted.set(metatable, Value::string(mode), counted.key(weakness));
  Table* weak = Table::make(*counted.local);
  weak->set_metatable(metatable);
  Table* kept = Table::make(*counted.local);
  counted.set(weak, Value::table(kept), Value::table(Table::make(*counted.local)));
  counted.set(weak, Value::table(Table::make(*counted.local)), Value::table(kept));
  CHECK(counted.count(kept) == 2);
  counted.heap.collect([&](Marker& marker) {
    marker.mark_object(mode);
    marker.mark_object(weak);
    marker.mark_object(kept);
  });
  std::int32_t references = 0;
  Table::each_reference(weak, [&](Value value) { references += value == Value::table(kept); });
  CHECK(references < 2);
  CHECK(counted.count(kept) == references);
  CHECK(counted.heap.counts()->gone().empty());
}

TEST_CASE("counts of several threads lose nothing if they are atomic, and never tear", "[counts]") {
  const bool is_atomic = GENERATE(true, false);
  CountedHeap counted(is_atomic);
  Table* holder = Table::make(*counted.local);
  Table* value = Table::make(*counted.local);
  const Value key = counted.key("shared");
  counted.set(holder, key, Value::table(value));
  std::vector<std::thread> threads;
  for (int number = 0; number < 2; ++number) {
    threads.emplace_back([&] {
      LocalHeap* local = counted.heap.attach(nullptr);
      for (int times = 0; times < 100'000; ++times) (void)holder->set(*local, key, Value::table(value));
      counted.heap.detach(local);
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Each of two threads may lose as many increments, or decrements, as it makes.
  const std::int32_t count = counted.count(value);
  CHECK(count <= (is_atomic ? 1 : 200'001));
  CHECK(count >= (is_atomic ? 1 : -199'999));
}

}  // namespace
}  // namespace gilvm
