// Indexing: t[k] and t[k] = v, along __index and __newindex (Lua manual §2.4).
#include "vm/interp/current_instruction.h"
#include "vm/interp/operations.h"
#include "vm/runtime/memory.h"

namespace gilvm {
namespace {

constexpr int kLongestIndexChain = 2000;  // MAXTAGLOOP

// Follows __index from `object`: *result is the value, or, when *handler is not nil, what to call with
// *receiver.
bool find_index(VmThread& thread, Value object, Value key, Value* result, Value* handler, Value* receiver) {
  *handler = Value::nil();
  for (int chain = 0; chain < kLongestIndexChain; ++chain) {
    Value method;
    if (object.is_table()) {
      *result = object.as_table()->get(key);
      if (!result->is_nil()) return true;
      Table* metatable = object.as_table()->metatable();
      if (!metatable) return true;
      method = metatable->get_short(thread.vm().name_of(Event::kIndex));
      if (method.is_nil()) return true;
    } else {
      method = metamethod(thread, object, Event::kIndex);
      if (method.is_nil()) {
        // What a metatable names is no variable.
        type_error(thread, "index", object, chain == 0 ? name_of_indexed(thread) : std::string());
        return false;
      }
    }
    if (method.is_function()) {
      *handler = method;
      *receiver = object;
      return true;
    }
    object = method;
  }
  raise_message(thread, "'__index' chain too long; possible loop");
  return false;
}

bool check_stored(VmThread& thread, StoreResult result) {
  switch (result) {
    case StoreResult::kStored: return true;
    case StoreResult::kKeyIsNil: raise_message(thread, "table index is nil"); return false;
    case StoreResult::kKeyIsNan: raise_message(thread, "table index is NaN"); return false;
    case StoreResult::kNoMemory: break;  // raised by store()
  }
  return false;
}

// Follows __newindex, and stores the value unless *handler is not nil.
bool find_store(VmThread& thread, Value object, Value key, Value value, Value* handler, Value* receiver) {
  *handler = Value::nil();
  for (int chain = 0; chain < kLongestIndexChain; ++chain) {
    Value method;
    if (object.is_table()) {
      Table* table = object.as_table();
      Table* metatable = table->metatable();
      if (metatable) {
        Slot* slot = table->find(key);
        if (!slot || slot->load().is_nil())
          method = metatable->get_short(thread.vm().name_of(Event::kNewIndex));
      }
      if (method.is_nil()) return check_stored(thread, store(thread, table, key, value));
    } else {
      method = metamethod(thread, object, Event::kNewIndex);
      if (method.is_nil()) {
        // What a metatable names is no variable.
        type_error(thread, "index", object, chain == 0 ? name_of_indexed(thread) : std::string());
        return false;
      }
    }
    if (method.is_function()) {
      *handler = method;
      *receiver = object;
      return true;
    }
    object = method;
  }
  raise_message(thread, "'__newindex' chain too long; possible loop");
  return false;
}

}  // namespace

Outcome index_into(VmThread& thread, Value object, Value key, std::uint16_t destination) {
  Value result, handler, receiver;
  if (!find_index(thread, object, key, &result, &handler, &receiver)) return Outcome::kError;
  if (!handler.is_nil()) return call_for_instruction(thread, handler, {receiver, key});
  thread.coroutine->frame()->at(destination).set(result);
  return Outcome::kDone;
}

Outcome store_index(VmThread& thread, Value object, Value key, Value value) {
  Value handler, receiver;
  if (!find_store(thread, object, key, value, &handler, &receiver)) return Outcome::kError;
  if (!handler.is_nil()) return call_for_instruction(thread, handler, {receiver, key, value});
  return Outcome::kDone;
}

bool get_index(VmThread& thread, Value object, Value key, Value* result) {
  Value handler, receiver;
  {
    OperatesForNative operates(thread);
    if (!find_index(thread, object, key, result, &handler, &receiver)) return false;
  }
  return handler.is_nil() || call_for_value(thread, handler, {receiver, key}, result);
}

bool set_index(VmThread& thread, Value object, Value key, Value value) {
  Value handler, receiver, ignored;
  {
    OperatesForNative operates(thread);
    if (!find_store(thread, object, key, value, &handler, &receiver)) return false;
  }
  return handler.is_nil() || call_for_value(thread, handler, {receiver, key, value}, &ignored);
}

}  // namespace gilvm
