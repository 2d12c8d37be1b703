// What the next instruction of a script does with what threads share, its operands decoded: the explorer, the
// race detector and the step view each make of it what they need to know.
//
// Metamethods are not looked at here: what is done by way of them, the users work out.
//
// Threads: the one whose instruction it is, or one that runs while that thread stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "vm/object/coroutine.h"

namespace gilvm {

struct SharedOperation {
  enum class Kind : std::uint8_t {
    kNone,  // nothing, or what a metamethod does
    kLoadCell,
    kStoreCell,
    kGet,  // table[key]
    kSet,
    kLength,
    kCall,  // also of a loop's iterator
  };
  Kind kind = Kind::kNone;
  // kLoadCell, kStoreCell: the captured local. kGet, kSet: the one that has the table of globals; null: the
  // table is a register's.
  Cell* cell = nullptr;
  Value object;                        // kGet, kSet, kLength: what is taken for a table
  Register key;                        // kGet, kSet
  const Register* stored = nullptr;    // kStoreCell, kSet
  const Register* function = nullptr;  // kCall: the arguments follow
  std::size_t arguments = 0;
};

// Of the instruction at the frame's pc. REQUIRES: it is the coroutine's innermost, and a script's.
SharedOperation shared_operation(const Coroutine& coroutine, const CallFrame& frame);

// The name of the captured local that the instruction loads or stores; empty: it is not known, or it does
// something else.
std::string name_of_captured(const Prototype& prototype, const CodeWord* instruction);

// What is at `key`, as Table::get() says it; nil for a key that needs a box, which is found in no table.
Value get_raw(const Table& table, const Register& key);

}  // namespace gilvm
