#include "vm/frontend/verifier.h"

#include <deque>

namespace gilvm {
namespace {

enum class Content : std::uint8_t { kUnknown, kValue, kTable, kCell };  // kTable: a value that is a table

bool is_value(Content content) { return content == Content::kValue || content == Content::kTable; }

// What is known before an instruction.
struct State {
  std::vector<Content> registers;
  int open = -1;  // the register where an open list of values begins, or none
};

class Verifier {
 public:
  explicit Verifier(const Prototype& prototype) : prototype_(prototype) {}
  std::string run();

 private:
  bool fail(const std::string& reason) {
    if (reason_.empty()) {
      reason_ = "instruction " + std::to_string(position_) + " (" +
                info_of(prototype_.code[position_].load().op()).name + "): " + reason;
    }
    return false;
  }
  bool is_known(std::size_t index) const;
  bool check_operands(Instruction instruction);
  bool check_operand(OperandKind kind, Instruction instruction, std::uint16_t field);
  bool is_register(unsigned offset) {
    return (offset % kRegisterSize == 0 && Instruction::number(offset) < prototype_.frame_size) ||
           fail("no such register");
  }
  bool is_constant(std::int64_t offset) {
    return (offset >= 0 && offset % kRegisterSize == 0 &&
            static_cast<std::size_t>(offset) / kRegisterSize < prototype_.constants.size()) ||
           fail("no such constant");
  }
  bool is_short_string(unsigned offset) {
    const Value value = prototype_.constants[offset / kRegisterSize].value;
    return (value.is_string() && value.as_string()->is_interned()) || fail("the key is no short string");
  }
  bool needs(Content content, unsigned reg);
  bool needs_range(unsigned first, unsigned count);
  bool step(Instruction instruction);
  bool closure_captures(Instruction instruction);
  void set(unsigned reg, Content content) { now_.registers[reg] = content; }
  void forget_from(unsigned reg) {
    for (unsigned index = reg; index < now_.registers.size(); ++index) set(index, Content::kUnknown);
  }
  bool flow_to(std::int64_t target);
  bool consume_open(unsigned first);

  const Prototype& prototype_;
  std::size_t position_ = 0;
  State now_;
  std::vector<State> before_;  // of each instruction; no registers: not reached yet
  std::deque<std::size_t> waiting_;
  std::string reason_;
};

bool Verifier::check_operand(OperandKind kind, Instruction instruction, std::uint16_t field) {
  switch (kind) {
    case OperandKind::Read:
    case OperandKind::Write:
    case OperandKind::ReadCell:
    case OperandKind::MakeCell:
    case OperandKind::Span:
    case OperandKind::List:
    case OperandKind::Call:
    case OperandKind::Results: return is_register(field);
    case OperandKind::WriteTwo: return is_register(field) && is_register(field + kRegisterSize);
    case OperandKind::ForState: return is_register(field) && is_register(field + 4 * kRegisterSize);
    case OperandKind::Constant: return is_constant(field);
    case OperandKind::WideConstant: return is_constant(instruction.wide());
    case OperandKind::Upvalue: return field < prototype_.upvalues.size() || fail("no such upvalue");
    case OperandKind::WideForward: return instruction.wide() >= 0 || fail("jumps back at no switch point");
    case OperandKind::Jump: return instruction.signed_c() >= 0 || fail("jumps back at no switch point");
    case OperandKind::WidePrototype:
      return static_cast<std::size_t>(instruction.wide()) < prototype_.prototypes.size() ||
             fail("no such function");
    default: return true;
  }
}

bool Verifier::check_operands(Instruction instruction) {
  const OpcodeInfo& info = info_of(instruction.op());
  if (!check_operand(info.a, instruction, instruction.a()) ||
      !check_operand(info.b, instruction, instruction.b()) ||
      !check_operand(info.c, instruction, instruction.c())) {
    return false;
  }
  if (info.x == OperandKind::Event && (instruction.x() & ~kExchanged) >= static_cast<int>(Event::kCount)) {
    return fail("no such event");
  }
  if (is_comparison(instruction.op()) && is_negated(instruction.op()) == ((instruction.x() & 1) != 0)) {
    return fail("the condition contradicts the comparison");
  }
  switch (instruction.op()) {
    case Opcode::kToBeClosed: return instruction.b() < prototype_.frame_size || fail("no such register");
    case Opcode::kGetGlobal:
    case Opcode::kSetGlobal:
    case Opcode::kSetGlobalConstant:
    case Opcode::kGetField:
    case Opcode::kSelf: return is_short_string(instruction.c());
    case Opcode::kSetField:
    case Opcode::kSetFieldConstant: return is_short_string(instruction.b());
    default: return true;
  }
}

bool Verifier::needs(Content content, unsigned reg) {
  if (reg >= now_.registers.size()) return fail("no such register");
  if (now_.registers[reg] == content || (content == Content::kValue && is_value(now_.registers[reg])))
    return true;
  const char* missing = content == Content::kCell ? "cell" : content == Content::kTable ? "table" : "value";
  return fail("register " + std::to_string(reg) + " holds no " + missing);
}

bool Verifier::needs_range(unsigned first, unsigned count) {
  for (unsigned reg = first; reg < first + count; ++reg) {
    if (!needs(Content::kValue, reg)) return false;
  }
  return true;
}

bool Verifier::flow_to(std::int64_t target) {
  if (target < 0 || target >= prototype_.code_size) return fail("leaves the code");
  State& known = before_[static_cast<std::size_t>(target)];
  if (known.registers.empty()) {
    known = now_;
    waiting_.push_back(static_cast<std::size_t>(target));
    return true;
  }
  if (known.open != now_.open) return fail("paths meet with different open lists");
  bool changed = false;
  for (std::size_t reg = 0; reg < known.registers.size(); ++reg) {
    const Content here = now_.registers[reg], there = known.registers[reg];
    const Content both = here == there                       ? there
                         : is_value(here) && is_value(there) ? Content::kValue
                                                             : Content::kUnknown;
    changed = changed || both != there;
    known.registers[reg] = both;
  }
  if (changed) waiting_.push_back(static_cast<std::size_t>(target));
  return true;
}

bool Verifier::consume_open(unsigned first) {
  if (now_.open < static_cast<int>(first)) return fail("no open list of values");
  for (unsigned reg = first; reg < static_cast<unsigned>(now_.open); ++reg) {
    if (!needs(Content::kValue, reg)) return false;
  }
  now_.open = -1;
  return true;
}

bool Verifier::closure_captures(Instruction instruction) {
  const Prototype& nested = *prototype_.prototypes[static_cast<std::size_t>(instruction.wide())];
  for (const UpvalueDescription& upvalue : nested.upvalues) {
    if (upvalue.in_register) {
      if (!needs(Content::kCell, upvalue.index)) return false;
    } else if (upvalue.index >= prototype_.upvalues.size()) {
      return fail("captures an upvalue that does not exist");
    }
  }
  return true;
}

// Applies one instruction to now_, and passes the result on to those that may follow.
bool Verifier::step(Instruction i) {
  if (!check_operands(i)) return false;
  const OpcodeInfo& info = info_of(i.op());
  const unsigned a = Instruction::number(i.a()), b = Instruction::number(i.b()),
                 c = Instruction::number(i.c());
  const auto next = static_cast<std::int64_t>(position_) + 1;
  const bool consumes =
      i.b() == 0 && (i.op() == Opcode::kCall || i.op() == Opcode::kTailCall || i.op() == Opcode::kReturn ||
                     i.op() == Opcode::kReturnClose || i.op() == Opcode::kSetList);
  if (now_.open >= 0 && !consumes) return fail("an open list of values is not used");

  if (info.a == OperandKind::Read && !needs(Content::kValue, a)) return false;
  if (info.b == OperandKind::Read && !needs(Content::kValue, b)) return false;
  if (info.c == OperandKind::Read && !needs(Content::kValue, c)) return false;
  if (info.a == OperandKind::ReadCell && !needs(Content::kCell, a)) return false;
  if (info.b == OperandKind::ReadCell && !needs(Content::kCell, b)) return false;

  switch (i.op()) {
    case Opcode::kMakeCell: set(a, Content::kCell); break;
    case Opcode::kClosure:
      if (!closure_captures(i)) return false;
      set(a, Content::kValue);
      break;
    case Opcode::kLoadNil:
      if (a + i.b() >= prototype_.frame_size) return fail("no such register");
      for (unsigned reg = a; reg <= a + i.b(); ++reg) set(reg, Content::kValue);
      break;
    case Opcode::kSelf:
      set(a, Content::kValue);
      set(a + 1, Content::kValue);
      break;
    case Opcode::kConcatenate:
      if (i.b() < 2 || !needs_range(a, i.b())) return fail("needs two values");
      break;
    case Opcode::kNewTable: set(a, Content::kTable); break;
    case Opcode::kSetList:
      if (!needs(Content::kTable, a)) return false;
      if (i.b() == 0 ? !consume_open(a + 1) : !needs_range(a + 1, i.b())) return false;
      break;
    case Opcode::kCall:
    case Opcode::kTailCall:
      if (!needs(Content::kValue, a)) return false;
      if (i.b() == 0 ? !consume_open(a + 1) : !needs_range(a + 1, i.b() - 1u)) return false;
      forget_from(a);
      if (i.op() == Opcode::kTailCall || i.c() == 0) {
        now_.open = static_cast<int>(a);
      } else {
        if (a + i.c() - 1u > prototype_.frame_size) return fail("no such register");
        for (unsigned reg = a; reg < a + i.c() - 1u; ++reg) set(reg, Content::kValue);
      }
      break;
    case Opcode::kVararg:
      if (!prototype_.is_vararg) return fail("the function has no extra arguments");
      if (i.c() == 0) {
        forget_from(a);
        now_.open = static_cast<int>(a);
      } else {
        if (a + i.c() - 1u > prototype_.frame_size) return fail("no such register");
        for (unsigned reg = a; reg < a + i.c() - 1u; ++reg) set(reg, Content::kValue);
      }
      break;
    case Opcode::kReturn:
    case Opcode::kReturnClose: return i.b() == 0 ? consume_open(a) : needs_range(a, i.b() - 1u);
    case Opcode::kReturnNone:
    case Opcode::kReturnOne: return true;
    case Opcode::kJump:
    case Opcode::kJumpBack: return flow_to(next + i.wide());
    case Opcode::kJumpIfFalse:
    case Opcode::kJumpIfTrue: return flow_to(next + i.wide()) && flow_to(next);
    case Opcode::kTestSet: {
      const Content old = now_.registers[a];
      if (!flow_to(next)) return false;
      set(a, Content::kValue);
      const bool ok = flow_to(next + i.signed_c());
      set(a, old);
      return ok;
    }
    case Opcode::kForPrepare:
      if (!needs_range(a, 3) || !flow_to(next + i.wide())) return false;
      set(a + 3, Content::kValue);
      break;
    case Opcode::kForLoop:
      if (!needs_range(a, 3) || !flow_to(next)) return false;
      set(a + 3, Content::kValue);
      return flow_to(next + i.wide());
    case Opcode::kGenericForCall:
      if (!needs_range(a, 4)) return false;
      if (i.c() < 1 || a + 3u + i.c() >= prototype_.frame_size) return fail("no such register");
      forget_from(a + 4);
      for (unsigned reg = a + 4; reg < a + 4 + i.c(); ++reg) set(reg, Content::kValue);
      break;
    case Opcode::kGenericForLoop: return needs_range(a, 5) && flow_to(next) && flow_to(next + i.wide());
    default:
      if (info.c == OperandKind::Jump && !flow_to(next + i.signed_c())) return false;
      if (info.a == OperandKind::Write) set(a, Content::kValue);
      break;
  }
  return flow_to(next);
}

bool Verifier::is_known(std::size_t index) const {
  const CodeWord& word = prototype_.code[index];
  if (word.handler() < kOpcodeCount) return true;
  if (word.handler() >= kHandlerCount || index + 1 == prototype_.code_size) return false;
  // A superinstruction: of what follows it?
  CodeWord joined;
  joined.store(word.load());
  joined.join(prototype_.code[index + 1]);
  return joined.handler() == word.handler();
}

std::string Verifier::run() {
  if (prototype_.code_size == 0) return "a function without code";
  const std::uint32_t registers = prototype_.frame_size;
  if (registers == 0 || registers > 300 || prototype_.parameters > registers) return "a wrong frame size";
  if (prototype_.upvalues.size() > 255) return "too many upvalues";
  for (std::size_t index = 0; index < prototype_.code_size; ++index) {
    if (!is_known(index)) return "an unknown instruction";
  }
  before_.resize(prototype_.code_size);
  State entry;
  entry.registers.resize(prototype_.frame_size, Content::kUnknown);
  for (unsigned reg = 0; reg < prototype_.parameters; ++reg) entry.registers[reg] = Content::kValue;
  before_[0] = std::move(entry);
  waiting_.push_back(0);
  while (!waiting_.empty()) {
    position_ = waiting_.front();
    waiting_.pop_front();
    now_ = before_[position_];
    if (!step(prototype_.code[position_].load())) return reason_;
  }
  for (const Prototype* nested : prototype_.prototypes) {
    std::string reason = verify(*nested);
    if (!reason.empty()) return reason;
  }
  return {};
}

}  // namespace

std::string verify(const Prototype& prototype) { return Verifier(prototype).run(); }

}  // namespace gilvm
