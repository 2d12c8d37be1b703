#include "vm/race/shared_accesses.h"

#include <algorithm>
#include <cmath>

namespace gilvm {
namespace {

using Part = SharedAccess::Part;

Register in_register(Value value) {
  Register reg;
  reg.set(value);
  return reg;
}

Register in_register(std::int64_t integer) {
  Register reg;
  reg.set_integer(integer);
  return reg;
}

std::uint64_t mixed(std::uint64_t bits, std::uint64_t kind) { return (bits + kind) * 0x9E3779B97F4A7C15ULL; }

// Not the address of a string: another one may get it.
std::uint64_t number_of(const Register& key) {
  constexpr std::uint64_t kInteger = 1, kString = 3, kOther = 5;
  const Value value = key.value;
  if (key.is_integer()) return mixed(static_cast<std::uint64_t>(key.as_integer()), kInteger);
  if (value.is_string()) {
    const String* text = value.as_string();
    return mixed(std::uint64_t{text->hash()} | std::uint64_t{text->view().size()} << 32, kString);
  }
  if (value.is_double()) {
    const double number = value.as_double();
    if (number == std::floor(number) && number >= -0x1p62 && number <= 0x1p62) {
      return mixed(static_cast<std::uint64_t>(static_cast<std::int64_t>(number)), kInteger);
    }
  }
  if (value.is_object()) return mixed(value.bits() ^ std::uint64_t{value.as_object()->word} << 16, kOther);
  return mixed(value.bits(), kOther);
}

// Nil for one that needs a box, which is found in no table.
Value get(const Table* table, const Register& key) {
  return key.value.is_wide() ? Value::nil() : table->get(key.value);
}

bool is_whole(const Register& key) {
  return key.is_integer() ||
         (key.value.is_double() && key.value.as_double() == std::floor(key.value.as_double()));
}

Table* metatable_of(VmThread& thread, Value value) {
  if (value.is_table()) return value.as_table()->metatable();
  if (value.is_userdata()) return value.as_userdata()->metatable.load(std::memory_order_acquire);
  if (value.is_string()) {
    return thread.vm().basic_metatable(Vm::BasicType::kString).load(std::memory_order_acquire);
  }
  return nullptr;
}

}  // namespace

void SharedAccesses::learn(VmThread& thread) {
  struct Known {
    const char* table;  // null: the globals
    const char* name;
    Effect effect;
  };
  constexpr Known kKnown[] = {
      {"table", "insert", Effect::kInsert},    {"table", "remove", Effect::kRemove},
      {"table", "sort", Effect::kSort},        {"table", "concat", Effect::kConcat},
      {"table", "unpack", Effect::kUnpack},    {"table", "move", Effect::kMove},
      {nullptr, "rawget", Effect::kRawGet},    {nullptr, "rawset", Effect::kRawSet},
      {nullptr, "rawlen", Effect::kRawLength}, {nullptr, "next", Effect::kNext},
  };
  for (const Known& known : kKnown) {
    Table* table = thread.vm().globals;
    if (known.table) {
      const Value module = table->get_short(thread.string(known.table));
      if (!module.is_table()) continue;
      table = module.as_table();
    }
    const Value function = table->get_short(thread.string(known.name));
    if (function.is_native()) effects_[function.as_native()->code] = known.effect;
  }
}

void SharedAccesses::part(Object* object, Part part, bool writes) {
  found_.push_back({object, 0, part, writes, {}});
}

void SharedAccesses::element(Table* table, const Register& key, bool writes) {
  found_.push_back({table, number_of(key), Part::kElement, writes, key});
}

void SharedAccesses::elements(Table* table, std::int64_t first, std::int64_t last, bool writes) {
  if (first > last) return;
  if (last - first >= kMostElements) last = first + kMostElements - 1;
  for (std::int64_t key = first; key <= last; ++key) element(table, in_register(key), writes);
}

void SharedAccesses::store(Table* table, const Register& key, bool to_nil) {
  element(table, key, true);
  if (gilvm::get(table, key).is_nil() == to_nil) return;
  part(table, Part::kKeys, true);
  if (is_whole(key)) part(table, Part::kLength, true);
}

void SharedAccesses::get(VmThread& thread, Value object, const Register& key) {
  for (int step = 0; step < kMostSteps; ++step) {
    if (object.is_table()) {
      element(object.as_table(), key, false);
      if (!gilvm::get(object.as_table(), key).is_nil()) return;
    }
    Table* metatable = metatable_of(thread, object);
    if (!metatable) return;
    String* const name = thread.vm().name_of(Event::kIndex);
    element(metatable, in_register(Value::string(name)), false);
    object = metatable->get_short(name);
    if (!object.is_table()) return;
  }
}

void SharedAccesses::set(VmThread& thread, Value object, const Register& key, bool to_nil) {
  for (int step = 0; step < kMostSteps; ++step) {
    Table* metatable = metatable_of(thread, object);
    String* const name = thread.vm().name_of(Event::kNewIndex);
    const Value handler = metatable ? metatable->get_short(name) : Value::nil();
    if (object.is_table()) {
      Table* table = object.as_table();
      if (handler.is_nil() || !gilvm::get(table, key).is_nil()) return store(table, key, to_nil);
      element(table, key, false);
    }
    if (!metatable) return;
    element(metatable, in_register(Value::string(name)), false);
    object = handler;
    if (!object.is_table()) return;
  }
}

// As next() goes on behind `key`.
void SharedAccesses::follow(Table* table, Value key) {
  part(table, Part::kKeys, false);
  if (key.is_wide()) return;
  Value next, value;
  if (table->next(key, &next, &value) && !next.is_nil()) element(table, in_register(next), false);
}

void SharedAccesses::call(VmThread& thread, Value function, const Register* arguments, std::size_t count) {
  if (!function.is_native()) return;
  NativeFunction& native = *function.as_native();
  const auto argument = [&](std::size_t index) {
    return index < count ? arguments[index].value : Value::nil();
  };
  const auto rest = [&](std::size_t from) { return count > from ? count - from : 0; };
  switch (native.native_kind()) {
    case NativeKind::kProtectedCall: return call(thread, argument(0), arguments + 1, rest(1));
    case NativeKind::kProtectedCallWithHandler: return call(thread, argument(0), arguments + 2, rest(2));
    case NativeKind::kResume:
      if (argument(0).is_coroutine()) part(argument(0).as_object(), Part::kCoroutine, true);
      return;
    case NativeKind::kWrapped: {
      const Value coroutine = native.slots()[0].load();
      if (coroutine.is_coroutine()) part(coroutine.as_object(), Part::kCoroutine, true);
      return;
    }
    case NativeKind::kNext:
      if (argument(0).is_table()) follow(argument(0).as_table(), argument(1));
      return;
    case NativeKind::kNextIndex:
      if (argument(1).is_integer()) get(thread, argument(0), in_register(argument(1).as_integer() + 1));
      return;
    case NativeKind::kYield:
    case NativeKind::kInterruptibleCall: return;
    case NativeKind::kOrdinary: break;
  }
  const auto known = effects_.find(native.code);
  if (known != effects_.end() && argument(0).is_table()) call_known(known->second, arguments, count);
}

void SharedAccesses::call_known(Effect effect, const Register* arguments, std::size_t count) {
  Table* const table = arguments[0].value.as_table();
  const auto integer = [&](std::size_t index, std::int64_t absent) {
    return index < count && arguments[index].is_integer() ? arguments[index].as_integer() : absent;
  };
  const auto is_given = [&](std::size_t index) { return index < count && !arguments[index].value.is_nil(); };
  const bool is_raw = effect >= Effect::kRawGet;
  // Its metamethods do what is done, and are functions of their own.
  if (!is_raw && table->metatable()) return;
  const auto length = [&] {
    part(table, Part::kLength, false);
    return static_cast<std::int64_t>(table->length());
  };
  switch (effect) {
    case Effect::kInsert: {
      const std::int64_t end = length() + 1;
      const std::int64_t place = count > 2 ? integer(1, end) : end;
      elements(table, place, end - 1, false);
      elements(table, place + 1, end - 1, true);
      store(table, in_register(place), !is_given(count > 2 ? 2 : 1));
      if (place < end) store(table, in_register(end), false);
      return;
    }
    case Effect::kRemove: {
      const std::int64_t end = length();
      const std::int64_t place = integer(1, end);
      elements(table, place, end, false);
      elements(table, place, end - 1, true);
      if (end > 0) store(table, in_register(end), true);
      return;
    }
    case Effect::kSort: {
      const std::int64_t end = length();
      elements(table, 1, end, false);
      return elements(table, 1, end, true);
    }
    case Effect::kConcat:
      return elements(table, integer(2, 1), is_given(3) ? integer(3, 0) : length(), false);
    case Effect::kUnpack:
      return elements(table, integer(1, 1), is_given(2) ? integer(2, 0) : length(), false);
    case Effect::kMove: {
      const std::int64_t first = integer(1, 1), last = integer(2, 0), to = integer(3, 1);
      if (last < first || last - first >= kMostElements) return;
      elements(table, first, last, false);
      Table* target = table;
      if (is_given(4)) {
        if (!arguments[4].value.is_table() || arguments[4].value.as_table()->metatable()) return;
        target = arguments[4].value.as_table();
      }
      for (std::int64_t offset = 0; offset <= last - first; ++offset) {
        store(target, in_register(to + offset), table->get_integer(first + offset).is_nil());
      }
      return;
    }
    case Effect::kRawGet:
      if (count > 1) element(table, arguments[1], false);
      return;
    case Effect::kRawSet:
      if (count > 1) store(table, arguments[1], !is_given(2));
      return;
    case Effect::kRawLength: return part(table, Part::kLength, false);
    case Effect::kNext: return follow(table, count > 1 ? arguments[1].value : Value::nil());
  }
}

const std::vector<SharedAccess>& SharedAccesses::of_next(VmThread& thread) {
  found_.clear();
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
  const auto globals = [&] { return frame->closure->upvalues()[i.b()]->content.load(); };
  const auto is_nil = [](const Register& value) { return value.value.is_nil(); };
  switch (i.op()) {
    case Opcode::kLoadCell: part(reg(i.b()).as_cell(), Part::kContent, false); break;
    case Opcode::kStoreCell: part(reg(i.a()).as_cell(), Part::kContent, true); break;
    case Opcode::kLoadUpvalue: part(frame->closure->upvalues()[i.b()], Part::kContent, false); break;
    case Opcode::kStoreUpvalue: part(frame->closure->upvalues()[i.b()], Part::kContent, true); break;
    case Opcode::kGetGlobal: get(thread, globals(), constant(i.c())); break;
    case Opcode::kSetGlobal: set(thread, globals(), constant(i.c()), is_nil(reg(i.a()))); break;
    case Opcode::kSetGlobalConstant: set(thread, globals(), constant(i.c()), is_nil(constant(i.a()))); break;
    case Opcode::kGetField:
    case Opcode::kSelf: get(thread, reg(i.b()).value, constant(i.c())); break;
    case Opcode::kSetField: set(thread, reg(i.a()).value, constant(i.b()), is_nil(reg(i.c()))); break;
    case Opcode::kSetFieldConstant:
      set(thread, reg(i.a()).value, constant(i.b()), is_nil(constant(i.c())));
      break;
    case Opcode::kGetInteger: get(thread, reg(i.b()).value, in_register(std::int64_t{i.signed_c()})); break;
    case Opcode::kSetInteger:
      set(thread, reg(i.a()).value, in_register(std::int64_t{i.signed_b()}), is_nil(reg(i.c())));
      break;
    case Opcode::kSetIntegerConstant:
      set(thread, reg(i.a()).value, in_register(std::int64_t{i.signed_b()}), is_nil(constant(i.c())));
      break;
    case Opcode::kGetIndex: get(thread, reg(i.b()).value, reg(i.c())); break;
    case Opcode::kSetIndex: set(thread, reg(i.a()).value, reg(i.b()), is_nil(reg(i.c()))); break;
    case Opcode::kSetIndexConstant: set(thread, reg(i.a()).value, reg(i.b()), is_nil(constant(i.c()))); break;
    case Opcode::kLength: {
      const Value value = reg(i.b()).value;
      if (!value.is_table()) break;
      const Table* metatable = value.as_table()->metatable();
      if (!metatable || metatable->get_short(thread.vm().name_of(Event::kLength)).is_nil()) {
        part(value.as_object(), Part::kLength, false);
      }
      break;
    }
    case Opcode::kCall:
    case Opcode::kTailCall: {
      const Register* function = &reg(i.a());
      const std::ptrdiff_t open = thread.coroutine->top - function - 1;
      call(thread, function->value, function + 1, i.b() != 0 ? i.b() - 1u : static_cast<std::size_t>(open));
      break;
    }
    case Opcode::kGenericForCall: call(thread, reg(i.a()).value, &reg(i.a()) + 1, 2); break;
    default: break;
  }
  return found_;
}

}  // namespace gilvm
