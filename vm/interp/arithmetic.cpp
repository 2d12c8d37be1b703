// Arithmetic, length and the numeric for, where the interpreter's quick cases do not apply.
#include <cmath>

#include "vm/interp/current_instruction.h"
#include "vm/interp/numbers.h"
#include "vm/interp/operations.h"

namespace gilvm {

namespace {

enum class NumericResult { kDone, kNotNumbers, kError };

bool is_bitwise(Event event) {
  return (event >= Event::kBitAnd && event <= Event::kShiftRight) || event == Event::kBitNot;
}

bool integer_of(const Number& number, std::int64_t* integer) {
  *integer = number.integer;
  return number.is_integer || exact_integer(number.real, integer);
}

NumericResult bitwise_operation(VmThread& thread, Event event, const Number& left, const Number& right,
                                Register* result) {
  std::int64_t a, b;
  const bool left_fits = integer_of(left, &a);
  if (!left_fits || !integer_of(right, &b)) {
    raise_message(thread, "number" + name_of_operand(thread, left_fits) + " has no integer representation");
    return NumericResult::kError;
  }
  switch (event) {
    case Event::kBitAnd: result->set_integer(a & b); break;
    case Event::kBitOr: result->set_integer(a | b); break;
    case Event::kBitXor: result->set_integer(a ^ b); break;
    case Event::kShiftLeft: result->set_integer(shift_left(a, b)); break;
    case Event::kShiftRight: result->set_integer(shift_right(a, b)); break;
    default: result->set_integer(~a); break;
  }
  return NumericResult::kDone;
}

NumericResult operate(VmThread& thread, Event event, const Number& left, const Number& right,
                      Register* result) {
  if (is_bitwise(event)) return bitwise_operation(thread, event, left, right, result);
  if (left.is_integer && right.is_integer) {
    const std::int64_t a = left.integer, b = right.integer;
    switch (event) {
      case Event::kAdd: result->set_integer(add(a, b)); return NumericResult::kDone;
      case Event::kSubtract: result->set_integer(subtract(a, b)); return NumericResult::kDone;
      case Event::kMultiply: result->set_integer(multiply(a, b)); return NumericResult::kDone;
      case Event::kNegate: result->set_integer(subtract(0, a)); return NumericResult::kDone;
      case Event::kFloorDivide:
      case Event::kModulo:
        if (b == 0) {
          raise_message(thread,
                        event == Event::kModulo ? "attempt to perform 'n%0'" : "attempt to divide by zero");
          return NumericResult::kError;
        }
        result->set_integer(event == Event::kModulo ? modulo(a, b) : floor_divide(a, b));
        return NumericResult::kDone;
      default: break;
    }
  }
  const double a = left.as_double(), b = right.as_double();
  double real = 0;
  switch (event) {
    case Event::kAdd: real = a + b; break;
    case Event::kSubtract: real = a - b; break;
    case Event::kMultiply: real = a * b; break;
    case Event::kDivide: real = a / b; break;
    case Event::kPower: real = power(a, b); break;
    case Event::kFloorDivide: real = std::floor(a / b); break;
    case Event::kModulo: real = modulo(a, b); break;
    default: real = -a; break;
  }
  result->set(Value::number(real));
  return NumericResult::kDone;
}

// Strings are none: their metamethods convert them (vm/lib/string.cpp).
NumericResult numeric(VmThread& thread, Event event, const Register& left, const Register& right,
                      Register* result) {
  Number a, b;
  if (!number_of(left, &a) || !number_of(right, &b)) return NumericResult::kNotNumbers;
  return operate(thread, event, a, b, result);
}

Outcome arithmetic_error(VmThread& thread, Event event, const Register& left, const Register& right) {
  Number number;
  const bool right_is_wrong = number_of(left, &number);
  return type_error(thread, is_bitwise(event) ? "perform bitwise operation on" : "perform arithmetic on",
                    right_is_wrong ? right.value : left.value, name_of_operand(thread, right_is_wrong));
}

}  // namespace

Outcome arithmetic_into(VmThread& thread, Event event, const Register& left, const Register& right,
                        std::uint16_t destination) {
  Register result;
  switch (numeric(thread, event, left, right, &result)) {
    case NumericResult::kDone: thread.coroutine->frame()->at(destination).copy(result); return Outcome::kDone;
    case NumericResult::kError: return Outcome::kError;
    case NumericResult::kNotNumbers: break;
  }
  Value method = metamethod(thread, left.value, event);
  if (method.is_nil()) method = metamethod(thread, right.value, event);
  if (method.is_nil()) return arithmetic_error(thread, event, left, right);
  return call_for_instruction(thread, method, {thread.boxed(left), thread.boxed(right)});
}

Outcome length_into(VmThread& thread, const Register& operand, std::uint16_t destination) {
  Register& result = thread.coroutine->frame()->at(destination);
  const Value value = operand.value;
  if (value.is_string()) {
    result.set_integer(static_cast<std::int64_t>(value.as_string()->length()));
    return Outcome::kDone;
  }
  const Value method = metamethod(thread, value, Event::kLength);
  if (!method.is_nil()) return call_for_instruction(thread, method, {value, value});
  if (!value.is_table()) return type_error(thread, "get length of", value, name_of_operand(thread, false));
  result.set_integer(static_cast<std::int64_t>(value.as_table()->length()));
  return Outcome::kDone;
}

// Numeric for (Lua manual §3.3.5)

namespace {

// A number, or a string that is a numeral.
bool coerced(const Register& reg, Number* number) {
  if (number_of(reg, number)) return true;
  if (!reg.value.is_string()) return false;
  Register converted;
  return number_from_text(reg.value.as_string()->view(), &converted) && number_of(converted, number);
}

Outcome for_error(VmThread& thread, const char* what, const Register& reg) {
  raise_message(thread, std::string("bad 'for' ") + what + " (number expected, got " +
                            type_name_of(thread, thread.boxed(reg)) + ")");
  return Outcome::kError;
}

// The limit of an integer loop as an integer, clipped. False: the loop does not run.
bool integer_limit(std::int64_t start, const Number& limit, std::int64_t step, std::int64_t* result) {
  if (limit.is_integer) {
    *result = limit.integer;
  } else if (!(limit.real == limit.real)) {
    return false;
  } else if (limit.real >= 0x1p63) {
    if (step < 0) return false;
    *result = INT64_MAX;
  } else if (limit.real < -0x1p63) {
    if (step > 0) return false;
    *result = INT64_MIN;
  } else {
    *result = static_cast<std::int64_t>(step < 0 ? std::ceil(limit.real) : std::floor(limit.real));
  }
  return step > 0 ? start <= *result : start >= *result;
}

}  // namespace

Outcome prepare_for_loop(VmThread& thread, Register* state, bool* runs) {
  Number start, limit, step;
  if (state[0].is_integer() && state[2].is_integer()) {
    start = {true, state[0].as_integer(), 0};
    step = {true, state[2].as_integer(), 0};
    if (step.integer == 0) {
      raise_message(thread, "'for' step is zero");
      return Outcome::kError;
    }
    if (!coerced(state[1], &limit)) return for_error(thread, "limit", state[1]);
    std::int64_t last;
    *runs = integer_limit(start.integer, limit, step.integer, &last);
    if (!*runs) return Outcome::kDone;
    // All iterations are counted beforehand, so that the index cannot overflow.
    std::uint64_t iterations;
    if (step.integer > 0) {
      iterations = (static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(start.integer)) /
                   static_cast<std::uint64_t>(step.integer);
    } else {
      iterations = (static_cast<std::uint64_t>(start.integer) - static_cast<std::uint64_t>(last)) /
                   (static_cast<std::uint64_t>(-(step.integer + 1)) + 1);
    }
    state[3].set_integer(start.integer);
    state[0].set_integer(start.integer);
    state[2].set_integer(step.integer);
    const auto count = static_cast<std::int64_t>(iterations);
    if (Value::fits_inline(start.integer) && Value::fits_inline(last) && Value::fits_inline(count)) {
      state[1].set(Value::inline_integer(count));
      state[1].wide = 0;
      state[2].wide = step.integer;
    } else {
      state[1].set(Value::inline_integer(0));
      state[1].wide = count;
    }
    return Outcome::kDone;
  }
  if (!coerced(state[1], &limit)) return for_error(thread, "limit", state[1]);
  if (!coerced(state[2], &step)) return for_error(thread, "step", state[2]);
  if (!coerced(state[0], &start)) return for_error(thread, "initial value", state[0]);
  const double first = start.as_double(), last = limit.as_double(), by = step.as_double();
  if (by == 0) {
    raise_message(thread, "'for' step is zero");
    return Outcome::kError;
  }
  // Not `first <= last`: as in Lua, a limit that is no number stops the loop after its first turn.
  *runs = !(by > 0 ? last < first : first < last);
  state[0].set(Value::number(first));
  state[1].set(Value::number(last));
  state[2].set(Value::number(by));
  state[3].set(Value::number(first));
  return Outcome::kDone;
}

// For native code

bool length_of(VmThread& thread, Value object, Value* result) {
  if (object.is_string()) {
    *result = thread.integer(static_cast<std::int64_t>(object.as_string()->length()));
    return true;
  }
  const Value method = metamethod(thread, object, Event::kLength);
  if (!method.is_nil()) return call_for_value(thread, method, {object, object}, result);
  if (!object.is_table()) {
    OperatesForNative operates(thread);
    type_error(thread, "get length of", object, {});
    return false;
  }
  *result = thread.integer(static_cast<std::int64_t>(object.as_table()->length()));
  return true;
}

bool arithmetic(VmThread& thread, Event event, Value left, Value right, Value* result) {
  OperatesForNative operates(thread);
  Register number;
  if (numeric(thread, event, in_register(left), in_register(right), &number) != NumericResult::kDone) {
    return false;
  }
  *result = thread.boxed(number);
  return true;
}

}  // namespace gilvm
