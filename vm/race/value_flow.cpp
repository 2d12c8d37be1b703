#include "vm/race/value_flow.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace gilvm {
namespace {

using RegisterSet = std::vector<bool>;  // by register number

unsigned number(std::uint16_t offset) { return Instruction::number(offset); }

// The register that is stored.
std::optional<unsigned> source_of(Instruction i) {
  switch (i.op()) {
    case Opcode::kStoreCell: return number(i.b());
    case Opcode::kStoreUpvalue:
    case Opcode::kSetGlobal: return number(i.a());
    case Opcode::kSetField:
    case Opcode::kSetInteger:
    case Opcode::kSetIndex: return number(i.c());
    default: return std::nullopt;
  }
}

// One past the last register that it writes, from a() on; nothing: it writes none.
std::optional<unsigned> end_of_writes(Instruction i, std::size_t registers) {
  const unsigned first = number(i.a());
  switch (i.op()) {
    case Opcode::kLoadNil: return first + i.b() + 1;
    case Opcode::kCall:
    case Opcode::kVararg: return i.c() == 0 ? static_cast<unsigned>(registers) : first + i.c() - 1;
    case Opcode::kGenericForCall: return static_cast<unsigned>(registers);
    case Opcode::kForPrepare:
    case Opcode::kForLoop: return first + 4;
    case Opcode::kConcatenate: return first + 1;
    default: break;
  }
  switch (info_of(i.op()).a) {
    case OperandKind::Write: return first + 1;
    case OperandKind::WriteTwo: return first + 2;
    default: return std::nullopt;
  }
}

// The registers from which it computes what it writes.
void add_operands(Instruction i, RegisterSet& wanted) {
  const auto add = [&](unsigned reg) {
    if (reg < wanted.size()) wanted[reg] = true;
  };
  if (i.op() == Opcode::kCall) {
    // Up to the top: whatever stands there.
    const unsigned end = i.b() == 0 ? static_cast<unsigned>(wanted.size()) : number(i.a()) + i.b();
    for (unsigned reg = number(i.a()) + 1; reg < end; ++reg) add(reg);
  } else if (i.op() == Opcode::kConcatenate) {
    for (unsigned part = 0; part < i.b(); ++part) add(number(i.a()) + part);
  } else if (i.op() == Opcode::kMove || (i.op() >= Opcode::kAdd && i.op() <= Opcode::kNot) ||
             i.op() == Opcode::kTestSet) {
    if (info_of(i.op()).b == OperandKind::Read) add(number(i.b()));
    if (info_of(i.op()).c == OperandKind::Read) add(number(i.c()));
  }
}

}  // namespace

bool stores_what_was_read(const Prototype& prototype, const CodeWord* read, const CodeWord* store) {
  const std::optional<unsigned> source = source_of(store->load());
  if (!source) return false;
  RegisterSet wanted(prototype.frame_size + std::size_t{1});
  if (*source < wanted.size()) wanted[*source] = true;
  for (const CodeWord* word = store - 1; word >= read; --word) {
    const Instruction i = word->load();
    const std::optional<unsigned> end = end_of_writes(i, wanted.size());
    if (!end) continue;
    bool is_wanted = false;
    for (unsigned reg = number(i.a()); reg < *end && reg < wanted.size(); ++reg) {
      is_wanted = is_wanted || wanted[reg];
      // Of a value that another path may have brought, both are followed.
      if (i.op() != Opcode::kTestSet) wanted[reg] = false;
    }
    if (is_wanted && word == read) return true;
    if (is_wanted) add_operands(i, wanted);
  }
  return false;
}

}  // namespace gilvm
