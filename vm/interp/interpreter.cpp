// The interpreter's loop.
//
// Rules that every handler keeps:
//  (1) `pc` points to the next instruction. It is saved in the frame before anything that can raise an error,
//      call, collect or wait: SAVE.
//  (2) After such a thing the stack may have moved and another frame may be innermost: RELOAD, or the macro
//  RESUME,
//      which also goes on with the next instruction.
//  (3) A register may hold kWide. Before its value goes to a slot or to another function it is boxed.
//  (4) Only kJumpBack, the loop instructions and function entry poll the eval breaker. Whoever needs a thread
//  to stop
//      at any instruction changes the thread's dispatch table (vm_thread.h); the handlers do not know.
//  (5) Handlers read their own operands, so that each keeps a dispatch of its own and the processor predicts
//  by it.
#include <cmath>
#include <cstddef>
#include <cstring>

#include "vm/base/check.h"
#include "vm/interp/numbers.h"
#include "vm/interp/operations.h"

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
    std::uint8_t hint = instruction.x();
    if (object.as_table()->find_short_at(key.as_string(), &hint)) store_hint(instruction, hint);
  }
  return store_index(thread, object, key, value);
}

Outcome set_list(VmThread& thread, Instruction i, Register* list) {
  std::uint32_t count = i.b() != 0 ? i.b() : static_cast<std::uint32_t>(thread.coroutine->top - list - 1);
  const std::uint32_t start = i.c() | static_cast<std::uint32_t>(i.x()) << 16;
  Table* table = list->value.as_table();
  if (start + count > table->array()->capacity()) table->reserve(thread.heap(), start + count, 0);
  for (std::uint32_t index = 1; index <= count; ++index) {
    table->set_integer(thread.heap(), std::int64_t{start} + index, thread.boxed(list[index]));
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

Closure* make_closure(VmThread& thread, const CallFrame* frame, Prototype* prototype) {
  Closure* closure = Closure::make(thread.heap(), prototype);
  for (std::size_t index = 0; index < prototype->upvalues.size(); ++index) {
    const UpvalueDescription& upvalue = prototype->upvalues[index];
    closure->upvalues()[index] = upvalue.in_register ? frame->base[upvalue.index].value.as_cell()
                                                     : frame->closure->upvalues()[upvalue.index];
  }
  return closure;
}

#ifdef GILVM_STRESS
// A collection at every safepoint; in deep recursion, where each takes long, at every few hundredth.
void collect_for_stress(VmThread& thread) {
  thread_local unsigned safepoints = 0;
  const auto depth = thread.coroutine->frame() - thread.coroutine->first_frame();
  if (depth < 200 || ++safepoints % 512 == 0) thread.vm().collect(thread);
}
#endif

// As interpret(). Without a thread it only makes its labels known.
Outcome run_loop(VmThread* const vm_thread, std::ptrdiff_t boundary) {
  static const void* const handlers[] = {
#define OPCODE(name, a, b, c, x) &&name,
#include "vm/bytecode/opcodes.def"
#undef OPCODE
  };
  if (!vm_thread) {
    std::memcpy(labels.direct, handlers, sizeof handlers);
    labels.poll = &&poll;
    labels.count = &&count;
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
#define thread                                                                             \
  reinterpret_cast<VmThread*>(const_cast<char*>(reinterpret_cast<const char*>(dispatch)) - \
                              offsetof(VmThread, dispatch))

#define i (pc[-1])  // the instruction that runs

#define LIKELY(condition) __builtin_expect(static_cast<bool>(condition), 1)
#define UNLIKELY(condition) __builtin_expect(static_cast<bool>(condition), 0)
#define A (*reinterpret_cast<Register*>(base + i.a()))
#define B (*reinterpret_cast<Register*>(base + i.b()))
#define C (*reinterpret_cast<Register*>(base + i.c()))
#define KB (*reinterpret_cast<const Register*>(constants + i.b()))
#define KC (*reinterpret_cast<const Register*>(constants + i.c()))
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
#ifdef GILVM_STRESS
#define POLL                                   \
  do {                                         \
    SAVE;                                      \
    collect_for_stress(*thread);               \
    if (thread->breaker_is_set()) goto answer; \
  } while (0)
#else
#define POLL                                   \
  do {                                         \
    if (thread->breaker_is_set()) [[unlikely]] \
      goto answer;                             \
  } while (0)
#endif

reload:
  frame = thread->coroutine->frame();
  pc = frame->pc;
  base = reinterpret_cast<char*>(frame->base);
  constants = reinterpret_cast<const char*>(frame->closure->prototype->constants.data());
  if (pc == frame->closure->prototype->code.get()) POLL;
  NEXT;

answer:
  SAVE;
  if (!thread->answer_breaker()) {
    outcome = Outcome::kError;
    goto leave_or_error;
  }
  NEXT;

poll:
  // An instruction was about to run when somebody asked for a stop: answer, then run it.
  --pc;
  SAVE;
  if (!thread->answer_breaker()) {
    ++frame->pc;
    outcome = Outcome::kError;
    goto leave_or_error;
  }
  ++pc;
  goto* const_cast<void*>(handlers[static_cast<unsigned>(i.op())]);

count:
  --pc;
  SAVE;
  if (!thread->count_instruction()) {
    ++frame->pc;
    outcome = Outcome::kError;
    goto leave_or_error;
  }
  ++pc;
  goto* const_cast<void*>(handlers[static_cast<unsigned>(i.op())]);

leave_or_error:
  if (outcome == Outcome::kLeave) return outcome;
  outcome = catch_error(*thread, boundary);
  if (outcome != Outcome::kDone) return outcome;
  goto reload;

  // Loading and moving

kMove:
  A.copy(B);
  NEXT;
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
  A.set(Value::cell(Cell::make(thread->heap(), A.value.is_cell() ? Value::nil() : thread->boxed(A))));
  NEXT;
kLoadCell:
  A.set(B.value.as_cell()->content.load());
  NEXT;
kStoreCell:
  A.value.as_cell()->content.store(thread->boxed(B));
  NEXT;
kLoadUpvalue:
  A.set(frame->closure->upvalues()[i.b()]->content.load());
  NEXT;
kStoreUpvalue:
  frame->closure->upvalues()[i.b()]->content.store(thread->boxed(A));
  NEXT;
kClosure:
  A.set(Value::closure(make_closure(
      *thread, frame, frame->closure->prototype->prototypes[static_cast<std::size_t>(i.wide())])));
  NEXT;

  // Tables

// The quick case: a table whose hash node at the hint has the key.
#define GET_SHORT(object_value, key_register)                                                 \
  do {                                                                                        \
    const Value object = (object_value);                                                      \
    const Value key = (key_register).value;                                                   \
    const std::uint64_t address = object.address_as(Tag::kTable);                             \
    if (LIKELY(Value::is_address(address))) {                                                 \
      HashBlock* hash = reinterpret_cast<Table*>(address)->hash();                            \
      const std::uint32_t hint = i.x();                                                       \
      if (LIKELY(hint < hash->capacity()) && LIKELY(hash->nodes()[hint].key.load() == key)) { \
        const Value value = hash->nodes()[hint].value.load();                                 \
        if (LIKELY(!value.is_nil())) {                                                        \
          A.set(value);                                                                       \
          NEXT;                                                                               \
        }                                                                                     \
      }                                                                                       \
    }                                                                                         \
    SAVE;                                                                                     \
    RESUME(get_short(*thread, i, object, key));                                               \
  } while (0)
#define SET_SHORT(object_value, key_register, value_register)                                 \
  do {                                                                                        \
    const Value object = (object_value);                                                      \
    const Value key = (key_register).value;                                                   \
    const Value value = thread->boxed(value_register);                                        \
    const std::uint64_t address = object.address_as(Tag::kTable);                             \
    if (LIKELY(Value::is_address(address))) {                                                 \
      Table* table = reinterpret_cast<Table*>(address);                                       \
      HashBlock* hash = table->hash();                                                        \
      const std::uint32_t hint = i.x();                                                       \
      if (LIKELY(hint < hash->capacity()) && LIKELY(hash->nodes()[hint].key.load() == key)) { \
        Slot& slot = hash->nodes()[hint].value;                                               \
        if (LIKELY(!table->metatable() || !slot.load().is_nil())) {                           \
          slot.store(value);                                                                  \
          NEXT;                                                                               \
        }                                                                                     \
      }                                                                                       \
    }                                                                                         \
    SAVE;                                                                                     \
    RESUME(set_short(*thread, i, object, key, value));                                        \
  } while (0)

kGetGlobal:
  GET_SHORT(frame->closure->upvalues()[i.b()]->content.load(), KC);
kSetGlobal:
  SET_SHORT(frame->closure->upvalues()[i.b()]->content.load(), KC, A);
kGetField:
  GET_SHORT(B.value, KC);
kSetField:
  SET_SHORT(A.value, KB, C);
kSelf : {
  const Value object = B.value;
  const Value key = KC.value;
  (&A + 1)->set(object);
  if (object.is_table()) [[likely]] {
    std::uint8_t hint = i.x();
    Table* table = object.as_table();
    // A method is found in the object itself, or one or two steps along __index.
    for (int step = 0; step < 3 && table; ++step) {
      if (Slot* slot = table->find_short_at(key.as_string(), &hint)) {
        const Value value = slot->load();
        if (!value.is_nil()) {
          store_hint(i, hint);
          A.set(value);
          NEXT;
        }
      }
      Table* metatable = table->metatable();
      if (!metatable) break;
      const Value index = metatable->get_short(thread->vm().name_of(Event::kIndex));
      table = index.is_table() ? index.as_table() : nullptr;
    }
  }
  SAVE;
  RESUME(index_into(*thread, object, key, i.a()));
}
kGetInteger : {
  const Value object = B.value;
  const std::int64_t key = i.signed_c();
  if (object.is_table()) [[likely]] {
    const Value value = object.as_table()->get_integer(key);
    if (!value.is_nil()) [[likely]] {
      A.set(value);
      NEXT;
    }
  }
  SAVE;
  RESUME(index_into(*thread, object, Value::inline_integer(key), i.a()));
}
kSetInteger : {
  const Value object = A.value;
  const std::int64_t key = i.signed_b();
  const Value value = thread->boxed(C);
  if (object.is_table() && !object.as_table()->metatable()) [[likely]] {
    object.as_table()->set_integer(thread->heap(), key, value);
    NEXT;
  }
  SAVE;
  RESUME(store_index(*thread, object, Value::inline_integer(key), value));
}
kGetIndex : {
  const Value object = B.value;
  const Value key = C.value;
  if (object.is_table()) [[likely]] {
    if (key.is_inline_integer()) [[likely]] {
      const Value value = object.as_table()->get_integer(key.as_inline_integer());
      if (!value.is_nil()) [[likely]] {
        A.set(value);
        NEXT;
      }
    } else if (key.is_string() && key.as_string()->is_short()) {
      const Value value = object.as_table()->get_short(key.as_string());
      if (!value.is_nil()) [[likely]] {
        A.set(value);
        NEXT;
      }
    }
  }
  SAVE;
  RESUME(index_into(*thread, object, thread->boxed(C), i.a()));
}
kSetIndex : {
  const Value object = A.value;
  const Value key = B.value;
  const Value value = thread->boxed(C);
  if (object.is_table() && !object.as_table()->metatable()) [[likely]] {
    if (key.is_inline_integer()) [[likely]] {
      object.as_table()->set_integer(thread->heap(), key.as_inline_integer(), value);
      NEXT;
    }
    if (key.is_string() && key.as_string()->is_short()) {
      object.as_table()->set_short(thread->heap(), key.as_string(), value);
      NEXT;
    }
  }
  SAVE;
  RESUME(store_index(*thread, object, thread->boxed(B), value));
}
kNewTable:
  A.set(Value::table(Table::make(thread->heap(), i.c(), i.b())));
  NEXT;
kSetList:
  set_list(*thread, i.load(), &A);
  NEXT;

  // Arithmetic. First two inline integers, then two floats; a NaN shows that one operand was no float, or
  // that the result is one: both are left to the careful case.

// Both are inline integers: their encodings begin with thirteen ones, and nothing else's does.
#define INTEGERS(left, right) \
  LIKELY(Value::from_bits((left).value.bits() & (right).value.bits()).is_inline_integer())
// A float of an inline integer or a float; NaN of anything else.
#define REAL(reg)                                                                         \
  ((reg).value.is_inline_integer() ? static_cast<double>((reg).value.as_inline_integer()) \
                                   : (reg).value.as_double())
#define ARITHMETIC(name, right_operand, integer_operation, float_operation)                              \
  name : {                                                                                               \
    const Register& left = B;                                                                            \
    const Register& right = right_operand;                                                               \
    if (INTEGERS(left, right)) [[likely]] {                                                              \
      A.set_integer(integer_operation(left.value.as_inline_integer(), right.value.as_inline_integer())); \
      NEXT;                                                                                              \
    }                                                                                                    \
    const double real = load_double(left) float_operation load_double(right);                            \
    if (LIKELY(real == real)) {                                                                          \
      A.set(Value::arithmetic_double(real));                                                             \
      NEXT;                                                                                              \
    }                                                                                                    \
    if (left.is_integer() && right.is_integer()) {                                                       \
      A.set_integer(integer_operation(left.as_integer(), right.as_integer()));                           \
      NEXT;                                                                                              \
    }                                                                                                    \
    const double mixed = REAL(left) float_operation REAL(right);                                         \
    if (LIKELY(mixed == mixed)) {                                                                        \
      A.set(Value::arithmetic_double(mixed));                                                            \
      NEXT;                                                                                              \
    }                                                                                                    \
    SAVE;                                                                                                \
    RESUME(arithmetic_slowly(*thread, i.load(), left, right));                                           \
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
#define DIVISION(name, right_operand, integer_operation, float_expression)                               \
  name : {                                                                                               \
    const Register& left = B;                                                                            \
    const Register& right = right_operand;                                                               \
    if (INTEGERS(left, right) && right.value.as_inline_integer() != 0) [[likely]] {                      \
      A.set_integer(integer_operation(left.value.as_inline_integer(), right.value.as_inline_integer())); \
      NEXT;                                                                                              \
    }                                                                                                    \
    if (!INTEGERS(left, right)) {                                                                        \
      const double x = REAL(left), y = REAL(right);                                                      \
      if (x == x && y == y) {                                                                            \
        const double real = float_expression;                                                            \
        if (real == real) {                                                                              \
          A.set(Value::arithmetic_double(real));                                                         \
          NEXT;                                                                                          \
        }                                                                                                \
      }                                                                                                  \
    }                                                                                                    \
    SAVE;                                                                                                \
    RESUME(arithmetic_slowly(*thread, i.load(), left, right));                                           \
  }
#define BITWISE(name, right_operand, operation)                         \
  name : {                                                              \
    const Register& left = B;                                           \
    const Register& right = right_operand;                              \
    if (left.is_integer() && right.is_integer()) [[likely]] {           \
      const std::int64_t x = left.as_integer(), y = right.as_integer(); \
      A.set_integer(operation);                                         \
      NEXT;                                                             \
    }                                                                   \
    SAVE;                                                               \
    RESUME(arithmetic_slowly(*thread, i.load(), left, right));          \
  }

  ARITHMETIC(kAdd, C, add, +)
  ARITHMETIC(kSubtract, C, subtract, -)
  ARITHMETIC(kMultiply, C, multiply, *)
  ARITHMETIC(kAddConstant, KC, add, +)
  ARITHMETIC(kSubtractConstant, KC, subtract, -)
  ARITHMETIC(kMultiplyConstant, KC, multiply, *)
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
  if (left.value.is_inline_integer()) [[likely]] {
    A.set_integer(left.value.as_inline_integer() + i.signed_c());
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
kShiftRightInteger:
  if (B.is_integer()) [[likely]] {
    A.set_integer(shift_right(B.as_integer(), i.signed_c()));
    NEXT;
  }
  SAVE;
  RESUME(arithmetic_with_integer(*thread, i.load(), B));
kShiftLeftInteger:
  if (B.is_integer()) [[likely]] {
    A.set_integer(shift_left(i.signed_c(), B.as_integer()));
    NEXT;
  }
  SAVE;
  RESUME(arithmetic_with_integer(*thread, i.load(), B));
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

#define JUMP_WHEN(outcome_expression)                                             \
  do {                                                                            \
    if ((outcome_expression) == static_cast<bool>(i.x() & 1)) pc += i.signed_c(); \
    NEXT;                                                                         \
  } while (0)
#define COMPARISON(name, event, operation)                                     \
  name : {                                                                     \
    const Register& left = A;                                                  \
    const Register& right = B;                                                 \
    if (INTEGERS(left, right)) [[likely]]                                      \
      JUMP_WHEN(left.value.bits() operation right.value.bits());               \
    double x = load_double(left), y = load_double(right);                      \
    if (LIKELY(!__builtin_isunordered(x, y))) JUMP_WHEN(x operation y);        \
    /* Mixed kinds are exact: an inline integer is exact as a double. */       \
    x = REAL(left);                                                            \
    y = REAL(right);                                                           \
    if (!__builtin_isunordered(x, y)) JUMP_WHEN(x operation y);                \
    SAVE;                                                                      \
    RESUME(compare_and_jump(*thread, event, Register(left), Register(right))); \
  }
#define COMPARISON_INTEGER(name, event, operation, left_operand, right_operand) \
  name : {                                                                      \
    const Register& operand = A;                                                \
    if (operand.value.is_inline_integer()) [[likely]]                           \
      JUMP_WHEN(operand.value.as_inline_integer() operation i.signed_b());      \
    const double x = operand.value.as_double();                                 \
    if (x == x) [[likely]]                                                      \
      JUMP_WHEN(x operation i.signed_b());                                      \
    SAVE;                                                                       \
    const Register copy = operand, constant = immediate(i.load());              \
    RESUME(compare_and_jump(*thread, event, left_operand, right_operand));      \
  }

kEqual : {
  const Register& left = A;
  const Register& right = B;
  // The same short string, boolean, nil or object too.
  if (INTEGERS(left, right) || left.value.is_string())
    if (!(left.value.is_string() && !left.value.as_string()->is_short()))
      JUMP_WHEN(left.value.bits() == right.value.bits());
  if (left.value.is_nil() || left.value.is_boolean() || right.value.is_nil())
    JUMP_WHEN(left.value == right.value);
  SAVE;
  RESUME(compare_and_jump(*thread, Event::kEqual, Register(left), Register(right)));
}
  COMPARISON(kLess, Event::kLess, <)
  COMPARISON(kLessEqual, Event::kLessEqual, <=)
kEqualConstant : {
  const Register& left = A;
  const Register& right = KB;
  // Short strings, and what is no number, are equal by identity.
  if (right.value.is_string() && right.value.as_string()->is_short()) [[likely]]
    JUMP_WHEN(left.value == right.value);
  SAVE;
  RESUME(compare_and_jump(*thread, Event::kEqual, Register(left), Register(right)));
}
kEqualInteger : {
  const Register& left = A;
  if (left.value.is_inline_integer()) [[likely]]
    JUMP_WHEN(left.value.as_inline_integer() == i.signed_b());
  JUMP_WHEN(left.value.is_double() && left.value.as_double() == i.signed_b());
}
  COMPARISON_INTEGER(kLessInteger, Event::kLess, <, copy, constant)
  COMPARISON_INTEGER(kLessEqualInteger, Event::kLessEqual, <=, copy, constant)
  COMPARISON_INTEGER(kGreaterInteger, Event::kLess, >, constant, copy)
  COMPARISON_INTEGER(kGreaterEqualInteger, Event::kLessEqual, >=, constant, copy)

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
  if (state[0].value.is_wide()) [[likely]] {
    if (state[1].wide == 0) NEXT;
    --state[1].wide;
    state[0].wide = add(state[0].wide, state[2].wide);
    state[3].set_integer(state[0].wide);
  } else {
    const double step = state[2].value.as_double();
    const double index = state[0].value.as_double() + step;
    if (!(step > 0 ? index <= state[1].value.as_double() : state[1].value.as_double() <= index)) NEXT;
    state[0].set(Value::number(index));
    state[3].set(Value::number(index));
  }
  pc += i.wide();
  POLL;
  NEXT;
}
kGenericForCall : {
  Register* state = &A;
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
      i.b() != 0 ? i.b() - 1u : static_cast<std::uint32_t>(coroutine->top - function - 1);
  SAVE;
  if (function->value.is_closure()) [[likely]] {
    Closure* closure = function->value.as_closure();
    const Prototype* prototype = closure->prototype;
    Register* start = function + 1;
    if (!prototype->is_vararg && start + arguments + prototype->frame_size < coroutine->stack_end() &&
        coroutine->has_frame_room()) [[likely]] {
      for (std::uint32_t missing = arguments; missing < prototype->parameters; ++missing) {
        start[missing].set(Value::nil());
      }
      ++frame;
      coroutine->set_frame(frame);
      frame->closure = closure;
      frame->base = start;
      frame->shift = 0;
      frame->kind = FrameKind::kScript;
      frame->on_return = OnReturn::kCall;
      frame->is_tail_call = false;
      pc = prototype->code.get();
      frame->pc = pc;
      base = reinterpret_cast<char*>(start);
      constants = reinterpret_cast<const char*>(prototype->constants.data());
      POLL;
      NEXT;
    }
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
kReturnNone:
  if (frame->on_return == OnReturn::kCall) [[likely]] {
    thread->coroutine->set_frame(--frame);
    pc = frame->pc;
    base = reinterpret_cast<char*>(frame->base);
    constants = reinterpret_cast<const char*>(frame->closure->prototype->constants.data());
    if (i.op() == Opcode::kCall && i.c() != 0) [[likely]] {
      Register* to = &A;
      for (unsigned wanted = i.c() - 1u; wanted > 0; --wanted) (to++)->set(Value::nil());
      NEXT;
    }
    thread->coroutine->top = &A;
    NEXT;
  }
  SAVE;
  RESUME(return_values(*thread, reinterpret_cast<Register*>(base), 0));
kReturnOne : {
  Register* value = &A;
  if (frame->on_return == OnReturn::kCall) [[likely]] {
    thread->coroutine->set_frame(--frame);
    pc = frame->pc;
    base = reinterpret_cast<char*>(frame->base);
    constants = reinterpret_cast<const char*>(frame->closure->prototype->constants.data());
    Register* to = &A;
    if (i.op() == Opcode::kCall && i.c() == 2) [[likely]] {
      to->copy(*value);
      NEXT;
    }
    if (i.op() == Opcode::kCall && i.c() != 0) {
      if (i.c() > 1) to->copy(*value);
      for (unsigned missing = i.c() - 1u; missing > 1; --missing) (++to)->set(Value::nil());
      NEXT;
    }
    to->copy(*value);
    thread->coroutine->top = to + 1;
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
  run_loop(nullptr, 0);
  set_dispatch_labels(&labels);
}

Outcome interpret(VmThread& thread, std::ptrdiff_t boundary) { return run_loop(&thread, boundary); }

}  // namespace gilvm
