#include "vm/explore/instruction_accesses.h"

#include <cmath>

#include "vm/object/coroutine.h"
#include "vm/object/table.h"
#include "vm/runtime/errors.h"
#include "vm/runtime/shared_operation.h"

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

bool is_native(VmThread& thread, const Table& metatable, Event event) {
  return metatable.get_short(thread.vm().name_of(event)).is_native();
}

constexpr std::uint32_t kContent = 1;  // the key of a cell
constexpr std::uint32_t kStorage = 2;  // a key of a table: what grows

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
const Table* InstructionAccesses::look_at_metatable(VmThread& thread, Value value) {
  if (!value.is_table() && !value.is_userdata()) return nullptr;
  const Table* metatable = metatable_of(thread, value);
  if (metatable) add(id_of(metatable), Access::kWhole, false);
  return metatable;
}

// One of its metamethods may be called.
void InstructionAccesses::operate(VmThread& thread, Value value) {
  const Table* metatable = look_at_metatable(thread, value);
  if (!metatable) return;
  for (int event = static_cast<int>(Event::kLength); event <= static_cast<int>(Event::kToString); ++event) {
    if (event == static_cast<int>(Event::kClose)) continue;  // of_closing() sees to it
    if (is_native(thread, *metatable, static_cast<Event>(event))) return anything();
  }
}

void InstructionAccesses::get(VmThread& thread, Value object, const Register& key) {
  for (int step = 0; step < kMostSteps; ++step) {
    if (object.is_table()) {
      const Table* table = object.as_table();
      add(id_of(table), key_of(key), false);
      if (!get_raw(*table, key).is_nil()) return;
    }
    Table* metatable = metatable_of(thread, object);
    if (!metatable) return;
    String* const name = thread.vm().name_of(Event::kIndex);
    add(id_of(metatable), key_of(Value::string(name)), false);
    object = metatable->get_short(name);
    if (object.is_nil() || object.is_closure()) return;
    if (object.is_native()) break;
  }
  anything();
}

void InstructionAccesses::set(VmThread& thread, Value object, const Register& key) {
  for (int step = 0; step < kMostSteps; ++step) {
    if (object.is_table()) {
      const Table* table = object.as_table();
      add(id_of(table), key_of(key), true);
      add_storage(thread, *table, key);
      if (!table->metatable() || !get_raw(*table, key).is_nil()) return;
    }
    Table* metatable = metatable_of(thread, object);
    if (!metatable) return;
    String* const name = thread.vm().name_of(Event::kNewIndex);
    add(id_of(metatable), key_of(Value::string(name)), false);
    object = metatable->get_short(name);
    if (object.is_nil() || object.is_closure()) return;
    if (object.is_native()) break;
  }
  anything();
}

// Without a lock a table grows in steps, in between which a store is lost. Whether a new key makes it grow
// depends on the keys that others have added, hence each of them counts.
void InstructionAccesses::add_storage(VmThread& thread, const Table& table, const Register& key) {
  if (thread.vm().lock().regime != LockRegime::kNone || key.value.is_wide()) return;
  add(id_of(&table), kStorage, !table.find(key.value));
}

void InstructionAccesses::call(VmThread& thread, Value function, const Register* arguments,
                               std::size_t count) {
  if (function.is_native()) return call_native(thread, *function.as_native(), arguments, count);
  if (function.is_closure()) return;
  const Table* metatable = look_at_metatable(thread, function);
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
      if (metatable_of(thread, argument(0))) anything();
      return;
    case NativeKind::kInterruptibleCall: return anything();
    case NativeKind::kOrdinary: break;
  }
  const NativeTouch touch = effects_.touch_of(function, argument(0));
  const bool is_raw = touch == NativeTouch::kReadsRaw || touch == NativeTouch::kWritesRaw;
  if (touch == NativeTouch::kAnything) return anything();
  if (touch == NativeTouch::kWritesObject) {
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
    if (touch == NativeTouch::kShows && value.is_object() && !value.is_string()) {
      add(Access::kNumbers, kContent, true);
    }
    if (!value.is_table()) continue;
    const bool writes = touch == NativeTouch::kWrites || touch == NativeTouch::kWritesRaw;
    if (writes || touch == NativeTouch::kReads || is_raw)
      add(id_of(value.as_object()), Access::kWhole, writes);
    if (is_raw || !value.as_table()->metatable()) continue;
    if (writes || touch == NativeTouch::kReads) return anything();
    operate(thread, value);
  }
}

const std::vector<Access>& InstructionAccesses::of_next(VmThread& thread) {
  using Kind = SharedOperation::Kind;
  found_.clear();
  is_done_when_it_calls_ = false;
  const CallFrame* frame = thread.coroutine->frame();
  if (frame->kind != FrameKind::kScript) return found_;
  const SharedOperation operation = shared_operation(*thread.coroutine, *frame);
  if (operation.cell) add(id_of(operation.cell), kContent, operation.kind == Kind::kStoreCell);
  switch (operation.kind) {
    case Kind::kLoadCell:
    case Kind::kStoreCell: break;
    case Kind::kGet: get(thread, operation.object, operation.key); break;
    case Kind::kSet: set(thread, operation.object, operation.key); break;
    case Kind::kLength:
      if (operation.object.is_table()) add(id_of(operation.object.as_object()), Access::kWhole, false);
      operate(thread, operation.object);
      break;
    case Kind::kCall:
      call(thread, operation.function->value, operation.function + 1, operation.arguments);
      break;
    case Kind::kNone: operate(thread, *frame, frame->pc->load()); break;
  }
  return found_;
}

// The operands of what may be done by a metamethod, and by nothing else that is shared.
void InstructionAccesses::operate(VmThread& thread, const CallFrame& frame, Instruction i) {
  const Opcode op = i.op();
  if (op == Opcode::kConcatenate) {
    for (unsigned index = 0; index < i.b(); ++index) operate(thread, (&frame.at(i.a()))[index].value);
  } else if (op == Opcode::kToBeClosed) {
    look_at_metatable(thread, frame.at(i.a()).value);
  } else if (is_comparison(op)) {
    operate(thread, frame.at(i.a()).value);
    if (op <= Opcode::kNotLessEqual) operate(thread, frame.at(i.b()).value);
  } else if (computes(op)) {
    operate(thread, frame.at(i.b()).value);
    if (op <= Opcode::kShiftRight) operate(thread, frame.at(i.c()).value);
  }
}

}  // namespace gilvm
