// A Lua value in 64 bits (NaN-boxing), a register, and a slot that threads share.
//
// Encoding, by the unsigned order of the bits:
//   0x7FF9'0000'0000'0000 ..  tagged: a 17-bit tag and 47 bits of payload (a pointer or a small constant)
//   from 0xFFF8'0000'0000'0000   an integer i of -2^50 <= i < 2^50, as i + (0xFFFC << 48); its thirteen upper
//                                bits are ones, and those of nothing else
//   everything else              a double, as it is; every NaN is stored as one of two positive quiet NaNs,
//   of which
//                                one stands for the negative, which has no encoding of its own
// An integer out of that range is, in a slot, a pointer to an immutable Box; in a register it is the
// constant kWide, and its 64 bits stand beside it (docs/decisions/0001-integers-beyond-51-bits.md).
//
// Threads: a Value is copied like an int. A Register belongs to one VM thread. A Slot is shared: it is read
// and written whole, and a pointer read from it leads to an initialised object (its store releases, its
// load acquires).
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

#include "vm/heap/object.h"

namespace gilvm {

class String;
class Table;
class Closure;
class NativeFunction;
class Coroutine;
class Userdata;
class Cell;

// An integer that does not fit a Value. Immutable.
struct Box : Object {
  std::int64_t integer;
};

// The tag of a value: the upper 17 bits. Doubles and integers have none.
enum class Tag : std::uint64_t {
  kConstant = 0xFFF2,
  kBox,
  kString,
  kTable,
  kClosure,
  kNativeFunction,
  kCoroutine,
  kUserdata,
  kCell,  // in registers and upvalue lists only, never in a slot
};

class Value {
 public:
  static constexpr std::uint64_t kIntegerBias = 0xFFFCULL << 48;
  static constexpr std::uint64_t kIntegerFloor = 0xFFF8ULL << 48;  // the least integer
  static constexpr std::int64_t kLargestInline = (std::int64_t{1} << 50) - 1;
  static constexpr std::uint64_t kNan = 0x7FF8ULL << 48;
  static constexpr std::uint64_t kNegativeNan = kNan | 1;
  static constexpr std::uint64_t kPayloadMask = (std::uint64_t{1} << 47) - 1;

  constexpr Value() : bits_(tagged(Tag::kConstant, 0)) {}
  static constexpr Value from_bits(std::uint64_t bits) { return Value(bits); }
  static constexpr Value nil() { return Value(tagged(Tag::kConstant, 0)); }
  static constexpr Value boolean(bool truth) { return Value(tagged(Tag::kConstant, truth ? 2 : 1)); }
  // In a register: the integer stands in Register::wide.
  static constexpr Value wide() { return Value(tagged(Tag::kConstant, 3)); }
  // In a hash block: a key that was never set.
  static constexpr Value empty() { return Value(tagged(Tag::kConstant, 4)); }
  // In a hash block: the key died with its value nil.
  static constexpr Value dead() { return Value(tagged(Tag::kConstant, 5)); }
  // REQUIRES: fits_inline(integer).
  static constexpr Value inline_integer(std::int64_t integer) {
    return Value(static_cast<std::uint64_t>(integer) + kIntegerBias);
  }
  static constexpr bool fits_inline(std::int64_t integer) {
    return static_cast<std::uint64_t>(integer) + kIntegerBias >= kIntegerFloor;
  }
  // REQUIRES: `number` is no NaN.
  static Value arithmetic_double(double number) { return Value(std::bit_cast<std::uint64_t>(number)); }
  static Value number(double number) {
    const auto bits = std::bit_cast<std::uint64_t>(number);
    if (number == number) return Value(bits);
    // Arithmetic hands on the mark of kNegativeNan, and a negation sets the sign beside it.
    return Value((bits >> 63 ^ bits) & 1 ? kNegativeNan : kNan);
  }
  static Value box(const Box* box) { return pointer(Tag::kBox, box); }
  static Value string(const String* string) { return pointer(Tag::kString, string); }
  static Value table(const Table* table) { return pointer(Tag::kTable, table); }
  static Value closure(const Closure* closure) { return pointer(Tag::kClosure, closure); }
  static Value native(const NativeFunction* function) { return pointer(Tag::kNativeFunction, function); }
  static Value coroutine(const Coroutine* coroutine) { return pointer(Tag::kCoroutine, coroutine); }
  static Value userdata(const Userdata* userdata) { return pointer(Tag::kUserdata, userdata); }
  static Value cell(const Cell* cell) { return pointer(Tag::kCell, cell); }

  // An address that scripts can only compare: Lua's light userdata. REQUIRES: beyond the first page.
  static Value identity(const void* address) { return pointer(Tag::kConstant, address); }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool operator==(const Value& other) const { return bits_ == other.bits_; }

  constexpr bool is(Tag tag) const { return bits_ >> 47 == static_cast<std::uint64_t>(tag); }
  constexpr bool is_nil() const { return bits_ == nil().bits_; }
  constexpr bool is_false() const { return bits_ == boolean(false).bits_; }
  constexpr bool is_falsy() const { return bits_ - nil().bits_ <= 1; }
  constexpr bool is_boolean() const { return bits_ - boolean(false).bits_ <= 1; }
  constexpr bool is_identity() const { return is(Tag::kConstant) && (bits_ & kPayloadMask) >= 4096; }
  constexpr bool is_wide() const { return bits_ == wide().bits_; }
  constexpr bool is_empty() const { return bits_ == empty().bits_; }
  constexpr bool is_inline_integer() const { return bits_ >= kIntegerFloor; }
  constexpr bool is_double() const {
    return bits_ < kIntegerFloor && bits_ - tagged(Tag::kConstant, 0) >= (std::uint64_t{9} << 47);
  }
  constexpr bool is_box() const { return is(Tag::kBox); }
  constexpr bool is_integer() const { return is_inline_integer() || is_box(); }
  constexpr bool is_number() const { return is_inline_integer() || is_box() || is_double(); }
  constexpr bool is_string() const { return is(Tag::kString); }
  constexpr bool is_table() const { return is(Tag::kTable); }
  constexpr bool is_closure() const { return is(Tag::kClosure); }
  constexpr bool is_native() const { return is(Tag::kNativeFunction); }
  constexpr bool is_function() const { return is_closure() || is_native(); }
  constexpr bool is_coroutine() const { return is(Tag::kCoroutine); }
  constexpr bool is_userdata() const { return is(Tag::kUserdata); }
  constexpr bool is_cell() const { return is(Tag::kCell); }
  // Does it point to a collected object?
  constexpr bool is_object() const { return bits_ - tagged(Tag::kBox, 0) < (std::uint64_t{8} << 47); }

  // The pointer, if the value has this tag; otherwise a number that is no address.
  constexpr std::uint64_t address_as(Tag tag) const { return bits_ - tagged(tag, 0); }
  static constexpr bool is_address(std::uint64_t address) { return address >> 47 == 0; }

  // Each REQUIRES the matching is_...().
  constexpr bool as_boolean() const { return bits_ == boolean(true).bits_; }
  constexpr std::int64_t as_inline_integer() const { return static_cast<std::int64_t>(bits_ - kIntegerBias); }
  std::int64_t as_integer() const {
    return is_inline_integer() ? as_inline_integer() : static_cast<const Box*>(as_object())->integer;
  }
  double as_double() const { return std::bit_cast<double>(bits_); }
  // The same, with the sign of a NaN: for what shows it.
  double as_signed_double() const {
    return bits_ == kNegativeNan ? std::bit_cast<double>(kNan | 1ULL << 63) : as_double();
  }
  Object* as_object() const { return reinterpret_cast<Object*>(bits_ & kPayloadMask); }
  String* as_string() const { return reinterpret_cast<String*>(bits_ & kPayloadMask); }
  Table* as_table() const { return reinterpret_cast<Table*>(bits_ & kPayloadMask); }
  Closure* as_closure() const { return reinterpret_cast<Closure*>(bits_ & kPayloadMask); }
  NativeFunction* as_native() const { return reinterpret_cast<NativeFunction*>(bits_ & kPayloadMask); }
  Coroutine* as_coroutine() const { return reinterpret_cast<Coroutine*>(bits_ & kPayloadMask); }
  Userdata* as_userdata() const { return reinterpret_cast<Userdata*>(bits_ & kPayloadMask); }
  Cell* as_cell() const { return reinterpret_cast<Cell*>(bits_ & kPayloadMask); }

 private:
  explicit constexpr Value(std::uint64_t bits) : bits_(bits) {}
  static constexpr std::uint64_t tagged(Tag tag, std::uint64_t payload) {
    return static_cast<std::uint64_t>(tag) << 47 | payload;
  }
  static Value pointer(Tag tag, const void* object) {
    return Value(tagged(tag, reinterpret_cast<std::uint64_t>(object)));
  }

  std::uint64_t bits_;
};
static_assert(sizeof(Value) == 8);

// A register of a VM thread, and a constant of a function: a value, and the bits of an integer that is
// too wide for it. Invariant: `wide` has a meaning only where `value.is_wide()`.
struct Register {
  Value value;
  std::int64_t wide = 0;

  void set(Value new_value) { value = new_value; }
  void set_integer(std::int64_t integer) {
    // Out of range, the sum is no encoding of an integer.
    const Value encoded = Value::inline_integer(integer);
    if (encoded.is_inline_integer()) [[likely]] {
      value = encoded;
    } else {
      set_wide(integer);
    }
  }
  // REQUIRES: !Value::fits_inline(integer).
  void set_wide(std::int64_t integer) {
    value = Value::wide();
    wide = integer;
  }
  void set_cell(Cell* cell) {
    value = Value::cell(cell);
    wide = reinterpret_cast<std::intptr_t>(cell);
  }
  // REQUIRES: set_cell() was the last change.
  Cell* as_cell() const { return reinterpret_cast<Cell*>(wide); }
  void copy(const Register& other) {
    if (other.value.is_wide()) [[unlikely]]
      wide = other.wide;
    value = other.value;
  }
  bool is_integer() const { return value.is_integer() || value.is_wide(); }
  // REQUIRES: is_integer().
  std::int64_t as_integer() const { return value.is_wide() ? wide : value.as_integer(); }
};
static_assert(sizeof(Register) == 16);

inline Register in_register(Value value) {
  Register reg;
  reg.set(value);
  return reg;
}
inline Register in_register(std::int64_t integer) {
  Register reg;
  reg.set_integer(integer);
  return reg;
}

// A place that threads share: a Cell's content, a table's key or value, an object's metatable.
class Slot {
 public:
  Slot() = default;
  // The acquire pairs with the release in store(), so that what a loaded pointer leads to is initialised.
  Value load() const { return Value::from_bits(bits_.load(std::memory_order_acquire)); }
  void store(Value value) { bits_.store(value.bits(), std::memory_order_release); }
  // Stores `value` and returns what stood there.
  Value exchange(Value value) {
    return Value::from_bits(bits_.exchange(value.bits(), std::memory_order_acq_rel));
  }
  // Replaces `expected` by `desired`; false when another value stood there.
  bool replace(Value expected, Value desired) {
    std::uint64_t bits = expected.bits();
    return bits_.compare_exchange_strong(bits, desired.bits(), std::memory_order_acq_rel,
                                         std::memory_order_acquire);
  }

 private:
  std::atomic<std::uint64_t> bits_{Value::nil().bits()};
};
static_assert(sizeof(Slot) == 8);

}  // namespace gilvm
