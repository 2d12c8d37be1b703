// The header that every collected object begins with.
//
// Threads: a header is written by the thread that allocates the object, before the object is published;
// `mark` is written afterwards only by the collector while the world is stopped, and flags of a published
// object by the functions below.
#pragma once

#include <atomic>
#include <cstdint>

namespace gilvm {

enum class ObjectKind : std::uint8_t {
  kFree,  // not an object: the head of a run of free cells, or a cell inside one
  kString,
  kTable,
  kArrayBlock,  // the storage of a table's array part
  kHashBlock,   // the storage of a table's hash part
  kClosure,
  kNativeFunction,
  kCell,  // a captured local
  kBox,   // an integer too large to stand in a Value
  kPrototype,
  kCoroutine,
  kUserdata,
  kCount,
};

// In Object::flags of a table or a userdata: it is to be finalized (vm/heap/finalization.h).
inline constexpr std::uint8_t kMarkedForFinalization = 0x80;

struct Object {
  ObjectKind kind;
  std::uint8_t mark;        // equal to the heap's current mark: reached in the last collection, or newer
  std::uint8_t size_class;  // where the cell stands; kLargeClass for an object with memory of its own
  std::uint8_t flags;       // the kind's own
  std::uint32_t word;       // the kind's own: a string's hash, a block's capacity, otherwise an identity hash

  // Any thread may change one flag while another thread changes another one.
  bool has_flag(std::uint8_t flag) { return std::atomic_ref(flags).load(std::memory_order_relaxed) & flag; }
  void set_flag(std::uint8_t flag) { std::atomic_ref(flags).fetch_or(flag, std::memory_order_relaxed); }
  void clear_flag(std::uint8_t flag) {
    std::atomic_ref(flags).fetch_and(static_cast<std::uint8_t>(~flag), std::memory_order_relaxed);
  }
};
static_assert(sizeof(Object) == 8);

}  // namespace gilvm
