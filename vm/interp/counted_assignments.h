// What the instructions that store do where references are counted (docs/decisions/0013-reference-counts.md).
//
// Each enters its store into the ledger: the new object's count goes up, the slot's content is swapped, the
// old object's count goes down. With the GIL all of it is one instruction. Without a lock OS threads do it at
// the same time; a deterministic scheduler may let another thread run between any two of its steps:
//     read the new object's count · write it · read the slot · write it · read the old count · write it
//
// Threads: the one that runs the instruction.
#pragma once

#include "vm/runtime/vm.h"

namespace gilvm {

class CountedAssignment {
 public:
  static constexpr bool is_one(Opcode op) {
    return stores_into_table(op) || op == Opcode::kMakeCell || op == Opcode::kStoreCell ||
           op == Opcode::kStoreUpvalue;
  }

  // Of the instruction `i` of the innermost frame. Does it, unless a table has no value there yet.
  // REQUIRES: is_one(i.op()), and references are counted. At a safepoint.
  CountedAssignment(VmThread& thread, Instruction i);
  ~CountedAssignment();
  CountedAssignment(const CountedAssignment&) = delete;

  bool is_done() const { return is_done_; }

  // REQUIRES of these: !is_done(). A constant key is a short string.
  Value object() const { return object_; }
  const Register& key() const { return key_; }
  bool key_is_constant() const { return key_is_constant_; }
  Value value() const { return thread_.assigned; }

 private:
  void store_to_cell(Cell* cell);
  bool store_to_table();
  template <typename FindSlot>
  void store_in_steps(FindSlot find_slot, Value key);
  void change_count(Value value, int difference);

  VmThread& thread_;
  Cell* environment_ = nullptr;  // holds the object, if that is a table of globals
  Value object_;
  Register key_;
  bool key_is_constant_ = false;
  bool is_done_ = false;
};

}  // namespace gilvm
