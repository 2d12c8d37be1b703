// What the next instruction of a thread reads and writes of what threads share.
//
// It is found out before the instruction runs, from its operands: a table and a key, a cell, the function
// that it calls. What a script's function does that is called, by a metamethod too, its own instructions
// show.
//
// Threads: one at a time.
#pragma once

#include <vector>

#include "vm/explore/access.h"
#include "vm/runtime/native_effects.h"

namespace gilvm {

class InstructionAccesses {
 public:
  explicit InstructionAccesses(const NativeEffects& effects) : effects_(effects) {}

  // Of the instruction at the innermost frame's pc.
  const std::vector<Access>& of_next(VmThread& thread);
  // The last of them is done with what it touches when it calls a function.
  bool is_done_when_it_calls() const { return is_done_when_it_calls_; }
  // Of a function that is called by itself when a variable ends that holds `value`.
  static Access of_closing(VmThread& thread, Value value);

 private:
  static constexpr int kMostSteps = 8;  // along __index

  void add(std::uint32_t object, std::uint32_t key, bool writes) { found_.push_back({object, key, writes}); }
  void anything() { found_.push_back(Access::anything()); }
  void get(VmThread& thread, Value object, const Register& key);
  void set(VmThread& thread, Value object, const Register& key);
  void add_storage(VmThread& thread, const Table& table, const Register& key);
  const Table* look_at_metatable(VmThread& thread, Value value);
  void operate(VmThread& thread, Value value);
  void operate(VmThread& thread, const CallFrame& frame, Instruction i);
  void call(VmThread& thread, Value function, const Register* arguments, std::size_t count);
  void call_native(VmThread& thread, const NativeFunction& function, const Register* arguments,
                   std::size_t count);

  const NativeEffects& effects_;
  std::vector<Access> found_;
  bool is_done_when_it_calls_ = false;
};

}  // namespace gilvm
