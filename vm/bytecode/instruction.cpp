#include "vm/bytecode/instruction.h"

namespace gilvm {

const OpcodeInfo& info_of(Opcode opcode) {
  static constexpr OpcodeInfo kInfos[] = {
#define OPCODE(name, a, b, c, x) {&#name[1], OperandKind::a, OperandKind::b, OperandKind::c, OperandKind::x},
#include "vm/bytecode/opcodes.def"
#undef OPCODE
  };
  return kInfos[static_cast<unsigned>(opcode)];
}

Opcode first_opcode_of(unsigned handler) {
  return handler < kOpcodeCount ? static_cast<Opcode>(handler)
                                : kSuperinstructions[handler - kOpcodeCount].first;
}

void CodeWord::join(const CodeWord& next) {
  for (unsigned index = 0; index < std::size(kSuperinstructions); ++index) {
    const Superinstruction& pair = kSuperinstructions[index];
    if (pair.first != op() || pair.second != next.op()) continue;
    if (pair.link == Superinstruction::kLeft && next.b() != a()) continue;
    if (pair.link == Superinstruction::kRight && next.c() != a()) continue;
    handler_ = static_cast<std::uint8_t>(kOpcodeCount + index);
    return;
  }
}

const char* name_of(Event event) {
  static constexpr const char* kNames[] = {
      "__index", "__newindex", "__gc",   "__mode",  "__len",      "__eq",   "__add",    "__sub",
      "__mul",   "__mod",      "__pow",  "__div",   "__idiv",     "__band", "__bor",    "__bxor",
      "__shl",   "__shr",      "__unm",  "__bnot",  "__lt",       "__le",   "__concat", "__call",
      "__close", "__tostring", "__name", "__pairs", "__metatable"};
  static_assert(sizeof(kNames) / sizeof(kNames[0]) == static_cast<unsigned>(Event::kCount));
  return kNames[static_cast<unsigned>(event)];
}

}  // namespace gilvm
