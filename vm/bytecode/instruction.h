// The instructions of the VM: 64-bit words {op, x, a, b, c}.
//
// A register or constant operand is stored as a byte offset (16 bytes each), so that the interpreter adds it
// to a base without a shift; Instruction's functions speak of numbers of registers.
//
// Threads: code is shared by all threads that run a function, and one field changes: x, where it is a hint.
// It is atomic and its accesses relaxed: any hint is right, a good one is quick.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

namespace gilvm {

enum class Opcode : std::uint8_t {
#define OPCODE(name, a, b, c, x) name,
#include "vm/bytecode/opcodes.def"
#undef OPCODE
};

inline constexpr unsigned kOpcodeCount = 0
#define OPCODE(name, a, b, c, x) +1
#include "vm/bytecode/opcodes.def"
#undef OPCODE
    ;

// Two instructions with a handler of their own (superinstructions.def).
struct Superinstruction {
  enum Link : std::uint8_t { kAny, kLeft, kRight };
  Opcode first, second;
  Link link;
};
inline constexpr Superinstruction kSuperinstructions[] = {
#define SUPERINSTRUCTION(first, second, link) {Opcode::first, Opcode::second, Superinstruction::link},
#include "vm/bytecode/superinstructions.def"
#undef SUPERINSTRUCTION
};

// Handlers: those of the opcodes by their numbers, then those of the superinstructions.
inline constexpr unsigned kHandlerCount = kOpcodeCount + std::size(kSuperinstructions);
static_assert(kHandlerCount <= 256);
// What the handler runs first. Not inlined: the interpreter's handlers ask only when they are slow already.
Opcode first_opcode_of(unsigned handler);

// What a field of an instruction holds.
enum class OperandKind : std::uint8_t {
  None,
  Read,           // a register that is read
  Write,          // a register that is written
  WriteTwo,       // this register and the next are written
  ReadCell,       // a register that holds a cell
  MakeCell,       // a register whose value becomes a cell
  Span,           // this register and as many as field b says
  List,           // a table in this register, its elements in those above
  Call,           // a function in this register, its arguments in those above
  Results,        // this register and those above
  ForState,       // the registers of a loop's state
  Constant,       // a constant
  Upvalue,        // an upvalue's index
  Integer,        // a signed 16-bit number
  Count,          // an unsigned 16-bit number
  Jump,           // a signed 16-bit distance
  WideInteger,    // b and c: a signed 32-bit number
  WideConstant,   // b and c: a constant
  WidePrototype,  // b and c: index of a nested function
  WideForward,    // b and c: a distance, not negative
  WideLoop,       // b and c: a distance of either sign; a switch point
  Hint,           // x: where a key was last found
  Event,          // x: a metamethod's event, bit 7 set when the operands were exchanged
  Condition,      // x: jump when the outcome is bit 0
};

struct OpcodeInfo {
  const char* name;  // as in opcodes.def, without the k
  OperandKind a, b, c, x;
};
const OpcodeInfo& info_of(Opcode opcode);

// Comparisons come in pairs: one, and right after it its opposite.
constexpr bool is_comparison(Opcode opcode) {
  return opcode >= Opcode::kEqual && opcode <= Opcode::kNotGreaterEqualInteger;
}
constexpr bool is_negated(Opcode comparison) {
  return (static_cast<int>(comparison) - static_cast<int>(Opcode::kEqual)) % 2 == 1;
}
constexpr Opcode negated(Opcode comparison) {
  return static_cast<Opcode>(static_cast<int>(comparison) + (is_negated(comparison) ? -1 : 1));
}
// A jump back, or a call: where a thread looks at its eval breaker even if not every instruction is a switch
// point. Every loop and every recursion of script functions passes one.
constexpr bool is_switch_point(Opcode opcode) {
  switch (opcode) {
    case Opcode::kJumpBack:
    case Opcode::kForLoop:
    case Opcode::kGenericForCall:
    case Opcode::kGenericForLoop:
    case Opcode::kCall:
    case Opcode::kTailCall: return true;
    default: return false;
  }
}

// Reads or writes what other threads can reach: a global, an element of a table, a local that a function
// captured.
constexpr bool touches_shared(Opcode opcode) {
  switch (opcode) {
    case Opcode::kLoadCell:
    case Opcode::kStoreCell:
    case Opcode::kLoadUpvalue:
    case Opcode::kStoreUpvalue:
    case Opcode::kGetGlobal:
    case Opcode::kSetGlobal:
    case Opcode::kSetGlobalConstant:
    case Opcode::kGetField:
    case Opcode::kSetField:
    case Opcode::kSetFieldConstant:
    case Opcode::kGetInteger:
    case Opcode::kSetInteger:
    case Opcode::kSetIntegerConstant:
    case Opcode::kGetIndex:
    case Opcode::kSetIndex:
    case Opcode::kSetIndexConstant:
    case Opcode::kSelf:
    case Opcode::kLength: return true;
    default: return false;  // kSetList fills a table that nobody else knows yet
  }
}

// Stores into a table, with a handler that looks for the place itself. Where the lock regime or the counting
// of references asks for another way to store, such an instruction needs another handler; kSetInteger does
// not: it leaves all to Table::set_integer().
constexpr bool stores_into_table(Opcode opcode) {
  switch (opcode) {
    case Opcode::kSetGlobal:
    case Opcode::kSetGlobalConstant:
    case Opcode::kSetField:
    case Opcode::kSetFieldConstant:
    case Opcode::kSetIndex:
    case Opcode::kSetIndexConstant: return true;
    default: return false;
  }
}

inline constexpr unsigned kRegisterSize = 16;

class Instruction {
 public:
  constexpr Instruction() : word_(0) {}
  explicit constexpr Instruction(std::uint64_t word) : word_(word) {}
  constexpr Instruction(Opcode op, std::uint16_t a, std::uint16_t b, std::uint16_t c, std::uint8_t x = 0)
      : word_(static_cast<std::uint64_t>(op) | std::uint64_t{x} << 8 | std::uint64_t{a} << 16 |
              std::uint64_t{b} << 32 | std::uint64_t{c} << 48) {}
  static constexpr Instruction with_wide(Opcode op, std::uint16_t a, std::int32_t wide) {
    return Instruction(static_cast<std::uint64_t>(op) | std::uint64_t{a} << 16 |
                       std::uint64_t{static_cast<std::uint32_t>(wide)} << 32);
  }

  constexpr std::uint64_t word() const { return word_; }
  constexpr Opcode op() const { return static_cast<Opcode>(word_ & 0xFF); }
  constexpr std::uint8_t x() const { return static_cast<std::uint8_t>(word_ >> 8); }
  constexpr std::uint16_t a() const { return static_cast<std::uint16_t>(word_ >> 16); }
  constexpr std::uint16_t b() const { return static_cast<std::uint16_t>(word_ >> 32); }
  constexpr std::uint16_t c() const { return static_cast<std::uint16_t>(word_ >> 48); }
  constexpr std::int16_t signed_b() const { return static_cast<std::int16_t>(b()); }
  constexpr std::int16_t signed_c() const { return static_cast<std::int16_t>(c()); }
  constexpr std::int32_t wide() const { return static_cast<std::int32_t>(word_ >> 32); }
  constexpr Instruction with_x(std::uint8_t x) const {
    return Instruction((word_ & ~std::uint64_t{0xFF00}) | std::uint64_t{x} << 8);
  }
  constexpr Instruction with_c(std::uint16_t c) const {
    return Instruction((word_ & 0x0000FFFFFFFFFFFFULL) | std::uint64_t{c} << 48);
  }
  constexpr Instruction with_wide(std::int32_t wide) const {
    return Instruction((word_ & 0xFFFFFFFFULL) | std::uint64_t{static_cast<std::uint32_t>(wide)} << 32);
  }

  // The stored form of register (or constant) `number`, and back.
  static constexpr std::uint16_t offset(unsigned number) {
    return static_cast<std::uint16_t>(number * kRegisterSize);
  }
  static constexpr unsigned number(unsigned offset) { return offset / kRegisterSize; }

 private:
  std::uint64_t word_;
};
static_assert(sizeof(Instruction) == 8);

// An instruction in a function's code. The interpreter reads field by field, which is one load each.
//
// Where a superinstruction begins, the number of its handler stands in the place of the opcode; both
// instructions are there as ever for who reads the code, jumps to the second, or runs one at a time.
class alignas(8) CodeWord {
 public:
  CodeWord() = default;
  Instruction load() const { return Instruction(op(), a_, b_, c_, x()); }
  // REQUIRES: no other thread can see the code yet.
  void store(Instruction instruction) {
    handler_ = static_cast<std::uint8_t>(instruction.op());
    x_.store(instruction.x(), std::memory_order_relaxed);
    a_ = instruction.a();
    b_ = instruction.b();
    c_ = instruction.c();
  }
  // Any thread, at any time.
  void set_hint(std::uint8_t hint) { x_.store(hint, std::memory_order_relaxed); }

  Opcode op() const { return first_opcode_of(handler_); }
  // Less than kHandlerCount.
  unsigned handler() const { return handler_; }
  // REQUIRES: no other thread can see the code yet, and `next` follows. Makes a superinstruction of both
  // where there is one.
  void join(const CodeWord& next);
  std::uint8_t x() const { return x_.load(std::memory_order_relaxed); }
  std::uint16_t a() const { return a_; }
  std::uint16_t b() const { return b_; }
  std::uint16_t c() const { return c_; }
  std::int16_t signed_b() const { return static_cast<std::int16_t>(b_); }
  std::int16_t signed_c() const { return static_cast<std::int16_t>(c_); }
  std::int32_t wide() const {
    std::int32_t number;
    std::memcpy(&number, reinterpret_cast<const char*>(this) + 4, sizeof number);
    return number;
  }

 private:
  std::uint8_t handler_ = 0;
  std::atomic<std::uint8_t> x_{0};
  std::uint16_t a_ = 0;
  std::uint16_t b_ = 0;  // b and c together are `wide`
  std::uint16_t c_ = 0;
};
static_assert(sizeof(CodeWord) == 8);

// The events that metamethods handle, in Lua's order where Lua's own code numbers them (ltm.h).
enum class Event : std::uint8_t {
  kIndex,
  kNewIndex,
  kGc,
  kMode,
  kLength,
  kEqual,
  kAdd,
  kSubtract,
  kMultiply,
  kModulo,
  kPower,
  kDivide,
  kFloorDivide,
  kBitAnd,
  kBitOr,
  kBitXor,
  kShiftLeft,
  kShiftRight,
  kNegate,
  kBitNot,
  kLess,
  kLessEqual,
  kConcatenate,
  kCall,
  kClose,
  // Not numbered by Lua: looked up by name in its library.
  kToString,
  kName,
  kPairs,
  kMetatable,
  kCount,
};
// "__index", "__newindex", ...
const char* name_of(Event event);

inline constexpr std::uint8_t kExchanged = 0x80;  // in the x field of arithmetic

}  // namespace gilvm
