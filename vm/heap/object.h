// The header that every collected object begins with.
//
// Threads: a header is written by the thread that allocates the object, before the object is published;
// `mark` is written afterwards only by the collector while the world is stopped.
#pragma once

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

struct Object {
  ObjectKind kind;
  std::uint8_t mark;        // equal to the heap's current mark: reached in the last collection, or newer
  std::uint8_t size_class;  // where the cell stands; kLargeClass for an object with memory of its own
  std::uint8_t flags;       // the kind's own
  std::uint32_t word;       // the kind's own: a string's hash, a block's capacity, otherwise an identity hash
};
static_assert(sizeof(Object) == 8);

}  // namespace gilvm
