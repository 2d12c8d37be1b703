// The lock regime `object`, on the level of tables: the scripts of tests/stress try it as a whole.
#include "vm/object/table_lock.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "tests/object/object_heap.h"

namespace gilvm {
namespace {

// A heap whose threads mark their tables, and lock them.
struct MarkedHeap {
  MarkedHeap() {
    define_object_kinds(heap);
    heap.mark_tables();
    first = heap.attach(nullptr);
    heap.expect_threads(*first, true);
  }
  Heap heap;
  StringTable strings{heap, 1};
  LocalHeap* first;
};

Value number(std::int64_t integer) { return Value::inline_integer(integer); }

TEST_CASE("a table is its maker's until another thread stores to it", "[table][lock]") {
  MarkedHeap marked;
  LocalHeap* maker = marked.heap.attach(nullptr);
  LocalHeap* other = marked.heap.attach(nullptr);
  REQUIRE(maker->table_mark != other->table_mark);
  Table* table = Table::make(*maker);
  REQUIRE(table->set_integer(*maker, 1, number(10)));
  CHECK_FALSE(TableLock(*maker, table).is_shared());
  // Reading changes nothing.
  CHECK(table->get_integer(1) == number(10));
  CHECK_FALSE(TableLock(*maker, table).is_shared());
  const bool in_place = GENERATE(true, false);
  REQUIRE(table->set_integer(*other, in_place ? 1 : 2, number(20)));
  CHECK(TableLock(*maker, table).is_shared());
  REQUIRE(table->set_integer(*maker, 1, number(30)));
  CHECK(TableLock(*maker, table).is_shared());
  CHECK(table->get_integer(1) == number(30));
}

TEST_CASE("an only thread locks nothing, and what it has made is locked when others come", "[table][lock]") {
  Heap heap;
  define_object_kinds(heap);
  StringTable strings{heap, 1};
  heap.mark_tables();
  LocalHeap* only = heap.attach(nullptr);
  CHECK(only->stores_are_plain);
  Table* table = Table::make(*only);
  REQUIRE(table->set_integer(*only, 1, number(10)));
  {
    const TableLock lock(*only, table);
    CHECK_FALSE(TableLock::holds(table));
  }
  CHECK(heap.expect_threads(*only, true));
  CHECK_FALSE(heap.expect_threads(*only, true));
  CHECK_FALSE(only->stores_are_plain);
  LocalHeap* other = heap.attach(nullptr);
  CHECK_FALSE(other->stores_are_plain);
  CHECK_FALSE(TableLock(*only, table).is_shared());
  TableLock lock(*only, table);
  CHECK(TableLock::holds(table));
  CHECK_FALSE(StoreInPlace(*other, table).is_allowed());
}

TEST_CASE("a thread may not store in place while the table is locked", "[table][lock]") {
  MarkedHeap marked;
  LocalHeap* maker = marked.heap.attach(nullptr);
  Table* table = Table::make(*maker, 4);
  {
    const StoreInPlace before(*maker, table);
    CHECK(before.is_allowed());
    CHECK(maker->stores.load());
  }
  CHECK_FALSE(maker->stores.load());
  TableLock lock(*maker, table);
  CHECK(TableLock::holds(table));
  CHECK_FALSE(StoreInPlace(*maker, table).is_allowed());
  // Who holds the lock may do everything, and a second lock inside is no other.
  REQUIRE(table->set_integer(*maker, 1, number(1)));
  REQUIRE(table->append(*maker, number(2)));
  table->reserve(*maker, 64, 64);
  CHECK(TableLock::holds(table));
  CHECK(table->get_integer(3).is_nil());
  CHECK(table->take_last(*maker) == number(2));
  CHECK(table->length() == 1);
  lock.release();
  CHECK_FALSE(TableLock::holds(table));
}

TEST_CASE("who moves elements waits for the stores that others have begun", "[table][lock][threads]") {
  MarkedHeap marked;
  LocalHeap* storer = marked.heap.attach(nullptr);
  LocalHeap* mover = marked.heap.attach(nullptr);
  Table* table = Table::make(*storer, 4);
  REQUIRE(table->set_integer(*mover, 1, number(1)));  // shared from here on
  std::atomic<bool> is_locked{false}, has_moved{false};
  REQUIRE(StoreInPlace::begin(*storer, table));
  std::thread thread([&] {
    TableLock lock(*mover, table);
    is_locked = true;
    lock.exclude_stores();
    has_moved = true;
  });
  while (!is_locked) std::this_thread::yield();
  for (int turn = 0; turn < 100; ++turn) std::this_thread::yield();
  CHECK_FALSE(has_moved);
  StoreInPlace::end(*storer);
  thread.join();
  CHECK(has_moved);
}

TEST_CASE("of many threads none loses a store, and none misses what is there", "[table][lock][threads]") {
  constexpr int kThreads = 4, kEach = 20'000;
  MarkedHeap marked;
  LocalHeap* maker = marked.heap.attach(nullptr);
  Table* table = Table::make(*maker);
  REQUIRE(table->set_integer(*maker, -1, number(-1)));
  std::atomic<int> missed{0}, lost{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      LocalHeap* local = marked.heap.attach(nullptr);
      for (int index = 0; index < kEach; ++index) {
        // Dense keys move from the hash part into the array part again and again.
        const std::int64_t key = std::int64_t{index} * kThreads + thread + 1;
        if (!table->set_integer(*local, key, number(key))) ++lost;
        if (table->get_integer(-1).is_nil()) ++missed;
        if (table->get_integer(key) != number(key)) ++lost;
      }
      marked.heap.detach(local);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(missed == 0);
  CHECK(lost == 0);
  for (std::int64_t key = 1; key <= std::int64_t{kThreads} * kEach; ++key) {
    if (table->get_integer(key) != number(key)) ++lost;
  }
  CHECK(lost == 0);
  CHECK(table->length() == std::uint64_t{kThreads} * kEach);
}

}  // namespace
}  // namespace gilvm
