#include "vm/frontend/translate.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "vm/base/check.h"
#include "vm/frontend/captured_locals.h"

namespace gilvm {
namespace {

constexpr unsigned kTemporaries = 4;
// Beyond this many Lua instructions a 16-bit jump may not reach, and comparisons jump over a wide jump.
constexpr std::size_t kShortJumps = 5000;

constexpr std::uint16_t at(unsigned number) { return Instruction::offset(number); }

// The strings of one chunk. Lua's lexer makes a long string that stands in several places of the source only
// once, and "%p" shows that.
class ChunkStrings {
 public:
  ChunkStrings(LocalHeap& heap, StringTable& strings) : heap_(heap), strings_(strings) {}
  // REQUIRES: `text` lives as long as this object.
  String* make(std::string_view text) {
    if (text.size() <= String::kLongestShort) return strings_.make(heap_, text);
    String*& string = long_[text];
    if (!string) string = strings_.make(heap_, text);
    return string;
  }

 private:
  LocalHeap& heap_;
  StringTable& strings_;
  std::unordered_map<std::string_view, String*> long_;
};

class Translator {
 public:
  Translator(const LuaFunction& source, LocalHeap& heap, ChunkStrings& strings, std::string* error)
      : lua_(source), heap_(heap), strings_(strings), error_(error), captured_(source) {}

  Prototype* run();

 private:
  // A jump to be completed when every position is known.
  struct PendingJump {
    std::size_t instruction;
    std::int32_t source;  // Lua positions
    std::int32_t target;
    bool narrow;  // 16 bits in field c
  };

  bool fail(const char* reason) {
    if (error_->empty()) *error_ = reason;
    return false;
  }

  // Emission
  std::size_t emit(Instruction instruction) {
    code_.push_back(instruction);
    prototype_->lines.push_back(line_of(position_));
    prototype_->lua_position.push_back(position_);
    return code_.size() - 1;
  }
  std::size_t emit(Opcode op, unsigned a = 0, unsigned b = 0, unsigned c = 0, unsigned x = 0) {
    return emit(Instruction(op, static_cast<std::uint16_t>(a), static_cast<std::uint16_t>(b),
                            static_cast<std::uint16_t>(c), static_cast<std::uint8_t>(x)));
  }
  std::int32_t line_of(std::int32_t position) const {
    auto index = static_cast<std::size_t>(position);
    return index < lua_.lines.size() ? lua_.lines[index] : -1;
  }
  void emit_wide_jump(Opcode op, unsigned a, std::int32_t target) {
    jumps_.push_back({emit(Instruction::with_wide(op, at(a), 0)), position_, target, false});
  }
  // A conditional jump {op, a, b, c = distance, x}, whose condition is bit 0 of x.
  void emit_condition(Opcode op, unsigned a, unsigned b, unsigned x, std::int32_t target);

  // Operands
  unsigned temporary() {
    GILVM_CHECK(temporaries_in_use_ < kTemporaries);
    return lua_.registers + temporaries_in_use_++;
  }
  bool holds_cell(unsigned reg) const { return captured_.holds_cell(reg, position_); }
  // The register in which the value of Lua's register `reg` can be read: itself, or a temporary.
  unsigned read(unsigned reg) {
    if (!holds_cell(reg)) return reg;
    const unsigned copy = temporary();
    emit(Opcode::kLoadCell, at(copy), at(reg));
    return copy;
  }
  unsigned read_constant(unsigned index) {
    const unsigned copy = temporary();
    emit(Instruction::with_wide(Opcode::kLoadConstant, at(copy),
                                static_cast<std::int32_t>(index * kRegisterSize)));
    return copy;
  }
  unsigned read_either(unsigned operand, bool is_constant) {
    return is_constant ? read_constant(operand) : read(operand);
  }
  // The operand that holds what a store instruction stores: a constant, or a register.
  unsigned stored_value(LuaInstruction store) {
    return store.k() ? constant_field(store.c()) : at(read(store.c()));
  }
  // Runs `emit_into(register)`, whose result belongs into Lua's register `reg`.
  template <typename Emit>
  void write(unsigned reg, Emit emit_into) {
    if (!holds_cell(reg)) return emit_into(reg);
    const unsigned result = temporary();
    emit_into(result);
    emit(Opcode::kStoreCell, at(reg), at(result));
  }
  unsigned constant_field(unsigned index) { return index * kRegisterSize; }
  bool is_short_string(unsigned index) const {
    auto* text = index < lua_.constants.size() ? std::get_if<std::string>(&lua_.constants[index]) : nullptr;
    return text && text->size() <= String::kLongestShort;
  }

  // Parts
  bool check_lua_code();
  void add_constants();
  void translate_instruction(LuaInstruction instruction);
  void translate_arithmetic(Opcode op, LuaInstruction instruction, unsigned b, unsigned c);
  void translate_comparison(Opcode op, unsigned a, unsigned b, bool condition, unsigned x = 0);
  void translate_test_set(LuaInstruction instruction);
  void translate_self(LuaInstruction instruction);
  void complete_jumps();

  std::int32_t jump_target_after() const {
    // A test is always followed by the jump it decides about.
    const LuaInstruction jump = lua_.code[static_cast<std::size_t>(position_) + 1];
    return position_ + 2 + jump.sj();
  }

  const LuaFunction& lua_;
  LocalHeap& heap_;
  ChunkStrings& strings_;
  std::string* error_;
  CapturedLocals captured_;
  Prototype* prototype_ = nullptr;
  std::vector<Instruction> code_;
  std::vector<PendingJump> jumps_;
  std::vector<std::size_t> entry_;   // of each Lua position: in front of its kMakeCells
  std::vector<std::size_t> inside_;  // of each Lua position: after its kMakeCells
  std::vector<bool> is_target_;      // of a jump, by Lua position
  std::int32_t position_ = 0;        // in Lua's code
  unsigned temporaries_in_use_ = 0;
  bool has_to_be_closed_ = false;
};

void Translator::emit_condition(Opcode op, unsigned a, unsigned b, unsigned x, std::int32_t target) {
  // Only unconditional jumps go backward, because those are switch points.
  const bool is_test = op == Opcode::kJumpIfFalse || op == Opcode::kJumpIfTrue;
  const bool direct = target > position_ && (is_test || lua_.code.size() < kShortJumps);
  if (is_test) {
    if (direct) return emit_wide_jump(op, Instruction::number(a), target);
    const Opcode inverse = op == Opcode::kJumpIfFalse ? Opcode::kJumpIfTrue : Opcode::kJumpIfFalse;
    emit(Instruction::with_wide(inverse, static_cast<std::uint16_t>(a), 1));
  } else if (direct) {
    jumps_.push_back({emit(op, a, b, 0, x), position_, target, true});
    return;
  } else {
    emit(negated(op), a, b, 1, x ^ 1);
  }
  emit_wide_jump(Opcode::kJump, 0, target);
}

void Translator::translate_comparison(Opcode op, unsigned a, unsigned b, bool condition, unsigned x) {
  emit_condition(condition ? op : negated(op), a, b, x | (condition ? 1 : 0), jump_target_after());
}

void Translator::translate_arithmetic(Opcode op, LuaInstruction instruction, unsigned b, unsigned c) {
  // The next instruction tells which metamethod to try.
  const LuaInstruction fallback = lua_.code[static_cast<std::size_t>(position_) + 1];
  const bool exchanged = fallback.op() != LuaOp::MMBIN && fallback.k();
  const unsigned x = fallback.c() | (exchanged ? kExchanged : 0u);
  write(instruction.a(), [&](unsigned result) { emit(op, at(result), b, c, x); });
}

void Translator::translate_test_set(LuaInstruction instruction) {
  const unsigned value = read(instruction.b());
  const std::int32_t target = jump_target_after();
  if (!holds_cell(instruction.a()) && target > position_ && lua_.code.size() < kShortJumps) {
    jumps_.push_back({emit(Opcode::kTestSet, at(instruction.a()), at(value), 0, instruction.k() ? 1 : 0),
                      position_, target, true});
    return;
  }
  const Opcode skip = instruction.k() ? Opcode::kJumpIfFalse : Opcode::kJumpIfTrue;
  emit(Instruction::with_wide(skip, at(value), 2));
  if (holds_cell(instruction.a())) {
    emit(Opcode::kStoreCell, at(instruction.a()), at(value));
  } else {
    emit(Opcode::kMove, at(instruction.a()), at(value));
  }
  emit_wide_jump(Opcode::kJump, 0, target);
}

void Translator::translate_self(LuaInstruction instruction) {
  const unsigned object = read(instruction.b());
  if (instruction.k() && is_short_string(instruction.c())) {
    emit(Opcode::kSelf, at(instruction.a()), at(object), constant_field(instruction.c()));
    return;
  }
  // A key that is no short string. Its register may be the one that gets the object: it is copied first.
  unsigned key = read_either(instruction.c(), instruction.k());
  if (key == instruction.a() + 1) {
    const unsigned copy = temporary();
    emit(Opcode::kMove, at(copy), at(key));
    key = copy;
  }
  emit(Opcode::kMove, at(instruction.a() + 1), at(object));
  emit(Opcode::kGetIndex, at(instruction.a()), at(instruction.a() + 1), at(key));
}

void Translator::translate_instruction(LuaInstruction i) {
  const unsigned a = i.a(), b = i.b(), c = i.c();
  switch (i.op()) {
    case LuaOp::MOVE:
      if (holds_cell(a)) {
        emit(Opcode::kStoreCell, at(a), at(read(b)));
      } else if (holds_cell(b)) {
        emit(Opcode::kLoadCell, at(a), at(b));
      } else {
        emit(Opcode::kMove, at(a), at(b));
      }
      return;
    case LuaOp::LOADI:
      return write(a,
                   [&](unsigned to) { emit(Instruction::with_wide(Opcode::kLoadInteger, at(to), i.sbx())); });
    case LuaOp::LOADF: {
      // A float that is a small integer: it becomes a constant of ours.
      const auto index = static_cast<std::int32_t>(prototype_->constants.size());
      Register constant;
      constant.set(Value::number(i.sbx()));
      prototype_->constants.push_back(constant);
      return write(a, [&](unsigned to) {
        emit(Instruction::with_wide(Opcode::kLoadConstant, at(to), index * static_cast<int>(kRegisterSize)));
      });
    }
    case LuaOp::LOADK:
    case LuaOp::LOADKX: {
      const unsigned index =
          i.op() == LuaOp::LOADK ? i.bx() : lua_.code[static_cast<std::size_t>(position_) + 1].ax();
      if (index >= lua_.constants.size()) {
        fail("constant out of range");
        return;
      }
      return write(a, [&](unsigned to) {
        emit(Instruction::with_wide(Opcode::kLoadConstant, at(to),
                                    static_cast<std::int32_t>(index * kRegisterSize)));
      });
    }
    case LuaOp::LOADFALSE: return write(a, [&](unsigned to) { emit(Opcode::kLoadFalse, at(to)); });
    case LuaOp::LFALSESKIP:
      write(a, [&](unsigned to) { emit(Opcode::kLoadFalse, at(to)); });
      return emit_wide_jump(Opcode::kJump, 0, position_ + 2);
    case LuaOp::LOADTRUE: return write(a, [&](unsigned to) { emit(Opcode::kLoadTrue, at(to)); });
    case LuaOp::LOADNIL: {
      unsigned first = a;
      for (unsigned reg = a; reg <= a + b; ++reg) {
        if (!holds_cell(reg)) continue;
        if (reg > first) emit(Opcode::kLoadNil, at(first), reg - first - 1);
        temporaries_in_use_ = 0;
        write(reg, [&](unsigned to) { emit(Opcode::kLoadNil, at(to), 0); });
        first = reg + 1;
      }
      if (first <= a + b) emit(Opcode::kLoadNil, at(first), a + b - first);
      return;
    }
    case LuaOp::GETUPVAL: return write(a, [&](unsigned to) { emit(Opcode::kLoadUpvalue, at(to), b); });
    case LuaOp::SETUPVAL: emit(Opcode::kStoreUpvalue, at(read(a)), b); return;
    case LuaOp::GETTABUP:
      return write(a, [&](unsigned to) { emit(Opcode::kGetGlobal, at(to), b, constant_field(c)); });
    case LuaOp::SETTABUP:
      emit(i.k() ? Opcode::kSetGlobalConstant : Opcode::kSetGlobal, stored_value(i), a, constant_field(b));
      return;
    case LuaOp::GETTABLE: {
      const unsigned table = read(b), key = read(c);
      return write(a, [&](unsigned to) { emit(Opcode::kGetIndex, at(to), at(table), at(key)); });
    }
    case LuaOp::GETI: {
      const unsigned table = read(b);
      return write(a, [&](unsigned to) { emit(Opcode::kGetInteger, at(to), at(table), c); });
    }
    case LuaOp::GETFIELD: {
      const unsigned table = read(b);
      return write(a, [&](unsigned to) { emit(Opcode::kGetField, at(to), at(table), constant_field(c)); });
    }
    case LuaOp::SETTABLE: {
      const unsigned table = read(a), key = read(b);
      emit(i.k() ? Opcode::kSetIndexConstant : Opcode::kSetIndex, at(table), at(key), stored_value(i));
      return;
    }
    case LuaOp::SETI: {
      const unsigned table = read(a);
      emit(i.k() ? Opcode::kSetIntegerConstant : Opcode::kSetInteger, at(table), b, stored_value(i));
      return;
    }
    case LuaOp::SETFIELD: {
      const unsigned table = read(a);
      emit(i.k() ? Opcode::kSetFieldConstant : Opcode::kSetField, at(table), constant_field(b),
           stored_value(i));
      return;
    }
    case LuaOp::NEWTABLE: {
      const std::uint64_t named = b == 0 ? 0 : std::uint64_t{1} << std::min(b - 1, 15u);
      const std::uint64_t numbered =
          c + (i.k() ? std::uint64_t{lua_.code[static_cast<std::size_t>(position_) + 1].ax()} * 256 : 0);
      return write(a, [&](unsigned to) {
        emit(Opcode::kNewTable, at(to), static_cast<unsigned>(std::min<std::uint64_t>(named, 0xFFFF)),
             static_cast<unsigned>(std::min<std::uint64_t>(numbered, 0xFFFF)));
      });
    }
    case LuaOp::SELF: return translate_self(i);

#define ARITHMETIC(lua, ours)                                          \
  case LuaOp::lua: {                                                   \
    const unsigned left = read(b), right = read(c);                    \
    return translate_arithmetic(Opcode::ours, i, at(left), at(right)); \
  }
#define ARITHMETIC_CONSTANT(lua, ours) \
  case LuaOp::lua:                     \
    return translate_arithmetic(Opcode::ours, i, at(read(b)), constant_field(c));
#define ARITHMETIC_INTEGER(lua, ours) \
  case LuaOp::lua:                    \
    return translate_arithmetic(Opcode::ours, i, at(read(b)), static_cast<std::uint16_t>(i.sc()));
      ARITHMETIC(ADD, kAdd)
      ARITHMETIC(SUB, kSubtract)
      ARITHMETIC(MUL, kMultiply)
      ARITHMETIC(MOD, kModulo)
      ARITHMETIC(POW, kPower)
      ARITHMETIC(DIV, kDivide)
      ARITHMETIC(IDIV, kFloorDivide)
      ARITHMETIC(BAND, kBitAnd)
      ARITHMETIC(BOR, kBitOr)
      ARITHMETIC(BXOR, kBitXor)
      ARITHMETIC(SHL, kShiftLeft)
      ARITHMETIC(SHR, kShiftRight)
      ARITHMETIC_CONSTANT(ADDK, kAddConstant)
      ARITHMETIC_CONSTANT(SUBK, kSubtractConstant)
      ARITHMETIC_CONSTANT(MULK, kMultiplyConstant)
      ARITHMETIC_CONSTANT(MODK, kModuloConstant)
      ARITHMETIC_CONSTANT(POWK, kPowerConstant)
      ARITHMETIC_CONSTANT(DIVK, kDivideConstant)
      ARITHMETIC_CONSTANT(IDIVK, kFloorDivideConstant)
      ARITHMETIC_CONSTANT(BANDK, kBitAndConstant)
      ARITHMETIC_CONSTANT(BORK, kBitOrConstant)
      ARITHMETIC_CONSTANT(BXORK, kBitXorConstant)
      ARITHMETIC_INTEGER(ADDI, kAddInteger)
      ARITHMETIC_INTEGER(SHRI, kShiftRightInteger)
      ARITHMETIC_INTEGER(SHLI, kShiftLeftInteger)
#undef ARITHMETIC
#undef ARITHMETIC_CONSTANT
#undef ARITHMETIC_INTEGER
    case LuaOp::MMBIN:
    case LuaOp::MMBINI:
    case LuaOp::MMBINK: return;  // the arithmetic instruction before it carries this

    case LuaOp::UNM:
    case LuaOp::BNOT:
    case LuaOp::NOT:
    case LuaOp::LEN: {
      const Opcode op = i.op() == LuaOp::UNM    ? Opcode::kNegate
                        : i.op() == LuaOp::BNOT ? Opcode::kBitNot
                        : i.op() == LuaOp::NOT  ? Opcode::kNot
                                                : Opcode::kLength;
      const unsigned operand = read(b);
      return write(a, [&](unsigned to) { emit(op, at(to), at(operand)); });
    }
    case LuaOp::CONCAT: emit(Opcode::kConcatenate, at(a), b); return;
    case LuaOp::CLOSE:
      // Cells need no closing; variables declared <close> do.
      if (has_to_be_closed_) emit(Opcode::kClose, 0, a);
      return;
    case LuaOp::TBC: emit(Opcode::kToBeClosed, at(read(a)), a); return;
    case LuaOp::JMP: return emit_wide_jump(Opcode::kJump, 0, position_ + 1 + i.sj());

    case LuaOp::EQ:
    case LuaOp::LT:
    case LuaOp::LE: {
      const Opcode op = i.op() == LuaOp::EQ   ? Opcode::kEqual
                        : i.op() == LuaOp::LT ? Opcode::kLess
                                              : Opcode::kLessEqual;
      const unsigned left = read(a), right = read(b);
      return translate_comparison(op, at(left), at(right), i.k());
    }
    case LuaOp::EQK:
      return translate_comparison(Opcode::kEqualConstant, at(read(a)), constant_field(b), i.k());
    case LuaOp::EQI:
    case LuaOp::LTI:
    case LuaOp::LEI:
    case LuaOp::GTI:
    case LuaOp::GEI: {
      const Opcode op = i.op() == LuaOp::EQI   ? Opcode::kEqualInteger
                        : i.op() == LuaOp::LTI ? Opcode::kLessInteger
                        : i.op() == LuaOp::LEI ? Opcode::kLessEqualInteger
                        : i.op() == LuaOp::GTI ? Opcode::kGreaterInteger
                                               : Opcode::kGreaterEqualInteger;
      return translate_comparison(op, at(read(a)), static_cast<std::uint16_t>(i.sb()), i.k(), c ? 2 : 0);
    }
    case LuaOp::TEST:
      return emit_condition(i.k() ? Opcode::kJumpIfTrue : Opcode::kJumpIfFalse, at(read(a)), 0, 0,
                            jump_target_after());
    case LuaOp::TESTSET: return translate_test_set(i);

    case LuaOp::CALL: emit(Opcode::kCall, at(a), b, c); return;
    case LuaOp::TAILCALL:
      emit(Opcode::kTailCall, at(a), b);
      return;  // there is none where variables are to be closed
    case LuaOp::RETURN: {
      const unsigned first = b == 2 ? read(a) : a;
      emit(i.k() && has_to_be_closed_ ? Opcode::kReturnClose : Opcode::kReturn, at(first), b);
      return;
    }
    case LuaOp::RETURN0: emit(Opcode::kReturnNone); return;
    case LuaOp::RETURN1: emit(Opcode::kReturnOne, at(read(a))); return;

    case LuaOp::FORPREP:
      return emit_wide_jump(Opcode::kForPrepare, a, position_ + 2 + static_cast<std::int32_t>(i.bx()));
    case LuaOp::FORLOOP:
      return emit_wide_jump(Opcode::kForLoop, a, position_ + 1 - static_cast<std::int32_t>(i.bx()));
    case LuaOp::TFORPREP:
      emit(Opcode::kToBeClosed, at(a + 3), a + 3);
      return emit_wide_jump(Opcode::kJump, 0, position_ + 1 + static_cast<std::int32_t>(i.bx()));
    case LuaOp::TFORCALL: emit(Opcode::kGenericForCall, at(a), 0, c); return;
    case LuaOp::TFORLOOP:
      return emit_wide_jump(Opcode::kGenericForLoop, a, position_ + 1 - static_cast<std::int32_t>(i.bx()));

    case LuaOp::SETLIST: {
      const std::uint64_t start =
          c + (i.k() ? std::uint64_t{lua_.code[static_cast<std::size_t>(position_) + 1].ax()} * 256 : 0);
      if (start > 0xFFFFFF) {
        fail("constructor too long");
        return;
      }
      emit(Opcode::kSetList, at(a), b, static_cast<unsigned>(start & 0xFFFF),
           static_cast<unsigned>(start >> 16));
      return;
    }
    case LuaOp::CLOSURE:
      return write(a, [&](unsigned to) {
        emit(Instruction::with_wide(Opcode::kClosure, at(to), static_cast<std::int32_t>(i.bx())));
      });
    case LuaOp::VARARG:
      // One value may go straight to a local; several go to temporaries.
      if (c == 2) return write(a, [&](unsigned to) { emit(Opcode::kVararg, at(to), 0, c); });
      emit(Opcode::kVararg, at(a), 0, c);
      return;
    case LuaOp::VARARGPREP:
    case LuaOp::EXTRAARG: return;  // the call does the first; the second belongs to the instruction before
  }
}

void Translator::complete_jumps() {
  const auto trampolines = [&](const PendingJump& jump) -> std::size_t {
    const auto target = static_cast<std::size_t>(jump.target);
    const std::vector<CapturedLocal> entered = captured_.entered(jump.source, jump.target);
    if (entered.empty()) return inside_[target];
    const bool at_the_start = std::all_of(entered.begin(), entered.end(), [&](const CapturedLocal& local) {
      return local.start == jump.target;
    });
    if (at_the_start && entered.size() == captured_.starting_at(jump.target).size()) return entry_[target];
    position_ = jump.target;
    const std::size_t trampoline = code_.size();
    for (const CapturedLocal& local : entered) emit(Opcode::kMakeCell, at(local.reg));
    const auto back =
        static_cast<std::int32_t>(inside_[target]) - static_cast<std::int32_t>(code_.size()) - 1;
    emit(Instruction::with_wide(Opcode::kJumpBack, 0, back));
    return trampoline;
  };
  for (const PendingJump& jump : jumps_) {
    const auto distance =
        static_cast<std::int32_t>(trampolines(jump)) - static_cast<std::int32_t>(jump.instruction) - 1;
    Instruction& instruction = code_[jump.instruction];
    if (jump.narrow) {
      if (distance < 0 || distance > 0x7FFF) {
        fail("jump too long");
        return;
      }
      instruction = instruction.with_c(static_cast<std::uint16_t>(distance));
    } else if (instruction.op() == Opcode::kJump && distance < 0) {
      instruction = Instruction::with_wide(Opcode::kJumpBack, 0, distance);
    } else {
      instruction = instruction.with_wide(distance);
    }
  }
}

// Lua's own code is trusted no more than a file: what is checked here would otherwise be an access out of
// bounds.
bool Translator::check_lua_code() {
  const auto size = static_cast<std::int32_t>(lua_.code.size());
  if (size == 0) return fail("a function without code");
  is_target_.resize(lua_.code.size() + 1);
  auto target = [&](std::int32_t to) {
    if (to < 0 || to >= size) return fail("jump out of range");
    is_target_[static_cast<std::size_t>(to)] = true;
    return true;
  };
  for (std::int32_t here = 0; here < size; ++here) {
    const LuaInstruction i = lua_.code[static_cast<std::size_t>(here)];
    if ((i.word & 0x7F) >= kLuaOpCount) return fail("unknown instruction");
    const bool has_next = here + 1 < size;
    const LuaOp next = has_next ? lua_.code[static_cast<std::size_t>(here) + 1].op() : LuaOp::EXTRAARG;
    bool ok = true;
    switch (i.op()) {
      case LuaOp::LOADKX: ok = has_next && next == LuaOp::EXTRAARG; break;
      case LuaOp::NEWTABLE: ok = has_next && next == LuaOp::EXTRAARG; break;
      case LuaOp::SETLIST: ok = !i.k() || (has_next && next == LuaOp::EXTRAARG); break;
      case LuaOp::LFALSESKIP: ok = target(here + 2); break;
      case LuaOp::JMP: ok = target(here + 1 + i.sj()); break;
      case LuaOp::EQ:
      case LuaOp::LT:
      case LuaOp::LE:
      case LuaOp::EQK:
      case LuaOp::EQI:
      case LuaOp::LTI:
      case LuaOp::LEI:
      case LuaOp::GTI:
      case LuaOp::GEI:
      case LuaOp::TEST:
      case LuaOp::TESTSET: ok = has_next && next == LuaOp::JMP; break;
      case LuaOp::FORPREP: ok = target(here + 2 + static_cast<std::int32_t>(i.bx())); break;
      case LuaOp::TFORPREP:
        has_to_be_closed_ = true;
        ok = target(here + 1 + static_cast<std::int32_t>(i.bx()));
        break;
      case LuaOp::FORLOOP:
      case LuaOp::TFORLOOP: ok = target(here + 1 - static_cast<std::int32_t>(i.bx())); break;
      case LuaOp::TBC: has_to_be_closed_ = true; break;
      case LuaOp::CLOSURE: ok = i.bx() < lua_.functions.size(); break;
      default:
        if (i.op() >= LuaOp::ADDI && i.op() <= LuaOp::SHR) {
          ok = has_next && next >= LuaOp::MMBIN && next <= LuaOp::MMBINK;
        }
    }
    if (!ok) return fail("malformed code");
  }
  return true;
}

void Translator::add_constants() {
  for (const LuaConstant& constant : lua_.constants) {
    Register result;
    if (auto* truth = std::get_if<bool>(&constant)) {
      result.set(Value::boolean(*truth));
    } else if (auto* integer = std::get_if<std::int64_t>(&constant)) {
      result.set_integer(*integer);
    } else if (auto* number = std::get_if<double>(&constant)) {
      result.set(Value::number(*number));
    } else if (auto* text = std::get_if<std::string>(&constant)) {
      result.set(Value::string(strings_.make(*text)));
    }
    prototype_->constants.push_back(result);
  }
}

Prototype* Translator::run() {
  if (!check_lua_code()) return nullptr;
  prototype_ = Prototype::make(heap_);
  prototype_->frame_size = lua_.registers + kTemporaries;
  prototype_->parameters = lua_.parameters;
  prototype_->is_vararg = lua_.is_vararg;
  if (!lua_.is_vararg) prototype_->exact_arguments = lua_.parameters;
  prototype_->source = lua_.source;
  prototype_->first_line = lua_.first_line;
  prototype_->last_line = lua_.last_line;
  prototype_->is_stripped = lua_.lines.empty();
  prototype_->lua_lines = lua_.lines;
  prototype_->lua_constants = static_cast<std::uint32_t>(lua_.constants.size());
  prototype_->lua_registers = lua_.registers;
  for (const LuaInstruction& instruction : lua_.code) prototype_->lua_code.push_back(instruction.word);
  for (const LuaLocal& local : lua_.locals)
    prototype_->locals.push_back({local.name, local.start, local.end});
  for (const LuaUpvalue& upvalue : lua_.upvalues) {
    prototype_->upvalues.push_back({upvalue.name, upvalue.in_stack, upvalue.index});
  }
  add_constants();
  for (const LuaFunction& nested : lua_.functions) {
    Prototype* prototype = Translator(nested, heap_, strings_, error_).run();
    if (!prototype) return nullptr;
    prototype_->prototypes.push_back(prototype);
  }

  const auto size = static_cast<std::int32_t>(lua_.code.size());
  for (position_ = 0; position_ < size; ++position_) {
    temporaries_in_use_ = 0;
    entry_.push_back(code_.size());
    for (const CapturedLocal& local : captured_.starting_at(position_))
      emit(Opcode::kMakeCell, at(local.reg));
    inside_.push_back(code_.size());
    const LuaInstruction instruction = lua_.code[static_cast<std::size_t>(position_)];
    translate_instruction(instruction);
    // The jump after a test is part of it, unless something else jumps to it.
    const bool is_test = instruction.op() >= LuaOp::EQ && instruction.op() <= LuaOp::TESTSET;
    if (is_test) {
      const auto next = static_cast<std::size_t>(position_) + 1;
      if (is_target_[next]) {
        fail("a jump to the jump of a test");
      } else {
        entry_.push_back(code_.size());
        inside_.push_back(code_.size());
        ++position_;
      }
    }
    if (!error_->empty()) return nullptr;
  }
  complete_jumps();
  if (!error_->empty()) return nullptr;

  prototype_->code_size = static_cast<std::uint32_t>(code_.size());
  prototype_->code = std::make_unique<CodeWord[]>(code_.size());
  CodeWord* code = prototype_->code.get();
  for (std::size_t index = 0; index < code_.size(); ++index) code[index].store(code_[index]);
  for (std::size_t index = 0; index + 1 < code_.size(); ++index) code[index].join(code[index + 1]);
  return prototype_;
}

}  // namespace

Prototype* translate(const LuaFunction& function, LocalHeap& heap, StringTable& strings, std::string* error) {
  ChunkStrings chunk_strings(heap, strings);
  return Translator(function, heap, chunk_strings, error).run();
}

}  // namespace gilvm
