// Comparisons, with __eq, __lt and __le (Lua manual §3.4.4).
#include "vm/interp/current_instruction.h"
#include "vm/interp/numbers.h"
#include "vm/interp/operations.h"

namespace gilvm {

namespace {

// Strings compare byte by byte: the C locale's strcoll, whatever the machine's locale.
bool less_text(const String* left, const String* right) { return left->view() < right->view(); }

enum class Comparison { kFalse, kTrue, kNotComparable };

Comparison compare(Event event, const Register& left, const Register& right) {
  Number a, b;
  if (number_of(left, &a)) {
    if (!number_of(right, &b))
      return event == Event::kEqual ? Comparison::kFalse : Comparison::kNotComparable;
    bool result;
    if (event == Event::kLess) {
      result = less(a, b);
    } else if (event == Event::kLessEqual) {
      result = less_equal(a, b);
    } else {
      result = less_equal(a, b) && less_equal(b, a);
    }
    return result ? Comparison::kTrue : Comparison::kFalse;
  }
  if (event == Event::kEqual) {
    if (left.value == right.value) return Comparison::kTrue;
    if (left.value.is_string() && right.value.is_string()) {
      return left.value.as_string()->equals(right.value.as_string()) ? Comparison::kTrue : Comparison::kFalse;
    }
    const bool may_have_method = (left.value.is_table() && right.value.is_table()) ||
                                 (left.value.is_userdata() && right.value.is_userdata());
    return may_have_method ? Comparison::kNotComparable : Comparison::kFalse;
  }
  if (!left.value.is_string() || !right.value.is_string()) return Comparison::kNotComparable;
  const bool result = event == Event::kLess ? less_text(left.value.as_string(), right.value.as_string())
                                            : !less_text(right.value.as_string(), left.value.as_string());
  return result ? Comparison::kTrue : Comparison::kFalse;
}

// What decides a comparison: a metamethod, its operands in order, and whether its answer is to be inverted.
struct ComparisonCall {
  Value method;
  bool exchanged;
};
ComparisonCall comparison_call(VmThread& thread, Event event, const Register& left, const Register& right) {
  const auto find = [&](Event wanted, Value first, Value second) {
    const Value found = metamethod(thread, first, wanted);
    return found.is_nil() ? metamethod(thread, second, wanted) : found;
  };
  const Value method = find(event, left.value, right.value);
  if (!method.is_nil() || event != Event::kLessEqual) return {method, false};
  // Debian's Lua keeps a compatibility of 5.3: without __le, `a <= b` is `not (b < a)`.
  return {find(Event::kLess, right.value, left.value), true};
}

void comparison_error(VmThread& thread, const Register& left, const Register& right) {
  const std::string a = type_name_of(thread, left.value), b = type_name_of(thread, right.value);
  raise_message(
      thread, a == b ? "attempt to compare two " + a + " values" : "attempt to compare " + a + " with " + b);
}

}  // namespace

Outcome compare_and_jump(VmThread& thread, Event event, const Register& left, const Register& right) {
  CallFrame* frame = thread.coroutine->frame();
  const Comparison comparison = compare(event, left, right);
  if (comparison != Comparison::kNotComparable) {
    jump_if(frame, current_instruction(frame), comparison == Comparison::kTrue);
    return Outcome::kDone;
  }
  const ComparisonCall decision = comparison_call(thread, event, left, right);
  if (decision.method.is_nil()) {
    if (event == Event::kEqual) {
      jump_if(frame, current_instruction(frame), false);
      return Outcome::kDone;
    }
    comparison_error(thread, left, right);
    return Outcome::kError;
  }
  frame->pending = decision.exchanged;
  const Value a = thread.boxed(left), b = thread.boxed(right);
  if (decision.exchanged) return call_for_instruction(thread, decision.method, {b, a});
  return call_for_instruction(thread, decision.method, {a, b});
}

// For native code

namespace {

bool compare_values(VmThread& thread, Event event, Value left, Value right, bool* result) {
  const Register a = in_register(left), b = in_register(right);
  const Comparison comparison = compare(event, a, b);
  *result = comparison == Comparison::kTrue;
  if (comparison != Comparison::kNotComparable) return true;
  const ComparisonCall decision = comparison_call(thread, event, a, b);
  if (decision.method.is_nil()) {
    if (event == Event::kEqual) return true;
    OperatesForNative operates(thread);
    comparison_error(thread, a, b);
    return false;
  }
  Value answer;
  if (!call_for_value(thread, decision.method,
                      {decision.exchanged ? right : left, decision.exchanged ? left : right}, &answer)) {
    return false;
  }
  *result = answer.is_falsy() == decision.exchanged;
  return true;
}

}  // namespace

bool less_than(VmThread& thread, Value left, Value right, bool* result) {
  return compare_values(thread, Event::kLess, left, right, result);
}

bool equals(VmThread& thread, Value left, Value right, bool* result) {
  return compare_values(thread, Event::kEqual, left, right, result);
}

bool raw_equals(Value left, Value right) {
  return compare(Event::kEqual, in_register(left), in_register(right)) == Comparison::kTrue;
}

}  // namespace gilvm
