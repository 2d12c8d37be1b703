#include "vm/interp/counted_assignments.h"

namespace gilvm {

CountedAssignment::CountedAssignment(VmThread& thread, Instruction i) : thread_(thread) {
  const CallFrame* frame = thread.coroutine->frame();
  const auto reg = [frame](std::uint16_t offset) -> Register& { return frame->at(offset); };
  const auto constant = [frame](std::uint16_t offset) -> const Register& {
    return frame->constant_at(offset);
  };
  const auto to_field = [&](Value object, const Register& key, const Register& value) {
    object_ = object;
    key_ = key;
    key_is_constant_ = true;
    thread.assigned = thread.boxed(value);
    is_done_ = store_to_table();
  };
  const auto to_element = [&](const Register& value) {
    object_ = reg(i.a()).value;
    key_ = reg(i.b());
    thread.assigned = thread.boxed(value);
    is_done_ = store_to_table();
  };
  const auto to_cell = [&](Cell* cell, const Register& value) {
    thread.assigned = thread.boxed(value);
    store_to_cell(cell);
  };
  const auto globals = [&] {
    environment_ = frame->closure->upvalues()[i.b()];
    return environment_->content.load();
  };
  switch (i.op()) {
    case Opcode::kMakeCell: {
      // The cell of an iteration before may still stand there, where the local has no value yet.
      Register& local = reg(i.a());
      const Value value = local.value.is_cell() ? Value::nil() : thread.boxed(local);
      local.set_cell(Cell::make_counted(thread.heap(), value));
      is_done_ = true;
      break;
    }
    case Opcode::kStoreCell: to_cell(reg(i.a()).as_cell(), reg(i.b())); break;
    case Opcode::kStoreUpvalue: to_cell(frame->closure->upvalues()[i.b()], reg(i.a())); break;
    case Opcode::kSetGlobal: to_field(globals(), constant(i.c()), reg(i.a())); break;
    case Opcode::kSetGlobalConstant: to_field(globals(), constant(i.c()), constant(i.a())); break;
    case Opcode::kSetField: to_field(reg(i.a()).value, constant(i.b()), reg(i.c())); break;
    case Opcode::kSetFieldConstant: to_field(reg(i.a()).value, constant(i.b()), constant(i.c())); break;
    case Opcode::kSetIndex: to_element(reg(i.c())); break;
    case Opcode::kSetIndexConstant: to_element(constant(i.c())); break;
    default: break;
  }
}

CountedAssignment::~CountedAssignment() { thread_.assigned = thread_.replaced = Value::nil(); }

// A load, an addition and a store.
void CountedAssignment::change_count(Value value, int difference) {
  if (!ReferenceCounts::has_count(value)) return;
  std::atomic<std::int32_t>& count = thread_.heap().counts->of(value.as_object()).count;
  const std::int32_t before = count.load(std::memory_order_relaxed);
  thread_.end_step_of_assignment();
  count.store(before + difference, std::memory_order_relaxed);
}

// `find_slot` is asked again after each step: the table may have grown.
template <typename FindSlot>
void CountedAssignment::store_in_steps(FindSlot find_slot, Value key) {
  ReferenceCounts& counts = *thread_.heap().counts;
  const Value value = thread_.assigned;
  change_count(value, 1);
  counts.name(value, key);
  const Slot* slot = find_slot();
  thread_.replaced = slot ? slot->load() : Value::nil();
  if (ReferenceCounts::has_count(value) || ReferenceCounts::has_count(thread_.replaced)) {
    thread_.end_step_of_assignment();
  }
  Slot* const target = find_slot();
  if (!target) return counts.lose(value);  // the key, or the table, is gone: the store is lost
  target->store(value);
  counts.settle_key(key, thread_.replaced, value);
  change_count(thread_.replaced, -1);
}

void CountedAssignment::store_to_cell(Cell* cell) {
  is_done_ = true;
  if (!thread_.works_in_steps()) return cell->assign(thread_.heap(), thread_.assigned);
  store_in_steps([cell] { return &cell->content; }, Value::nil());
}

bool CountedAssignment::store_to_table() {
  if (!thread_.works_in_steps() || !object_.is_table() || key_.value.is_wide()) return false;
  // A register keeps the table alive. Another thread may change _ENV meanwhile, though.
  const auto find_slot = [this]() -> Slot* {
    const Value object = environment_ ? environment_->content.load() : object_;
    return object.is_table() ? object.as_table()->find(key_.value) : nullptr;
  };
  const Slot* slot = find_slot();
  if (!slot || slot->load().is_nil()) return false;
  store_in_steps(find_slot, key_.value);
  return true;
}

}  // namespace gilvm
