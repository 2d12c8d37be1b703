#include "vm/object/function.h"

#include "vm/object/coroutine.h"
#include "vm/object/table.h"
#include "vm/object/weak_table.h"

namespace gilvm {

Prototype* Prototype::make(LocalHeap& heap) {
  Object* memory = heap.allocate(ObjectKind::kPrototype, sizeof(Prototype));
  const Object header = *memory;
  auto* prototype = new (memory) Prototype();
  static_cast<Object&>(*prototype) = header;
  return prototype;
}

std::size_t Prototype::outside_bytes() const {
  return code_size * sizeof(CodeWord) + constants.capacity() * sizeof(Register) +
         prototypes.capacity() * sizeof(Prototype*) + upvalues.capacity() * sizeof(UpvalueDescription) +
         source.capacity() + lines.capacity() * sizeof(lines[0]) +
         lua_position.capacity() * sizeof(lua_position[0]) + lua_code.capacity() * sizeof(lua_code[0]) +
         locals.capacity() * sizeof(LocalDescription);
}

unsigned Prototype::locals_at(std::int32_t position) const {
  unsigned count = 0;
  for (const LocalDescription& local : locals) {
    if (local.start > position) break;
    if (position < local.end) ++count;
  }
  return count;
}

void Prototype::trace(Marker& marker, Object* object) {
  auto* prototype = static_cast<Prototype*>(object);
  marker.add_bytes(prototype->outside_bytes());
  for (const Register& constant : prototype->constants) marker.mark(constant.value);
  for (Prototype* nested : prototype->prototypes) {
    if (nested) marker.mark_object(nested);
  }
}

void Prototype::destroy(Object* object) {
  auto* prototype = static_cast<Prototype*>(object);
  const Object header = *prototype;
  prototype->~Prototype();
  *object = header;
}

std::string short_source(const std::string& source) {
  constexpr std::size_t kLongest = 60;  // LUA_IDSIZE, with its final NUL
  if (source.empty()) return "[string \"\"]";
  if (source[0] == '=') return source.substr(1, kLongest - 1);
  if (source[0] == '@') {
    if (source.size() <= kLongest) return source.substr(1);
    return "..." + source.substr(source.size() - (kLongest - 1 - 3));
  }
  constexpr std::size_t kRoom = kLongest - 15;  // [string "..."] and the NUL
  const std::size_t line = source.find('\n');
  if (line == std::string::npos && source.size() < kRoom) return "[string \"" + source + "\"]";
  return "[string \"" + source.substr(0, std::min(line, kRoom)) + "...\"]";
}

void Closure::trace(Marker& marker, Object* object) {
  auto* closure = static_cast<Closure*>(object);
  marker.mark_object(closure->prototype);
  for (unsigned index = 0; index < closure->upvalue_count(); ++index) {
    if (Cell* cell = closure->upvalues()[index]) marker.mark_object(cell);
  }
}

NativeFunction* NativeFunction::make(LocalHeap& heap, const char* name, NativeCode code, unsigned slots,
                                     NativeKind kind) {
  auto* function = static_cast<NativeFunction*>(
      heap.allocate(ObjectKind::kNativeFunction, sizeof(NativeFunction) + slots * sizeof(Slot)));
  function->code = code;
  function->name = name;
  function->flags = static_cast<std::uint8_t>(slots << 4 | static_cast<unsigned>(kind));
  for (unsigned index = 0; index < slots; ++index) new (&function->slots()[index]) Slot();
  return function;
}

void NativeFunction::trace(Marker& marker, Object* object) {
  auto* function = static_cast<NativeFunction*>(object);
  for (unsigned index = 0; index < function->slot_count(); ++index)
    marker.mark(function->slots()[index].load());
}

Userdata* Userdata::make(LocalHeap& heap, std::unique_ptr<NativeObject> object, Table* metatable) {
  auto* userdata = static_cast<Userdata*>(heap.allocate_fixed<sizeof(Userdata)>(ObjectKind::kUserdata));
  userdata->object = object.release();
  new (&userdata->metatable) std::atomic<Table*>(metatable);
  return userdata;
}

void Userdata::trace(Marker& marker, Object* object) {
  if (marker.postpones(object)) return;  // what its object shares with others may have no lock for this
  auto* userdata = static_cast<Userdata*>(object);
  if (Table* metatable = userdata->metatable.load(std::memory_order_acquire)) marker.mark_object(metatable);
  userdata->object->trace(marker);
}

void Userdata::destroy(Object* object) { delete static_cast<Userdata*>(object)->object; }

void define_object_kinds(Heap& heap) {
  if (ReferenceCounts* counts = heap.counts()) {
    counts->text_of = [](const Object* string) {
      return std::string(static_cast<const String*>(string)->view());
    };
  }
  heap.define_kind(ObjectKind::kTable, {Table::trace, nullptr, clear_weak_values, clear_weak_keys,
                                        Table::each_reference, Table::trace_elements});
  heap.define_kind(ObjectKind::kClosure, {Closure::trace});
  heap.define_kind(ObjectKind::kNativeFunction, {NativeFunction::trace});
  heap.define_kind(ObjectKind::kCell, {Cell::trace, nullptr, nullptr, nullptr, Cell::each_reference});
  heap.define_kind(ObjectKind::kPrototype, {Prototype::trace, Prototype::destroy});
  heap.define_kind(ObjectKind::kCoroutine, {Coroutine::trace, Coroutine::destroy});
  heap.define_kind(ObjectKind::kUserdata, {Userdata::trace, Userdata::destroy});
}

}  // namespace gilvm
