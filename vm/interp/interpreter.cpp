// The interpreter's loop.
//
// Rules that every handler keeps:
//  (1) `pc` points to the next instruction. It is saved in the frame before anything that can raise an error,
//      call, collect or wait: SAVE.
//  (2) After such a thing the stack may have moved and another frame may be innermost: RELOAD, or the macro
//  RESUME,
//      which also goes on with the next instruction.
//  (3) A register may hold kWide. Before its value goes to a slot or to another function it is boxed.
//  (4) Handlers do not look at the eval breaker. Whoever needs a thread to stop, at a switch point or at any
//      instruction, makes entries of the thread's dispatch table lead to `poll` (vm_thread.h).
//  (5) Handlers read their own operands, so that each keeps a dispatch of its own and the processor predicts
//  by it.
#include <cmath>
#include <cstddef>
#include <cstring>

#include "vm/base/check.h"
#include "vm/interp/counted_assignments.h"
#include "vm/interp/current_instruction.h"
#include "vm/interp/finalizers.h"
#include "vm/interp/numbers.h"
#include "vm/interp/operations.h"
#include "vm/object/table_lock.h"
#include "vm/runtime/memory.h"

namespace gilvm {
namespace {

DispatchLabels labels;

// The functions below that take `pc` are about the instruction before it. They get it rather than the
// instruction's address, which the compiler would keep in a register beside it all through the quick way.

// The small float constants of comparisons with an integer operand.
Register immediate(const CodeWord* pc) {
  const CodeWord& instruction = pc[-1];
  Register reg;
  if (instruction.x() & 2) {
    reg.set(Value::number(instruction.signed_b()));
  } else {
    reg.set_integer(instruction.signed_b());
  }
  return reg;
}

Register immediate_operand(std::int16_t number) {
  Register reg;
  reg.set_integer(number);
  return reg;
}

// The slow case of an arithmetic instruction with a small integer (opcodes.def, kAddInteger and its
// relatives).
Outcome arithmetic_with_integer(VmThread& thread, const CodeWord* pc, const Register& operand) {
  const Instruction i = pc[-1].load();
  const auto event = static_cast<Event>(i.x() & ~kExchanged);
  const bool negated = (i.op() == Opcode::kAddInteger && event == Event::kSubtract) ||
                       (i.op() == Opcode::kShiftRightInteger && event == Event::kShiftLeft);
  const Register constant =
      immediate_operand(static_cast<std::int16_t>(negated ? -i.signed_c() : i.signed_c()));
  // Copied: the operand may be the destination, or move with the stack.
  const Register left = operand;
  if (i.x() & kExchanged) return arithmetic_into(thread, event, constant, left, i.a());
  return arithmetic_into(thread, event, left, constant, i.a());
}

// The bits of a register as a double. Loaded from memory anew, straight into a floating-point register: by
// way of the general one, where the test for integers has them, they would take some cycles longer, and in a
// chain of float operations each waits for the one before.
inline double load_double(const Register& reg) {
#if defined(__x86_64__)
  double number;
  asm("movsd %1, %0" : "=x"(number) : "m"(reg.value));
  return number;
#else
  return reg.value.as_double();
#endif
}

Outcome arithmetic_slowly(VmThread& thread, const CodeWord* pc, const Register& left, const Register& right) {
  const CodeWord& i = pc[-1];
  const auto event = static_cast<Event>(i.x() & ~kExchanged);
  const Register first = i.x() & kExchanged ? right : left;
  const Register second = i.x() & kExchanged ? left : right;
  return arithmetic_into(thread, event, first, second, i.a());
}

void store_hint(const CodeWord& instruction, std::uint8_t hint) {
  if (instruction.x() != hint) const_cast<CodeWord&>(instruction).set_hint(hint);
}

// The value at a constant string key, in the table itself or some steps along __index; and corrects the hint,
// which it looks at from the second table on. Empty: it takes more than tables to find it. Not inlined: the
// loop is as quick without, and its registers stay its own.
[[gnu::noinline]] Value find_in_tables(const String* index_name, const CodeWord* pc, Table* table,
                                       const String* key) {
  constexpr int kSteps = 8;
  const CodeWord& instruction = pc[-1];
  std::uint8_t hint = instruction.x();
  Slot* slot = table->find_short_anew(key, &hint);
  for (int step = 0; step < kSteps; ++step) {
    if (slot) {
      const Value value = slot->load();
      if (!value.is_nil()) {
        store_hint(instruction, hint);
        return value;
      }
    }
    Table* metatable = table->metatable();
    if (!metatable) return Value::nil();
    const Value index = metatable->get_event(index_name);
    if (index.is_nil()) return index;
    if (!index.is_table()) break;
    table = index.as_table();
    slot = table->find_short_at(key, &hint);
  }
  return Value::empty();
}

// A constant string key was not where the hint says.
Outcome get_short(VmThread& thread, const CodeWord* pc, Value object, Value key) {
  const CodeWord& instruction = pc[-1];
  if (object.is_table()) {
    const Value value =
        find_in_tables(thread.vm().name_of(Event::kIndex), pc, object.as_table(), key.as_string());
    if (!value.is_empty()) {
      thread.coroutine->frame()->at(instruction.a()).set(value);
      return Outcome::kDone;
    }
  }
  return index_into(thread, object, key, instruction.a());
}

Outcome set_short(VmThread& thread, const CodeWord* pc, Value object, Value key, Value value) {
  const CodeWord& instruction = pc[-1];
  if (object.is_table()) {
    Table* table = object.as_table();
    std::uint8_t hint = instruction.x();
    Slot* slot = table->find_short_anew(key.as_string(), &hint);
    if (slot) store_hint(instruction, hint);
    // A field that has a value, or a new one of a table that nobody watches.
    const Table* metatable = table->metatable();
    if (!metatable || (slot && !slot->load().is_nil()) ||
        metatable->get_short(thread.vm().name_of(Event::kNewIndex)).is_nil()) {
      if (slot && thread.heap().stores_are_plain) {
        slot->store(value);
        return Outcome::kDone;
      }
      if (table->add_short(thread.heap(), key.as_string(), value)) return Outcome::kDone;
    }
  }
  return store_index(thread, object, key, value);
}

Outcome set_index(VmThread& thread, Value object, const Register& key, Value value) {
  if (object.is_table() && !object.as_table()->metatable()) {
    Table* table = object.as_table();
    if (key.value.is_inline_integer() &&
        table->set_integer(thread.heap(), key.value.as_inline_integer(), value)) {
      return Outcome::kDone;
    }
    if (key.value.is_string() && key.value.as_string()->is_interned() &&
        table->set_short(thread.heap(), key.value.as_string(), value)) {
      return Outcome::kDone;
    }
  }
  return store_index(thread, object, thread.boxed(key), value);
}

// Of a string and another value: are they equal only if they are the same?
bool identity_decides(Value left, Value right) {
  return left == right || !left.is_string() || !right.is_string() ||
         (left.as_string()->is_interned() && right.as_string()->is_interned());
}

// The method of a string, or of an object of C++, neither of which has fields of its own: so the hint is for
// the first table of all. Empty: it takes more than tables to find it.
[[gnu::noinline]] Value find_method(VmThread& thread, const CodeWord* pc, Value object, const String* key) {
  const CodeWord& instruction = pc[-1];
  Table* metatable = nullptr;
  if (object.is_userdata()) {
    metatable = object.as_userdata()->metatable.load(std::memory_order_acquire);
  } else if (object.is_string()) {
    metatable = thread.vm().basic_metatable(Vm::BasicType::kString).load(std::memory_order_acquire);
  }
  if (!metatable) return Value::empty();
  const String* const index_name = thread.vm().name_of(Event::kIndex);
  Value index = metatable->get_event(index_name);
  const bool has_attributes = index.is_native() && index.as_native()->name == kIndexOfAttributes;
  if (has_attributes) index = index.as_native()->slots()[0].load();
  if (!index.is_table()) return Value::empty();
  std::uint8_t hint = instruction.x();
  if (Slot* slot = index.as_table()->find_short_at(key, &hint)) {
    const Value value = slot->load();
    if (!value.is_nil()) {
      store_hint(instruction, hint);
      return value;
    }
  }
  return has_attributes ? Value::empty() : find_in_tables(index_name, pc, index.as_table(), key);
}

// Where references are counted: an instruction that stores into a table or a cell.
[[gnu::noinline]] Outcome store_counted(VmThread& thread, const CodeWord* pc) {
  CountedAssignment assignment(thread, pc[-1].load());
  if (assignment.is_done()) return Outcome::kDone;
  // A key that is not there yet, a metamethod, or no table at all.
  const Value object = assignment.object(), value = assignment.value();
  if (assignment.key_is_constant()) return set_short(thread, pc, object, assignment.key().value, value);
  return set_index(thread, object, assignment.key(), value);
}

Outcome set_list(VmThread& thread, const CodeWord* pc, Register* list) {
  const CodeWord& i = pc[-1];
  std::uint32_t count = i.b() != 0 ? i.b() : static_cast<std::uint32_t>(thread.coroutine->top - list - 1);
  const std::uint32_t start = i.c() | static_cast<std::uint32_t>(i.x()) << 16;
  Table* table = list->value.as_table();
  // The first list asks for what the constructor holds, if its instruction can say so; others double it.
  const std::uint32_t capacity = table->array()->capacity();
  if (start + count > capacity) {
    table->reserve(thread.heap(), std::max(start + count, start == 0 ? 0 : 2 * capacity), 0);
  }
  for (std::uint32_t index = 1; index <= count; ++index) {
    const std::int64_t key = std::int64_t{start} + index;
    const Value value = thread.boxed(list[index]);
    if (table->set_integer(thread.heap(), key, value)) continue;
    if (store(thread, table, Value::inline_integer(key), value) != StoreResult::kStored)
      return Outcome::kError;
  }
  return Outcome::kDone;
}

Outcome load_extra_arguments(VmThread& thread, Instruction i) {
  Coroutine* coroutine = thread.coroutine;
  CallFrame* frame = coroutine->frame();
  const std::uint32_t count = frame->shift - frame->closure->prototype->parameters;
  const std::uint32_t wanted = i.c() == 0 ? count : i.c() - 1u;
  Register* to = &frame->at(i.a());
  const std::uint32_t index = coroutine->index_of(to);
  if (!coroutine->reserve(to, wanted)) {
    raise_message(thread, "stack overflow");
    return Outcome::kError;
  }
  to = coroutine->stack() + index;
  const Register* from = frame->base - count;
  for (std::uint32_t extra = 0; extra < wanted; ++extra) {
    if (extra < count) {
      to[extra].copy(from[extra]);
    } else {
      to[extra].set(Value::nil());
    }
  }
  if (i.c() == 0) coroutine->top = to + wanted;
  return Outcome::kDone;
}

// May a thread change hands, or stop, before this instruction runs? Where not all are switch points: before a
// jump back, and before a script's function is entered.
bool may_stop_at(const VmThread& thread, const CodeWord& instruction, const char* base) {
  if (thread.stops_anywhere()) return true;
  switch (instruction.op()) {
    case Opcode::kCall:
    case Opcode::kTailCall:
    case Opcode::kGenericForCall:
      return reinterpret_cast<const Register*>(base + instruction.a())->value.is_closure();
    default: return is_switch_point(instruction.op());
  }
}

// Calls the iterator of pairs or ipairs for a generic `for` with that many variables. False: nothing was
// done, because it is another function, a hook is to be told, or there is an error to raise or a metamethod
// to call.
[[gnu::noinline]] bool iterate_natively(VmThread& thread, Register* state, unsigned variables) {
  const NativeKind kind = state[0].value.as_native()->native_kind();
  if (kind < NativeKind::kNext || !state[1].value.is_table() || thread.coroutine->hook.mask != 0)
    return false;
  const Table* table = state[1].value.as_table();
  const Value control = state[2].value;
  Value key, value;
  if (kind == NativeKind::kNext) {
    if (control.is_wide() || !table->next(control, &key, &value)) return false;
  } else {
    if (!control.is_inline_integer() || control.as_inline_integer() == Value::kLargestInline) return false;
    key = Value::inline_integer(control.as_inline_integer() + 1);
    value = table->get_integer(key.as_inline_integer());
    if (value.is_nil()) {
      if (table->metatable()) return false;
      key = value;
    }
  }
  state[4].set(key);
  if (variables > 1) state[5].set(value);
  for (unsigned variable = 2; variable < variables; ++variable) state[4 + variable].set(Value::nil());
  return true;
}

// The next iteration of a loop whose index may be a float or a wide integer. False: there is none.
bool advance_loop(Register* state) {
  if (state[0].value.is_double()) {
    const double step = state[2].value.as_double();
    const double index = state[0].value.as_double() + step;
    if (!(step > 0 ? index <= state[1].value.as_double() : state[1].value.as_double() <= index)) return false;
    state[0].set(Value::number(index));
    state[3].set(Value::number(index));
    return true;
  }
  if (state[1].wide == 0) return false;
  --state[1].wide;
  const std::int64_t index = add(state[0].as_integer(), state[2].as_integer());
  state[0].set_integer(index);
  state[3].set_integer(index);
  return true;
}

Closure* make_closure(VmThread& thread, const CallFrame* frame, Prototype* prototype) {
  Closure* closure = Closure::make(thread.heap(), prototype);
  for (std::size_t index = 0; index < prototype->upvalues.size(); ++index) {
    const UpvalueDescription& upvalue = prototype->upvalues[index];
    closure->upvalues()[index] = upvalue.in_register ? frame->base[upvalue.index].value.as_cell()
                                                     : frame->closure->upvalues()[upvalue.index];
  }
  return closure;
}

bool finalize_if_due(VmThread& thread) { return !thread.finalizers_are_due() || run_due_finalizers(thread); }

// Does what the thread was asked to before the instruction at the frame's pc. False: it is interrupted.
bool answer_breaker(VmThread& thread) {
  Coroutine* coroutine = thread.coroutine;
  coroutine->is_between_instructions = true;
  const bool goes_on = thread.answer_breaker();
  coroutine->is_between_instructions = false;
  return goes_on && finalize_if_due(thread);
}

#ifdef GILVM_STRESS
// A collection at every safepoint of a script that is young, small and shallow, unless it has stopped them.
// One that runs long, has much memory or recurses deep gets half as many for each step up, or it would take
// hours.
void collect_for_stress(VmThread& thread) {
  constexpr std::uint64_t kCollections = 1 << 12, kBytes = 1 << 19, kFrames = 32, kMostHalvings = 12;
  thread_local std::uint64_t safepoints = 0, collections = 0;
  Heap& heap = thread.vm().heap();
  if (!heap.enabled()) return;
  const std::uint64_t depth = thread.coroutine->frame() - thread.coroutine->first_frame();
  const std::uint64_t halvings = collections / kCollections + heap.bytes_in_use() / kBytes + depth / kFrames;
  if (++safepoints % (1 << std::min(halvings, kMostHalvings)) != 0) return;
  ++collections;
  thread.coroutine->is_between_instructions = true;
  thread.vm().collect(thread);
  thread.coroutine->is_between_instructions = false;
}
#endif

// A local variable that must not live in memory. The compiler would have it of `pc`, which every handler
// reads and writes: each instruction would then wait for the one before to have stored it
// (docs/benchmarks.md, "What paid").
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define IN_REGISTER(type, name) register type name asm("rbx")
#else
#define IN_REGISTER(type, name) type name
#endif

// The lock regime `object` has handlers of its own for what begins with a store into a table (labels.locked).
#define SUPERINSTRUCTION(first, second, link) static_assert(!stores_into_table(Opcode::second));
#include "vm/bytecode/superinstructions.def"
#undef SUPERINSTRUCTION

// As interpret(). Without a thread it only makes its labels known.
Outcome run_loop(VmThread* const vm_thread) {
  static const void* const handlers[] = {
#define OPCODE(name, a, b, c, x) &&name,
#include "vm/bytecode/opcodes.def"
#undef OPCODE
#define SUPERINSTRUCTION(first, second, link) &&first##_##second,
#include "vm/bytecode/superinstructions.def"
#undef SUPERINSTRUCTION
  };
  if (!vm_thread) {
    std::memcpy(labels.direct, handlers, sizeof handlers);
    for (unsigned handler = 0; handler < kHandlerCount; ++handler) {
      // Of a superinstruction that begins with a store, only the store.
      switch (first_opcode_of(handler)) {
        case Opcode::kSetGlobal: labels.locked[handler] = &&set_global_locked; break;
        case Opcode::kSetGlobalConstant: labels.locked[handler] = &&set_global_constant_locked; break;
        case Opcode::kSetField: labels.locked[handler] = &&set_field_locked; break;
        case Opcode::kSetFieldConstant: labels.locked[handler] = &&set_field_constant_locked; break;
        case Opcode::kSetIndex: labels.locked[handler] = &&set_index_locked; break;
        case Opcode::kSetIndexConstant: labels.locked[handler] = &&set_index_constant_locked; break;
        default: labels.locked[handler] = handlers[handler];
      }
    }
    for (unsigned handler = 0; handler < kHandlerCount; ++handler) {
      const Opcode first = first_opcode_of(handler);
      labels.counted[handler] = CountedAssignment::is_one(first) ? &&store_counted : labels.locked[handler];
    }
    labels.poll = &&poll;
    labels.count = &&count;
    labels.watch = &&watch;
    labels.hook = &&hook;
    return Outcome::kDone;
  }

  CallFrame* frame;
  IN_REGISTER(const CodeWord*, pc);
  char* base;
  const char* constants;
  Outcome outcome;
  // The thread's dispatch table, and by it the thread: one processor register for both. The compiler must not
  // know that they are related, or it would add the table's place in VmThread to each jump.
  const std::atomic<const void*>* dispatch = vm_thread->dispatch;
  asm("" : "+r"(dispatch));
  // Constants of 64 bits that the compiler must not know: it would put each into a register anew, with an
  // instruction of ten bytes, where comparing with memory takes none.
  std::uint64_t integer_floor = Value::kIntegerFloor, integer_bias = Value::kIntegerBias;
  std::uint64_t integer_one = Value::inline_integer(1).bits();
  std::uint64_t nil_bits = Value::nil().bits(), wide_bits = Value::wide().bits();
  std::uint64_t table_tag = static_cast<std::uint64_t>(Tag::kTable) << 47;
  std::uint64_t closure_tag = static_cast<std::uint64_t>(Tag::kClosure) << 47;
  std::uint64_t address_limit = std::uint64_t{1} << 47;
  asm("" : "+m"(integer_floor), "+m"(integer_bias), "+m"(integer_one));
  asm("" : "+m"(nil_bits), "+m"(wide_bits), "+m"(table_tag), "+m"(closure_tag), "+m"(address_limit));
#define thread                                                                             \
  reinterpret_cast<VmThread*>(const_cast<char*>(reinterpret_cast<const char*>(dispatch)) - \
                              offsetof(VmThread, dispatch))

#define i (pc[-1])  // the instruction that runs

#define LIKELY(condition) __builtin_expect(static_cast<bool>(condition), 1)
#define UNLIKELY(condition) __builtin_expect(static_cast<bool>(condition), 0)
#define A (*reinterpret_cast<Register*>(base + i.a()))
#define B (*reinterpret_cast<Register*>(base + i.b()))
#define C (*reinterpret_cast<Register*>(base + i.c()))
#define KA (*reinterpret_cast<const Register*>(constants + i.a()))
#define KB (*reinterpret_cast<const Register*>(constants + i.b()))
#define KC (*reinterpret_cast<const Register*>(constants + i.c()))
// The value of a register as others may see it.
#define SHARED(reg) (UNLIKELY((reg).value.bits() == wide_bits) ? thread->boxed(reg) : (reg).value)
#define SAVE frame->pc = pc
#define NEXT                                                                        \
  do {                                                                              \
    ++pc;                                                                           \
    goto* const_cast<void*>(dispatch[i.handler()].load(std::memory_order_relaxed)); \
  } while (0)
// Stands between a handler's own label, which dispatches lead to, and a second one, where other handlers go
// on. Had both one label, the compiler would compute the address of `i` in every handler there is.
#define LABEL_OF_DISPATCH asm("")
// The first instruction of a superinstruction is done: the second follows.
#define GO_ON(second)    \
  do {                   \
    ++pc;                \
    goto after_##second; \
  } while (0)
#define RESUME(what)                            \
  do {                                          \
    outcome = (what);                           \
    if (outcome != Outcome::kDone) [[unlikely]] \
      goto leave_or_error;                      \
    goto reload;                                \
  } while (0)
// A finalizer or a hook may have moved the frame and its registers.
#define FIND_FRAME                               \
  do {                                           \
    frame = thread->coroutine->frame();          \
    base = reinterpret_cast<char*>(frame->base); \
  } while (0)
// The stress build's safepoints: `next` is the instruction that has not begun.
#ifdef GILVM_STRESS
#define POLL(next)               \
  do {                           \
    frame->pc = (next);          \
    collect_for_stress(*thread); \
  } while (0)
#else
#define POLL(next) \
  do {             \
  } while (0)
#endif

reload:
  frame = thread->coroutine->frame();
  pc = frame->pc;
  base = reinterpret_cast<char*>(frame->base);
  constants = reinterpret_cast<const char*>(frame->constants);
#ifdef GILVM_STRESS
  if (pc == frame->closure->prototype->code.get()) POLL(pc);
#endif
  NEXT;

poll:
  // An instruction was about to run when somebody asked for a stop: answer, then run it.
  --pc;
  SAVE;
  if (may_stop_at(*thread, *pc, base) && !answer_breaker(*thread)) goto interrupted;
  FIND_FRAME;
  ++pc;
  goto* const_cast<void*>(thread->handlers[static_cast<unsigned>(i.op())]);

hook:
  SAVE;
  outcome = run_hooks(*thread);
  if (outcome != Outcome::kDone) goto leave_or_error;
  FIND_FRAME;
  // falls into: the interval may be counted, and the breaker set, as well
count:
  --pc;
  SAVE;
  thread->before_instruction(pc->op(), may_stop_at(*thread, *pc, base));
  if (thread->breaker_is_set() && may_stop_at(*thread, *pc, base) && !answer_breaker(*thread))
    goto interrupted;
  thread->begin_instruction(thread->coroutine->frame()->pc->op());  // a finalizer's, if one is called now
  FIND_FRAME;
  ++pc;
  goto* const_cast<void*>(thread->handlers[static_cast<unsigned>(i.op())]);

watch:
  --pc;
  SAVE;
  thread->before_instruction(pc->op(), may_stop_at(*thread, *pc, base));
  if (thread->breaker_is_set() && may_stop_at(*thread, *pc, base) && !answer_breaker(*thread))
    goto interrupted;
  thread->tell_watcher();
  thread->begin_instruction(thread->coroutine->frame()->pc->op());  // a finalizer's, if one is called now
  FIND_FRAME;
  ++pc;
  goto* const_cast<void*>(thread->handlers[static_cast<unsigned>(i.op())]);

store_counted:
  SAVE;
  RESUME(store_counted(*thread, pc));

interrupted:
  ++thread->coroutine->frame()->pc;
  outcome = Outcome::kError;

leave_or_error:
  if (outcome == Outcome::kLeave) return outcome;
  outcome = catch_error(*thread);
  if (outcome != Outcome::kDone) return outcome;
  goto reload;

  // Loading and moving

#define MOVE                                                          \
  do {                                                                \
    const Register& from = B;                                         \
    if (UNLIKELY(from.value.bits() == wide_bits)) A.wide = from.wide; \
    A.set(from.value);                                                \
  } while (0)

kMove:
  LABEL_OF_DISPATCH;
after_kMove:
  MOVE;
  NEXT;
kMove_kMove:
  MOVE;
  ++pc;
  MOVE;
  NEXT;
kMove_kCall:
  MOVE;
  GO_ON(kCall);
kMove_kForLoop:
  MOVE;
  GO_ON(kForLoop);
kLoadInteger:
  A.set(Value::inline_integer(i.wide()));
  NEXT;
kLoadInteger_kCall:
  A.set(Value::inline_integer(i.wide()));
  GO_ON(kCall);
kLoadConstant:
  A.copy(*reinterpret_cast<const Register*>(constants + i.wide()));
  NEXT;
kLoadNil : {
  Register* reg = &A;
  for (unsigned count = i.b() + 1u; count > 0; --count) (reg++)->set(Value::nil());
  NEXT;
}
kLoadFalse:
  A.set(Value::boolean(false));
  NEXT;
kLoadTrue:
  A.set(Value::boolean(true));
  NEXT;

  // Cells

kMakeCell:
  // The cell of an iteration before may still stand there, where the local has no value yet.
  A.set_cell(Cell::make(thread->heap(), A.value.is_cell() ? Value::nil() : thread->boxed(A)));
  NEXT;
// The first of a superinstruction has given `number`, to which kAddInteger adds.
#define GO_ON_ADDING_TO(number)                                                                         \
  do {                                                                                                  \
    ++pc;                                                                                               \
    const std::uint64_t sum = (number).bits() + static_cast<std::uint64_t>(std::int64_t{i.signed_c()}); \
    if (LIKELY((number).bits() >= integer_floor) && LIKELY(sum >= integer_floor)) {                     \
      A.set(Value::from_bits(sum));                                                                     \
      NEXT;                                                                                             \
    }                                                                                                   \
    goto after_kAddInteger;                                                                             \
  } while (0)

kLoadCell:
  A.set(B.as_cell()->content.load());
  NEXT;
kLoadCell_kAddInteger : {
  const Value content = B.as_cell()->content.load();
  A.set(content);
  GO_ON_ADDING_TO(content);
}
kStoreCell:
  A.as_cell()->content.store(SHARED(B));
  NEXT;
kStoreCell_kForLoop:
  A.as_cell()->content.store(SHARED(B));
  GO_ON(kForLoop);
#define LOAD_UPVALUE A.set(frame->closure->upvalues()[i.b()]->content.load())
kLoadUpvalue:
  LOAD_UPVALUE;
  NEXT;
kLoadUpvalue_kMove:
  LOAD_UPVALUE;
  ++pc;
  MOVE;
  NEXT;
kLoadUpvalue_kAddInteger:
  LOAD_UPVALUE;
  GO_ON(kAddInteger);
kStoreUpvalue:
  frame->closure->upvalues()[i.b()]->content.store(SHARED(A));
  NEXT;
kClosure:
  A.set(Value::closure(make_closure(
      *thread, frame, frame->closure->prototype->prototypes[static_cast<std::size_t>(i.wide())])));
  NEXT;

  // Tables

// The table behind a value as an address, or a number that is none.
#define TABLE_ADDRESS(object_value) ((object_value).bits() - table_tag)
#define IS_ADDRESS(address) LIKELY((address) < address_limit)
// Where an inline integer key stands in an array part. Any other value gives a number beyond every capacity.
#define ARRAY_INDEX(key_value) ((key_value).bits() - integer_one)
#define IS_NIL(value) ((value).bits() == nil_bits)

// The quick case: a table whose hash node at the hint has the key. `go_on`: what follows then.
#define GET_SHORT(object_value, key_register, go_on)                        \
  do {                                                                      \
    const std::uint64_t address = TABLE_ADDRESS(object_value);              \
    if (IS_ADDRESS(address)) {                                              \
      HashBlock* hash = reinterpret_cast<Table*>(address)->hash();          \
      const std::uint32_t hint = i.x();                                     \
      if (LIKELY(hint < hash->capacity()) &&                                \
          LIKELY(hash->nodes()[hint].key.load() == (key_register).value)) { \
        const Value value = hash->nodes()[hint].value.load();               \
        if (LIKELY(!IS_NIL(value))) {                                       \
          A.set(value);                                                     \
          go_on;                                                            \
        }                                                                   \
      }                                                                     \
    }                                                                       \
    SAVE;                                                                   \
    RESUME(get_short(*thread, pc, object_value, (key_register).value));     \
  } while (0)
// How a store into a table is made: BEGIN(table) says whether it may be, and END follows it. Under the lock
// regime `object` other threads are to know of it; under others there is nothing to do.
#define BEGIN_PLAIN(table) true
#define END_PLAIN
#define BEGIN_LOCKED(table) LIKELY(StoreInPlace::begin(thread->heap(), table))
#define END_LOCKED StoreInPlace::end(thread->heap())
#define SET_SHORT(object_value, key_register, stored_value, go_on, regime)          \
  do {                                                                              \
    const Value value = (stored_value);                                             \
    const std::uint64_t address = TABLE_ADDRESS(object_value);                      \
    if (IS_ADDRESS(address) && BEGIN_##regime(reinterpret_cast<Table*>(address))) { \
      Table* table = reinterpret_cast<Table*>(address);                             \
      HashBlock* hash = table->hash();                                              \
      const std::uint32_t hint = i.x();                                             \
      if (LIKELY(hint < hash->capacity()) &&                                        \
          LIKELY(hash->nodes()[hint].key.load() == (key_register).value)) {         \
        Slot& slot = hash->nodes()[hint].value;                                     \
        if (LIKELY(!table->metatable()) || LIKELY(!IS_NIL(slot.load()))) {          \
          slot.store(value);                                                        \
          END_##regime;                                                             \
          go_on;                                                                    \
        }                                                                           \
      }                                                                             \
      END_##regime;                                                                 \
    }                                                                               \
    SAVE;                                                                           \
    RESUME(set_short(*thread, pc, object_value, (key_register).value, value));      \
  } while (0)
#define SET_INTEGER_KEY(stored_value)                                                               \
  do {                                                                                              \
    const Value value = (stored_value);                                                             \
    const std::uint64_t address = TABLE_ADDRESS(A.value);                                           \
    const std::int64_t key = i.signed_b();                                                          \
    if (IS_ADDRESS(address) && LIKELY(!reinterpret_cast<Table*>(address)->metatable())) {           \
      if (LIKELY(reinterpret_cast<Table*>(address)->set_integer(thread->heap(), key, value))) NEXT; \
    }                                                                                               \
    SAVE;                                                                                           \
    RESUME(store_index(*thread, A.value, Value::inline_integer(key), value));                       \
  } while (0)
#define SET_INDEX(stored_value, go_on, regime)                                      \
  do {                                                                              \
    const Value value = (stored_value);                                             \
    const std::uint64_t address = TABLE_ADDRESS(A.value);                           \
    if (IS_ADDRESS(address) && BEGIN_##regime(reinterpret_cast<Table*>(address))) { \
      Table* table = reinterpret_cast<Table*>(address);                             \
      ArrayBlock* array = table->array();                                           \
      const std::uint64_t index = ARRAY_INDEX(B.value);                             \
      if (LIKELY(index < array->capacity())) {                                      \
        Slot& slot = array->slots()[index];                                         \
        if (LIKELY(!table->metatable()) || LIKELY(!IS_NIL(slot.load()))) {          \
          slot.store(value);                                                        \
          END_##regime;                                                             \
          go_on;                                                                    \
        }                                                                           \
      }                                                                             \
      END_##regime;                                                                 \
    }                                                                               \
    SAVE;                                                                           \
    RESUME(set_index(*thread, A.value, B, value));                                  \
  } while (0)

#define GLOBALS frame->closure->upvalues()[i.b()]->content.load()

kGetGlobal:
  GET_SHORT(GLOBALS, KC, NEXT);
kGetGlobal_kAddInteger:
  GET_SHORT(GLOBALS, KC, GO_ON_ADDING_TO(value));
kSetGlobal:
  SET_SHORT(GLOBALS, KC, SHARED(A), NEXT, PLAIN);
kSetGlobal_kForLoop:
  SET_SHORT(GLOBALS, KC, SHARED(A), GO_ON(kForLoop), PLAIN);
set_global_locked:
  SET_SHORT(GLOBALS, KC, SHARED(A), NEXT, LOCKED);
kSetGlobalConstant:
  SET_SHORT(GLOBALS, KC, SHARED(KA), NEXT, PLAIN);
set_global_constant_locked:
  SET_SHORT(GLOBALS, KC, SHARED(KA), NEXT, LOCKED);
kGetField:
  GET_SHORT(B.value, KC, NEXT);
kGetField_kCall:
  GET_SHORT(B.value, KC, GO_ON(kCall));
kGetField_kMove:
  GET_SHORT(B.value, KC, GO_ON(kMove));
kGetField_kJumpIfFalse:
  GET_SHORT(B.value, KC, GO_ON(kJumpIfFalse));
kGetField_kJumpIfTrue:
  GET_SHORT(B.value, KC, GO_ON(kJumpIfTrue));
kGetField_kAddInteger:
  GET_SHORT(B.value, KC, GO_ON_ADDING_TO(value));
kSetField:
  SET_SHORT(A.value, KB, SHARED(C), NEXT, PLAIN);
set_field_locked:
  SET_SHORT(A.value, KB, SHARED(C), NEXT, LOCKED);
kSetFieldConstant:
  SET_SHORT(A.value, KB, SHARED(KC), NEXT, PLAIN);
set_field_constant_locked:
  SET_SHORT(A.value, KB, SHARED(KC), NEXT, LOCKED);
#define SELF(go_on)                                                                                    \
  do {                                                                                                 \
    const Value object = B.value;                                                                      \
    (&A + 1)->set(object);                                                                             \
    const std::uint64_t address = TABLE_ADDRESS(object);                                               \
    const Value method = IS_ADDRESS(address)                                                           \
                             ? find_in_tables(thread->vm().name_of(Event::kIndex), pc,                 \
                                              reinterpret_cast<Table*>(address), KC.value.as_string()) \
                             : find_method(*thread, pc, object, KC.value.as_string());                 \
    if (LIKELY(!method.is_empty())) {                                                                  \
      A.set(method);                                                                                   \
      go_on;                                                                                           \
    }                                                                                                  \
    SAVE;                                                                                              \
    RESUME(index_into(*thread, object, KC.value, i.a()));                                              \
  } while (0)
kSelf:
  SELF(NEXT);
kSelf_kCall:
  SELF(GO_ON(kCall));
kGetInteger : {
  const std::uint64_t address = TABLE_ADDRESS(B.value);
  if (IS_ADDRESS(address)) {
    const Value value = reinterpret_cast<Table*>(address)->get_integer(i.signed_c());
    if (LIKELY(!IS_NIL(value))) {
      A.set(value);
      NEXT;
    }
  }
  SAVE;
  RESUME(index_into(*thread, B.value, Value::inline_integer(i.signed_c()), i.a()));
}
kSetInteger:
  SET_INTEGER_KEY(SHARED(C));
kSetIntegerConstant:
  SET_INTEGER_KEY(SHARED(KC));
#define GET_INDEX(go_on)                                                                   \
  do {                                                                                     \
    const std::uint64_t address = TABLE_ADDRESS(B.value);                                  \
    if (IS_ADDRESS(address)) {                                                             \
      ArrayBlock* array = reinterpret_cast<Table*>(address)->array();                      \
      const std::uint64_t index = ARRAY_INDEX(C.value);                                    \
      if (LIKELY(index < array->capacity())) {                                             \
        const Value value = array->slots()[index].load();                                  \
        if (LIKELY(!IS_NIL(value))) {                                                      \
          A.set(value);                                                                    \
          go_on;                                                                           \
        }                                                                                  \
      }                                                                                    \
      const Value key = C.value;                                                           \
      if (key.is_string() && key.as_string()->is_interned()) {                             \
        const Value value = reinterpret_cast<Table*>(address)->get_short(key.as_string()); \
        if (LIKELY(!IS_NIL(value))) {                                                      \
          A.set(value);                                                                    \
          go_on;                                                                           \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
    SAVE;                                                                                  \
    RESUME(index_into(*thread, B.value, thread->boxed(C), i.a()));                         \
  } while (0)
kGetIndex:
  GET_INDEX(NEXT);
kGetIndex_kJumpIfTrue:
  GET_INDEX(GO_ON(kJumpIfTrue));
kSetIndex:
  SET_INDEX(SHARED(C), NEXT, PLAIN);
set_index_locked:
  SET_INDEX(SHARED(C), NEXT, LOCKED);
kSetIndex_kForLoop:
  SET_INDEX(SHARED(C), GO_ON(kForLoop), PLAIN);
kSetIndexConstant:
  SET_INDEX(SHARED(KC), NEXT, PLAIN);
set_index_constant_locked:
  SET_INDEX(SHARED(KC), NEXT, LOCKED);
kSetIndexConstant_kForLoop:
  SET_INDEX(SHARED(KC), GO_ON(kForLoop), PLAIN);
kNewTable:
  A.set(Value::table(Table::make(thread->heap(), i.c(), i.b())));
  NEXT;
kSetList:
  SAVE;
  outcome = set_list(*thread, pc, &A);
  if (outcome != Outcome::kDone) [[unlikely]]
    goto leave_or_error;
  NEXT;

  // Arithmetic. Two inline integers, or two floats; a NaN shows that one operand was no float, or that the
  // result is one: both are left to the careful case.

// An inline integer's encoding is at least integer_floor, and so is the conjunction of two; nothing else's
// is.
#define INTEGER(reg) LIKELY((reg).value.bits() >= integer_floor)
#define INTEGERS(left, right) LIKELY(((left).value.bits() & (right).value.bits()) >= integer_floor)
#define PLAIN(reg) (static_cast<std::int64_t>((reg).value.bits() - integer_bias))
// Is it an integer, inline or wide? Then it is stored in `to`. One in a box is left to the careful case.
#define READ_INTEGER(reg, to)                                      \
  ((reg).value.bits() >= integer_floor ? ((to) = PLAIN(reg), true) \
                                       : (reg).value.bits() == wide_bits && ((to) = (reg).wide, true))
#define SET_INTEGER(expression)                                                    \
  do {                                                                             \
    const std::int64_t integer = (expression);                                     \
    const std::uint64_t bits = static_cast<std::uint64_t>(integer) + integer_bias; \
    if (LIKELY(bits >= integer_floor)) {                                           \
      A.set(Value::from_bits(bits));                                               \
      NEXT;                                                                        \
    }                                                                              \
    A.set_wide(integer);                                                           \
    NEXT;                                                                          \
  } while (0)
// A float of an inline integer or a float; NaN of anything else.
#define REAL(reg)                                                                             \
  ((reg).value.bits() >= integer_floor ? static_cast<double>((reg).value.as_inline_integer()) \
                                       : (reg).value.as_double())
// On encodings x and y of inline integers: the result's encoding, or, out of their range, what would be it.
#define ENCODED_ADD(x, y) ((x) + (y)-integer_bias)
#define ENCODED_SUBTRACT(x, y) ((x) - (y) + integer_bias)
#define ENCODED_MULTIPLY(x, y) (((x)-integer_bias) * ((y)-integer_bias) + integer_bias)
#define TRY_INTEGERS(encoded_operation)                                                  \
  if (INTEGERS(left, right)) {                                                           \
    const std::uint64_t bits = encoded_operation(left.value.bits(), right.value.bits()); \
    if (LIKELY(bits >= integer_floor)) {                                                 \
      A.set(Value::from_bits(bits));                                                     \
      NEXT;                                                                              \
    }                                                                                    \
    A.set_wide(static_cast<std::int64_t>(bits - integer_bias));                          \
    NEXT;                                                                                \
  }
#define TRY_FLOATS(float_operation)                                           \
  {                                                                           \
    const double real = load_double(left) float_operation load_double(right); \
    if (LIKELY(real == real)) {                                               \
      A.set(Value::arithmetic_double(real));                                  \
      NEXT;                                                                   \
    }                                                                         \
  }
#define ARITHMETIC(name, right_operand, first, second, integer_operation, float_operation)     \
  name:                                                                                        \
  LABEL_OF_DISPATCH;                                                                           \
  after_##name : __attribute__((unused));                                                      \
  {                                                                                            \
    const Register& left = B;                                                                  \
    const Register& right = right_operand;                                                     \
    first;                                                                                     \
    second;                                                                                    \
    if (left.value.bits() == wide_bits && right.value.bits() == wide_bits)                     \
      SET_INTEGER(integer_operation(left.wide, right.wide));                                   \
    std::int64_t x, y;                                                                         \
    if (READ_INTEGER(left, x) && READ_INTEGER(right, y)) SET_INTEGER(integer_operation(x, y)); \
    const double mixed = REAL(left) float_operation REAL(right);                               \
    if (LIKELY(mixed == mixed)) {                                                              \
      A.set(Value::arithmetic_double(mixed));                                                  \
      NEXT;                                                                                    \
    }                                                                                          \
    SAVE;                                                                                      \
    RESUME(arithmetic_slowly(*thread, pc, left, right));                                       \
  }
#define FLOAT_ARITHMETIC(name, right_operand, expression) \
  name : {                                                \
    const Register& left = B;                             \
    const Register& right = right_operand;                \
    double x = load_double(left), y = load_double(right); \
    if (UNLIKELY(__builtin_isunordered(x, y))) {          \
      x = REAL(left);                                     \
      y = REAL(right);                                    \
    }                                                     \
    if (LIKELY(!__builtin_isunordered(x, y))) {           \
      const double real = expression;                     \
      if (LIKELY(real == real)) {                         \
        A.set(Value::arithmetic_double(real));            \
        NEXT;                                             \
      }                                                   \
    }                                                     \
    SAVE;                                                 \
    RESUME(arithmetic_slowly(*thread, pc, left, right));  \
  }
#define DIVISION(name, right_operand, integer_operation, float_expression)        \
  name:                                                                           \
  LABEL_OF_DISPATCH;                                                              \
  after_##name : __attribute__((unused));                                         \
  {                                                                               \
    const Register& left = B;                                                     \
    const Register& right = right_operand;                                        \
    if (INTEGERS(left, right) && right.value.bits() != integer_bias) [[likely]] { \
      SET_INTEGER(integer_operation(PLAIN(left), PLAIN(right)));                  \
    }                                                                             \
    if (!INTEGERS(left, right)) {                                                 \
      const double x = REAL(left), y = REAL(right);                               \
      if (x == x && y == y) {                                                     \
        const double real = float_expression;                                     \
        if (real == real) {                                                       \
          A.set(Value::arithmetic_double(real));                                  \
          NEXT;                                                                   \
        }                                                                         \
      }                                                                           \
    }                                                                             \
    SAVE;                                                                         \
    RESUME(arithmetic_slowly(*thread, pc, left, right));                          \
  }
#define BITWISE(name, right_operand, operation)                            \
  name : {                                                                 \
    const Register& left = B;                                              \
    const Register& right = right_operand;                                 \
    std::int64_t x, y;                                                     \
    if (LIKELY(READ_INTEGER(left, x)) && LIKELY(READ_INTEGER(right, y))) { \
      SET_INTEGER(operation);                                              \
    }                                                                      \
    SAVE;                                                                  \
    RESUME(arithmetic_slowly(*thread, pc, left, right));                   \
  }

  // What is more frequent comes first: sums of small integers and constants are kAddInteger.
  ARITHMETIC(kAdd, C, TRY_INTEGERS(ENCODED_ADD), TRY_FLOATS(+), add, +)
  ARITHMETIC(kSubtract, C, TRY_FLOATS(-), TRY_INTEGERS(ENCODED_SUBTRACT), subtract, -)
  ARITHMETIC(kMultiply, C, TRY_FLOATS(*), TRY_INTEGERS(ENCODED_MULTIPLY), multiply, *)
  ARITHMETIC(kAddConstant, KC, TRY_FLOATS(+), TRY_INTEGERS(ENCODED_ADD), add, +)
  ARITHMETIC(kSubtractConstant, KC, TRY_FLOATS(-), TRY_INTEGERS(ENCODED_SUBTRACT), subtract, -)
  ARITHMETIC(kMultiplyConstant, KC, TRY_FLOATS(*), TRY_INTEGERS(ENCODED_MULTIPLY), multiply, *)
  FLOAT_ARITHMETIC(kDivide, C, x / y)
  FLOAT_ARITHMETIC(kDivideConstant, KC, x / y)
  FLOAT_ARITHMETIC(kPower, C, power(x, y))
  FLOAT_ARITHMETIC(kPowerConstant, KC, power(x, y))
  DIVISION(kModulo, C, modulo, modulo(x, y))
  DIVISION(kModuloConstant, KC, modulo, modulo(x, y))
  DIVISION(kFloorDivide, C, floor_divide, std::floor(x / y))
  DIVISION(kFloorDivideConstant, KC, floor_divide, std::floor(x / y))
  BITWISE(kBitAnd, C, x & y)
  BITWISE(kBitOr, C, x | y)
  BITWISE(kBitXor, C, x ^ y)
  BITWISE(kShiftLeft, C, shift_left(x, y))
  BITWISE(kShiftRight, C, shift_right(x, y))
  BITWISE(kBitAndConstant, KC, x & y)
  BITWISE(kBitOrConstant, KC, x | y)
  BITWISE(kBitXorConstant, KC, x ^ y)

kAddInteger:
  LABEL_OF_DISPATCH;
after_kAddInteger : {
  const Register& left = B;
  if (INTEGER(left)) {
    const std::uint64_t sum = left.value.bits() + static_cast<std::uint64_t>(std::int64_t{i.signed_c()});
    if (LIKELY(sum >= integer_floor)) {
      A.set(Value::from_bits(sum));
      NEXT;
    }
    A.set_wide(static_cast<std::int64_t>(sum - integer_bias));
    NEXT;
  }
  const double real = load_double(left) + i.signed_c();
  if (real == real) [[likely]] {
    A.set(Value::arithmetic_double(real));
    NEXT;
  }
  SAVE;
  RESUME(arithmetic_with_integer(*thread, pc, left));
}
kAddInteger_kCall : {
  const Register& left = B;
  const std::uint64_t sum = left.value.bits() + static_cast<std::uint64_t>(std::int64_t{i.signed_c()});
  if (!INTEGER(left) || UNLIKELY(sum < integer_floor)) goto after_kAddInteger;
  A.set(Value::from_bits(sum));
  GO_ON(kCall);
}
// A float product is added to what else the second instruction adds, and does not wait for its register.
#define MULTIPLY_AND_ADD(name, multiply, right_operand, other_operand)                          \
  name : {                                                                                      \
    const double product = load_double(B) * load_double(right_operand);                         \
    if (UNLIKELY(product != product)) {                                                         \
      const std::uint64_t bits = ENCODED_MULTIPLY(B.value.bits(), right_operand.value.bits());  \
      if (!INTEGERS(B, right_operand) || UNLIKELY(bits < integer_floor)) goto after_##multiply; \
      A.set(Value::from_bits(bits));                                                            \
      GO_ON(kAdd);                                                                              \
    }                                                                                           \
    A.set(Value::arithmetic_double(product));                                                   \
    ++pc;                                                                                       \
    const double sum = product + load_double(other_operand);                                    \
    if (UNLIKELY(sum != sum)) goto after_kAdd;                                                  \
    A.set(Value::arithmetic_double(sum));                                                       \
    NEXT;                                                                                       \
  }
  MULTIPLY_AND_ADD(kMultiply_kAdd, kMultiply, C, B)
  MULTIPLY_AND_ADD(kMultiplyConstant_kAdd, kMultiplyConstant, KC, C)
kAdd_kModuloConstant : {
  const Register& left = B;
  const Register& right = C;
  const std::uint64_t sum = ENCODED_ADD(left.value.bits(), right.value.bits());
  if (!INTEGERS(left, right) || UNLIKELY(sum < integer_floor)) goto after_kAdd;
  A.set(Value::from_bits(sum));
  ++pc;
  const Register& divisor = KC;
  if (!INTEGER(divisor) || divisor.value.bits() == integer_bias) goto after_kModuloConstant;
  SET_INTEGER(modulo(static_cast<std::int64_t>(sum - integer_bias), PLAIN(divisor)));
}
kShiftRightInteger : {
  std::int64_t x;
  if (LIKELY(READ_INTEGER(B, x))) {
    const int distance = i.signed_c();
    if (LIKELY(static_cast<unsigned>(distance) < 64))
      SET_INTEGER(static_cast<std::int64_t>(static_cast<std::uint64_t>(x) >> distance));
    SET_INTEGER(shift_right(x, distance));
  }
  SAVE;
  RESUME(arithmetic_with_integer(*thread, pc, B));
}
kShiftLeftInteger : {
  std::int64_t x;
  if (LIKELY(READ_INTEGER(B, x))) SET_INTEGER(shift_left(i.signed_c(), x));
  SAVE;
  RESUME(arithmetic_with_integer(*thread, pc, B));
}
kNegate : {
  const Register& operand = B;
  if (operand.is_integer()) {
    A.set_integer(subtract(0, operand.as_integer()));
    NEXT;
  }
  if (operand.value.is_double()) {
    A.set(Value::number(-operand.value.as_double()));
    NEXT;
  }
  SAVE;
  RESUME(arithmetic_into(*thread, Event::kNegate, Register(operand), Register(operand), i.a()));
}
kBitNot:
  if (B.is_integer()) {
    A.set_integer(~B.as_integer());
    NEXT;
  }
  SAVE;
  RESUME(arithmetic_into(*thread, Event::kBitNot, Register(B), Register(B), i.a()));
kNot:
  A.set(Value::boolean(B.value.is_falsy()));
  NEXT;
#define LENGTH(go_on)                                                         \
  do {                                                                        \
    const Value operand = B.value;                                            \
    if (operand.is_table() && !operand.as_table()->metatable()) [[likely]] {  \
      A.set_integer(static_cast<std::int64_t>(operand.as_table()->length())); \
      go_on;                                                                  \
    }                                                                         \
    SAVE;                                                                     \
    RESUME(length_into(*thread, Register(B), i.a()));                         \
  } while (0)
kLength:
  LENGTH(NEXT);
kLength_kAddInteger:
  LENGTH(const Value length = A.value; GO_ON_ADDING_TO(length));
kConcatenate:
  SAVE;
  RESUME(concatenate(*thread, thread->coroutine->index_of(&A), i.b()));

  // Jumps

kJump:
  pc += i.wide();
  NEXT;
kJumpBack:
  POLL(pc - 1);
  pc += i.wide();
  NEXT;
kJumpIfFalse:
  LABEL_OF_DISPATCH;
after_kJumpIfFalse:
  if (A.value.is_falsy()) pc += i.wide();
  NEXT;
kJumpIfTrue:
  LABEL_OF_DISPATCH;
after_kJumpIfTrue:
  if (!A.value.is_falsy()) pc += i.wide();
  NEXT;
kTestSet:
  if (B.value.is_falsy() != static_cast<bool>(i.x())) {
    A.copy(B);
    pc += i.signed_c();
  }
  NEXT;

#define JUMP_WHEN(condition) \
  do {                       \
    if (condition) {         \
      pc += i.signed_c();    \
      NEXT;                  \
    }                        \
    NEXT;                    \
  } while (0)
#define COMPARISON(name, wanted, event, operation)                                  \
  name : {                                                                          \
    const Register& left = A;                                                       \
    const Register& right = B;                                                      \
    if (INTEGERS(left, right)) [[likely]]                                           \
      JUMP_WHEN((left.value.bits() operation right.value.bits()) == wanted);        \
    double x = load_double(left), y = load_double(right);                           \
    if (LIKELY(!__builtin_isunordered(x, y))) JUMP_WHEN((x operation y) == wanted); \
    /* Mixed kinds are exact: an inline integer is exact as a double. */            \
    x = REAL(left);                                                                 \
    y = REAL(right);                                                                \
    if (!__builtin_isunordered(x, y)) JUMP_WHEN((x operation y) == wanted);         \
    SAVE;                                                                           \
    RESUME(compare_and_jump(*thread, event, Register(left), Register(right)));      \
  }
#define COMPARISON_INTEGER(name, wanted, event, operation, left_operand, right_operand) \
  name : {                                                                              \
    const Register& operand = A;                                                        \
    if (INTEGER(operand)) [[likely]]                                                    \
      JUMP_WHEN((PLAIN(operand) operation i.signed_b()) == wanted);                     \
    const double x = load_double(operand);                                              \
    if (x == x) [[likely]]                                                              \
      JUMP_WHEN((x operation i.signed_b()) == wanted);                                  \
    SAVE;                                                                               \
    const Register copy = operand, constant = immediate(pc);                            \
    RESUME(compare_and_jump(*thread, event, left_operand, right_operand));              \
  }
#define PAIR(comparison, name, opposite, ...) \
  comparison(name, true, __VA_ARGS__) comparison(opposite, false, __VA_ARGS__)
// The same string, boolean, nil or object too; two interned strings are the same or not equal.
#define EQUALITY(name, wanted, event)                                                                   \
  name : {                                                                                              \
    const Register& left = A;                                                                           \
    const Register& right = B;                                                                          \
    if (INTEGERS(left, right) || (left.value.is_string() && identity_decides(left.value, right.value))) \
      JUMP_WHEN((left.value.bits() == right.value.bits()) == wanted);                                   \
    if (left.value.is_nil() || left.value.is_boolean() || right.value.is_nil())                         \
      JUMP_WHEN((left.value == right.value) == wanted);                                                 \
    SAVE;                                                                                               \
    RESUME(compare_and_jump(*thread, event, Register(left), Register(right)));                          \
  }
// Interned strings, and what is no number and no string, are equal by identity.
#define EQUALITY_CONSTANT(name, wanted, event)                                                              \
  name : {                                                                                                  \
    const Register& left = A;                                                                               \
    const Register& right = KB;                                                                             \
    if (right.value.is_string() && identity_decides(left.value, right.value)) [[likely]]                    \
      JUMP_WHEN((left.value == right.value) == wanted);                                                     \
    if (right.value.is_nil() || right.value.is_boolean()) JUMP_WHEN((left.value == right.value) == wanted); \
    SAVE;                                                                                                   \
    RESUME(compare_and_jump(*thread, event, Register(left), Register(right)));                              \
  }
#define EQUALITY_INTEGER(name, wanted, event)                                                \
  name : {                                                                                   \
    const Register& left = A;                                                                \
    if (INTEGER(left)) [[likely]]                                                            \
      JUMP_WHEN((PLAIN(left) == i.signed_b()) == wanted);                                    \
    JUMP_WHEN((left.value.is_double() && left.value.as_double() == i.signed_b()) == wanted); \
  }

  PAIR(EQUALITY, kEqual, kNotEqual, Event::kEqual)
  PAIR(EQUALITY_CONSTANT, kEqualConstant, kNotEqualConstant, Event::kEqual)
  PAIR(EQUALITY_INTEGER, kEqualInteger, kNotEqualInteger, Event::kEqual)
  PAIR(COMPARISON, kLess, kNotLess, Event::kLess, <)
  PAIR(COMPARISON, kLessEqual, kNotLessEqual, Event::kLessEqual, <=)
  PAIR(COMPARISON_INTEGER, kLessInteger, kNotLessInteger, Event::kLess, <, copy, constant)
  PAIR(COMPARISON_INTEGER, kLessEqualInteger, kNotLessEqualInteger, Event::kLessEqual, <=, copy, constant)
  PAIR(COMPARISON_INTEGER, kGreaterInteger, kNotGreaterInteger, Event::kLess, >, constant, copy)
  PAIR(COMPARISON_INTEGER, kGreaterEqualInteger, kNotGreaterEqualInteger, Event::kLessEqual, >=, constant,
       copy)

  // Loops

kForPrepare : {
  bool runs = false;
  SAVE;
  outcome = prepare_for_loop(*thread, &A, &runs);
  if (outcome != Outcome::kDone) goto leave_or_error;
  if (!runs) pc += i.wide();
  NEXT;
}
kForLoop:
  LABEL_OF_DISPATCH;
after_kForLoop : {
  POLL(pc - 1);
  Register* state = &A;
  // More than 0 of them; an encoding of anything else is less.
  const std::uint64_t left = state[1].value.bits();
  if (LIKELY(left > integer_bias)) {
    state[1].set(Value::from_bits(left - 1));
    const Value index = Value::from_bits(state[0].value.bits() + static_cast<std::uint64_t>(state[2].wide));
    state[0].set(index);
    state[3].set(index);
    pc += i.wide();
    NEXT;
  }
  if (!advance_loop(state)) NEXT;
  pc += i.wide();
  NEXT;
}
kGenericForCall : {
  Register* state = &A;
  if (state[0].value.is_native() && iterate_natively(*thread, state, i.c())) NEXT;
  SAVE;
  state[4].copy(state[0]);
  state[5].copy(state[1]);
  state[6].copy(state[2]);
  // The call stands above the loop's variables only as long as it takes to begin.
  thread->coroutine->top = state + 7;
  RESUME(begin_call(*thread, state + 4, 2, OnReturn::kFinish));
}
kGenericForLoop : {
  POLL(pc - 1);
  Register* state = &A;
  if (state[4].value.is_nil()) NEXT;
  state[2].copy(state[4]);
  pc += i.wide();
  NEXT;
}

  // Calls

kCall:
  LABEL_OF_DISPATCH;
after_kCall : {
  Register* function = &A;
  Coroutine* coroutine = thread->coroutine;
  const std::uint32_t arguments =
      LIKELY(i.b() != 0) ? i.b() - 1u : static_cast<std::uint32_t>(coroutine->top - function - 1);
  SAVE;
  const std::uint64_t address = function->value.bits() - closure_tag;
  if (IS_ADDRESS(address)) {
    Closure* closure = reinterpret_cast<Closure*>(address);
    const Prototype* prototype = closure->prototype;
    Register* start = function + 1;
    if (LIKELY(start + prototype->frame_size < coroutine->stack_end()) &&
        LIKELY(coroutine->has_frame_room())) {
      if (UNLIKELY(arguments != prototype->exact_arguments)) {
        if (prototype->is_vararg) goto call;
        for (std::uint32_t missing = arguments; missing < prototype->parameters; ++missing) {
          start[missing].set(Value::nil());
        }
      }
      ++frame;
      coroutine->set_frame(frame);
      pc = prototype->code.get();
      base = reinterpret_cast<char*>(start);
      constants = reinterpret_cast<const char*>(prototype->constants.data());
      frame->begin(closure, pc, start);
      POLL(pc);
      NEXT;
    }
  }
call:
  if (function->value.is_native() && function->value.as_native()->is_the_interpreters()) {
    RESUME(begin_special_call(*thread, function, arguments, OnReturn::kCall));
  }
  RESUME(begin_call(*thread, function, arguments, OnReturn::kCall));
}
kTailCall : {
  Register* function = &A;
  const std::uint32_t arguments =
      i.b() != 0 ? i.b() - 1u : static_cast<std::uint32_t>(thread->coroutine->top - function - 1);
  SAVE;
  RESUME(begin_tail_call(*thread, function, arguments));
}
// Goes on in the frame below, with the kCall or kTailCall that made the call as `i`; the latter's c is 0.
#define LEAVE_FRAME                                              \
  do {                                                           \
    --frame;                                                     \
    thread->coroutine->set_frame(frame);                         \
    pc = frame->pc;                                              \
    base = reinterpret_cast<char*>(frame->base);                 \
    constants = reinterpret_cast<const char*>(frame->constants); \
  } while (0)
kReturnNone:
  if (LIKELY(frame->on_return == OnReturn::kCall)) {
    LEAVE_FRAME;
    Register* to = &A;
    if (LIKELY(i.c() == 1)) NEXT;
    if (i.c() == 0) thread->coroutine->top = to;
    for (unsigned wanted = i.c(); wanted > 1; --wanted) (to++)->set(Value::nil());
    NEXT;
  }
  SAVE;
  RESUME(return_values(*thread, reinterpret_cast<Register*>(base), 0));
kReturnOne : {
  Register* value = &A;
  if (LIKELY(frame->on_return == OnReturn::kCall)) {
    LEAVE_FRAME;
    Register* to = &A;
    if (LIKELY(i.c() == 2)) {
      if (UNLIKELY(value->value.bits() == wide_bits)) to->wide = value->wide;
      to->set(value->value);
      NEXT;
    }
    if (i.c() != 1) to->copy(*value);
    if (i.c() == 0) thread->coroutine->top = to + 1;
    for (unsigned missing = i.c(); missing > 2; --missing) (++to)->set(Value::nil());
    NEXT;
  }
  SAVE;
  RESUME(return_values(*thread, value, 1));
}
kReturnClose:
  if (has_to_close(thread->coroutine, reinterpret_cast<Register*>(base))) {
    SAVE;
    RESUME(close_one(*thread));
  }
  // falls into
kReturn : {
  Register* first = &A;
  const std::uint32_t values =
      i.b() != 0 ? i.b() - 1u : static_cast<std::uint32_t>(thread->coroutine->top - first);
  SAVE;
  RESUME(return_values(*thread, first, values));
}
kVararg:
  SAVE;
  RESUME(load_extra_arguments(*thread, i.load()));
kToBeClosed:
  SAVE;
  RESUME(mark_to_be_closed(*thread, A, reinterpret_cast<Register*>(base) + i.b()));
kClose:
  if (has_to_close(thread->coroutine, reinterpret_cast<Register*>(base) + i.b())) {
    SAVE;
    RESUME(close_one(*thread));
  }
  NEXT;
}

#undef i
#undef thread

}  // namespace

void set_up_interpreter() {
  if (labels.poll) return;
  run_loop(nullptr);
  set_dispatch_labels(&labels);
}

Outcome interpret(VmThread& thread) { return run_loop(&thread); }

}  // namespace gilvm
