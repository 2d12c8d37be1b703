// Lua 5.4's own instructions, as liblua compiles them: what the front end translates from, and what messages
// about variables are worked out from.
#pragma once

#include <cstdint>

namespace gilvm {

// Lua 5.4's instructions, in the order of lopcodes.h.
enum class LuaOp : std::uint8_t {
  MOVE,
  LOADI,
  LOADF,
  LOADK,
  LOADKX,
  LOADFALSE,
  LFALSESKIP,
  LOADTRUE,
  LOADNIL,
  GETUPVAL,
  SETUPVAL,
  GETTABUP,
  GETTABLE,
  GETI,
  GETFIELD,
  SETTABUP,
  SETTABLE,
  SETI,
  SETFIELD,
  NEWTABLE,
  SELF,
  ADDI,
  ADDK,
  SUBK,
  MULK,
  MODK,
  POWK,
  DIVK,
  IDIVK,
  BANDK,
  BORK,
  BXORK,
  SHRI,
  SHLI,
  ADD,
  SUB,
  MUL,
  MOD,
  POW,
  DIV,
  IDIV,
  BAND,
  BOR,
  BXOR,
  SHL,
  SHR,
  MMBIN,
  MMBINI,
  MMBINK,
  UNM,
  BNOT,
  NOT,
  LEN,
  CONCAT,
  CLOSE,
  TBC,
  JMP,
  EQ,
  LT,
  LE,
  EQK,
  EQI,
  LTI,
  LEI,
  GTI,
  GEI,
  TEST,
  TESTSET,
  CALL,
  TAILCALL,
  RETURN,
  RETURN0,
  RETURN1,
  FORLOOP,
  FORPREP,
  TFORPREP,
  TFORCALL,
  TFORLOOP,
  SETLIST,
  CLOSURE,
  VARARG,
  VARARGPREP,
  EXTRAARG,
};
inline constexpr unsigned kLuaOpCount = static_cast<unsigned>(LuaOp::EXTRAARG) + 1;

// A 32-bit instruction of Lua 5.4: op 7 bits, A 8, k 1, B 8, C 8; or op, A, Bx 17; or op, sJ 25.
struct LuaInstruction {
  std::uint32_t word;
  LuaOp op() const { return static_cast<LuaOp>(word & 0x7F); }
  unsigned a() const { return word >> 7 & 0xFF; }
  unsigned b() const { return word >> 16 & 0xFF; }
  unsigned c() const { return word >> 24; }
  bool k() const { return word >> 15 & 1; }
  unsigned bx() const { return word >> 15; }
  int sbx() const { return static_cast<int>(bx()) - 0xFFFF; }
  int sb() const { return static_cast<int>(b()) - 127; }
  int sc() const { return static_cast<int>(c()) - 127; }
  unsigned ax() const { return word >> 7; }
  int sj() const { return static_cast<int>(ax()) - 0xFFFFFF; }
};

}  // namespace gilvm
