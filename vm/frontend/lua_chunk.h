// A chunk as liblua dumps it: Lua 5.4's binary format, read into plain data.
//
// The format is that of ldump.c and lundump.c (LUAC_VERSION 0x54, LUAC_FORMAT 0); another version, another
// format or a damaged chunk is an error. The reader trusts no length in the chunk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vm/bytecode/lua_instruction.h"

namespace gilvm {

struct LuaNil {};
using LuaConstant = std::variant<LuaNil, bool, std::int64_t, double, std::string>;

struct LuaUpvalue {
  std::string name;
  bool in_stack = false;
  std::uint8_t index = 0;
};

struct LuaLocal {
  std::string name;
  std::int32_t start = 0;  // the instruction from which on it is visible
  std::int32_t end = 0;    // the first instruction where it is not
};

struct LuaFunction {
  std::string source;
  std::int32_t first_line = 0;
  std::int32_t last_line = 0;
  std::uint8_t parameters = 0;
  bool is_vararg = false;
  std::uint8_t registers = 0;
  std::vector<LuaInstruction> code;
  std::vector<LuaConstant> constants;
  std::vector<LuaUpvalue> upvalues;
  std::vector<LuaFunction> functions;
  std::vector<std::int32_t> lines;  // of each instruction; empty when stripped
  std::vector<LuaLocal> locals;
};

// Reads a whole chunk. Nothing, and a reason in *error, when it is not a 5.4 chunk.
std::optional<LuaFunction> read_chunk(std::string_view bytes, std::string* error);

}  // namespace gilvm
