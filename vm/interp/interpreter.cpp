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
#include "vm/interp/finalizers.h"
#include "vm/interp/numbers.h"
#include "vm/interp/operations.h"
#include "vm/runtime/memory.h"

namespace gilvm {
namespace {

DispatchLabels labels;

// The small float constants of comparisons with an integer operand.
Register immediate(Instruction instruction) {
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
Outcome arithmetic_with_integer(VmThread& thread, Instruction i, const Register& operand) {
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

Outcome arithmetic_slowly(VmThread& thread, Instruction i, const Register& left, const Register& right) {
  const auto event = static_cast<Event>(i.x() & ~kExchanged);
  const Register first = i.x() & kExchanged ? right : left;
  const Register second = i.x() & kExchanged ? left : right;
  return arithmetic_into(thread, event, first, second, i.a());
}

void store_hint(const CodeWord& instruction, std::uint8_t hint) {
  if (instruction.x() != hint) const_cast<CodeWord&>(instruction).set_hint(hint);
}

// A constant string key was not where the hint says: looks it up, and corrects the hint.
Outcome get_short(VmThread& thread, const CodeWord& instruction, Value object, Value key) {
  if (object.is_table()) {
    std::uint8_t hint = instruction.x();
    if (object.as_table()->find_short_at(key.as_string(), &hint)) store_hint(instruction, hint);
  }
  return index_into(thread, object, key, instruction.a());
}

Outcome set_short(VmThread& thread, const CodeWord& instruction, Value object, Value key, Value value) {
  if (object.is_table()) {
    Table* table = object.as_table();
    std::uint8_t hint = instruction.x();
    if (table->find_short_at(key.as_string(), &hint)) store_hint(instruction, hint);
    // A new field of a table that nobody watches.
    if (!table->metatable() && table->set_short(thread.heap(), key.as_string(), value)) return Outcome::kDone;
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
    if (key.value.is_string() && key.value.as_string()->is_short() &&
        table->set_short(thread.heap(), key.value.as_string(), value)) {
      return Outcome::kDone;
    }
  }
  return store_index(thread, object, thread.boxed(key), value);
}

// A method is found in the object itself, or some steps along __index. Nil: not there, or not by tables
// alone. Not inlined: the loop is as quick without, and its registers stay its own.
[[gnu::noinline]] Value find_method(const String* index_name, const CodeWord& instruction, Table* table,
                                    const String* key) {
  constexpr int kSteps = 8;
  std::uint8_t hint = instruction.x();
  for (int step = 0; step < kSteps; ++step) {
    if (Slot* slot = table->find_short_at(key, &hint)) {
      const Value value = slot->load();
      if (!value.is_nil()) {
        store_hint(instruction, hint);
        return value;
      }
    }
    Table* metatable = table->metatable();
    if (!metatable) break;
    const Value index = metatable->get_event(index_name);
    if (!index.is_table()) break;
    table = index.as_table();
  }
  return Value::nil();
}

Outcome set_list(VmThread& thread, Instruction i, Register* list) {
  std::uint32_t count = i.b() != 0 ? i.b() : static_cast<std::uint32_t>(thread.coroutine->top - list - 1);
  const std::uint32_t start = i.c() | static_cast<std::uint32_t>(i.x()) << 16;
  Table* table = list->value.as_table();
  if (start + count > table->array()->capacity()) table->reserve(thread.heap(), start + count, 0);
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
  auto* to = reinterpret_cast<Register*>(reinterpret_cast<char*>(frame->base) + i.a());
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

// Does what the thread was asked to. False: it is interrupted.
bool answer_breaker(VmThread& thread) { return thread.answer_breaker() && finalize_if_due(thread); }

#ifdef GILVM_STRESS
// A collection at every safepoint, unless the script has stopped them; in deep recursion, where each takes
// long, at every few hundredth.
void collect_for_stress(VmThread& thread) {
  thread_local unsigned safepoints = 0;
  const auto depth = thread.coroutine->frame() - thread.coroutine->first_frame();
  if (!thread.vm().heap().enabled()) return;
  if (depth < 200 || ++safepoints % 512 == 0) thread.vm().collect(thread);
}
#endif

// As interpret(). Without a thread it only makes its labels known.
Outcome run_loop(VmThread* const vm_thread) {
  static const void* const handlers[] = {
#define OPCODE(name, a, b, c, x) &&name,
#include "vm/bytecode/opcodes.def"
#undef OPCODE
  };
  if (!vm_thread) {
    std::memcpy(labels.direct, handlers, sizeof handlers);
    labels.poll = &&poll;
    labels.count = &&count;
    labels.hook = &&hook;
    return Outcome::kDone;
  }

  CallFrame* frame;
  const CodeWord* pc;
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
#define NEXT                                                                                          \
  do {                                                                                                \
    ++pc;                                                                                             \
    goto* const_cast<void*>(dispatch[static_cast<unsigned>(i.op())].load(std::memory_order_relaxed)); \
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
#ifdef GILVM_STRESS
#define POLL                     \
  do {                           \
    SAVE;                        \
    collect_for_stress(*thread); \
  } while (0)
#else
#define POLL \
  do {       \
  } while (0)
#endif

reload:
  frame = thread->coroutine->frame();
  pc = frame->pc;
  base = reinterpret_cast<char*>(frame->base);
  constants = reinterpret_cast<const char*>(frame->constants);
#ifdef GILVM_STRESS
  if (pc == frame->closure->prototype->code.get()) POLL;
#endif
  NEXT;

poll:
  // An instruction was about to run when somebody asked for a stop: answer, then run it.
  --pc;
  SAVE;
  if (may_stop_at(*thread, *pc, base) && !answer_breaker(*thread)) goto interrupted;
  FIND_FRAME;
  ++pc;
  goto* const_cast<void*>(handlers[static_cast<unsigned>(i.op())]);

hook:
  SAVE;
  outcome = run_hooks(*thread);
  if (outcome != Outcome::kDone) goto leave_or_error;
  FIND_FRAME;
  // falls into: the interval may be counted, and the breaker set, as well
count:
  --pc;
  SAVE;
  thread->count_instruction();
  if (thread->breaker_is_set() && may_stop_at(*thread, *pc, base) && !answer_breaker(*thread))
    goto interrupted;
  FIND_FRAME;
  ++pc;
  goto* const_cast<void*>(handlers[static_cast<unsigned>(i.op())]);

interrupted:
  ++thread->coroutine->frame()->pc;
  outcome = Outcome::kError;

leave_or_error:
  if (outcome == Outcome::kLeave) return outcome;
  outcome = catch_error(*thread);
  if (outcome != Outcome::kDone) return outcome;
  goto reload;

  // Loading and moving

kMove : {
  const Register& from = B;
  if (UNLIKELY(from.value.bits() == wide_bits)) A.wide = from.wide;
  A.set(from.value);
  NEXT;
}
kLoadInteger:
  A.set(Value::inline_integer(i.wide()));
  NEXT;
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
kLoadCell:
  A.set(B.as_cell()->content.load());
  NEXT;
kStoreCell:
  A.as_cell()->content.store(SHARED(B));
  NEXT;
kLoadUpvalue:
  A.set(frame->closure->upvalues()[i.b()]->content.load());
  NEXT;
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

// The quick case: a table whose hash node at the hint has the key.
#define GET_SHORT(object_value, key_register)                               \
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
          NEXT;                                                             \
        }                                                                   \
      }                                                                     \
    }                                                                       \
    SAVE;                                                                   \
    RESUME(get_short(*thread, i, object_value, (key_register).value));      \
  } while (0)
#define SET_SHORT(object_value, key_register, stored_value)                   \
  do {                                                                        \
    const Value value = (stored_value);                                       \
    const std::uint64_t address = TABLE_ADDRESS(object_value);                \
    if (IS_ADDRESS(address)) {                                                \
      Table* table = reinterpret_cast<Table*>(address);                       \
      HashBlock* hash = table->hash();                                        \
      const std::uint32_t hint = i.x();                                       \
      if (LIKELY(hint < hash->capacity()) &&                                  \
          LIKELY(hash->nodes()[hint].key.load() == (key_register).value)) {   \
        Slot& slot = hash->nodes()[hint].value;                               \
        if (LIKELY(!table->metatable()) || LIKELY(!IS_NIL(slot.load()))) {    \
          slot.store(value);                                                  \
          NEXT;                                                               \
        }                                                                     \
      }                                                                       \
    }                                                                         \
    SAVE;                                                                     \
    RESUME(set_short(*thread, i, object_value, (key_register).value, value)); \
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
#define SET_INDEX(stored_value)                                            \
  do {                                                                     \
    const Value value = (stored_value);                                    \
    const std::uint64_t address = TABLE_ADDRESS(A.value);                  \
    if (IS_ADDRESS(address)) {                                             \
      Table* table = reinterpret_cast<Table*>(address);                    \
      ArrayBlock* array = table->array();                                  \
      const std::uint64_t index = ARRAY_INDEX(B.value);                    \
      if (LIKELY(index < array->capacity())) {                             \
        Slot& slot = array->slots()[index];                                \
        if (LIKELY(!table->metatable()) || LIKELY(!IS_NIL(slot.load()))) { \
          slot.store(value);                                               \
          NEXT;                                                            \
        }                                                                  \
      }                                                                    \
    }                                                                      \
    SAVE;                                                                  \
    RESUME(set_index(*thread, A.value, B, value));                         \
  } while (0)

kGetGlobal:
  GET_SHORT(frame->closure->upvalues()[i.b()]->content.load(), KC);
kSetGlobal:
  SET_SHORT(frame->closure->upvalues()[i.b()]->content.load(), KC, SHARED(A));
kSetGlobalConstant:
  SET_SHORT(frame->closure->upvalues()[i.b()]->content.load(), KC, SHARED(KA));
kGetField:
  GET_SHORT(B.value, KC);
kSetField:
  SET_SHORT(A.value, KB, SHARED(C));
kSetFieldConstant:
  SET_SHORT(A.value, KB, SHARED(KC));
kSelf : {
  const Value object = B.value;
  (&A + 1)->set(object);
  const std::uint64_t address = TABLE_ADDRESS(object);
  if (IS_ADDRESS(address)) {
    const Value method = find_method(thread->vm().name_of(Event::kIndex), i,
                                     reinterpret_cast<Table*>(address), KC.value.as_string());
    if (LIKELY(!IS_NIL(method))) {
      A.set(method);
      NEXT;
    }
  }
  SAVE;
  RESUME(index_into(*thread, object, KC.value, i.a()));
}
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
kGetIndex : {
  const std::uint64_t address = TABLE_ADDRESS(B.value);
  if (IS_ADDRESS(address)) {
    ArrayBlock* array = reinterpret_cast<Table*>(address)->array();
    const std::uint64_t index = ARRAY_INDEX(C.value);
    if (LIKELY(index < array->capacity())) {
      const Value value = array->slots()[index].load();
      if (LIKELY(!IS_NIL(value))) {
        A.set(value);
        NEXT;
      }
    }
    const Value key = C.value;
    if (key.is_string() && key.as_string()->is_short()) {
      const Value value = reinterpret_cast<Table*>(address)->get_short(key.as_string());
      if (LIKELY(!IS_NIL(value))) {
        A.set(value);
        NEXT;
      }
    }
  }
  SAVE;
  RESUME(index_into(*thread, B.value, thread->boxed(C), i.a()));
}
kSetIndex:
  SET_INDEX(SHARED(C));
kSetIndexConstant:
  SET_INDEX(SHARED(KC));
kNewTable:
  A.set(Value::table(Table::make(thread->heap(), i.c(), i.b())));
  NEXT;
kSetList:
  SAVE;
  outcome = set_list(*thread, i.load(), &A);
  if (outcome != Outcome::kDone) [[unlikely]]
    goto leave_or_error;
  NEXT;

  // Arithmetic. First two inline integers, then two floats; a NaN shows that one operand was no float, or
  // that the result is one: both are left to the careful case.

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
#define ARITHMETIC(name, right_operand, encoded_operation, integer_operation, float_operation) \
  name : {                                                                                     \
    const Register& left = B;                                                                  \
    const Register& right = right_operand;                                                     \
    if (INTEGERS(left, right)) [[likely]] {                                                    \
      const std::uint64_t bits = encoded_operation(left.value.bits(), right.value.bits());     \
      if (LIKELY(bits >= integer_floor)) {                                                     \
        A.set(Value::from_bits(bits));                                                         \
        NEXT;                                                                                  \
      }                                                                                        \
      A.set_wide(static_cast<std::int64_t>(bits - integer_bias));                              \
      NEXT;                                                                                    \
    }                                                                                          \
    const double real = load_double(left) float_operation load_double(right);                  \
    if (LIKELY(real == real)) {                                                                \
      A.set(Value::arithmetic_double(real));                                                   \
      NEXT;                                                                                    \
    }                                                                                          \
    std::int64_t x, y;                                                                         \
    if (READ_INTEGER(left, x) && READ_INTEGER(right, y)) SET_INTEGER(integer_operation(x, y)); \
    const double mixed = REAL(left) float_operation REAL(right);                               \
    if (LIKELY(mixed == mixed)) {                                                              \
      A.set(Value::arithmetic_double(mixed));                                                  \
      NEXT;                                                                                    \
    }                                                                                          \
    SAVE;                                                                                      \
    RESUME(arithmetic_slowly(*thread, i.load(), left, right));                                 \
  }
#define FLOAT_ARITHMETIC(name, right_operand, expression)      \
  name : {                                                     \
    const Register& left = B;                                  \
    const Register& right = right_operand;                     \
    double x = load_double(left), y = load_double(right);      \
    if (UNLIKELY(__builtin_isunordered(x, y))) {               \
      x = REAL(left);                                          \
      y = REAL(right);                                         \
    }                                                          \
    if (LIKELY(!__builtin_isunordered(x, y))) {                \
      const double real = expression;                          \
      if (LIKELY(real == real)) {                              \
        A.set(Value::arithmetic_double(real));                 \
        NEXT;                                                  \
      }                                                        \
    }                                                          \
    SAVE;                                                      \
    RESUME(arithmetic_slowly(*thread, i.load(), left, right)); \
  }
#define DIVISION(name, right_operand, integer_operation, float_expression)        \
  name : {                                                                        \
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
    RESUME(arithmetic_slowly(*thread, i.load(), left, right));                    \
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
    RESUME(arithmetic_slowly(*thread, i.load(), left, right));             \
  }

  ARITHMETIC(kAdd, C, ENCODED_ADD, add, +)
  ARITHMETIC(kSubtract, C, ENCODED_SUBTRACT, subtract, -)
  ARITHMETIC(kMultiply, C, ENCODED_MULTIPLY, multiply, *)
  ARITHMETIC(kAddConstant, KC, ENCODED_ADD, add, +)
  ARITHMETIC(kSubtractConstant, KC, ENCODED_SUBTRACT, subtract, -)
  ARITHMETIC(kMultiplyConstant, KC, ENCODED_MULTIPLY, multiply, *)
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

kAddInteger : {
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
  RESUME(arithmetic_with_integer(*thread, i.load(), left));
}
kShiftRightInteger : {
  std::int64_t x;
  if (LIKELY(READ_INTEGER(B, x))) SET_INTEGER(shift_right(x, i.signed_c()));
  SAVE;
  RESUME(arithmetic_with_integer(*thread, i.load(), B));
}
kShiftLeftInteger : {
  std::int64_t x;
  if (LIKELY(READ_INTEGER(B, x))) SET_INTEGER(shift_left(i.signed_c(), x));
  SAVE;
  RESUME(arithmetic_with_integer(*thread, i.load(), B));
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
kLength : {
  const Value operand = B.value;
  if (operand.is_table() && !operand.as_table()->metatable()) [[likely]] {
    A.set_integer(static_cast<std::int64_t>(operand.as_table()->length()));
    NEXT;
  }
  SAVE;
  RESUME(length_into(*thread, Register(B), i.a()));
}
kConcatenate:
  SAVE;
  RESUME(concatenate(*thread, thread->coroutine->index_of(&A), i.b()));

  // Jumps

kJump:
  pc += i.wide();
  NEXT;
kJumpBack:
  pc += i.wide();
  POLL;
  NEXT;
kJumpIfFalse:
  if (A.value.is_falsy()) pc += i.wide();
  NEXT;
kJumpIfTrue:
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
    const Register copy = operand, constant = immediate(i.load());                      \
    RESUME(compare_and_jump(*thread, event, left_operand, right_operand));              \
  }
#define PAIR(comparison, name, opposite, ...) \
  comparison(name, true, __VA_ARGS__) comparison(opposite, false, __VA_ARGS__)
// The same short string, boolean, nil or object too.
#define EQUALITY(name, wanted, event)                                           \
  name : {                                                                      \
    const Register& left = A;                                                   \
    const Register& right = B;                                                  \
    if (INTEGERS(left, right) || left.value.is_string())                        \
      if (!(left.value.is_string() && !left.value.as_string()->is_short()))     \
        JUMP_WHEN((left.value.bits() == right.value.bits()) == wanted);         \
    if (left.value.is_nil() || left.value.is_boolean() || right.value.is_nil()) \
      JUMP_WHEN((left.value == right.value) == wanted);                         \
    SAVE;                                                                       \
    RESUME(compare_and_jump(*thread, event, Register(left), Register(right)));  \
  }
// Short strings, and what is no number, are equal by identity.
#define EQUALITY_CONSTANT(name, wanted, event)                                     \
  name : {                                                                         \
    const Register& left = A;                                                      \
    const Register& right = KB;                                                    \
    if (right.value.is_string() && right.value.as_string()->is_short()) [[likely]] \
      JUMP_WHEN((left.value == right.value) == wanted);                            \
    SAVE;                                                                          \
    RESUME(compare_and_jump(*thread, event, Register(left), Register(right)));     \
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
kForLoop : {
  Register* state = &A;
  // More than 0 of them; an encoding of anything else is less.
  const std::uint64_t left = state[1].value.bits();
  if (LIKELY(left > integer_bias)) {
    state[1].set(Value::from_bits(left - 1));
    const Value index = Value::from_bits(state[0].value.bits() + static_cast<std::uint64_t>(state[2].wide));
    state[0].set(index);
    state[3].set(index);
    pc += i.wide();
    POLL;
    NEXT;
  }
  if (!advance_loop(state)) NEXT;
  pc += i.wide();
  POLL;
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
  Register* state = &A;
  if (state[4].value.is_nil()) NEXT;
  state[2].copy(state[4]);
  pc += i.wide();
  POLL;
  NEXT;
}

  // Calls

kCall : {
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
      POLL;
      NEXT;
    }
  }
call:
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
