#include "vm/bytecode/disassembler.h"

#include <catch2/catch.hpp>

namespace gilvm {
namespace {

constexpr std::uint16_t at(unsigned number) { return Instruction::offset(number); }

class TestNames final : public OperandNames {
 public:
  std::string constant(std::size_t index) const override { return index == 3 ? "\"counter\"" : "?"; }
  std::string upvalue(std::size_t index) const override { return index == 1 ? "_ENV" : "?"; }
  std::string prototype(std::size_t index) const override { return index == 2 ? "<worker:7>" : "?"; }
  // Register 0 holds `i` from instruction 5 on, register 3 `n` in instructions 4 to 9.
  std::string local(std::size_t position, unsigned reg) const override {
    if (reg == 0 && position >= 5) return "i";
    if (reg == 3 && position >= 4 && position < 10) return "n";
    return {};
  }
};

std::string operands(Instruction instruction, std::size_t position = 0) {
  return disassemble(instruction, position, TestNames()).operands;
}

std::string locals(Instruction instruction, std::size_t position) {
  return disassemble(instruction, position, TestNames()).locals;
}

}  // namespace

TEST_CASE("an instruction is named as in opcodes.def", "[disassembler]") {
  CHECK(disassemble(Instruction(Opcode::kGetGlobal, 0, 1, 0), 0, TestNames()).name == "GetGlobal");
}

TEST_CASE("registers, upvalues and constants stand in the order of the fields", "[disassembler]") {
  CHECK(operands(Instruction(Opcode::kGetGlobal, at(4), 1, at(3))) == "R4 _ENV \"counter\"");
  CHECK(operands(Instruction(Opcode::kSetField, at(2), at(3), at(1))) == "R2 \"counter\" R1");
  CHECK(operands(Instruction::with_wide(Opcode::kLoadConstant, at(1), at(3))) == "R1 \"counter\"");
  CHECK(operands(Instruction::with_wide(Opcode::kClosure, at(1), 2)) == "R1 <worker:7>");
}

TEST_CASE("the hint of an instruction is not shown", "[disassembler]") {
  CHECK(operands(Instruction(Opcode::kGetField, at(4), at(0), at(3), 17)) == "R4 R0 \"counter\"");
}

TEST_CASE("small integers keep their sign", "[disassembler]") {
  CHECK(operands(Instruction(Opcode::kAddInteger, at(4), at(4), static_cast<std::uint16_t>(-1))) ==
        "R4 R4 -1");
  CHECK(operands(Instruction::with_wide(Opcode::kLoadInteger, at(0), -70000)) == "R0 -70000");
}

TEST_CASE("a jump shows the number of the instruction that it leads to", "[disassembler]") {
  CHECK(operands(Instruction::with_wide(Opcode::kJump, 0, 0), 11) == "-> 12");
  CHECK(operands(Instruction::with_wide(Opcode::kJumpBack, 0, -4), 7) == "-> 4");
  CHECK(operands(Instruction::with_wide(Opcode::kJumpIfFalse, at(2), 3), 5) == "R2 -> 9");
}

TEST_CASE("the name of a comparison says for which outcome it jumps", "[disassembler]") {
  CHECK(operands(Instruction(Opcode::kLess, at(0), at(1), 4, 1), 5) == "R0 R1 -> 10");
  CHECK(operands(Instruction(Opcode::kNotLessInteger, at(0), 3, 4, 2), 5) == "R0 3 -> 10");
  CHECK(operands(Instruction(Opcode::kTestSet, at(0), at(1), 4, 0), 5) == "R0 R1 false -> 10");
}

TEST_CASE("comparisons and their opposites come in pairs", "[instruction]") {
  CHECK(negated(Opcode::kLess) == Opcode::kNotLess);
  CHECK(negated(Opcode::kNotGreaterEqualInteger) == Opcode::kGreaterEqualInteger);
  CHECK_FALSE(is_comparison(Opcode::kJumpIfTrue));
  CHECK_FALSE(is_comparison(Opcode::kForPrepare));
  for (unsigned op = 0; op < kOpcodeCount; ++op) {
    const auto opcode = static_cast<Opcode>(op);
    if (!is_comparison(opcode)) continue;
    INFO(info_of(opcode).name);
    CHECK(negated(negated(opcode)) == opcode);
    CHECK(is_negated(opcode) == (std::string_view(info_of(opcode).name).substr(0, 3) == "Not"));
  }
}

TEST_CASE("arithmetic with exchanged operands says so", "[disassembler]") {
  const auto subtract = static_cast<std::uint8_t>(Event::kSubtract);
  CHECK(operands(Instruction(Opcode::kSubtract, at(0), at(1), at(2), subtract)) == "R0 R1 R2");
  CHECK(operands(Instruction(Opcode::kSubtract, at(0), at(1), at(2), subtract | kExchanged)) ==
        "R0 R1 R2 exchanged");
}

TEST_CASE("a call shows its results, its function and its arguments", "[disassembler]") {
  CHECK(operands(Instruction(Opcode::kCall, at(4), 3, 2)) == "R4 = R4(R5..R6)");
  CHECK(operands(Instruction(Opcode::kCall, at(4), 2, 3)) == "R4..R5 = R4(R5)");
  CHECK(operands(Instruction(Opcode::kCall, at(4), 1, 1)) == "R4()");
  CHECK(operands(Instruction(Opcode::kTailCall, at(4), 2, 0)) == "R4(R5)");
}

TEST_CASE("a list of unknown length is left open", "[disassembler]") {
  CHECK(operands(Instruction(Opcode::kCall, at(4), 0, 0)) == "R4.. = R4(R5..)");
  CHECK(operands(Instruction(Opcode::kReturn, at(2), 0, 0)) == "R2..");
  CHECK(operands(Instruction(Opcode::kVararg, at(2), 0, 0)) == "R2..");
}

TEST_CASE("a range of registers shows its first and its last", "[disassembler]") {
  CHECK(operands(Instruction(Opcode::kLoadNil, at(1), 2, 0)) == "R1..R3");
  CHECK(operands(Instruction(Opcode::kConcatenate, at(1), 3, 0)) == "R1..R3");
  CHECK(operands(Instruction(Opcode::kReturn, at(1), 3, 0)) == "R1..R2");
  CHECK(operands(Instruction(Opcode::kReturn, at(1), 1, 0)).empty());
  CHECK(operands(Instruction(Opcode::kSelf, at(1), at(0), at(3))) == "R1..R2 R0 \"counter\"");
}

TEST_CASE("a constructor's list shows the index of its first element", "[disassembler]") {
  CHECK(operands(Instruction(Opcode::kSetList, at(0), 3, 50)) == "R0[51] = R1..R3");
  CHECK(operands(Instruction(Opcode::kSetList, at(0), 0, 0, 1)) == "R0[65537] = R1..");
}

TEST_CASE("a local is named in the instruction that writes it first and in those that read it",
          "[disassembler]") {
  CHECK(locals(Instruction(Opcode::kMove, at(0), at(3), 0), 4) == "R0: i, R3: n");
  CHECK(locals(Instruction(Opcode::kMove, at(1), at(0), 0), 4).empty());
}

TEST_CASE("a loop instruction names the variable of its loop", "[disassembler]") {
  CHECK(locals(Instruction::with_wide(Opcode::kForPrepare, at(0), 6), 3) == "R3: n");
  CHECK(locals(Instruction::with_wide(Opcode::kForLoop, at(0), -7), 10) == "R3: n");
}

TEST_CASE("without names operands have numbers", "[disassembler]") {
  CHECK(disassemble(Instruction(Opcode::kGetGlobal, at(4), 1, at(3)), 0, OperandNames()).operands ==
        "R4 U1 K3");
}

TEST_CASE("every instruction has a text, whatever its fields hold", "[disassembler]") {
  for (unsigned op = 0; op < kOpcodeCount; ++op) {
    for (const std::uint16_t field : {0x0000, 0x0001, 0x7FFF, 0x8000, 0xFFFF}) {
      const Instruction instruction(static_cast<Opcode>(op), field, field, field,
                                    static_cast<std::uint8_t>(field));
      CHECK_FALSE(disassemble(instruction, 0, TestNames()).name.empty());
    }
  }
}

}  // namespace gilvm
