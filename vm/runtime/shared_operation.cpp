#include "vm/runtime/shared_operation.h"

#include "vm/object/table.h"
#include "vm/runtime/variable_names.h"

namespace gilvm {

SharedOperation shared_operation(const Coroutine& coroutine, const CallFrame& frame) {
  using Kind = SharedOperation::Kind;
  SharedOperation operation;
  const Instruction i = frame.pc->load();
  const auto upvalue = [&](unsigned number) { return frame.closure->upvalues()[number]; };
  const auto loads = [&](Cell* cell) {
    operation.kind = Kind::kLoadCell;
    operation.cell = cell;
  };
  const auto stores = [&](Cell* cell, const Register& value) {
    operation.kind = Kind::kStoreCell;
    operation.cell = cell;
    operation.stored = &value;
  };
  const auto gets = [&](Value object, const Register& key) {
    operation.kind = Kind::kGet;
    operation.object = object;
    operation.key = key;
  };
  const auto sets = [&](Value object, const Register& key, const Register& value) {
    operation.kind = Kind::kSet;
    operation.object = object;
    operation.key = key;
    operation.stored = &value;
  };
  const auto globals = [&] {
    operation.cell = upvalue(i.b());
    return operation.cell->content.load();
  };
  const auto calls = [&](std::size_t arguments) {
    operation.kind = Kind::kCall;
    operation.function = &frame.at(i.a());
    operation.arguments = arguments;
  };
  switch (i.op()) {
    case Opcode::kLoadCell: loads(frame.at(i.b()).as_cell()); break;
    case Opcode::kStoreCell: stores(frame.at(i.a()).as_cell(), frame.at(i.b())); break;
    case Opcode::kLoadUpvalue: loads(upvalue(i.b())); break;
    case Opcode::kStoreUpvalue: stores(upvalue(i.b()), frame.at(i.a())); break;
    case Opcode::kGetGlobal: gets(globals(), frame.constant_at(i.c())); break;
    case Opcode::kSetGlobal: sets(globals(), frame.constant_at(i.c()), frame.at(i.a())); break;
    case Opcode::kSetGlobalConstant:
      sets(globals(), frame.constant_at(i.c()), frame.constant_at(i.a()));
      break;
    case Opcode::kGetField:
    case Opcode::kSelf: gets(frame.at(i.b()).value, frame.constant_at(i.c())); break;
    case Opcode::kSetField: sets(frame.at(i.a()).value, frame.constant_at(i.b()), frame.at(i.c())); break;
    case Opcode::kSetFieldConstant:
      sets(frame.at(i.a()).value, frame.constant_at(i.b()), frame.constant_at(i.c()));
      break;
    case Opcode::kGetInteger: gets(frame.at(i.b()).value, in_register(std::int64_t{i.signed_c()})); break;
    case Opcode::kSetInteger:
      sets(frame.at(i.a()).value, in_register(std::int64_t{i.signed_b()}), frame.at(i.c()));
      break;
    case Opcode::kSetIntegerConstant:
      sets(frame.at(i.a()).value, in_register(std::int64_t{i.signed_b()}), frame.constant_at(i.c()));
      break;
    case Opcode::kGetIndex: gets(frame.at(i.b()).value, frame.at(i.c())); break;
    case Opcode::kSetIndex: sets(frame.at(i.a()).value, frame.at(i.b()), frame.at(i.c())); break;
    case Opcode::kSetIndexConstant:
      sets(frame.at(i.a()).value, frame.at(i.b()), frame.constant_at(i.c()));
      break;
    case Opcode::kLength:
      operation.kind = Kind::kLength;
      operation.object = frame.at(i.b()).value;
      break;
    case Opcode::kCall:
    case Opcode::kTailCall:
      // 0: up to the top.
      calls(i.b() != 0 ? i.b() - 1u : static_cast<std::size_t>(coroutine.top - &frame.at(i.a()) - 1));
      break;
    case Opcode::kGenericForCall: calls(2); break;  // the state and the control variable
    default: break;
  }
  return operation;
}

std::string name_of_captured(const Prototype& prototype, const CodeWord* instruction) {
  const Instruction i = instruction->load();
  const auto index = static_cast<std::size_t>(instruction - prototype.code.get());
  const auto local = [&](std::uint16_t offset) {
    const std::int32_t position = index < prototype.lua_position.size() ? prototype.lua_position[index] : 0;
    return name_of_local(prototype, position, Instruction::number(offset));
  };
  switch (i.op()) {
    case Opcode::kLoadUpvalue:
    case Opcode::kStoreUpvalue: return prototype.upvalues[i.b()].name;
    case Opcode::kLoadCell: return local(i.b());
    case Opcode::kStoreCell: return local(i.a());
    default: return "";
  }
}

Value get_raw(const Table& table, const Register& key) {
  return key.value.is_wide() ? Value::nil() : table.get(key.value);
}

}  // namespace gilvm
