#include "vm/bytecode/instruction.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace gilvm {

TEST_CASE("an instruction gives back the fields that it was made of", "[instruction]") {
  const Instruction i(Opcode::kSetList, 0x1234, 0x5678, 0x9ABC, 0xDE);
  CHECK(i.op() == Opcode::kSetList);
  CHECK(i.a() == 0x1234);
  CHECK(i.b() == 0x5678);
  CHECK(i.c() == 0x9ABC);
  CHECK(i.x() == 0xDE);
}

TEST_CASE("a wide operand keeps its sign", "[instruction]") {
  for (const std::int32_t wide : {0, 1, -1, INT32_MAX, INT32_MIN}) {
    const Instruction i = Instruction::with_wide(Opcode::kLoadInteger, 0xFFFF, wide);
    CHECK(i.wide() == wide);
    CHECK(i.a() == 0xFFFF);
    CHECK(i.op() == Opcode::kLoadInteger);
  }
}

TEST_CASE("changing one field leaves the others", "[instruction]") {
  const Instruction i(Opcode::kGetField, 1, 2, 3, 4);
  CHECK(i.with_x(0xFF).with_x(4).word() == i.word());
  CHECK(i.with_c(0xFFFF).with_c(3).word() == i.word());
  CHECK(i.with_x(9).c() == 3);
  CHECK(i.with_c(9).x() == 4);
  CHECK(i.with_wide(-1).a() == 1);
}

TEST_CASE("no two instructions have the same name", "[instruction]") {
  std::set<std::string> names;
  for (unsigned op = 0; op < kOpcodeCount; ++op) names.insert(info_of(static_cast<Opcode>(op)).name);
  CHECK(names.size() == kOpcodeCount);
}

TEST_CASE("only the loop instructions and the backward jump poll by their operand's kind", "[instruction]") {
  std::set<std::string> polling;
  for (unsigned op = 0; op < kOpcodeCount; ++op) {
    const OpcodeInfo& info = info_of(static_cast<Opcode>(op));
    if (info.b == OperandKind::WideLoop) polling.insert(info.name);
  }
  CHECK(polling == std::set<std::string>{"JumpBack", "ForLoop", "GenericForLoop"});
}

TEST_CASE("a superinstruction reads as its first instruction", "[instruction]") {
  CodeWord first, second;
  first.store(Instruction(Opcode::kLoadCell, 7, 1, 0));
  second.store(Instruction(Opcode::kAddInteger, 8, 7, 1));
  first.join(second);
  CHECK(first.handler() >= kOpcodeCount);
  CHECK(first.handler() < kHandlerCount);
  CHECK(first.op() == Opcode::kLoadCell);
  CHECK(first.load().word() == Instruction(Opcode::kLoadCell, 7, 1, 0).word());
  CHECK(second.handler() == static_cast<unsigned>(Opcode::kAddInteger));
}

TEST_CASE("instructions that do not use each other's results stay apart where a pair needs that",
          "[instruction]") {
  CodeWord first, second;
  first.store(Instruction(Opcode::kLoadCell, 7, 1, 0));
  second.store(Instruction(Opcode::kAddInteger, 8, 6, 1));
  first.join(second);
  CHECK(first.handler() == static_cast<unsigned>(Opcode::kLoadCell));
  first.store(Instruction(Opcode::kMultiply, 7, 1, 2));
  second.store(Instruction(Opcode::kAdd, 7, 7, 3));
  first.join(second);
  CHECK(first.handler() == static_cast<unsigned>(Opcode::kMultiply));
  second.store(Instruction(Opcode::kAdd, 7, 3, 7));
  first.join(second);
  CHECK(first.handler() >= kOpcodeCount);
}

TEST_CASE("a superinstruction touches what threads share at most once, and stops only at its second",
          "[instruction]") {
  for (const Superinstruction& pair : kSuperinstructions) {
    INFO(info_of(pair.first).name << " and " << info_of(pair.second).name);
    CHECK_FALSE((touches_shared(pair.first) && touches_shared(pair.second)));
    CHECK_FALSE(is_switch_point(pair.first));
  }
}

TEST_CASE("events are numbered as Lua numbers its metamethods", "[instruction]") {
  // ltm.h: TM_INDEX, TM_NEWINDEX, TM_GC, TM_MODE, TM_LEN, TM_EQ, TM_ADD, ...
  CHECK(static_cast<int>(Event::kAdd) == 6);
  CHECK(static_cast<int>(Event::kShiftRight) == 17);
  CHECK(static_cast<int>(Event::kConcatenate) == 22);
  CHECK(std::string(name_of(Event::kShiftRight)) == "__shr");
  CHECK(std::string(name_of(Event::kMetatable)) == "__metatable");
}

}  // namespace gilvm
