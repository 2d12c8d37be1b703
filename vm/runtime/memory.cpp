#include "vm/runtime/memory.h"

#include <algorithm>

#include "vm/base/check.h"
#include "vm/runtime/vm.h"

namespace gilvm {

void raise_no_memory(VmThread& thread) {
  thread.error = Value::string(thread.vm().memory_message());
  thread.error_is_handled = true;
}

void collect_for_memory(VmThread& thread, std::initializer_list<Value> values) {
  Coroutine* coroutine = thread.coroutine;
  const std::uint32_t top = coroutine->index_of(coroutine->top);
  // Above the registers of the instruction that runs, if it is one that asks.
  const CallFrame* frame = coroutine->frame();
  if (frame->kind == FrameKind::kScript) {
    coroutine->top = std::max(coroutine->top, frame->base + frame->closure->prototype->frame_size);
  }
  // There is always that much room above a frame, so that nothing moves.
  GILVM_ASSERT(values.size() <= Coroutine::kSpare);
  for (Value value : values) (coroutine->top++)->set(value);
  thread.vm().collect(thread, Heap::Thoroughness::kThorough);
  coroutine->top = coroutine->stack() + top;
}

bool make_room(VmThread& thread, std::size_t bytes, std::initializer_list<Value> values) {
  Heap& heap = thread.vm().heap();
  if (heap.has_room(bytes)) return true;
  collect_for_memory(thread, values);
  if (heap.has_room(bytes)) return true;
  raise_no_memory(thread);
  return false;
}

StoreResult store_after_collection(VmThread& thread, Table* table, Value key, Value value) {
  collect_for_memory(thread, {Value::table(table), key, value});
  const StoreResult result = table->set(thread.heap(), key, value);
  if (result == StoreResult::kNoMemory) raise_no_memory(thread);
  return result;
}

}  // namespace gilvm
