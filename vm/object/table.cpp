#include "vm/object/table.h"

#include <bit>
#include <cmath>

#include "vm/base/check.h"
#include "vm/base/spin.h"
#include "vm/object/table_lock.h"
#include "vm/object/weak_table.h"

namespace gilvm {
namespace {

// The parts of a table that has none. Never written: their capacity is 0.
struct EmptyBlocks {
  ArrayBlock array;
  HashBlock hash;
  EmptyBlocks() {
    array.kind = ObjectKind::kArrayBlock;
    array.flags = 1;
    array.word = 0;
    hash.kind = ObjectKind::kHashBlock;
    hash.flags = 1;
    hash.word = 0;
    hash.last_free.store(0, std::memory_order_relaxed);
  }
};
EmptyBlocks empty_blocks;

constexpr std::size_t size_of_array(std::uint32_t capacity) {
  return capacity == 0 ? 0 : sizeof(ArrayBlock) + std::size_t{capacity} * sizeof(Slot);
}

constexpr std::size_t size_of_hash(std::uint32_t capacity) {
  return capacity == 0 ? 0 : sizeof(HashBlock) + std::size_t{capacity} * sizeof(Node);
}

ArrayBlock* initialise_array(void* memory, std::uint32_t capacity) {
  auto* block = static_cast<ArrayBlock*>(memory);
  block->word = capacity;
  Slot* slots = block->slots();
  for (std::uint32_t index = 0; index < capacity; ++index) new (&slots[index]) Slot();
  return block;
}

HashBlock* initialise_hash(void* memory, std::uint32_t capacity) {
  auto* block = static_cast<HashBlock*>(memory);
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

// Null: there is no memory. The same for the hash part.
ArrayBlock* make_array(LocalHeap& heap, std::uint32_t capacity) {
  if (capacity == 0) return &empty_blocks.array;
  Object* memory = heap.try_allocate(ObjectKind::kArrayBlock, size_of_array(capacity));
  return memory ? initialise_array(memory, capacity) : nullptr;
}

HashBlock* make_hash(LocalHeap& heap, std::uint32_t capacity) {
  if (capacity == 0) return &empty_blocks.hash;
  Object* memory = heap.try_allocate(ObjectKind::kHashBlock, size_of_hash(capacity));
  return memory ? initialise_hash(memory, capacity) : nullptr;
}

// The header of a block in the cell of a table.
void* begin_inside(void* memory, ObjectKind kind) {
  auto* header = static_cast<Object*>(memory);
  header->kind = kind;
  header->mark = header->size_class = 0;
  header->flags = 1;
  return memory;
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
  // Where it stands in its page is the same in every run; where the page is, is not.
  if (key.is_identity()) return mix(key.bits() % kPageSize);
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
  // What a table that grows beyond its first blocks leaves unused is not more than this.
  constexpr std::size_t kLargestInside = 256;
  if (hash_capacity != 0) hash_capacity = std::bit_ceil(hash_capacity);
  const std::size_t array_size = size_of_array(array_capacity), hash_size = size_of_hash(hash_capacity);
  ArrayBlock* array = &empty_blocks.array;
  HashBlock* hash = &empty_blocks.hash;
  Table* table;
  if (const std::size_t size = sizeof(Table) + array_size + hash_size; size <= kLargestInside) {
    table = static_cast<Table*>(heap.allocate(ObjectKind::kTable, size));
    char* inside = reinterpret_cast<char*>(table + 1);
    if (hash_size > 0) hash = initialise_hash(begin_inside(inside, ObjectKind::kHashBlock), hash_capacity);
    if (array_size > 0) {
      array = initialise_array(begin_inside(inside + hash_size, ObjectKind::kArrayBlock), array_capacity);
    }
  } else {
    table = static_cast<Table*>(heap.allocate_fixed<sizeof(Table)>(ObjectKind::kTable));
    if (ArrayBlock* block = make_array(heap, array_capacity)) array = block;
    if (HashBlock* block = make_hash(heap, hash_capacity)) hash = block;
  }
  new (&table->metatable_) std::atomic<Table*>(nullptr);
  new (&table->array_) std::atomic<ArrayBlock*>(array);
  new (&table->hash_) std::atomic<HashBlock*>(hash);
  new (&table->border_hint_) std::atomic<std::uint32_t>(0);
  new (&table->lock_) std::atomic<std::uint32_t>(heap.table_mark);
  return table;
}

Slot* Table::find_integer_in(HashBlock* hash, std::int64_t key) {
  if (hash->capacity() == 0) return nullptr;
  if (!Value::fits_inline(key)) {
    Box box;
    box.integer = key;
    return find_other_in(hash, Value::box(&box));
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

Slot* Table::find_other_in(HashBlock* hash, Value key) {
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

Slot* Table::find_in(ArrayBlock* array, HashBlock* hash, Value key) {
  if (key.is_string() && key.as_string()->is_interned()) {
    std::uint32_t index;
    return find_short_in(hash, key.as_string(), &index);
  }
  std::int64_t integer;
  if (key.is_integer()) {
    integer = key.as_integer();
  } else if (!key.is_double() || !integer_of_float(key.as_double(), &integer)) {
    return find_other_in(hash, key);
  }
  if (static_cast<std::uint64_t>(integer) - 1 < array->capacity()) return &array->slots()[integer - 1];
  return find_integer_in(hash, integer);
}

Slot* Table::find(Value key) const {
  for (;;) {
    ArrayBlock* array = array_.load(std::memory_order_acquire);
    HashBlock* hash = hash_.load(std::memory_order_acquire);
    Slot* slot = find_in(array, hash, key);
    if (slot || !was_changed(hash, array)) return slot;
  }
}

bool Table::wait_for_change(const HashBlock* hash, const ArrayBlock* array) const {
  if (TableLock::holds(this)) return false;
  SpinWait wait;
  while (lock_.load(std::memory_order_acquire) & kBusy) wait.pause();
  return hash_.load(std::memory_order_acquire) != hash ||
         (array && array_.load(std::memory_order_acquire) != array);
}

Value Table::get_integer_from_hash(std::int64_t key) const {
  for (;;) {
    ArrayBlock* array = array_.load(std::memory_order_acquire);
    HashBlock* hash = hash_.load(std::memory_order_acquire);
    const std::uint64_t index = static_cast<std::uint64_t>(key) - 1;
    if (index < array->capacity()) return array->slots()[index].load();  // it has grown since
    if (const Slot* slot = find_integer_in(hash, key)) return slot->load();
    if (!was_changed(hash, array)) return Value::nil();
  }
}

Value Table::get(Value key) const {
  Slot* slot = find(key);
  return slot ? slot->load() : Value::nil();
}

StoreResult Table::set(LocalHeap& heap, Value key, Value value) {
  if (heap.table_mark == 0) {
    if (Slot* slot = find(key)) {
      put(heap, slot, key, value);
      return StoreResult::kStored;
    }
  }
  if (key.is_nil()) return StoreResult::kKeyIsNil;
  if (key.is_string() && key.as_string()->is_short()) {
    key = Value::string(heap.heap().strings->intern(heap, key.as_string()));
  }
  if (key.is_double()) {
    double number = key.as_double();
    if (number != number) return StoreResult::kKeyIsNan;
    std::int64_t integer;
    if (integer_of_float(number, &integer)) {
      return set_integer(heap, integer, value) ? StoreResult::kStored : StoreResult::kNoMemory;
    }
  }
  const bool stored =
      heap.table_mark != 0 ? set_locked(heap, key, value) : value.is_nil() || insert(heap, key, value);
  return stored ? StoreResult::kStored : StoreResult::kNoMemory;
}

bool Table::set_integer_slow(LocalHeap& heap, std::int64_t key, Value value) {
  const auto key_value = [&heap, key] {
    if (Value::fits_inline(key)) return Value::inline_integer(key);
    auto* box = static_cast<Box*>(heap.allocate_fixed<sizeof(Box)>(ObjectKind::kBox));
    box->integer = key;
    return Value::box(box);
  };
  if (heap.table_mark != 0) {
    {
      const StoreInPlace in_place(heap, this);
      ArrayBlock* block = array();
      const std::uint64_t index = static_cast<std::uint64_t>(key) - 1;
      if (in_place.is_allowed() && index < block->capacity()) {
        put(heap, &block->slots()[index], Value::nil(), value);
        return true;
      }
    }
    return set_locked(heap, key_value(), value);
  }
  if (heap.counts) {  // the caller has not looked into the array part
    ArrayBlock* block = array();
    const std::uint64_t index = static_cast<std::uint64_t>(key) - 1;
    if (index < block->capacity()) {
      put(heap, &block->slots()[index], Value::nil(), value);
      return true;
    }
  }
  if (Slot* slot = find_integer_in(hash(), key)) {
    put(heap, slot, Value::nil(), value);
    return true;
  }
  return value.is_nil() || insert(heap, key_value(), value);
}

bool Table::add_short(LocalHeap& heap, String* key, Value value) {
  if (heap.table_mark != 0) return set_locked(heap, Value::string(key), value);
  if (heap.counts) {  // nobody has looked
    if (Slot* slot = find_short(key)) {
      put(heap, slot, Value::string(key), value);
      return true;
    }
  }
  return value.is_nil() || insert(heap, Value::string(key), value);
}

bool Table::set_locked(LocalHeap& heap, Value key, Value value) {
  const auto store_to_known = [&] {
    Slot* slot = find_once(key);
    if (slot) put(heap, slot, key, value);
    return slot != nullptr;
  };
  bool is_new = false;
  {
    const StoreInPlace in_place(heap, this);
    if (in_place.is_allowed()) {
      if (store_to_known()) return true;
      is_new = true;
    }
  }
  const TableLock lock(heap, this);
  // Only where others store to the table can the key have come since.
  if ((!is_new || lock.is_shared()) && store_to_known()) return true;
  return value.is_nil() || insert(heap, key, value);
}

// Where others may store to the place that is looked at meanwhile, the value only changes when it is still as
// it was seen.
bool Table::append(LocalHeap& heap, Value value) {
  if (value.is_nil()) return true;
  for (;;) {
    const auto key = static_cast<std::int64_t>(length() + 1);
    Slot* slot = find_once(Value::fits_inline(key) ? Value::inline_integer(key) : Value::nil());
    if (!slot) return set_integer(heap, key, value);
    if (is_owned_by(heap)) {
      put(heap, slot, Value::nil(), value);
      return true;
    }
    if (slot->replace(Value::nil(), value)) {
      if (heap.counts) heap.counts->gain(value);
      return true;
    }
  }
}

Value Table::take_last(LocalHeap& heap) {
  for (;;) {
    const auto key = static_cast<std::int64_t>(length());
    const Value last = get_integer(key);
    Slot* slot = find_once(Value::fits_inline(key) ? Value::inline_integer(key) : Value::nil());
    if (last.is_nil() || !slot) return last;
    if (slot->replace(last, Value::nil())) {
      if (heap.counts) heap.counts->lose(last);
      return last;
    }
  }
}

void Table::exclude_stores(LocalHeap& heap, const Table* table) {
  if (!table->is_owned_by(heap)) heap.heap().wait_for_stores(heap);
}

Slot* Table::claim_in(HashBlock* hash, Value key) {
  const std::uint32_t capacity = hash->capacity();
  if (capacity == 0) return nullptr;
  Node* nodes = hash->nodes();
  const std::uint32_t home = hash_of(key) & (capacity - 1);
  if (nodes[home].key.replace(Value::empty(), key)) return &nodes[home].value;
  // Claim a free node, then hang it on the end of the home node's chain, unless another thread has put the
  // same key there meanwhile: an entry that stood twice would send a traversal back to the first of them.
  std::uint32_t candidate = hash->last_free.load(std::memory_order_relaxed);
  while (candidate > 0) {
    if (!hash->last_free.compare_exchange_weak(candidate, candidate - 1, std::memory_order_relaxed)) continue;
    --candidate;
    if (!nodes[candidate].key.load().is_empty() || !nodes[candidate].key.replace(Value::empty(), key))
      continue;
    std::uint32_t tail = home;
    for (;;) {
      if (equal_keys(nodes[tail].key.load(), key)) {
        nodes[candidate].key.store(Value::dead());
        return &nodes[tail].value;
      }
      std::uint32_t next = 0;
      // The release makes the new node's key visible to who follows the link. The walk ends: a node's home
      // was claimed before the node, so the chain of a node that is not linked yet cannot lead back to its
      // home.
      if (nodes[tail].next.compare_exchange_strong(next, candidate + 1, std::memory_order_acq_rel)) {
        return &nodes[candidate].value;
      }
      tail = next - 1;
    }
  }
  return nullptr;
}

bool Table::insert(LocalHeap& heap, Value key, Value value) {
  for (;;) {
    if (Slot* slot = claim_in(hash_.load(std::memory_order_acquire), key)) {
      put(heap, slot, key, value);
      return true;
    }
    if (!rehash(heap, key)) return false;
    // The key may belong to the array part now.
    if (key.is_inline_integer()) {
      ArrayBlock* array = array_.load(std::memory_order_acquire);
      std::uint64_t index = static_cast<std::uint64_t>(key.as_inline_integer()) - 1;
      if (index < array->capacity()) {
        put(heap, &array->slots()[index], key, value);
        return true;
      }
    }
  }
}

// This and copy_to() are functions for the sake of TableGrowth alone: rehash() and resize() have them inline,
// or small tables would take longer to grow.
[[gnu::always_inline]] inline Table::Capacities Table::capacities_with(Value new_key) const {
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
  return {array_capacity, hash_entries == 0 ? 0 : std::bit_ceil(hash_entries)};
}

bool Table::rehash(LocalHeap& heap, Value new_key) {
  const Capacities capacities = capacities_with(new_key);
  return resize(heap, capacities.array, capacities.hash);
}

void Table::reserve(LocalHeap& heap, std::uint32_t array_capacity, std::uint32_t hash_capacity) {
  const TableLock lock(heap, this);
  std::uint32_t hash_needed = hash_capacity == 0 ? 0 : std::bit_ceil(hash_capacity);
  resize(heap, std::max(array_capacity, array()->capacity()), std::max(hash_needed, hash()->capacity()));
}

// False: there is no memory.
[[gnu::always_inline]] inline bool Table::copy_to(LocalHeap& heap, Capacities capacities,
                                                  Parts* parts) const {
  const std::uint32_t array_capacity = capacities.array;
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
  HashBlock* new_hash = make_hash(heap, capacities.hash);
  if (!new_hash) return false;
  // All has room in the new parts, unless other threads insert without a lock meanwhile: then what has no
  // room is lost, as a store may be in such a race.
  auto move = [&](Value key, Value value) {
    if (value.is_nil()) return;
    // Each reference moves: nothing is entered where they are counted.
    if (Slot* slot = find_in(new_array, new_hash, key)) {
      slot->store(value);
    } else if (Slot* claimed = claim_in(new_hash, key)) {
      claimed->store(value);
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
  *parts = {new_array, new_hash};  // whole before other threads see them
  return true;
}

bool Table::resize(LocalHeap& heap, std::uint32_t array_capacity, std::uint32_t hash_capacity) {
  if (heap.table_mark != 0) exclude_stores(heap, this);
  Parts parts;
  if (!copy_to(heap, {array_capacity, hash_capacity}, &parts)) return false;
  publish(parts);
  return true;
}

namespace {

// Would claim_in() find a place?
bool has_room_for(HashBlock* hash, Value key) {
  if (hash->capacity() == 0) return false;
  Node* nodes = hash->nodes();
  if (nodes[hash_of(key) & (hash->capacity() - 1)].key.load().is_empty()) return true;
  for (std::uint32_t place = hash->last_free.load(std::memory_order_relaxed); place-- > 0;) {
    if (nodes[place].key.load().is_empty()) return true;
  }
  return false;
}

}  // namespace

bool TableGrowth::begin(LocalHeap& heap, Table* table, Value key) {
  GILVM_ASSERT(!table_ && heap.table_mark == 0);
  if (key.is_double()) {
    const double number = key.as_double();
    std::int64_t integer;
    if (number != number) return false;
    if (integer_of_float(number, &integer)) {
      if (!Value::fits_inline(integer)) return false;
      key = Value::inline_integer(integer);
    }
  }
  if (key.is_nil() || table->find(key) || has_room_for(table->hash(), key)) return false;
  if (!table->copy_to(heap, table->capacities_with(key), &parts_)) return false;
  table_ = table;
  return true;
}

void TableGrowth::finish() {
  table_->publish(parts_);
  table_ = nullptr;
}

// What stands in the parts as well: meanwhile it may have been taken out of the old ones.
void TableGrowth::trace(Marker& marker) const {
  if (!table_) return;
  marker.mark_object(table_);
  if (parts_.array->has_own_cell()) marker.mark_object(parts_.array);
  if (parts_.hash->has_own_cell()) marker.mark_object(parts_.hash);
  for (std::uint32_t index = 0; index < parts_.array->capacity(); ++index) {
    marker.mark(parts_.array->slots()[index].load());
  }
  for (std::uint32_t index = 0; index < parts_.hash->capacity(); ++index) {
    const Node& node = parts_.hash->nodes()[index];
    if (node.value.load().is_nil()) continue;
    marker.mark(node.key.load());
    marker.mark(node.value.load());
  }
}

std::uint64_t Table::border_in_hash(std::uint64_t known) const {
  // Doubling, then halving, as Lua does; bounded because integers are.
  constexpr std::uint64_t kLargest = INT64_MAX;
  std::uint64_t low = known, high = known + 1;
  while (!get_integer(static_cast<std::int64_t>(high)).is_nil()) {
    low = high;
    if (high > kLargest / 2) {
      high = kLargest;
      if (!get_integer(INT64_MAX).is_nil()) return kLargest;
      break;
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
  ArrayBlock* array;
  HashBlock* hash;
  const Slot* slot = nullptr;  // of the key's value
  do {
    array = array_.load(std::memory_order_acquire);
    hash = hash_.load(std::memory_order_acquire);
    if (!key.is_nil()) slot = find_in(array, hash, key);
  } while (!key.is_nil() && !slot && was_changed(hash, array));
  const std::uint64_t array_capacity = array->capacity();
  std::uint64_t position = 0;  // of the entry to look at, the array part first
  if (!key.is_nil()) {
    if (!slot) return false;
    const auto offset = reinterpret_cast<const char*>(slot) - reinterpret_cast<char*>(hash->nodes());
    if (offset >= 0 && static_cast<std::size_t>(offset) < hash->capacity() * sizeof(Node)) {
      position = array_capacity + static_cast<std::size_t>(offset) / sizeof(Node) + 1;
    } else {
      position = static_cast<std::uint64_t>(slot - array->slots()) + 1;
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

void Table::mark_blocks(Marker& marker) const {
  if (array()->has_own_cell()) marker.mark_object(array());
  if (hash()->has_own_cell()) marker.mark_object(hash());
}

void Table::each_reference(Object* object, const std::function<void(Value)>& visit) {
  auto* table = static_cast<Table*>(object);
  ArrayBlock* array = table->array();
  for (std::uint32_t index = 0; index < array->capacity(); ++index) visit(array->slots()[index].load());
  HashBlock* hash = table->hash();
  for (std::uint32_t index = 0; index < hash->capacity(); ++index) {
    const Node& node = hash->nodes()[index];
    const Value value = node.value.load();
    if (value.is_nil()) continue;
    visit(node.key.load());
    visit(value);
  }
}

namespace {

[[gnu::always_inline]] inline void mark_slots(Marker& marker, const Slot* slot, const Slot* end) {
  for (; slot < end; ++slot) marker.mark(slot->load());
}

[[gnu::always_inline]] inline void mark_nodes(Marker& marker, Node* node, const Node* end) {
  for (; node < end; ++node) {
    const Value key = node->key.load();
    const Value value = node->value.load();
    if (value.is_nil()) {
      // A large integer stays: a script may come to `next` with another box of the same.
      if (key.is_box()) marker.mark(key);
      if (key.is_object()) marker.remember_unset_key(&node->key);
    } else {
      // Mostly a string that others use too, and that the processor has at hand.
      if (key.is_object()) marker.mark_object(key.as_object());
      marker.mark(value);
    }
  }
}

}  // namespace

void Table::trace(Marker& marker, Object* object) {
  auto* table = static_cast<Table*>(object);
  if (Table* metatable = table->metatable()) {
    marker.mark_object(metatable);
    if (const Weakness weakness = weakness_of(marker, table); weakness.any()) {
      if (marker.postpones(table)) return;
      trace_weak_table(marker, table, weakness);
      return;
    }
  }
  table->mark_blocks(marker);
  ArrayBlock* array = table->array();
  HashBlock* hash = table->hash();
  const std::uint64_t elements = std::uint64_t{array->capacity()} + hash->capacity();
  if (elements > GreyList::kPart) {
    marker.trace_in_parts(table, elements);
    return;
  }
  mark_slots(marker, array->slots(), array->slots() + array->capacity());
  mark_nodes(marker, hash->nodes(), hash->nodes() + hash->capacity());
}

// The array's slots, and behind them the nodes.
void Table::trace_elements(Marker& marker, Object* object, std::uint64_t first, std::uint64_t last) {
  auto* table = static_cast<Table*>(object);
  ArrayBlock* array = table->array();
  HashBlock* hash = table->hash();
  const std::uint64_t slots = array->capacity();
  mark_slots(marker, array->slots() + std::min(first, slots), array->slots() + std::min(last, slots));
  mark_nodes(marker, hash->nodes() + (std::max(first, slots) - slots),
             hash->nodes() + (std::max(last, slots) - slots));
}

}  // namespace gilvm
