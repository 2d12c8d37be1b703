// The order of two values, as library functions compare them.
//
// Threads: the caller's. May be a safepoint, when a metamethod decides.
#pragma once

#include "vm/interp/call.h"
#include "vm/interp/numbers.h"

namespace gilvm {

inline Number number_of_value(Value value) {
  if (value.is_double()) return {false, 0, value.as_double()};
  return {true, value.as_integer(), 0};
}

// left < right, of two numbers or two strings. False: they are no such pair.
inline bool less_than_natively(Value left, Value right, bool* result) {
  if (left.is_inline_integer() && right.is_inline_integer()) {
    *result = left.as_inline_integer() < right.as_inline_integer();
  } else if (left.is_number() && right.is_number()) {
    *result = less(number_of_value(left), number_of_value(right));
  } else if (left.is_string() && right.is_string()) {
    *result = left.as_string()->view() < right.as_string()->view();
  } else {
    return false;
  }
  return true;
}

// left < right, of any values.
[[nodiscard]] inline bool compare_in_library(VmThread& thread, Value left, Value right, bool* result) {
  return less_than_natively(left, right, result) || less_than(thread, left, right, result);
}

}  // namespace gilvm
