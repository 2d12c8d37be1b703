#include "vm/bytecode/disassembler.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace gilvm {
namespace {

std::string register_name(unsigned number) { return "R" + std::to_string(number); }

// "R0..R2", or "R0" of one register, or nothing.
std::string register_range(unsigned first, unsigned count) {
  if (count == 0) return {};
  if (count == 1) return register_name(first);
  return register_name(first) + ".." + register_name(first + count - 1);
}

// `count` is one more than there are, or 0: all up to the top.
std::string open_range(unsigned first, unsigned count) {
  return count == 0 ? register_name(first) + ".." : register_range(first, count - 1);
}

class Disassembly {
 public:
  Disassembly(Instruction instruction, std::size_t position, const OperandNames& names)
      : instruction_(instruction), info_(info_of(instruction.op())), position_(position), names_(names) {}

  DisassembledInstruction run();

 private:
  // A field of the instruction, which is a register where its kind says so.
  struct Field {
    OperandKind kind;
    std::uint16_t bits;
    unsigned number() const { return Instruction::number(bits); }
  };

  void add(const std::string& text) {
    if (text.empty()) return;
    if (!operands_.empty()) operands_ += ' ';
    operands_ += text;
  }
  std::string target(std::int64_t distance) const {
    return "-> " + std::to_string(static_cast<std::int64_t>(position_) + 1 + distance);
  }
  std::size_t wide_index() const { return static_cast<std::size_t>(instruction_.wide()); }
  bool is_counted(Field field) const;
  void add_field(Field field);
  void add_counted(Field field);
  void add_condition();
  void name_register(unsigned number, std::size_t position);
  void name_locals();

  const Instruction instruction_;
  const OpcodeInfo& info_;
  const std::size_t position_;
  const OperandNames& names_;
  std::string operands_;
  std::vector<std::pair<unsigned, std::string>> locals_;
};

// Does the operand in field a use the counts in the other fields?
bool Disassembly::is_counted(Field field) const {
  switch (field.kind) {
    case OperandKind::Span:
    case OperandKind::List:
    case OperandKind::Call:
    case OperandKind::Results: return true;
    default: return instruction_.op() == Opcode::kLoadNil || instruction_.op() == Opcode::kGenericForCall;
  }
}

void Disassembly::add_counted(Field field) {
  const unsigned first = field.number(), b = instruction_.b(), c = instruction_.c();
  switch (field.kind) {
    case OperandKind::Span: return add(register_range(first, b));
    case OperandKind::List: {
      const std::uint32_t start = c | static_cast<std::uint32_t>(instruction_.x()) << 16;
      // The list's index of the first element: R0[1] = R1..R3.
      add(register_name(first) + "[" + std::to_string(start + 1) + "]");
      return add("= " + (b == 0 ? register_name(first + 1) + ".." : register_range(first + 1, b)));
    }
    case OperandKind::Call: {
      // R0..R1 = R0(R1..R3): results, function, arguments.
      if (info_.c == OperandKind::Count && c != 1) add(open_range(first, c) + " =");
      return add(register_name(first) + "(" + open_range(first + 1, b) + ")");
    }
    case OperandKind::Results: return add(open_range(first, info_.b == OperandKind::Count ? b : c));
    case OperandKind::ForState:
      add(register_range(first + 4, c) + " =");
      return add(register_name(first) + "(" + register_range(first + 1, 2) + ")");
    default: return add(register_range(first, b + 1));  // kLoadNil
  }
}

void Disassembly::add_field(Field field) {
  switch (field.kind) {
    case OperandKind::Read:
    case OperandKind::Write:
    case OperandKind::ReadCell:
    case OperandKind::MakeCell: return add(register_name(field.number()));
    case OperandKind::WriteTwo: return add(register_range(field.number(), 2));
    case OperandKind::ForState: return add(register_range(field.number(), 4));
    case OperandKind::Constant: return add(names_.constant(field.number()));
    case OperandKind::Upvalue: return add(names_.upvalue(field.bits));
    case OperandKind::Integer: return add(std::to_string(static_cast<std::int16_t>(field.bits)));
    case OperandKind::Count: return add(std::to_string(field.bits));
    case OperandKind::Jump: return add(target(static_cast<std::int16_t>(field.bits)));
    case OperandKind::WideInteger: return add(std::to_string(instruction_.wide()));
    case OperandKind::WideConstant: return add(names_.constant(wide_index() / kRegisterSize));
    case OperandKind::WidePrototype: return add(names_.prototype(wide_index()));
    case OperandKind::WideForward:
    case OperandKind::WideLoop: return add(target(instruction_.wide()));
    default: return;  // none, or a part of another operand
  }
}

// What field x says, where it stands before the jump that it decides about.
void Disassembly::add_condition() {
  if (instruction_.op() == Opcode::kTestSet) add((instruction_.x() & 1) != 0 ? "true" : "false");
  if (info_.x == OperandKind::Event && (instruction_.x() & kExchanged) != 0) add("exchanged");
}

void Disassembly::name_register(unsigned number, std::size_t position) {
  for (const auto& [known, name] : locals_) {
    if (known == number) return;
  }
  std::string name = names_.local(position, number);
  if (!name.empty()) locals_.emplace_back(number, std::move(name));
}

void Disassembly::name_locals() {
  const Field fields[] = {
      {info_.a, instruction_.a()}, {info_.b, instruction_.b()}, {info_.c, instruction_.c()}};
  for (const Field& field : fields) {
    switch (field.kind) {
      case OperandKind::Write:
      case OperandKind::MakeCell:
      case OperandKind::Results:
        name_register(field.number(), position_);
        // The variable that is written for the first time is visible only afterwards.
        name_register(field.number(), position_ + 1);
        break;
      case OperandKind::Read:
      case OperandKind::ReadCell: name_register(field.number(), position_); break;
      case OperandKind::ForState:
        if (instruction_.op() == Opcode::kForPrepare) {
          name_register(field.number() + 3, position_ + 1);
        } else if (instruction_.op() == Opcode::kForLoop) {
          const std::int64_t body = static_cast<std::int64_t>(position_) + 1 + instruction_.wide();
          if (body >= 0) name_register(field.number() + 3, static_cast<std::size_t>(body));
        }
        break;
      default: break;
    }
  }
}

DisassembledInstruction Disassembly::run() {
  const Field a{info_.a, instruction_.a()};
  if (is_counted(a)) {
    add_counted(a);
  } else {
    add_field(a);
    add_field({info_.b, instruction_.b()});
    const bool jumps = info_.c == OperandKind::Jump;
    if (jumps) add_condition();
    add_field({info_.c, instruction_.c()});
    if (!jumps) add_condition();
  }
  name_locals();
  DisassembledInstruction result{info_.name, std::move(operands_), {}};
  for (const auto& [number, name] : locals_) {
    result.locals += (result.locals.empty() ? "" : ", ") + register_name(number) + ": " + name;
  }
  return result;
}

}  // namespace

DisassembledInstruction disassemble(Instruction instruction, std::size_t position,
                                    const OperandNames& names) {
  return Disassembly(instruction, position, names).run();
}

}  // namespace gilvm
