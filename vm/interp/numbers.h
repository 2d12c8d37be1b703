// Arithmetic on numbers as the manual defines it (Lua manual §3.4.1 to §3.4.4), without metamethods.
#pragma once

#include <cmath>
#include <cstdint>

#include "vm/heap/value.h"

namespace gilvm {

// Integers wrap around.
inline std::int64_t add(std::int64_t left, std::int64_t right) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(left) + static_cast<std::uint64_t>(right));
}
inline std::int64_t subtract(std::int64_t left, std::int64_t right) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(left) - static_cast<std::uint64_t>(right));
}
inline std::int64_t multiply(std::int64_t left, std::int64_t right) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(left) * static_cast<std::uint64_t>(right));
}
// REQUIRES: right != 0. Rounds towards minus infinity.
inline std::int64_t floor_divide(std::int64_t left, std::int64_t right) {
  if (right == -1) return subtract(0, left);
  const std::int64_t quotient = left / right;
  return (left % right != 0 && (left ^ right) < 0) ? quotient - 1 : quotient;
}
// REQUIRES: right != 0. The sign is that of `right`.
inline std::int64_t modulo(std::int64_t left, std::int64_t right) {
  if (right == -1) return 0;
  const std::int64_t rest = left % right;
  return (rest != 0 && (rest ^ right) < 0) ? rest + right : rest;
}
inline double modulo(double left, double right) {
  double rest = std::fmod(left, right);
  if (rest != 0 && (rest < 0) != (right < 0)) rest += right;
  return rest;
}
inline double power(double left, double right) { return right == 2 ? left * left : std::pow(left, right); }
// Shifts by 64 and more give 0, shifts by less than 0 go the other way.
inline std::int64_t shift_left(std::int64_t left, std::int64_t right) {
  const auto bits = static_cast<std::uint64_t>(left);
  const auto distance = static_cast<std::uint64_t>(right);
  if (distance < 64) return static_cast<std::int64_t>(bits << distance);
  return -distance < 64 ? static_cast<std::int64_t>(bits >> -distance) : 0;
}
inline std::int64_t shift_right(std::int64_t left, std::int64_t right) {
  return shift_left(left, subtract(0, right));
}

// Exact comparisons of an integer with a float (luaV_lessthan and its relatives).
inline bool less(std::int64_t left, double right) {
  if (left > -(std::int64_t{1} << 53) && left < (std::int64_t{1} << 53))
    return static_cast<double>(left) < right;
  if (right >= 0x1p63) return true;
  if (!(right > -0x1p63)) return false;  // NaN too
  return left < static_cast<std::int64_t>(std::ceil(right));
}
inline bool less_equal(std::int64_t left, double right) {
  if (left > -(std::int64_t{1} << 53) && left < (std::int64_t{1} << 53))
    return static_cast<double>(left) <= right;
  if (right >= 0x1p63) return true;
  if (!(right >= -0x1p63)) return false;
  return left <= static_cast<std::int64_t>(std::floor(right));
}
inline bool less(double left, std::int64_t right) {
  if (right > -(std::int64_t{1} << 53) && right < (std::int64_t{1} << 53))
    return left < static_cast<double>(right);
  if (left >= 0x1p63) return false;
  if (!(left >= -0x1p63)) return left == left;
  return static_cast<std::int64_t>(std::floor(left)) < right;
}
inline bool less_equal(double left, std::int64_t right) {
  if (right > -(std::int64_t{1} << 53) && right < (std::int64_t{1} << 53))
    return left <= static_cast<double>(right);
  if (left >= 0x1p63) return false;
  if (!(left > -0x1p63)) return left == left;
  return static_cast<std::int64_t>(std::ceil(left)) <= right;
}

// A number of either kind, without its box.
struct Number {
  bool is_integer;
  std::int64_t integer;
  double real;
  double as_double() const { return is_integer ? static_cast<double>(integer) : real; }
};
inline bool number_of(const Register& reg, Number* result) {
  if (reg.value.is_double()) {
    *result = {false, 0, reg.value.as_double()};
    return true;
  }
  if (!reg.is_integer()) return false;
  *result = {true, reg.as_integer(), 0};
  return true;
}
inline bool less(const Number& left, const Number& right) {
  if (left.is_integer)
    return right.is_integer ? left.integer < right.integer : less(left.integer, right.real);
  return right.is_integer ? less(left.real, right.integer) : left.real < right.real;
}
inline bool less_equal(const Number& left, const Number& right) {
  if (left.is_integer)
    return right.is_integer ? left.integer <= right.integer : less_equal(left.integer, right.real);
  return right.is_integer ? less_equal(left.real, right.integer) : left.real <= right.real;
}

}  // namespace gilvm
