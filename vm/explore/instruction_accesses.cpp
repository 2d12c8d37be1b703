#include "vm/explore/instruction_accesses.h"

#include <cmath>

#include "vm/object/coroutine.h"
#include "vm/object/table.h"

namespace gilvm {
namespace {

std::uint32_t id_of(const Object* object) {
  return object->word < Access::kFirstObject ? object->word + Access::kFirstObject : object->word;
}

std::uint32_t key_of_bits(std::uint64_t bits) {
  bits ^= bits >> 32;
  const auto key = static_cast<std::uint32_t>((bits * 0x9E3779B97F4A7C15ULL) >> 32);
  return key == Access::kWhole ? 1 : key;
}

std::uint32_t key_of_integer(std::int64_t integer) {
  return key_of_bits(static_cast<std::uint64_t>(integer));
}

// Keys that a table takes for one have one hash.
std::uint32_t key_of(Value value) {
  if (value.is_integer()) return key_of_integer(value.as_integer());
  if (value.is_string())
    return key_of_bits(std::uint64_t{value.as_string()->hash()} | std::uint64_t{1} << 40);
  if (value.is_double()) {
    const double number = value.as_double();
    if (number == std::floor(number) && number >= -0x1p62 && number <= 0x1p62) {
      return key_of_integer(static_cast<std::int64_t>(number));
    }
    return key_of_bits(value.bits());
  }
  if (value.is_object()) return key_of_bits(std::uint64_t{value.as_object()->word} | std::uint64_t{1} << 41);
  return key_of_bits(value.bits());
}

std::uint32_t key_of(const Register& reg) {
  return reg.value.is_wide() ? key_of_integer(reg.wide) : key_of(reg.value);
}

// As a key of Table::get(): nil for one that needs a box, which is found in no table.
Value plain(const Register& reg) { return reg.value.is_wide() ? Value::nil() : reg.value; }

Table* metatable_of_value(VmThread& thread, Value value) {
  if (value.is_table()) return value.as_table()->metatable();
  if (value.is_userdata()) return value.as_userdata()->metatable.load(std::memory_order_acquire);
  if (value.is_string()) {
    return thread.vm().basic_metatable(Vm::BasicType::kString).load(std::memory_order_acquire);
  }
  return nullptr;
}

bool is_native(VmThread& thread, const Table& metatable, Event event) {
  return metatable.get_short(thread.vm().name_of(event)).is_native();
}

constexpr std::uint32_t kContent = 1;  // the key of a cell

bool compares(Opcode op) { return op >= Opcode::kEqual && op <= Opcode::kNotGreaterEqualInteger; }
bool computes(Opcode op) { return op >= Opcode::kAdd && op <= Opcode::kNot; }

}  // namespace

Access InstructionAccesses::of_closing(VmThread& thread, Value value) {
  if (value.is_table()) {
    const Table* metatable = value.as_table()->metatable();
    if (metatable && is_native(thread, *metatable, Event::kClose)) return Access::anything();
  }
  return value.is_object() ? Access{id_of(value.as_object()), Access::kWhole, true} : Access::anything();
}

// It is looked at for metamethods.
const Table* InstructionAccesses::metatable_of(VmThread& thread, Value value) {
  if (!value.is_table() && !value.is_userdata()) return nullptr;
  const Table* metatable = metatable_of_value(thread, value);
  if (metatable) add(id_of(metatable), Access::kWhole, false);
  return metatable;
}

// One of its metamethods may be called.
void InstructionAccesses::operate(VmThread& thread, Value value) {
  const Table* metatable = metatable_of(thread, value);
  if (!metatable) return;
  for (int event = static_cast<int>(Event::kLength); event <= static_cast<int>(Event::kToString); ++event) {
    if (event == static_cast<int>(Event::kClose)) continue;  // of_closing() sees to it
    if (is_native(thread, *metatable, static_cast<Event>(event))) return anything();
  }
}

void InstructionAccesses::get(VmThread& thread, Value object, std::uint32_t key, Value plain_key) {
  for (int step = 0; step < kMostSteps; ++step) {
    if (object.is_table()) {
      const Table* table = object.as_table();
      add(id_of(table), key, false);
      if (!table->get(plain_key).is_nil()) return;
    }
    Table* metatable = metatable_of_value(thread, object);
    if (!metatable) return;
    String* const name = thread.vm().name_of(Event::kIndex);
    add(id_of(metatable), key_of(Value::string(name)), false);
    object = metatable->get_short(name);
    if (object.is_nil() || object.is_closure()) return;
    if (object.is_native()) break;
  }
  anything();
}

void InstructionAccesses::set(VmThread& thread, Value object, std::uint32_t key, Value plain_key) {
  for (int step = 0; step < kMostSteps; ++step) {
    if (object.is_table()) {
      const Table* table = object.as_table();
      add(id_of(table), key, true);
      if (!table->metatable() || !table->get(plain_key).is_nil()) return;
    }
    Table* metatable = metatable_of_value(thread, object);
    if (!metatable) return;
    String* const name = thread.vm().name_of(Event::kNewIndex);
    add(id_of(metatable), key_of(Value::string(name)), false);
    object = metatable->get_short(name);
    if (object.is_nil() || object.is_closure()) return;
    if (object.is_native()) break;
  }
  anything();
}

void InstructionAccesses::call(VmThread& thread, Value function, const Register* arguments,
                               std::size_t count) {
  if (function.is_native()) return call_native(thread, *function.as_native(), arguments, count);
  if (function.is_closure()) return;
  const Table* metatable = metatable_of(thread, function);
  if (!metatable) return;
  const Value method = metatable->get_short(thread.vm().name_of(Event::kCall));
  if (!method.is_closure() && !method.is_nil()) anything();
}

void InstructionAccesses::call_native(VmThread& thread, const NativeFunction& function,
                                      const Register* arguments, std::size_t count) {
  const auto argument = [&](std::size_t index) {
    return index < count ? arguments[index].value : Value::nil();
  };
  const auto rest = [&](std::size_t from) { return count > from ? count - from : 0; };
  switch (function.native_kind()) {
    case NativeKind::kProtectedCall: return call(thread, argument(0), arguments + 1, rest(1));
    case NativeKind::kProtectedCallWithHandler:
      if (argument(1).is_native()) anything();
      return call(thread, argument(0), arguments + 2, rest(2));
    case NativeKind::kResume:
      if (argument(0).is_coroutine()) add(id_of(argument(0).as_object()), Access::kWhole, true);
      return;
    case NativeKind::kWrapped: {
      const Value coroutine = const_cast<NativeFunction&>(function).slots()[0].load();
      if (!coroutine.is_coroutine()) return anything();
      return add(id_of(coroutine.as_object()), Access::kWhole, true);
    }
    case NativeKind::kYield: return;
    case NativeKind::kNext:
      if (argument(0).is_table()) add(id_of(argument(0).as_object()), Access::kWhole, false);
      return;
    case NativeKind::kNextIndex:
      if (argument(0).is_table()) add(id_of(argument(0).as_object()), Access::kWhole, false);
      if (metatable_of_value(thread, argument(0))) anything();
      return;
    case NativeKind::kInterruptibleCall: return anything();
    case NativeKind::kOrdinary: break;
  }
  const NativeEffect effect = effects_.of(function, argument(0));
  const bool is_raw = effect == NativeEffect::kReadsRaw || effect == NativeEffect::kWritesRaw;
  if (effect == NativeEffect::kAnything) return anything();
  if (effect == NativeEffect::kWritesObject) {
    // A wait that ends by itself depends on all that takes time.
    const bool has_timeout = count > 2 || (count == 2 && argument(1).is_table());
    if (has_timeout && !argument(2).is_nil()) return anything();
    is_done_when_it_calls_ = true;
    return add(id_of(argument(0).as_object()), Access::kWhole, true);
  }
  for (std::size_t index = 0; index < count; ++index) {
    const Value value = argument(index);
    if (value.is_native() && !is_raw) return anything();  // it may be called
    if (value.is_userdata()) add(id_of(value.as_object()), Access::kWhole, true);
    if (effect == NativeEffect::kShows && value.is_object() && !value.is_string()) {
      add(Access::kNumbers, kContent, true);
    }
    if (!value.is_table()) continue;
    const bool writes = effect == NativeEffect::kWrites || effect == NativeEffect::kWritesRaw;
    if (writes || effect == NativeEffect::kReads || is_raw)
      add(id_of(value.as_object()), Access::kWhole, writes);
    if (is_raw || !value.as_table()->metatable()) continue;
    if (writes || effect == NativeEffect::kReads) return anything();
    operate(thread, value);
  }
}

const std::vector<Access>& InstructionAccesses::of_next(VmThread& thread) {
  found_.clear();
  is_done_when_it_calls_ = false;
  const CallFrame* frame = thread.coroutine->frame();
  if (frame->kind != FrameKind::kScript) return found_;
  const Instruction i = frame->pc->load();
  char* const base = reinterpret_cast<char*>(frame->base);
  const auto reg = [base](std::uint16_t offset) -> Register& {
    return *reinterpret_cast<Register*>(base + offset);
  };
  const auto constant = [frame](std::uint16_t offset) -> const Register& {
    return *reinterpret_cast<const Register*>(reinterpret_cast<const char*>(frame->constants) + offset);
  };
  const auto globals = [&] {
    const Cell* cell = frame->closure->upvalues()[i.b()];
    add(id_of(cell), kContent, false);
    return cell->content.load();
  };
  const auto at = [&](const Register& key) { return std::pair(key_of(key), plain(key)); };
  const auto at_integer = [](std::int64_t key) {
    return std::pair(key_of_integer(key), Value::inline_integer(key));
  };
  const auto gets = [&](Value object, std::pair<std::uint32_t, Value> key) {
    get(thread, object, key.first, key.second);
  };
  const auto sets = [&](Value object, std::pair<std::uint32_t, Value> key) {
    set(thread, object, key.first, key.second);
  };
  switch (i.op()) {
    case Opcode::kLoadCell: add(id_of(reg(i.b()).as_cell()), kContent, false); break;
    case Opcode::kStoreCell: add(id_of(reg(i.a()).as_cell()), kContent, true); break;
    case Opcode::kLoadUpvalue: add(id_of(frame->closure->upvalues()[i.b()]), kContent, false); break;
    case Opcode::kStoreUpvalue: add(id_of(frame->closure->upvalues()[i.b()]), kContent, true); break;
    case Opcode::kGetGlobal: gets(globals(), at(constant(i.c()))); break;
    case Opcode::kSetGlobal:
    case Opcode::kSetGlobalConstant: sets(globals(), at(constant(i.c()))); break;
    case Opcode::kGetField:
    case Opcode::kSelf: gets(reg(i.b()).value, at(constant(i.c()))); break;
    case Opcode::kSetField:
    case Opcode::kSetFieldConstant: sets(reg(i.a()).value, at(constant(i.b()))); break;
    case Opcode::kGetInteger: gets(reg(i.b()).value, at_integer(i.signed_c())); break;
    case Opcode::kSetInteger:
    case Opcode::kSetIntegerConstant: sets(reg(i.a()).value, at_integer(i.signed_b())); break;
    case Opcode::kGetIndex: gets(reg(i.b()).value, at(reg(i.c()))); break;
    case Opcode::kSetIndex:
    case Opcode::kSetIndexConstant: sets(reg(i.a()).value, at(reg(i.b()))); break;
    case Opcode::kLength:
      if (reg(i.b()).value.is_table()) add(id_of(reg(i.b()).value.as_object()), Access::kWhole, false);
      operate(thread, reg(i.b()).value);
      break;
    case Opcode::kConcatenate:
      for (unsigned index = 0; index < i.b(); ++index) operate(thread, (&reg(i.a()))[index].value);
      break;
    case Opcode::kCall:
    case Opcode::kTailCall: {
      const Register* function = &reg(i.a());
      const std::ptrdiff_t open = thread.coroutine->top - function - 1;
      call(thread, function->value, function + 1, i.b() != 0 ? i.b() - 1u : static_cast<std::size_t>(open));
      break;
    }
    case Opcode::kGenericForCall: call(thread, reg(i.a()).value, &reg(i.a()) + 1, 2); break;
    case Opcode::kToBeClosed: metatable_of(thread, reg(i.a()).value); break;
    default:
      if (compares(i.op())) {
        operate(thread, reg(i.a()).value);
        if (i.op() <= Opcode::kNotLessEqual) operate(thread, reg(i.b()).value);
      } else if (computes(i.op())) {
        operate(thread, reg(i.b()).value);
        if (i.op() <= Opcode::kShiftRight) operate(thread, reg(i.c()).value);
      }
      break;
  }
  return found_;
}

}  // namespace gilvm
