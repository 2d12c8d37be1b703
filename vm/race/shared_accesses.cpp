#include "vm/race/shared_accesses.h"

#include <algorithm>
#include <cmath>

#include "vm/runtime/errors.h"
#include "vm/runtime/shared_operation.h"

namespace gilvm {
namespace {

using Part = SharedAccess::Part;

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

bool is_whole(const Register& key) {
  return key.is_integer() ||
         (key.value.is_double() && key.value.as_double() == std::floor(key.value.as_double()));
}

}  // namespace

void SharedAccesses::part(Object* object, Part part, bool writes) {
  found_.push_back({object, 0, part, writes, {}});
}

void SharedAccesses::element(Table* table, const Register& key, bool writes) {
  found_.push_back({table, number_of(key), Part::kElement, writes, key});
}

void SharedAccesses::storage(Table* table, const Register& key, bool to_nil) {
  if (!tables_have_no_lock_ || key.value.is_wide()) return;
  const bool is_there = table->find(key.value) != nullptr;
  if (is_there || !to_nil) part(table, Part::kStorage, !is_there);
}

void SharedAccesses::elements(Table* table, std::int64_t first, std::int64_t last, bool writes) {
  if (first > last) return;
  if (last - first >= kMostElements) last = first + kMostElements - 1;
  for (std::int64_t key = first; key <= last; ++key) element(table, in_register(key), writes);
}

void SharedAccesses::store(Table* table, const Register& key, bool to_nil) {
  element(table, key, true);
  if (get_raw(*table, key).is_nil() != to_nil) {
    part(table, Part::kKeys, true);
    if (is_whole(key)) part(table, Part::kLength, true);
  }
  storage(table, key, to_nil);
}

void SharedAccesses::get(VmThread& thread, Value object, const Register& key) {
  for (int step = 0; step < kMostSteps; ++step) {
    if (object.is_table()) {
      element(object.as_table(), key, false);
      if (!get_raw(*object.as_table(), key).is_nil()) return;
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
      if (handler.is_nil() || !get_raw(*table, key).is_nil()) return store(table, key, to_nil);
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
  if (argument(0).is_table()) call_known(effects_.operation_of(native), arguments, count);
}

void SharedAccesses::call_known(TableOperation operation, const Register* arguments, std::size_t count) {
  Table* const table = arguments[0].value.as_table();
  const auto integer = [&](std::size_t index, std::int64_t absent) {
    return index < count && arguments[index].is_integer() ? arguments[index].as_integer() : absent;
  };
  const auto is_given = [&](std::size_t index) { return index < count && !arguments[index].value.is_nil(); };
  const bool is_raw = operation >= TableOperation::kRawGet;
  // Its metamethods do what is done, and are functions of their own.
  if (!is_raw && table->metatable()) return;
  const auto length = [&] {
    part(table, Part::kLength, false);
    return static_cast<std::int64_t>(table->length());
  };
  switch (operation) {
    case TableOperation::kNone: return;
    case TableOperation::kInsert: {
      const std::int64_t end = length() + 1;
      const std::int64_t place = count > 2 ? integer(1, end) : end;
      elements(table, place, end - 1, false);
      elements(table, place + 1, end - 1, true);
      store(table, in_register(place), !is_given(count > 2 ? 2 : 1));
      if (place < end) store(table, in_register(end), false);
      return;
    }
    case TableOperation::kRemove: {
      const std::int64_t end = length();
      const std::int64_t place = integer(1, end);
      elements(table, place, end, false);
      elements(table, place, end - 1, true);
      if (end > 0) store(table, in_register(end), true);
      return;
    }
    case TableOperation::kSort: {
      const std::int64_t end = length();
      elements(table, 1, end, false);
      return elements(table, 1, end, true);
    }
    case TableOperation::kConcat:
      return elements(table, integer(2, 1), is_given(3) ? integer(3, 0) : length(), false);
    case TableOperation::kUnpack:
      return elements(table, integer(1, 1), is_given(2) ? integer(2, 0) : length(), false);
    case TableOperation::kMove: {
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
    case TableOperation::kRawGet:
      if (count > 1) element(table, arguments[1], false);
      return;
    case TableOperation::kRawSet:
      if (count > 1) store(table, arguments[1], !is_given(2));
      return;
    case TableOperation::kRawLength: return part(table, Part::kLength, false);
    case TableOperation::kNext: return follow(table, count > 1 ? arguments[1].value : Value::nil());
  }
}

const std::vector<SharedAccess>& SharedAccesses::of_next(VmThread& thread) {
  using Kind = SharedOperation::Kind;
  found_.clear();
  const CallFrame* frame = thread.coroutine->frame();
  if (frame->kind != FrameKind::kScript) return found_;
  const SharedOperation operation = shared_operation(*thread.coroutine, *frame);
  switch (operation.kind) {
    case Kind::kNone: break;
    case Kind::kLoadCell: part(operation.cell, Part::kContent, false); break;
    case Kind::kStoreCell: part(operation.cell, Part::kContent, true); break;
    case Kind::kGet: get(thread, operation.object, operation.key); break;
    case Kind::kSet: set(thread, operation.object, operation.key, operation.stored->value.is_nil()); break;
    case Kind::kLength:
      if (operation.object.is_table() && metamethod(thread, operation.object, Event::kLength).is_nil()) {
        part(operation.object.as_object(), Part::kLength, false);
      }
      break;
    case Kind::kCall:
      call(thread, operation.function->value, operation.function + 1, operation.arguments);
      break;
  }
  return found_;
}

}  // namespace gilvm
