// When memory is short: a collection, and if that does not help, the error "not enough memory".
//
// Small objects never fail. A thread that goes beyond the limit (--max-memory) with them learns it at its
// next safepoint, where it collects and, if nearly nothing was freed, raises the error
// (VmThread::answer_breaker). What is large asks first, by these functions.
//
// Threads: the caller's. Each function REQUIRES a safepoint, with the values that the caller goes on to use
// in registers or among those that it names.
#pragma once

#include <cstddef>
#include <initializer_list>

#include "vm/object/table.h"
#include "vm/runtime/vm_thread.h"

namespace gilvm {

// Raises "not enough memory", which no message handler sees, as in Lua.
void raise_no_memory(VmThread& thread);

// Collects, because memory is short. Keeps `values` alive. Neither the stack nor the frames move.
void collect_for_memory(VmThread& thread, std::initializer_list<Value> values);

// Is there room for `bytes` more, perhaps after a collection? False with the error raised.
bool make_room(VmThread& thread, std::size_t bytes, std::initializer_list<Value> values = {});

// table[key] = value, without metamethods. Of kNoMemory, the error is raised.
[[nodiscard]] StoreResult store_after_collection(VmThread& thread, Table* table, Value key, Value value);
[[nodiscard]] inline StoreResult store(VmThread& thread, Table* table, Value key, Value value) {
  const StoreResult result = table->set(thread.heap(), key, value);
  if (result != StoreResult::kNoMemory) [[likely]]
    return result;
  return store_after_collection(thread, table, key, value);
}

}  // namespace gilvm
