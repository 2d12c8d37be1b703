#include "vm/race/names.h"

#include <cctype>

#include "vm/runtime/shared_operation.h"
#include "vm/runtime/variable_names.h"

namespace gilvm {
namespace {

constexpr std::size_t kLongestKey = 30;

std::int32_t position_of(const Prototype& prototype, const CodeWord* instruction) {
  const auto index = static_cast<std::size_t>(instruction - prototype.code.get());
  return index < prototype.lua_position.size() ? prototype.lua_position[index] : 0;
}

std::string name_in_register(const Prototype& prototype, std::int32_t position, unsigned reg) {
  const VariableName name = name_of_register(prototype, position, reg);
  return name.known() && name.kind != "constant" && name.name != "?" && name.name != "integer index"
             ? name.name
             : "";
}

bool is_identifier(std::string_view text) {
  if (text.empty() || text.size() > kLongestKey) return false;
  for (const char letter : text) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0 && letter != '_') return false;
  }
  return std::isdigit(static_cast<unsigned char>(text.front())) == 0;
}

std::string key_text(const Register& key) {
  if (key.is_integer()) return "[" + std::to_string(key.as_integer()) + "]";
  if (key.value.is_string()) {
    const std::string_view text = key.value.as_string()->view();
    if (is_identifier(text)) return "." + std::string(text);
    return "[\"" + std::string(text.substr(0, kLongestKey)) + (text.size() > kLongestKey ? "..." : "") +
           "\"]";
  }
  if (key.value.is_boolean()) return key.value.as_boolean() ? "[true]" : "[false]";
  if (key.value.is_double()) return "[" + std::to_string(key.value.as_double()) + "]";
  return "[?]";
}

// The register of the table; nothing: it is the globals'.
std::string table_of(const Prototype& prototype, const CodeWord* instruction, bool* is_globals) {
  const Instruction i = instruction->load();
  const std::int32_t position = position_of(prototype, instruction);
  const auto named = [&](std::uint16_t offset) {
    return name_in_register(prototype, position, Instruction::number(offset));
  };
  switch (i.op()) {
    case Opcode::kGetGlobal:
    case Opcode::kSetGlobal:
    case Opcode::kSetGlobalConstant: {
      const std::string name = name_of_upvalue(prototype, i.b()).name;
      *is_globals = name == "_ENV";
      return name;
    }
    case Opcode::kGetField:
    case Opcode::kSelf:
    case Opcode::kGetInteger:
    case Opcode::kGetIndex:
    case Opcode::kLength: return named(i.b());
    case Opcode::kSetField:
    case Opcode::kSetFieldConstant:
    case Opcode::kSetInteger:
    case Opcode::kSetIntegerConstant:
    case Opcode::kSetIndex:
    case Opcode::kSetIndexConstant: return named(i.a());
    case Opcode::kCall:
    case Opcode::kTailCall: return name_in_register(prototype, position, Instruction::number(i.a()) + 1);
    default: return "";
  }
}

}  // namespace

std::string name_of_variable(const Prototype& prototype, const CodeWord* instruction,
                             const SharedAccess& access) {
  using Part = SharedAccess::Part;
  if (access.part == Part::kContent) {
    const std::string name = name_of_captured(prototype, instruction);
    return name.empty() ? "?" : name;
  }
  bool is_globals = false;
  std::string table = table_of(prototype, instruction, &is_globals);
  if (table.empty()) table = "?";
  switch (access.part) {
    case Part::kLength: return "#" + table;
    case Part::kKeys: return "pairs(" + table + ")";
    case Part::kStorage: return table;
    case Part::kCoroutine: return "coroutine";
    default: break;
  }
  const std::string key = key_text(access.shown);
  return is_globals && key.front() == '.' ? key.substr(1) : table + key;
}

std::string name_of_object(const Prototype& prototype, const CodeWord* call) {
  const std::string name = name_of_receiver(prototype, position_of(prototype, call)).name;
  return name == "?" || name == "integer index" ? "" : name;
}

}  // namespace gilvm
