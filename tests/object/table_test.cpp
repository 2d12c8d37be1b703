#include "vm/object/table.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "tests/object/object_heap.h"

namespace gilvm {
namespace {

// A key as Lua compares keys: a float with an integer's value is that integer.
using Key = std::variant<bool, std::int64_t, double, std::string>;

Key key_of(Value value) {
  if (value.is_boolean()) return value.as_boolean();
  if (value.is_integer()) return value.as_integer();
  if (value.is_double()) return value.as_double();
  REQUIRE(value.is_string());
  return std::string(value.as_string()->view());
}

void set(ObjectHeap& heap, Table* table, Value key, Value value) {
  REQUIRE(table->set(*heap.local, key, value) == StoreResult::kStored);
}

// The keys in the order of traversal. Fails when the traversal does not end.
std::vector<Value> traverse(const Table* table) {
  std::vector<Value> keys;
  Value key, value;
  const std::size_t bound = std::size_t{table->array()->capacity()} + table->hash()->capacity();
  for (;;) {
    REQUIRE(table->next(key, &key, &value));
    if (key.is_nil()) return keys;
    REQUIRE_FALSE(value.is_nil());
    keys.push_back(key);
    REQUIRE(keys.size() <= bound);
  }
}

void check_border(const Table* table) {
  const auto length = static_cast<std::int64_t>(table->length());
  if (length > 0) REQUIRE_FALSE(table->get_integer(length).is_nil());
  REQUIRE(table->get_integer(length + 1).is_nil());
}

// A table and what it should hold.
class ModelledTable {
 public:
  ModelledTable(ObjectHeap& heap, unsigned seed)
      : heap_(heap), random_(seed), table(Table::make(*heap.local)) {}

  // `density`: how many different keys of each kind there are.
  Value random_key(int density) {
    const auto number = static_cast<std::int64_t>(random_() % static_cast<unsigned>(density));
    switch (random_() % 10) {
      case 0: return Value::boolean(number % 2 == 0);
      case 1: return Value::number(static_cast<double>(number) + 0.5);
      case 2: return Value::number(static_cast<double>(number));  // the integer
      case 3: return heap_.integer((std::int64_t{1} << 50) - 5 + number % 10);
      case 4: return heap_.integer(number % 2 == 0 ? INT64_MIN + number : INT64_MAX - number);
      case 5: return Value::number(std::ldexp(1.0, 50 + static_cast<int>(number % 14)));
      case 6: return heap_.text(std::string(41, 'l') + std::to_string(number));
      case 7: return heap_.text(std::to_string(number));
      case 8: return Value::inline_integer(-number);
      default: return Value::inline_integer(number + 1);
    }
  }

  static Key normal(Value key) {
    if (key.is_double()) {
      const double number = key.as_double();
      if (number >= -0x1p63 && number < 0x1p63 && std::floor(number) == number)
        return static_cast<std::int64_t>(number);
    }
    return key_of(key);
  }

  void step(int density) {
    const Value key = random_key(density);
    if (random_() % 3 == 0) {
      set(heap_, table, key, Value::nil());
      model.erase(normal(key));
    } else {
      const auto value = static_cast<std::int64_t>(random_() % 1'000'000);
      set(heap_, table, key, Value::inline_integer(value));
      model[normal(key)] = value;
    }
    const Value other = random_key(density);
    const auto known = model.find(normal(other));
    const Value found = table->get(other);
    REQUIRE((known == model.end() ? found.is_nil() : found == Value::inline_integer(known->second)));
  }

  void check() const {
    check_border(table);
    std::set<Key> visited;
    for (const Value key : traverse(table)) {
      REQUIRE(visited.insert(key_of(key)).second);
      const auto known = model.find(key_of(key));
      REQUIRE(known != model.end());
      REQUIRE(table->get(key) == Value::inline_integer(known->second));
    }
    REQUIRE(visited.size() == model.size());
  }

 private:
  ObjectHeap& heap_;
  std::mt19937 random_;

 public:
  Table* const table;
  std::map<Key, std::int64_t> model;
};

TEST_CASE("a growth in two steps keeps what was there, and loses what others store in between", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  const Value old = heap.text("old"), fresh = heap.text("fresh"), others = heap.text("others");
  set(heap, table, old, Value::inline_integer(1));
  TableGrowth growth;
  REQUIRE(growth.begin(*heap.local, table, fresh));
  CHECK(table->get(old) == Value::inline_integer(1));
  set(heap, table, old, Value::inline_integer(2));
  set(heap, table, others, Value::inline_integer(3));
  CHECK(table->get(old) == Value::inline_integer(2));
  growth.finish();
  CHECK(table->get(old) == Value::inline_integer(1));
  CHECK(table->get(others).is_nil());
  // The place for the new key is there.
  CHECK_FALSE(growth.begin(*heap.local, table, fresh));
  set(heap, table, fresh, Value::inline_integer(4));
  CHECK_FALSE(growth.begin(*heap.local, table, fresh));
  CHECK(table->get(fresh) == Value::inline_integer(4));
}

TEST_CASE("a growth in two steps keeps alive what nothing else does", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  const Value key = heap.text("a key that is longer than a short string may be, so that it is not interned");
  set(heap, table, key, Value::table(Table::make(*heap.local)));
  TableGrowth growth;
  REQUIRE(growth.begin(*heap.local, table, Value::inline_integer(7)));
  set(heap, table, key, Value::nil());
  heap.heap.collect([&](Marker& marker) { growth.trace(marker); });
  heap.heap.verify();
  growth.finish();
  REQUIRE(traverse(table).size() == 1);
  CHECK(table->get(traverse(table)[0]).is_table());
}

TEST_CASE("no growth is needed where there is room, nor for what can be no key", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local, 4, 4);
  TableGrowth growth;
  CHECK_FALSE(growth.begin(*heap.local, table, Value::inline_integer(4)));
  CHECK_FALSE(growth.begin(*heap.local, table, heap.text("name")));
  CHECK_FALSE(growth.begin(*heap.local, table, Value::nil()));
  CHECK_FALSE(growth.begin(*heap.local, table, Value::number(std::numeric_limits<double>::quiet_NaN())));
  CHECK_FALSE(growth.begin(*heap.local, table, Value::number(2.0)));
  Table* full = Table::make(*heap.local);
  REQUIRE(growth.begin(*heap.local, full, Value::number(1.0)));
  growth.finish();
  CHECK(full->array()->capacity() == 1);
}

}  // namespace

TEST_CASE("a table agrees with std::map after any stores and deletions", "[table]") {
  const int density = GENERATE(3, 20, 300);
  const unsigned seed = GENERATE(1u, 2u, 3u, 4u);
  INFO("seed " << seed << ", density " << density);
  ObjectHeap heap;
  ModelledTable modelled(heap, seed);
  for (int step = 1; step <= 20'000; ++step) {
    modelled.step(density);
    if (step % 500 == 0) modelled.check();
  }
}

TEST_CASE("a table agrees with std::map across collections that its deleted keys do not survive", "[table]") {
  const unsigned seed = GENERATE(11u, 12u, 13u);
  INFO("seed " << seed);
  ObjectHeap heap;
  ModelledTable modelled(heap, seed);
  for (int step = 1; step <= 20'000; ++step) {
    modelled.step(40);
    if (step % 100 != 0) continue;
    heap.collect(modelled.table);
    modelled.check();
  }
}

TEST_CASE("nil and NaN are no keys, and reading them gives nil", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  const Value nan = Value::number(std::nan(""));
  CHECK(table->set(*heap.local, Value::nil(), Value::boolean(true)) == StoreResult::kKeyIsNil);
  CHECK(table->set(*heap.local, nan, Value::boolean(true)) == StoreResult::kKeyIsNan);
  CHECK(table->get(Value::nil()).is_nil());
  CHECK(table->get(nan).is_nil());
  CHECK(traverse(table).empty());
}

TEST_CASE("a float with an integer's value is that integer as a key", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  set(heap, table, Value::number(2.0), Value::boolean(true));
  set(heap, table, Value::number(0x1p52), Value::boolean(false));
  set(heap, table, Value::number(-0.0), Value::inline_integer(5));
  CHECK(table->get(Value::inline_integer(2)) == Value::boolean(true));
  CHECK(table->get(heap.integer(std::int64_t{1} << 52)) == Value::boolean(false));
  CHECK(table->get(Value::inline_integer(0)) == Value::inline_integer(5));
  for (const Value key : traverse(table)) CHECK(key.is_integer());
}

TEST_CASE("a float beyond the integers stays a float as a key", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  for (const double number : {0x1p63, 0x1p64, -0x1p64, std::numeric_limits<double>::infinity()}) {
    set(heap, table, Value::number(number), Value::number(number));
    CHECK(table->get(Value::number(number)) == Value::number(number));
  }
  CHECK(table->get(heap.integer(INT64_MAX)).is_nil());
  set(heap, table, Value::number(-0x1p63), Value::boolean(true));
  CHECK(table->get(heap.integer(INT64_MIN)) == Value::boolean(true));
}

TEST_CASE("integer keys that are set in any order end in the array part", "[table]") {
  const auto order = GENERATE(0, 1, 2);
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  std::vector<std::int64_t> keys;
  for (std::int64_t key = 1; key <= 1024; ++key) keys.push_back(key);
  if (order == 1) std::reverse(keys.begin(), keys.end());
  if (order == 2) std::shuffle(keys.begin(), keys.end(), std::mt19937(7));
  for (const std::int64_t key : keys)
    set(heap, table, Value::inline_integer(key), Value::inline_integer(-key));
  CHECK(table->length() == 1024);
  for (const std::int64_t key : keys) REQUIRE(table->get_integer(key) == Value::inline_integer(-key));
  CHECK(traverse(table).size() == 1024);
  // The next growth moves whatever is still in the hash part.
  set(heap, table, Value::inline_integer(1025), Value::boolean(true));
  CHECK(table->length() == 1025);
  CHECK(table->array()->capacity() >= 512);
}

TEST_CASE("a sparse key takes no array part", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  for (const std::int64_t key :
       {std::int64_t{1} << 26, std::int64_t{1} << 40, INT64_MAX, INT64_MIN, std::int64_t{0}}) {
    set(heap, table, heap.integer(key), Value::boolean(true));
  }
  CHECK(table->array()->capacity() == 0);
  CHECK(table->length() == 0);
  CHECK(traverse(table).size() == 5);
}

TEST_CASE("the length is a border, whatever holes there are", "[table]") {
  const unsigned seed = GENERATE(21u, 22u, 23u);
  INFO("seed " << seed);
  ObjectHeap heap;
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    Table* table = Table::make(*heap.local, random() % 20, 0);
    for (int step = 0; step < 60; ++step) {
      const auto key = static_cast<std::int64_t>(1 + random() % 24);
      set(heap, table, Value::inline_integer(key), random() % 3 == 0 ? Value::nil() : Value::boolean(true));
      check_border(table);
    }
  }
}

TEST_CASE("the length follows appending and removing at the end", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  for (std::int64_t count = 1; count <= 3000; ++count) {
    table->set_integer(*heap.local, count, Value::boolean(true));
    REQUIRE(table->length() == static_cast<std::uint64_t>(count));
  }
  for (std::int64_t count = 3000; count >= 1; --count) {
    table->set_integer(*heap.local, count, Value::nil());
    REQUIRE(table->length() == static_cast<std::uint64_t>(count - 1));
  }
}

TEST_CASE("entries may be changed and deleted while the table is traversed", "[table]") {
  const unsigned seed = GENERATE(31u, 32u, 33u, 34u);
  const bool collects = GENERATE(false, true);
  INFO("seed " << seed);
  ObjectHeap heap;
  ModelledTable modelled(heap, seed);
  for (int step = 0; step < 2000; ++step) modelled.step(60);
  std::mt19937 random(seed);
  std::set<Key> visited;
  // What is traversed last is kept alive by whoever traverses.
  Table* holder = Table::make(*heap.local, 2, 0);
  holder->set_integer(*heap.local, 1, Value::table(modelled.table));
  Value key, value;
  for (;;) {
    REQUIRE(modelled.table->next(key, &key, &value));
    if (key.is_nil()) break;
    REQUIRE(visited.insert(key_of(key)).second);
    set(heap, modelled.table, key, random() % 2 == 0 ? Value::nil() : Value::inline_integer(1));
    holder->set_integer(*heap.local, 2, key);
    if (collects) heap.collect(holder);
  }
  CHECK(visited.size() == modelled.model.size());
}

TEST_CASE("next refuses what is no key of the table", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  set(heap, table, heap.text("x"), Value::boolean(true));
  Value key, value;
  CHECK_FALSE(table->next(heap.text("y"), &key, &value));
  CHECK_FALSE(table->next(Value::inline_integer(1), &key, &value));
  CHECK_FALSE(table->next(Value::number(0.5), &key, &value));
}

TEST_CASE("reserved room is not grown while it is filled", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  table->reserve(*heap.local, 100, 100);
  const ArrayBlock* array = table->array();
  const HashBlock* hash = table->hash();
  for (std::int64_t number = 1; number <= 100; ++number) {
    table->set_integer(*heap.local, number, Value::boolean(true));
    set(heap, table, heap.text("k" + std::to_string(number)), Value::boolean(true));
  }
  CHECK(table->array() == array);
  CHECK(table->hash() == hash);
}

TEST_CASE("reserving loses no entry", "[table]") {
  ObjectHeap heap;
  ModelledTable modelled(heap, 41);
  for (int step = 0; step < 1000; ++step) modelled.step(50);
  modelled.table->reserve(*heap.local, 500, 500);
  modelled.check();
  modelled.table->reserve(*heap.local, 0, 0);
  modelled.check();
}

TEST_CASE("a hint that leads nowhere is corrected", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  for (int number = 0; number < 600; ++number) {
    set(heap, table, heap.text("k" + std::to_string(number)), Value::inline_integer(number));
  }
  for (int number = 0; number < 600; ++number) {
    const String* key = heap.text("k" + std::to_string(number)).as_string();
    for (int start = 0; start < 256; start += 51) {
      auto hint = static_cast<std::uint8_t>(start);
      const Slot* slot = table->find_short_at(key, &hint);
      REQUIRE(slot);
      REQUIRE(slot->load() == Value::inline_integer(number));
      REQUIRE(table->find_short_at(key, &hint) == slot);
    }
  }
}

TEST_CASE("growth leaves the old storage as it was for who still reads it", "[table]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  for (std::int64_t number = 1; number <= 4; ++number)
    table->set_integer(*heap.local, number, heap.integer(number));
  ArrayBlock* old = table->array();
  for (std::int64_t number = 5; number <= 100; ++number)
    table->set_integer(*heap.local, number, heap.integer(number));
  REQUIRE(table->array() != old);
  for (std::uint32_t index = 0; index < old->capacity(); ++index) {
    CHECK(old->slots()[index].load() == Value::inline_integer(index + 1));
  }
}

TEST_CASE("a text that is not interned finds the key with its bytes, and becomes one", "[table]") {
  ObjectHeap heap;
  heap.local->interns_texts = false;
  const Value known = Value::string(heap.strings.make_text(*heap.local, "known"));
  const Value added = Value::string(heap.strings.make_text(*heap.local, "added"));
  Table* table = Table::make(*heap.local);
  REQUIRE(table->set_short(*heap.local, heap.text("known").as_string(), heap.integer(1)));
  REQUIRE_FALSE(known == heap.text("known"));
  CHECK(table->get(known) == heap.integer(1));
  CHECK(table->set(*heap.local, known, heap.integer(2)) == StoreResult::kStored);
  CHECK(table->get(heap.text("known")) == heap.integer(2));
  CHECK(table->get(added).is_nil());
  CHECK(table->set(*heap.local, added, heap.integer(3)) == StoreResult::kStored);
  CHECK(table->get(added) == heap.integer(3));
  CHECK(table->get_short(heap.text("added").as_string()) == heap.integer(3));
  Value key, value;
  int entries = 0;
  while (table->next(key, &key, &value) && !key.is_nil()) {
    CHECK(key.as_string()->is_interned());
    ++entries;
  }
  CHECK(entries == 2);
  CHECK(table->next(known, &key, &value));
  CHECK(table->next(added, &key, &value));
}

}  // namespace gilvm
