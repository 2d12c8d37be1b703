// The text of an instruction, made from the kinds of its operands (opcodes.def).
//
//   GetGlobal    R4 _ENV "counter"
//   AddInteger   R4 R4 1                 ; R4: total
//   ForLoop      R0..R3 -> 4             ; R3: i
//   Call         R4..R5 = R4(R5..R6)
//
// What stands behind a number (a constant, an upvalue, a local) is known to objects, and this folder knows
// none: it asks an OperandNames.
//
// Threads: any, as long as the OperandNames allows it.
#pragma once

#include <cstddef>
#include <string>

#include "vm/bytecode/instruction.h"

namespace gilvm {

// How operands are called. By default by their numbers: K3, U0, F1.
class OperandNames {
 public:
  virtual ~OperandNames() = default;
  virtual std::string constant(std::size_t index) const { return "K" + std::to_string(index); }
  virtual std::string upvalue(std::size_t index) const { return "U" + std::to_string(index); }
  virtual std::string prototype(std::size_t index) const { return "F" + std::to_string(index); }
  // The local variable that lives in register `reg` before the instruction at `position`; empty: none that is
  // known.
  virtual std::string local(std::size_t /*position*/, unsigned /*reg*/) const { return {}; }
};

struct DisassembledInstruction {
  std::string name;
  std::string operands;
  std::string locals;  // which locals the registers are: "R0: i, R3: n"
};

// REQUIRES: the instruction's opcode exists. `position` is its index in its function, from 0, and so are jump
// targets.
DisassembledInstruction disassemble(Instruction instruction, std::size_t position, const OperandNames& names);

}  // namespace gilvm
