#include "vm/runtime/variable_names.h"

#include "vm/bytecode/lua_instruction.h"

namespace gilvm {
namespace {

LuaInstruction instruction_at(const Prototype& prototype, std::int32_t position) {
  return LuaInstruction{prototype.lua_code[static_cast<std::size_t>(position)]};
}

bool sets_register(LuaInstruction i, unsigned reg) {
  const unsigned a = i.a();
  switch (i.op()) {
    case LuaOp::LOADNIL: return a <= reg && reg <= a + i.b();
    case LuaOp::TFORCALL: return reg >= a + 2;
    case LuaOp::CALL:
    case LuaOp::TAILCALL: return reg >= a;
    case LuaOp::SELF: return reg == a || reg == a + 1;
    case LuaOp::SETUPVAL:
    case LuaOp::SETTABUP:
    case LuaOp::SETTABLE:
    case LuaOp::SETI:
    case LuaOp::SETFIELD:
    case LuaOp::MMBIN:
    case LuaOp::MMBINI:
    case LuaOp::MMBINK:
    case LuaOp::CLOSE:
    case LuaOp::TBC:
    case LuaOp::JMP:
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
    case LuaOp::RETURN:
    case LuaOp::RETURN0:
    case LuaOp::RETURN1:
    case LuaOp::TFORPREP:
    case LuaOp::SETLIST:
    case LuaOp::EXTRAARG: return false;
    default: return a == reg;
  }
}

// The instruction that gave `reg` its value before `position`, or -1 when that depends on the path taken.
std::int32_t last_setter(const Prototype& prototype, std::int32_t position, unsigned reg) {
  std::int32_t setter = -1;
  std::int32_t jump_target = 0;  // code before this is conditional
  // A metamethod's fallback instruction follows the one whose operands it uses.
  const LuaOp op = instruction_at(prototype, position).op();
  if (op == LuaOp::MMBIN || op == LuaOp::MMBINI || op == LuaOp::MMBINK) --position;
  for (std::int32_t here = 0; here < position; ++here) {
    const LuaInstruction i = instruction_at(prototype, here);
    bool changes = sets_register(i, reg);
    if (i.op() == LuaOp::JMP) {
      const std::int32_t target = here + 1 + i.sj();
      if (target <= position && target > jump_target) jump_target = target;
    }
    if (changes) setter = here < jump_target ? -1 : here;
  }
  return setter;
}

std::string constant_text(const Prototype& prototype, unsigned index) {
  if (index < prototype.constants.size() && prototype.constants[index].value.is_string()) {
    return std::string(prototype.constants[index].value.as_string()->view());
  }
  return "?";
}

VariableName field_of(bool table_is_environment, std::string name) {
  return {table_is_environment ? "global" : "field", std::move(name)};
}

bool is_environment_register(const Prototype& prototype, std::int32_t position, unsigned reg) {
  // An upvalue too: it stands in a register where the constants are too many for the short form.
  return name_of_register(prototype, position, reg).name == "_ENV";
}

}  // namespace

std::string name_of_local(const Prototype& prototype, std::int32_t position, unsigned reg) {
  for (const LocalDescription& local : prototype.locals) {
    if (local.start > position) break;
    if (position < local.end && reg-- == 0) return local.name;
  }
  return {};
}

VariableName name_of_upvalue(const Prototype& prototype, unsigned index) {
  if (index >= prototype.upvalues.size()) return {};
  const std::string& name = prototype.upvalues[index].name;
  return {"upvalue", name.empty() ? "?" : name};
}

VariableName name_of_register(const Prototype& prototype, std::int32_t position, unsigned reg) {
  std::string local = name_of_local(prototype, position, reg);
  if (!local.empty()) return {"local", local};
  const std::int32_t setter = last_setter(prototype, position, reg);
  if (setter < 0) return {};
  const LuaInstruction i = instruction_at(prototype, setter);
  switch (i.op()) {
    case LuaOp::MOVE: return i.b() < i.a() ? name_of_register(prototype, setter, i.b()) : VariableName{};
    case LuaOp::GETTABUP: {
      const bool environment = name_of_upvalue(prototype, i.b()).name == "_ENV";
      return field_of(environment, constant_text(prototype, i.c()));
    }
    case LuaOp::GETTABLE: {
      VariableName key = name_of_register(prototype, setter, i.c());
      const std::string name = key.kind == "constant" ? key.name : "?";
      return field_of(is_environment_register(prototype, setter, i.b()), name);
    }
    case LuaOp::GETI: return {"field", "integer index"};
    case LuaOp::GETFIELD:
      return field_of(is_environment_register(prototype, setter, i.b()), constant_text(prototype, i.c()));
    case LuaOp::GETUPVAL: return name_of_upvalue(prototype, i.b());
    case LuaOp::LOADK:
    case LuaOp::LOADKX: {
      const unsigned index = i.op() == LuaOp::LOADK ? i.bx() : instruction_at(prototype, setter + 1).ax();
      if (index < prototype.constants.size() && prototype.constants[index].value.is_string()) {
        return {"constant", constant_text(prototype, index)};
      }
      return {};
    }
    case LuaOp::SELF: {
      if (i.k()) return {"method", constant_text(prototype, i.c())};
      VariableName key = name_of_register(prototype, setter, i.c());
      return {"method", key.kind == "constant" ? key.name : "?"};
    }
    default: return {};
  }
}

namespace {

// `key` of what `base` is.
std::string path_of_field(const std::string& base, const char* separator, const std::string& key) {
  // What a function has returned, and the like, has no name.
  if (base == "_ENV" || (base.empty() && *separator == '.')) return key;
  return (base.empty() ? "?" : base) + separator + key;
}

std::string path_of_upvalue(const Prototype& prototype, unsigned index) {
  return index < prototype.upvalues.size() ? prototype.upvalues[index].name : std::string();
}

}  // namespace

std::string path_of_register(const Prototype& prototype, std::int32_t position, unsigned reg) {
  const std::string local = name_of_local(prototype, position, reg);
  if (!local.empty()) return local;
  const std::int32_t setter = last_setter(prototype, position, reg);
  if (setter < 0) return {};
  const LuaInstruction i = instruction_at(prototype, setter);
  const auto base = [&] { return path_of_register(prototype, setter, i.b()); };
  switch (i.op()) {
    case LuaOp::MOVE: return i.b() < i.a() ? base() : std::string();
    case LuaOp::GETUPVAL: return path_of_upvalue(prototype, i.b());
    case LuaOp::GETTABUP:
      return path_of_field(path_of_upvalue(prototype, i.b()), ".", constant_text(prototype, i.c()));
    case LuaOp::GETFIELD: return path_of_field(base(), ".", constant_text(prototype, i.c()));
    case LuaOp::SELF:
      return path_of_field(base(), ":", i.k() ? constant_text(prototype, i.c()) : std::string("?"));
    case LuaOp::GETI: return path_of_field(base(), "[", std::to_string(i.c()) + ']');
    case LuaOp::GETTABLE: {
      const std::string key = path_of_register(prototype, setter, i.c());
      return path_of_field(base(), "[", (key.empty() ? "?" : key) + ']');
    }
    default: return {};
  }
}

std::string path_of_indexed(const Prototype& prototype, std::int32_t position) {
  const LuaInstruction i = instruction_at(prototype, position);
  switch (i.op()) {
    case LuaOp::GETTABUP: return path_of_upvalue(prototype, i.b());
    case LuaOp::SETTABUP: return path_of_upvalue(prototype, i.a());
    case LuaOp::LEN:
    case LuaOp::SELF:
    case LuaOp::GETTABLE:
    case LuaOp::GETI:
    case LuaOp::GETFIELD: return path_of_register(prototype, position, i.b());
    case LuaOp::SETTABLE:
    case LuaOp::SETI:
    case LuaOp::SETFIELD: return path_of_register(prototype, position, i.a());
    default: return {};
  }
}

std::string path_of_called(const Prototype& prototype, std::int32_t position) {
  const LuaInstruction i = instruction_at(prototype, position);
  const bool calls = i.op() == LuaOp::CALL || i.op() == LuaOp::TAILCALL;
  return calls ? path_of_register(prototype, position, i.a()) : std::string();
}

VariableName name_of_called(const Prototype& prototype, std::int32_t position) {
  const LuaInstruction i = instruction_at(prototype, position);
  switch (i.op()) {
    case LuaOp::CALL:
    case LuaOp::TAILCALL: return name_of_register(prototype, position, i.a());
    case LuaOp::TFORCALL: return {"for iterator", "for iterator"};
    case LuaOp::SELF:
    case LuaOp::GETTABUP:
    case LuaOp::GETTABLE:
    case LuaOp::GETI:
    case LuaOp::GETFIELD: return {"metamethod", "index"};
    case LuaOp::SETTABUP:
    case LuaOp::SETTABLE:
    case LuaOp::SETI:
    case LuaOp::SETFIELD: return {"metamethod", "newindex"};
    case LuaOp::UNM: return {"metamethod", "unm"};
    case LuaOp::BNOT: return {"metamethod", "bnot"};
    case LuaOp::LEN: return {"metamethod", "len"};
    case LuaOp::CONCAT: return {"metamethod", "concat"};
    case LuaOp::EQ: return {"metamethod", "eq"};
    case LuaOp::LT:
    case LuaOp::LTI:
    case LuaOp::GTI: return {"metamethod", "lt"};
    case LuaOp::LE:
    case LuaOp::LEI:
    case LuaOp::GEI: return {"metamethod", "le"};
    case LuaOp::CLOSE:
    case LuaOp::RETURN: return {"metamethod", "close"};
    default: {
      if (i.op() < LuaOp::ADDI || i.op() > LuaOp::SHR) return {};
      const LuaInstruction fallback = instruction_at(prototype, position + 1);
      // A binary chunk may say anything.
      if (fallback.c() >= static_cast<unsigned>(Event::kCount)) return {};
      return {"metamethod", name_of(static_cast<Event>(fallback.c())) + 2};
    }
  }
}

VariableName name_of_receiver(const Prototype& prototype, std::int32_t position) {
  const LuaInstruction call = instruction_at(prototype, position);
  if (call.op() != LuaOp::CALL && call.op() != LuaOp::TAILCALL) return {};
  const std::int32_t setter = last_setter(prototype, position, call.a());
  if (setter < 0) return {};
  const LuaInstruction method = instruction_at(prototype, setter);
  if (method.op() != LuaOp::SELF) return {};
  return name_of_register(prototype, setter, method.b());
}

}  // namespace gilvm
