#include "vm/object/table.h"

#include <bit>
#include <cmath>

#include "vm/base/check.h"
#include "vm/object/weak_table.h"

namespace gilvm {
namespace {

// The parts of a table that has none. Never written: their capacity is 0.
struct EmptyBlocks {
  ArrayBlock array;
  HashBlock hash;
  EmptyBlocks() {
    array.kind = ObjectKind::kArrayBlock;
    array.word = 0;
    hash.kind = ObjectKind::kHashBlock;
    hash.word = 0;
    hash.last_free.store(0, std::memory_order_relaxed);
  }
};
EmptyBlocks empty_blocks;

// Null: there is no memory. The same for the hash part.
ArrayBlock* make_array(LocalHeap& heap, std::uint32_t capacity) {
  if (capacity == 0) return &empty_blocks.array;
  auto* block = static_cast<ArrayBlock*>(
      heap.try_allocate(ObjectKind::kArrayBlock, sizeof(ArrayBlock) + std::size_t{capacity} * sizeof(Slot)));
  if (!block) return nullptr;
  block->word = capacity;
  Slot* slots = block->slots();
  for (std::uint32_t index = 0; index < capacity; ++index) new (&slots[index]) Slot();
  return block;
}

HashBlock* make_hash(LocalHeap& heap, std::uint32_t capacity) {
  if (capacity == 0) return &empty_blocks.hash;
  auto* block = static_cast<HashBlock*>(
      heap.try_allocate(ObjectKind::kHashBlock, sizeof(HashBlock) + std::size_t{capacity} * sizeof(Node)));
  if (!block) return nullptr;
  block->word = capacity;
  new (&block->last_free) std::atomic<std::uint32_t>(capacity);
  Node* nodes = block->nodes();
  for (std::uint32_t index = 0; index < capacity; ++index) {
    Node* node = new (&nodes[index]) Node;
    node->key.store(Value::empty());
    node->next.store(0, std::memory_order_relaxed);
  }
  return block;
}

std::uint32_t mix(std::uint64_t bits) {
  bits *= 0x9E3779B97F4A7C15ULL;
  return static_cast<std::uint32_t>(bits >> 32);
}

std::uint32_t hash_of(Value key) {
  if (key.is_inline_integer()) return mix(static_cast<std::uint64_t>(key.as_inline_integer()));
  if (key.is_string()) return key.as_string()->hash();
  if (key.is_box()) return mix(static_cast<std::uint64_t>(key.as_integer()));
  if (key.is_object()) return key.as_object()->word;
  return mix(key.bits());
}

bool equal_keys(Value left, Value right) {
  if (left == right) return true;
  if (left.is_box() && right.is_box()) return left.as_integer() == right.as_integer();
  if (left.is_string() && right.is_string()) return left.as_string()->equals(right.as_string());
  return false;
}

// A float with an integer's value is that integer as a key (Lua manual §2.1).
bool integer_of_float(double number, std::int64_t* integer) {
  if (!(number >= -0x1p63 && number < 0x1p63)) return false;
  *integer = static_cast<std::int64_t>(number);
  return static_cast<double>(*integer) == number;
}

// Does a key of the hash part belong to the array part? Where a race has left one, the array's entry counts.
bool is_hidden(Value key, const ArrayBlock* array) {
  return key.is_inline_integer() &&
         static_cast<std::uint64_t>(key.as_inline_integer()) - 1 < array->capacity();
}

// How many integer keys lie in each (2^(i-1), 2^i], to find the best size of the array part.
struct IntegerKeys {
  std::uint32_t counts[33] = {};
  std::uint32_t total = 0;

  void add(std::int64_t key) {
    if (key >= 1 && key <= std::int64_t{Table::kLargestCapacity}) {
      ++counts[std::bit_width(static_cast<std::uint64_t>(key) - 1)];
      ++total;
    }
  }
  // The largest power of two of which more than half of the indices are in use, and how many they are.
  std::uint32_t best_capacity(std::uint32_t* in_array) const {
    std::uint32_t capacity = 0, counted = 0;
    *in_array = 0;
    for (unsigned bit = 0; bit <= 27 && (std::uint64_t{1} << bit) < 2 * std::uint64_t{total}; ++bit) {
      counted += counts[bit];
      if (counted > (1u << bit) / 2) {
        capacity = 1u << bit;
        *in_array = counted;
      }
    }
    return capacity;
  }
};

}  // namespace

Table* Table::make(LocalHeap& heap, std::uint32_t array_capacity, std::uint32_t hash_capacity) {
  auto* table = static_cast<Table*>(heap.allocate_fixed<sizeof(Table)>(ObjectKind::kTable));
  new (&table->metatable_) std::atomic<Table*>(nullptr);
  ArrayBlock* array = make_array(heap, array_capacity);
  HashBlock* hash = make_hash(heap, hash_capacity == 0 ? 0 : std::bit_ceil(hash_capacity));
  new (&table->array_) std::atomic<ArrayBlock*>(array ? array : &empty_blocks.array);
  new (&table->hash_) std::atomic<HashBlock*>(hash ? hash : &empty_blocks.hash);
  new (&table->border_hint_) std::atomic<std::uint32_t>(0);
  new (&table->lock_) std::atomic<std::uint32_t>(0);
  return table;
}

std::uint8_t Table::node_index_of(HashBlock* hash, Slot* value) {
  auto offset =
      static_cast<std::size_t>(reinterpret_cast<char*>(value) - reinterpret_cast<char*>(hash->nodes()));
  return static_cast<std::uint8_t>(offset / sizeof(Node));
}

Slot* Table::find_integer(std::int64_t key) const {
  HashBlock* hash = hash_.load(std::memory_order_acquire);
  if (hash->capacity() == 0) return nullptr;
  if (!Value::fits_inline(key)) {
    Box box;
    box.integer = key;
    return find_other(Value::box(&box));
  }
  const Value wanted = Value::inline_integer(key);
  std::uint32_t index = mix(static_cast<std::uint64_t>(key)) & (hash->capacity() - 1);
  for (;;) {
    Node& node = hash->nodes()[index];
    if (node.key.load() == wanted) return &node.value;
    std::uint32_t next = node.next.load(std::memory_order_acquire);
    if (next == 0) return nullptr;
    index = next - 1;
  }
}

Value Table::get_integer_from_hash(std::int64_t key) const {
  Slot* slot = find_integer(key);
  return slot ? slot->load() : Value::nil();
}

Slot* Table::find_other(Value key) const {
  HashBlock* hash = hash_.load(std::memory_order_acquire);
  if (hash->capacity() == 0) return nullptr;
  std::uint32_t index = hash_of(key) & (hash->capacity() - 1);
  for (;;) {
    Node& node = hash->nodes()[index];
    if (equal_keys(node.key.load(), key)) return &node.value;
    std::uint32_t next = node.next.load(std::memory_order_acquire);
    if (next == 0) return nullptr;
    index = next - 1;
  }
}

Slot* Table::find(Value key) const {
  if (key.is_double()) {
    std::int64_t integer;
    if (!integer_of_float(key.as_double(), &integer)) return find_other(key);
    ArrayBlock* array = array_.load(std::memory_order_acquire);
    if (static_cast<std::uint64_t>(integer) - 1 < array->capacity()) return &array->slots()[integer - 1];
    return find_integer(integer);
  }
  if (key.is_integer()) {
    std::int64_t integer = key.as_integer();
    ArrayBlock* array = array_.load(std::memory_order_acquire);
    if (static_cast<std::uint64_t>(integer) - 1 < array->capacity()) return &array->slots()[integer - 1];
    return find_integer(integer);
  }
  if (key.is_string() && key.as_string()->is_short()) return find_short(key.as_string());
  return find_other(key);
}

Value Table::get(Value key) const {
  Slot* slot = find(key);
  return slot ? slot->load() : Value::nil();
}

StoreResult Table::set(LocalHeap& heap, Value key, Value value) {
  if (Slot* slot = find(key)) {
    slot->store(value);
    return StoreResult::kStored;
  }
  if (key.is_nil()) return StoreResult::kKeyIsNil;
  if (key.is_double()) {
    double number = key.as_double();
    if (number != number) return StoreResult::kKeyIsNan;
    std::int64_t integer;
    if (integer_of_float(number, &integer)) {
      return set_integer(heap, integer, value) ? StoreResult::kStored : StoreResult::kNoMemory;
    }
  }
  return value.is_nil() || insert(heap, key, value) ? StoreResult::kStored : StoreResult::kNoMemory;
}

bool Table::set_integer_slow(LocalHeap& heap, std::int64_t key, Value value) {
  if (Slot* slot = find_integer(key)) {
    slot->store(value);
    return true;
  }
  if (value.is_nil()) return true;
  if (Value::fits_inline(key)) return insert(heap, Value::inline_integer(key), value);
  auto* box = static_cast<Box*>(heap.allocate_fixed<sizeof(Box)>(ObjectKind::kBox));
  box->integer = key;
  return insert(heap, Value::box(box), value);
}

bool Table::insert(LocalHeap& heap, Value key, Value value) {
  for (;;) {
    HashBlock* hash = hash_.load(std::memory_order_acquire);
    const std::uint32_t capacity = hash->capacity();
    if (capacity > 0) {
      Node* nodes = hash->nodes();
      const std::uint32_t home = hash_of(key) & (capacity - 1);
      if (nodes[home].key.replace(Value::empty(), key)) {
        nodes[home].value.store(value);
        return true;
      }
      // Claim a free node, then hang it on the end of the home node's chain, unless another thread has put
      // the same key there meanwhile: an entry that stood twice would send a traversal back to the first of
      // them.
      std::uint32_t candidate = hash->last_free.load(std::memory_order_relaxed);
      while (candidate > 0) {
        if (!hash->last_free.compare_exchange_weak(candidate, candidate - 1, std::memory_order_relaxed))
          continue;
        --candidate;
        if (!nodes[candidate].key.load().is_empty() || !nodes[candidate].key.replace(Value::empty(), key))
          continue;
        std::uint32_t tail = home;
        for (;;) {
          if (equal_keys(nodes[tail].key.load(), key)) {
            nodes[candidate].key.store(Value::dead());
            nodes[tail].value.store(value);
            return true;
          }
          std::uint32_t next = 0;
          // The release makes the new node's key visible to who follows the link. The walk ends: a node's
          // home was claimed before the node, so the chain of a node that is not linked yet cannot lead back
          // to its home.
          if (nodes[tail].next.compare_exchange_strong(next, candidate + 1, std::memory_order_acq_rel)) {
            nodes[candidate].value.store(value);
            return true;
          }
          tail = next - 1;
        }
      }
    }
    if (!rehash(heap, key)) return false;
    // The key may belong to the array part now.
    if (key.is_inline_integer()) {
      ArrayBlock* array = array_.load(std::memory_order_acquire);
      std::uint64_t index = static_cast<std::uint64_t>(key.as_inline_integer()) - 1;
      if (index < array->capacity()) {
        array->slots()[index].store(value);
        return true;
      }
    }
  }
}

bool Table::rehash(LocalHeap& heap, Value new_key) {
  IntegerKeys integers;
  std::uint32_t entries = 1;  // the new key
  ArrayBlock* array = array_.load(std::memory_order_acquire);
  for (std::uint32_t index = 0; index < array->capacity(); ++index) {
    if (!array->slots()[index].load().is_nil()) {
      integers.add(std::int64_t{index} + 1);
      ++entries;
    }
  }
  HashBlock* hash = hash_.load(std::memory_order_acquire);
  for (std::uint32_t index = 0; index < hash->capacity(); ++index) {
    Node& node = hash->nodes()[index];
    if (node.value.load().is_nil()) continue;
    ++entries;
    Value key = node.key.load();
    if (key.is_inline_integer()) integers.add(key.as_inline_integer());
  }
  if (new_key.is_inline_integer()) integers.add(new_key.as_inline_integer());
  std::uint32_t in_array;
  std::uint32_t array_capacity = integers.best_capacity(&in_array);
  std::uint32_t hash_entries = entries - in_array;
  return resize(heap, array_capacity, hash_entries == 0 ? 0 : std::bit_ceil(hash_entries));
}

void Table::reserve(LocalHeap& heap, std::uint32_t array_capacity, std::uint32_t hash_capacity) {
  std::uint32_t hash_needed = hash_capacity == 0 ? 0 : std::bit_ceil(hash_capacity);
  resize(heap, std::max(array_capacity, array()->capacity()), std::max(hash_needed, hash()->capacity()));
}

bool Table::resize(LocalHeap& heap, std::uint32_t array_capacity, std::uint32_t hash_capacity) {
  ArrayBlock* old_array = array_.load(std::memory_order_acquire);
  HashBlock* old_hash = hash_.load(std::memory_order_acquire);
  ArrayBlock* new_array = old_array;
  if (array_capacity != old_array->capacity()) {
    new_array = make_array(heap, array_capacity);
    if (!new_array) return false;
    std::uint32_t common = std::min(array_capacity, old_array->capacity());
    for (std::uint32_t index = 0; index < common; ++index) {
      new_array->slots()[index].store(old_array->slots()[index].load());
    }
  }
  HashBlock* new_hash = make_hash(heap, hash_capacity);
  if (!new_hash) return false;
  // All has room in the new parts, unless other threads insert meanwhile: then an entry for which there is no
  // memory is lost, as a store may be in such a race.
  // From here on other threads see the new parts; until everything is moved they may miss an entry.
  array_.store(new_array, std::memory_order_release);
  hash_.store(new_hash, std::memory_order_release);
  auto move = [&](Value key, Value value) {
    if (value.is_nil()) return;
    if (key.is_inline_integer()) {
      set_integer(heap, key.as_inline_integer(), value);
    } else if (Slot* slot = find(key)) {
      slot->store(value);
    } else {
      (void)insert(heap, key, value);
    }
  };
  for (std::uint32_t index = array_capacity; index < old_array->capacity(); ++index) {
    move(Value::inline_integer(std::int64_t{index} + 1), old_array->slots()[index].load());
  }
  for (std::uint32_t index = old_hash->capacity(); index-- > 0;) {
    Node& node = old_hash->nodes()[index];
    Value key = node.key.load();
    if (key.is_empty() || key == Value::dead() || is_hidden(key, old_array)) continue;
    move(key, node.value.load());
  }
  return true;
}

std::uint64_t Table::border_in_hash(std::uint64_t known) const {
  // Doubling, then halving, as Lua does; bounded because integers are.
  std::uint64_t low = known, high = known + 1;
  while (!get_integer(static_cast<std::int64_t>(high)).is_nil()) {
    low = high;
    if (high > (std::uint64_t{1} << 62)) {
      std::uint64_t border = 1;
      while (!get_integer(static_cast<std::int64_t>(border)).is_nil()) ++border;
      return border - 1;
    }
    high *= 2;
  }
  while (high - low > 1) {
    std::uint64_t middle = low + (high - low) / 2;
    (get_integer(static_cast<std::int64_t>(middle)).is_nil() ? high : low) = middle;
  }
  return low;
}

std::uint64_t Table::length() const {
  ArrayBlock* array = array_.load(std::memory_order_acquire);
  const std::uint32_t capacity = array->capacity();
  Slot* slots = array->slots();
  auto filled = [slots](std::uint32_t length) { return length == 0 || !slots[length - 1].load().is_nil(); };
  if (capacity > 0 && !filled(capacity)) {
    std::uint32_t hint = border_hint_.load(std::memory_order_relaxed);
    std::uint32_t low = 0, high = capacity;  // filled(low), not filled(high)
    if (hint < capacity) {
      // An append moves the border by one: look there before searching.
      if (filled(hint)) {
        low = hint;
        if (!filled(hint + 1)) return hint;
        low = hint + 1;
        if (low < capacity && !filled(low + 1)) high = low + 1;
      } else {
        high = hint;
        if (filled(hint - 1)) low = hint - 1;
      }
    }
    while (high - low > 1) {
      std::uint32_t middle = low + (high - low) / 2;
      (filled(middle) ? low : high) = middle;
    }
    border_hint_.store(low, std::memory_order_relaxed);
    return low;
  }
  if (hash_.load(std::memory_order_acquire)->capacity() == 0) return capacity;
  return border_in_hash(capacity);
}

bool Table::next(Value key, Value* next_key, Value* next_value) const {
  ArrayBlock* array = array_.load(std::memory_order_acquire);
  HashBlock* hash = hash_.load(std::memory_order_acquire);
  const std::uint64_t array_capacity = array->capacity();
  std::uint64_t position = 0;  // of the entry to look at, the array part first
  if (!key.is_nil()) {
    std::int64_t integer = 0;
    bool is_integer = key.is_integer();
    if (is_integer) integer = key.as_integer();
    if (key.is_double()) is_integer = integer_of_float(key.as_double(), &integer);
    if (is_integer && static_cast<std::uint64_t>(integer) - 1 < array_capacity) {
      position = static_cast<std::uint64_t>(integer);
    } else {
      Slot* slot = find(key);
      if (!slot) return false;
      auto offset = reinterpret_cast<char*>(slot) - reinterpret_cast<char*>(hash->nodes());
      // In a race the slot may stand in a newer block than the one that was loaded above.
      if (offset < 0 || static_cast<std::size_t>(offset) >= hash->capacity() * sizeof(Node)) return false;
      position = array_capacity + static_cast<std::size_t>(offset) / sizeof(Node) + 1;
    }
  }
  for (; position < array_capacity; ++position) {
    Value value = array->slots()[position].load();
    if (value.is_nil()) continue;
    *next_key = Value::inline_integer(static_cast<std::int64_t>(position) + 1);
    *next_value = value;
    return true;
  }
  for (; position - array_capacity < hash->capacity(); ++position) {
    Node& node = hash->nodes()[position - array_capacity];
    Value value = node.value.load();
    if (value.is_nil()) continue;
    const Value found = node.key.load();
    if (is_hidden(found, array)) continue;  // the traversal would go back to the array part
    *next_key = found;
    *next_value = value;
    return true;
  }
  *next_key = Value::nil();
  *next_value = Value::nil();
  return true;
}

void Table::trace(Marker& marker, Object* object) {
  auto* table = static_cast<Table*>(object);
  if (Table* metatable = table->metatable()) {
    marker.mark_object(metatable);
    if (const Weakness weakness = weakness_of(marker, table); weakness.any()) {
      trace_weak_table(marker, table, weakness);
      return;
    }
  }
  ArrayBlock* array = table->array();
  if (array->capacity() > 0) {
    marker.mark_object(array);
    for (std::uint32_t index = 0; index < array->capacity(); ++index)
      marker.mark(array->slots()[index].load());
  }
  HashBlock* hash = table->hash();
  if (hash->capacity() > 0) {
    marker.mark_object(hash);
    for (std::uint32_t index = 0; index < hash->capacity(); ++index) {
      Node& node = hash->nodes()[index];
      Value value = node.value.load();
      if (value.is_nil()) {
        // A large integer stays: a script may come to `next` with another box of the same.
        const Value key = node.key.load();
        if (key.is_box()) marker.mark(key);
        if (key.is_object()) marker.remember_unset_key(&node.key);
      } else {
        marker.mark(node.key.load());
        marker.mark(value);
      }
    }
  }
}

}  // namespace gilvm
