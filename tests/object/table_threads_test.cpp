// Tables under threads that do not lock: results may be inconsistent, the table may not.
#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "tests/object/object_heap.h"

namespace gilvm {
namespace {

constexpr int kWriters = 4;
constexpr unsigned kKeys = 96;
constexpr int kValueBits = 24;

// The keys that the threads fight for: integers for both parts, strings, floats, booleans, boxed integers.
std::vector<Value> make_keys(ObjectHeap& heap) {
  std::vector<Value> keys;
  for (unsigned number = 0; number < kKeys; ++number) {
    switch (number % 4) {
      case 0: keys.push_back(Value::inline_integer(number / 4 + 1)); break;
      case 1: keys.push_back(heap.text("key" + std::to_string(number))); break;
      case 2: keys.push_back(Value::number(number + 0.5)); break;
      default:
        keys.push_back(number == 3 ? Value::boolean(true) : heap.integer((std::int64_t{1} << 55) + number));
    }
  }
  return keys;
}

// Every value says to which key it belongs.
Value value_of(unsigned key, unsigned stamp) {
  return Value::inline_integer(std::int64_t{key} << kValueBits | (stamp & ((1u << kValueBits) - 1)));
}
bool belongs_to(Value value, unsigned key) {
  return value.is_inline_integer() && value.as_inline_integer() >> kValueBits == key;
}

// The last traversal, when all is quiet: every key that is there, once.
void check_traversal(const Table* table, const std::vector<Value>& keys) {
  std::size_t expected = 0;
  for (const Value key : keys) expected += !table->get(key).is_nil();
  const std::size_t bound = std::size_t{table->array()->capacity()} + table->hash()->capacity();
  std::size_t visited = 0;
  Value key, value;
  for (;;) {
    REQUIRE(table->next(key, &key, &value));
    if (key.is_nil()) break;
    REQUIRE(table->get(key) == value);
    REQUIRE(++visited <= bound);
  }
  REQUIRE(visited == expected);
}

struct Failures {
  std::atomic<int> foreign_values{0};
  std::atomic<int> lengths_out_of_range{0};
};

void write(ObjectHeap& heap, Table* table, const std::vector<Value>& keys, unsigned seed, int operations) {
  LocalHeap* local = heap.heap.attach(nullptr);
  std::mt19937 random(seed);
  for (int count = 0; count < operations; ++count) {
    const unsigned key = random() % kKeys;
    const Value value = random() % 4 == 0 ? Value::nil() : value_of(key, static_cast<unsigned>(random()));
    if (table->set(*local, keys[key], value) != StoreResult::kStored) std::abort();
  }
  heap.heap.detach(local);
}

void read(const Table* table, const std::vector<Value>& keys, unsigned seed, const std::atomic<bool>& done,
          Failures& failures) {
  std::mt19937 random(seed);
  while (!done.load(std::memory_order_relaxed)) {
    const unsigned key = random() % kKeys;
    const Value value = table->get(keys[key]);
    if (!value.is_nil() && !belongs_to(value, key)) ++failures.foreign_values;
    if (table->length() > kKeys) ++failures.lengths_out_of_range;
  }
}

void traverse(const Table* table, const std::vector<Value>& keys, const std::atomic<bool>& done,
              Failures& failures) {
  while (!done.load(std::memory_order_relaxed)) {
    Value key, value;
    // A key that is moved by a growth meanwhile may be met again, so only a quiet table bounds the traversal.
    while (table->next(key, &key, &value) && !key.is_nil() && !done.load(std::memory_order_relaxed)) {
      unsigned index = 0;
      while (index < kKeys && !(keys[index] == key)) ++index;
      // A boxed key may be another box of the same integer.
      if (index == kKeys && !key.is_box()) ++failures.foreign_values;
      if (index < kKeys && !belongs_to(value, index)) ++failures.foreign_values;
    }
  }
}

void fight(unsigned seed, int operations) {
  INFO("seed " << seed);
  ObjectHeap heap;
  heap.heap.set_enabled(false);
  const std::vector<Value> keys = make_keys(heap);
  Table* table = Table::make(*heap.local);
  std::atomic<bool> done{false};
  Failures failures;
  std::vector<std::thread> writers, others;
  for (unsigned writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back(
        [&, writer] { write(heap, table, keys, seed * 16 + writer, operations / kWriters); });
  }
  others.emplace_back([&] { read(table, keys, seed, done, failures); });
  others.emplace_back([&] { traverse(table, keys, done, failures); });
  for (std::thread& writer : writers) writer.join();
  done.store(true);
  for (std::thread& other : others) other.join();
  CHECK(failures.foreign_values == 0);
  CHECK(failures.lengths_out_of_range == 0);
  check_traversal(table, keys);
  heap.collect(table);
  check_traversal(table, keys);
}

}  // namespace

TEST_CASE("a table survives writers, readers and traversals that do not lock", "[table][threads]") {
  for (unsigned seed = 1; seed <= 10; ++seed) fight(seed, 100'000);
}

TEST_CASE("a table survives ten million unsynchronised stores", "[.long][threads]") {
  for (unsigned seed = 101; seed <= 200; ++seed) fight(seed, 100'000);
}

TEST_CASE("threads that insert the same new keys at once leave one entry for each", "[table][threads]") {
  constexpr int kRounds = 3000;
  for (int round = 0; round < kRounds; ++round) {
    INFO("round " << round);
    ObjectHeap heap;
    const std::vector<Value> keys = make_keys(heap);
    Table* table = Table::make(*heap.local, 0, round % 2 == 0 ? 128 : 0);
    std::atomic<int> waiting{kWriters};
    std::vector<std::thread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&] {
        LocalHeap* local = heap.heap.attach(nullptr);
        waiting.fetch_sub(1);
        while (waiting.load() > 0) std::this_thread::yield();
        for (unsigned key = 0; key < kKeys; ++key) {
          if (table->set(*local, keys[key], value_of(key, 0)) != StoreResult::kStored) std::abort();
        }
        heap.heap.detach(local);
      });
    }
    for (std::thread& writer : writers) writer.join();
    check_traversal(table, keys);
  }
}

TEST_CASE("stores to keys that exist are all kept when nobody inserts", "[table][threads]") {
  ObjectHeap heap;
  const std::vector<Value> keys = make_keys(heap);
  Table* table = Table::make(*heap.local);
  for (const Value key : keys)
    REQUIRE(table->set(*heap.local, key, Value::boolean(false)) == StoreResult::kStored);
  std::vector<std::thread> writers;
  for (unsigned writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      LocalHeap* local = heap.heap.attach(nullptr);
      for (unsigned stamp = 1; stamp <= 20'000; ++stamp) {
        // Each key has one writer.
        const unsigned key = (stamp * kWriters + writer) % kKeys;
        if (table->set(*local, keys[key], value_of(key, stamp)) != StoreResult::kStored) std::abort();
        if (!(table->get(keys[key]) == value_of(key, stamp))) std::abort();
      }
      heap.heap.detach(local);
    });
  }
  for (std::thread& writer : writers) writer.join();
  check_traversal(table, keys);
}

}  // namespace gilvm
