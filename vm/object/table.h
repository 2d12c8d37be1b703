// Lua tables: an array part and a hash part, safe in memory under any unsynchronised use.
//
// A part's storage is a block that carries its size, so that a reader who has loaded the pointer has a size
// that belongs to it. Growth makes a new block and publishes it with a release store; the old one lives until
// no thread can still look at it, which is the next collection. The small blocks that a table begins with
// stand in its own cell, behind it, where the processor finds them sooner; they live as long as the table.
//
// The hash part chains colliding nodes through indices (coalesced hashing), but never moves a node within a
// block: a key, once set, stays; a chain link, once set, stays. So a chain cannot become a cycle, and its
// length is bounded by the block's.
//
// The header's `flags` is a hint: the node of a metatable where an event's name was last found.
//
// Threads: any, in any lock regime. Without a lock, two writers may lose each other's stores, and a store may
// be lost to a growth; that is the script's race. What is read is always a Value that someone stored. Under
// the regime `object` each operation here is atomic (table_lock.h). Invariants:
//  (1) A block's capacity never changes. A hash block's is a power of two, or 0.
//  (2) A key in the hash part is never nil, NaN, a float with an integer's value, nor an integer in the array
//  part
//      (the last one only in the absence of races).
#pragma once

#include <atomic>
#include <cstdint>

#include "vm/object/string.h"

namespace gilvm {

// Storage of a part: `word` is the capacity. `flags`: it is no object of the heap, because it stands in the
// table's cell, or is the empty one of all tables.
struct Block : Object {
  bool has_own_cell() const { return flags == 0; }
};

// Storage of the array part: the slots follow.
struct ArrayBlock : Block {
  Slot* slots() { return reinterpret_cast<Slot*>(this + 1); }
  std::uint32_t capacity() const { return word; }
};

// A key and its value. `next` is the index of the next node of the chain plus one, 0 at its end.
struct Node {
  Slot key;
  Slot value;
  std::atomic<std::uint32_t> next;
};
static_assert(sizeof(Node) == 24);

// Storage of the hash part: the nodes follow.
struct HashBlock : Block {
  // Nodes from here upwards have been looked at for a free place: the search goes downwards, as in Lua.
  std::atomic<std::uint32_t> last_free;
  std::uint32_t padding;
  Node* nodes() { return reinterpret_cast<Node*>(this + 1); }
  std::uint32_t capacity() const { return word; }
};
static_assert(sizeof(HashBlock) == 16);

// kNoMemory: the table would have to grow beyond the memory that there is. Nothing has changed.
enum class StoreResult { kStored, kKeyIsNil, kKeyIsNan, kNoMemory };

class Table : public Object {
 public:
  // The capacities are a hint: without memory for them the table begins empty.
  static Table* make(LocalHeap& heap, std::uint32_t array_capacity = 0, std::uint32_t hash_capacity = 0);

  static constexpr std::uint32_t kBusy = 1, kShared = LocalHeap::kSharedMark;  // table_lock.h

  // The value at `key`, without metamethods; nil where there is none.
  Value get(Value key) const;
  Value get_integer(std::int64_t key) const {
    ArrayBlock* array = array_.load(std::memory_order_acquire);
    std::uint64_t index = static_cast<std::uint64_t>(key) - 1;
    if (index < array->capacity()) [[likely]]
      return array->slots()[index].load();
    return get_integer_from_hash(key);
  }
  // REQUIRES: key->is_interned(). So too below, where a name says that the key is short.
  Value get_short(const String* key) const {
    Slot* slot = find_short(key);
    return slot ? slot->load() : Value::nil();
  }
  // The slot of the value at `key`, null where no such key was ever set.
  Slot* find(Value key) const;
  Slot* find_short(const String* key) const {
    std::uint32_t index;
    return find_short(key, &index);
  }
  // As find_short(); the index of the node where it was found is written to the hint.
  Slot* find_short_anew(const String* key, std::uint8_t* hint) const {
    std::uint32_t index = 0;
    Slot* slot = find_short(key, &index);
    if (slot) *hint = static_cast<std::uint8_t>(index);
    return slot;
  }
  // The same, but looks first at the node whose index the hint is.
  Slot* find_short_at(const String* key, std::uint8_t* hint) const {
    HashBlock* block = hash();
    if (*hint < block->capacity()) [[likely]] {
      Node& node = block->nodes()[*hint];
      if (node.key.load() == Value::string(key)) [[likely]]
        return &node.value;
    }
    return find_short_anew(key, hint);
  }

  // Of a metatable: the value at the name of an event that is often asked for, which is quick to find again.
  Value get_event(const String* name) {
    std::atomic_ref<std::uint8_t> remembered(flags);
    std::uint8_t hint = remembered.load(std::memory_order_relaxed);
    const std::uint8_t before = hint;
    Slot* slot = find_short_at(name, &hint);
    if (hint != before) remembered.store(hint, std::memory_order_relaxed);
    return slot ? slot->load() : Value::nil();
  }

  // Sets the value at `key`, without metamethods. A nil value at an unknown key changes nothing.
  [[nodiscard]] StoreResult set(LocalHeap& heap, Value key, Value value);
  // False: kNoMemory.
  bool set_integer(LocalHeap& heap, std::int64_t key, Value value) {
    ArrayBlock* array = array_.load(std::memory_order_acquire);
    std::uint64_t index = static_cast<std::uint64_t>(key) - 1;
    if (index < array->capacity() && heap.stores_are_plain) [[likely]] {
      array->slots()[index].store(value);
      return true;
    }
    return set_integer_slow(heap, key, value);
  }
  // False: kNoMemory.
  bool set_short(LocalHeap& heap, String* key, Value value) {
    if (heap.stores_are_plain) [[likely]] {
      if (Slot* slot = find_short(key)) {
        slot->store(value);
        return true;
      }
    }
    return add_short(heap, key, value);
  }
  // The same, for a key that find_short() mostly does not find.
  bool add_short(LocalHeap& heap, String* key, Value value);
  // Sets the value behind the last one, without a race with stores to that place. False: kNoMemory. REQUIRES:
  // the caller holds the TableLock.
  bool append(LocalHeap& heap, Value value);
  // Takes the last value away, likewise. Nil: the table has none.
  Value take_last(LocalHeap& heap);

  // A border (Lua manual §3.4.7): n with t[n] ~= nil and t[n + 1] == nil, or 0.
  std::uint64_t length() const;

  // The entry that follows `key` (nil: the first). Returns false when `key` is no key of the table.
  // At the end *next_key is nil. Each call ends, whatever other threads do.
  bool next(Value key, Value* next_key, Value* next_value) const;

  Table* metatable() const { return metatable_.load(std::memory_order_acquire); }
  void set_metatable(Table* metatable) { metatable_.store(metatable, std::memory_order_release); }

  // Makes room for that many elements, so that filling them in does not grow the parts. Does nothing where
  // there is no memory.
  void reserve(LocalHeap& heap, std::uint32_t array_capacity, std::uint32_t hash_capacity);

  ArrayBlock* array() const { return array_.load(std::memory_order_acquire); }
  HashBlock* hash() const { return hash_.load(std::memory_order_acquire); }

  static void trace(Marker& marker, Object* object);
  static void trace_elements(Marker& marker, Object* object, std::uint64_t first, std::uint64_t last);
  static void each_reference(Object* object, const std::function<void(Value)>& visit);
  // Marks the storage of both parts, but not what stands there.
  void mark_blocks(Marker& marker) const;
  static constexpr std::uint32_t kLargestCapacity = 1u << 27;

 private:
  friend class TableLock;
  friend class StoreInPlace;
  friend class TableGrowth;

  // A search that has found nothing in these parts is to be done again: another thread was moving what is in
  // them. Waits until it has done so. `array` may be null: the search was for no integer.
  bool was_changed(const HashBlock* hash, const ArrayBlock* array) const {
    return lock_.load(std::memory_order_acquire) != 0 && wait_for_change(hash, array);
  }
  bool wait_for_change(const HashBlock* hash, const ArrayBlock* array) const;
  Slot* find_short(const String* key, std::uint32_t* index) const {
    for (;;) {
      HashBlock* block = hash();
      Slot* slot = find_short_in(block, key, index);
      if (slot || !was_changed(block, nullptr)) return slot;
    }
  }
  // As find(), in one search.
  Slot* find_once(Value key) const { return find_in(array(), hash(), key); }
  static Slot* find_in(ArrayBlock* array, HashBlock* hash, Value key);
  static Slot* find_integer_in(HashBlock* hash, std::int64_t key);
  static Slot* find_other_in(HashBlock* hash, Value key);
  Value get_integer_from_hash(std::int64_t key) const;
  bool set_integer_slow(LocalHeap& heap, std::int64_t key, Value value);
  // Under the lock regime `object`. REQUIRES: the key is neither nil nor NaN nor a float with an integer's
  // value. False: kNoMemory.
  bool set_locked(LocalHeap& heap, Value key, Value value);
  static void exclude_stores(LocalHeap& heap, const Table* table);
  // Has no other thread ever stored to the table? REQUIRES: the caller holds the TableLock.
  bool is_owned_by(const LocalHeap& heap) const {
    return lock_.load(std::memory_order_relaxed) == (heap.table_mark | kBusy);
  }
  // REQUIRES: `key` is a valid, normalised key that find() does not find; `value` is not nil.
  // Each of these is false where there is no memory.
  bool insert(LocalHeap& heap, Value key, Value value);
  // The slot of the value at a key, which gets a node if it has none. Null: there is no free node.
  static Slot* claim_in(HashBlock* hash, Value key);
  // Stores to a place of the table that is there, and enters that where references are counted.
  static void put(LocalHeap& heap, Slot* slot, Value key, Value value) {
    if (heap.counts) [[unlikely]]
      return heap.counts->assign(*slot, key, value);
    slot->store(value);
  }
  bool rehash(LocalHeap& heap, Value new_key);
  bool resize(LocalHeap& heap, std::uint32_t array_capacity, std::uint32_t hash_capacity);
  // What a growth is made of: how large the parts get, new parts with what stands in the old ones, and from
  // when on the table has them. What others store to the old ones after the copying is lost.
  struct Capacities {
    std::uint32_t array, hash;
  };
  struct Parts {
    ArrayBlock* array = nullptr;
    HashBlock* hash = nullptr;
  };
  Capacities capacities_with(Value new_key) const;
  bool copy_to(LocalHeap& heap, Capacities capacities, Parts* parts) const;
  void publish(const Parts& parts) {
    array_.store(parts.array, std::memory_order_release);
    hash_.store(parts.hash, std::memory_order_release);
  }
  std::uint64_t border_in_hash(std::uint64_t known) const;
  static Slot* find_short_in(HashBlock* hash, const String* key, std::uint32_t* found) {
    std::uint32_t index = key->word & (hash->capacity() - 1);
    const Value wanted = Value::string(key);
    if (hash->capacity() == 0) return nullptr;
    for (;;) {
      Node& node = hash->nodes()[index];
      *found = index;
      if (node.key.load() == wanted) return &node.value;
      std::uint32_t next = node.next.load(std::memory_order_acquire);
      if (next == 0) return nullptr;
      index = next - 1;
    }
  }

  std::atomic<Table*> metatable_;
  std::atomic<ArrayBlock*> array_;
  std::atomic<HashBlock*> hash_;
  mutable std::atomic<std::uint32_t> border_hint_;
  // Who may store to the table under the lock regime `object`: table_lock.h.
  std::atomic<std::uint32_t> lock_;
};
static_assert(sizeof(Table) == 40);

// A table's growth for a new key, in two steps: what it is without a lock when another thread comes in
// between, for a deterministic scheduler, which lets one come there (VmThread::grow_in_steps).
//
// Threads: the one that runs the instruction; trace() while the world stands still.
class TableGrowth {
 public:
  // Copies what is in the table to larger parts. False: the table has room for the key, or has it already, or
  // there is no memory. REQUIRES: no lock regime has a lock for tables; finish() follows.
  bool begin(LocalHeap& heap, Table* table, Value key);
  void finish();
  // Nothing else may keep the table or the new parts alive.
  void trace(Marker& marker) const;

 private:
  Table* table_ = nullptr;  // null: no growth is under way
  Table::Parts parts_;
};

}  // namespace gilvm
