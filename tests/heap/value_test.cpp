#include "vm/heap/value.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

namespace gilvm {
namespace {

constexpr std::int64_t kEdge = std::int64_t{1} << 50;

// In how many ways a value can be read. A value that is of no kind, or of two, is a hole in the encoding.
int kinds_of(Value value) {
  return value.is_nil() + value.is_boolean() + value.is_inline_integer() + value.is_double() +
         value.is_object() + value.is_wide() + value.is_empty() + (value == Value::dead());
}

}  // namespace

TEST_CASE("an integer below 2^50 in magnitude stands in the value itself", "[value]") {
  for (const std::int64_t integer :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, kEdge - 1, -(kEdge - 1)}) {
    REQUIRE(Value::fits_inline(integer));
    const Value value = Value::inline_integer(integer);
    CHECK(value.is_inline_integer());
    CHECK(value.is_integer());
    CHECK(kinds_of(value) == 1);
    CHECK(value.as_integer() == integer);
  }
}

TEST_CASE("an integer of more than 2^50 in magnitude does not fit a value", "[value]") {
  for (const std::int64_t integer : {kEdge, kEdge + 1, -kEdge - 1, INT64_MAX, INT64_MIN}) {
    CHECK_FALSE(Value::fits_inline(integer));
  }
}

TEST_CASE("a register holds every integer", "[value]") {
  for (const std::int64_t integer :
       {std::int64_t{7}, kEdge - 1, kEdge, -kEdge, -(kEdge - 1), INT64_MAX, INT64_MIN}) {
    Register reg, copy;
    reg.set_integer(integer);
    copy.copy(reg);
    CHECK(copy.is_integer());
    CHECK(copy.value.is_wide() == !Value::fits_inline(integer));
    CHECK(copy.as_integer() == integer);
  }
}

TEST_CASE("inline integers are ordered as their bits", "[value]") {
  const std::vector<std::int64_t> ascending = {-(kEdge - 1), -2, -1, 0, 1, 2, kEdge - 1};
  for (std::size_t index = 1; index < ascending.size(); ++index) {
    CHECK(Value::inline_integer(ascending[index - 1]).bits() <
          Value::inline_integer(ascending[index]).bits());
  }
}

TEST_CASE("a double keeps its bits", "[value]") {
  using limits = std::numeric_limits<double>;
  for (const double number : {0.0, -0.0, 1.5, -1.5, limits::max(), limits::lowest(), limits::min(),
                              limits::denorm_min(), limits::infinity(), -limits::infinity()}) {
    const Value value = Value::number(number);
    CHECK(value.is_double());
    CHECK(kinds_of(value) == 1);
    CHECK(std::bit_cast<std::uint64_t>(value.as_double()) == std::bit_cast<std::uint64_t>(number));
  }
}

TEST_CASE("every NaN becomes one of two doubles, by its sign", "[value]") {
  for (const std::uint64_t bits : {0x7FF8000000000000ULL, 0xFFF8000000000000ULL, 0x7FF0000000000001ULL,
                                   0xFFFFFFFFFFFFFFFFULL, 0x7FF9000000000000ULL, 0xFFFC000000000005ULL}) {
    const Value value = Value::number(std::bit_cast<double>(bits));
    CHECK((value.bits() == Value::kNan || value.bits() == Value::kNegativeNan));
    CHECK(value.as_double() != value.as_double());
    CHECK(value.is_double());
    CHECK(kinds_of(value) == 1);
  }
}

TEST_CASE("the NaN that the processor makes is stored as a double, and as no integer", "[value]") {
  volatile double zero = 0, infinite = std::numeric_limits<double>::infinity();
  for (const double nan : {zero / zero, -(zero / zero), infinite - infinite, std::sqrt(-1.0 + zero)}) {
    const Value value = Value::number(nan);
    CHECK(value.is_double());
    CHECK_FALSE(value.is_integer());
    CHECK(std::signbit(value.as_signed_double()) == std::signbit(nan));
  }
}

TEST_CASE("a NaN keeps its sign through arithmetic, and changes it when negated", "[value]") {
  const double negative = Value::number(-std::numeric_limits<double>::quiet_NaN()).as_double();
  CHECK(std::signbit(Value::number(negative + 1).as_signed_double()));
  CHECK_FALSE(std::signbit(Value::number(-negative).as_signed_double()));
  CHECK(std::signbit(Value::number(-Value::number(-negative).as_double()).as_signed_double()));
}

TEST_CASE("each constant is of one kind", "[value]") {
  for (const Value value : {Value::nil(), Value::boolean(false), Value::boolean(true), Value::wide(),
                            Value::empty(), Value::dead()}) {
    CHECK(kinds_of(value) == 1);
    CHECK_FALSE(value.is_number());
  }
}

TEST_CASE("nil and false alone are false in a condition", "[value]") {
  CHECK(Value::nil().is_falsy());
  CHECK(Value::boolean(false).is_falsy());
  CHECK_FALSE(Value::boolean(true).is_falsy());
  CHECK_FALSE(Value::wide().is_falsy());
  CHECK_FALSE(Value::inline_integer(0).is_falsy());
  CHECK_FALSE(Value::number(0.0).is_falsy());
  CHECK_FALSE(Value::number(std::nan("")).is_falsy());
}

TEST_CASE("each pointer is of the kind of its tag and gives back its address", "[value]") {
  Box box{};
  Object* object = &box;
  const Value values[] = {
      Value::box(&box),
      Value::string(reinterpret_cast<String*>(object)),
      Value::table(reinterpret_cast<Table*>(object)),
      Value::closure(reinterpret_cast<Closure*>(object)),
      Value::native(reinterpret_cast<NativeFunction*>(object)),
      Value::coroutine(reinterpret_cast<Coroutine*>(object)),
      Value::userdata(reinterpret_cast<Userdata*>(object)),
      Value::cell(reinterpret_cast<Cell*>(object)),
  };
  for (std::size_t index = 0; index < std::size(values); ++index) {
    const Value value = values[index];
    CHECK(value.is_object());
    CHECK(kinds_of(value) == 1);
    CHECK(value.as_object() == object);
    const int tags = value.is_box() + value.is_string() + value.is_table() + value.is_closure() +
                     value.is_native() + value.is_coroutine() + value.is_userdata() + value.is_cell();
    CHECK(tags == 1);
    for (std::size_t other = 0; other < index; ++other) CHECK_FALSE(value == values[other]);
  }
}

TEST_CASE("a boxed integer is a number and no inline integer", "[value]") {
  Box box{};
  box.integer = INT64_MIN;
  const Value value = Value::box(&box);
  CHECK(value.is_number());
  CHECK(value.is_integer());
  CHECK_FALSE(value.is_inline_integer());
  CHECK_FALSE(value.is_double());
  CHECK(value.as_integer() == INT64_MIN);
}

TEST_CASE("a slot is replaced only where it holds what was expected", "[value]") {
  Slot slot;
  CHECK(slot.load().is_nil());
  CHECK_FALSE(slot.replace(Value::empty(), Value::inline_integer(1)));
  CHECK(slot.load().is_nil());
  CHECK(slot.replace(Value::nil(), Value::inline_integer(1)));
  CHECK(slot.load() == Value::inline_integer(1));
}

}  // namespace gilvm
