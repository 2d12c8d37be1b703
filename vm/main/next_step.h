// What the next instruction of a script does to what threads share, in the words of its source.
//
// It is found out before the instruction runs, without changing anything: nothing is allocated, and no
// metamethod is called.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vm/explore/instruction_accesses.h"
#include "vm/report/step_table.h"

namespace gilvm {

// A value as Lua writes it, objects by their type.
ShownValue shown_value(VmThread& thread, const Register& reg);
ShownValue shown_value(VmThread& thread, Value value);
// The same; of a table its elements, the first of them.
ShownValue shown_content(VmThread& thread, Value value);

struct NextStep {
  enum class Kind : std::uint8_t { kNone, kRead, kWrite, kCall };
  Kind kind = Kind::kNone;
  std::string name;                // "counter", "list[1]", "lock:acquire"
  std::vector<ShownValue> values;  // the one that is read or written; of a call its arguments
  // It is read to be used, as a function or a constant is: as long as nobody writes the variable, that says
  // nothing that the use does not.
  bool matters_if_changed = false;
  std::uint64_t variable = 0;          // kRead, kWrite: which it is, in this run
  std::vector<std::uint32_t> objects;  // the objects that it is in, or that a call touches, by their ids
  bool is_everyones = false;           // it shows what all threads can see, whatever the objects are
  std::string captured;                // the captured local that it is; empty: it is none
  ShownValue captured_content;         // and what that has, after the instruction
  // kCall: where the results will be, as registers of the frame.
  unsigned first_result = 0;
  int wanted_results = 0;  // -1: all; they reach up to the top of the coroutine
};

class NextSteps {
 public:
  // In a VM where no script has run yet.
  void learn(VmThread& thread);
  // Of the instruction at the innermost frame's pc. REQUIRES: that is a script's.
  NextStep of(VmThread& thread);

 private:
  void read_field(VmThread& thread, Value object, const Register& key, NextStep* step);
  void write_field(VmThread& thread, Value object, const Register& key, const Register& value,
                   NextStep* step);
  void call(VmThread& thread, const Register* function, std::size_t count, NextStep* step);

  NativeEffects effects_;
  InstructionAccesses accesses_{effects_};
};

}  // namespace gilvm
