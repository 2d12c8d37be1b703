// How should a register hold an integer of more than 51 bits?
//
// A micro-VM with three layouts of values, to measure one against the other. It shares no code with the VM:
// the question had to be answered before there was one, and the answer can be checked again on any machine.
// The result and the decision are in docs/decisions/0001-integers-beyond-51-bits.md.
//
//   g++ -std=c++20 -O2 -fno-tree-slp-vectorize -o value_layout tests/bench/value_layout.cpp
//   ./value_layout [rounds [live boxes]]
//
// Without that flag GCC pairs the two 8-byte halves of a register in a vector register: the copy then waits
// for both halves' stores to reach the cache, and layout B loses another quarter of its speed in calls.
//
//   A  boxed   registers and slots are NaN-boxed words; a larger integer is an immutable 16-byte heap box
//   B  wide    a register is {payload, type}, a slot is a NaN-boxed word: conversion at each load and store
//   C  hybrid  a register is {NaN-boxed word, wide integer}; a larger integer is the word kWide with its 64
//              bits beside it, and becomes a box only when it is stored in a slot
//
// What holds for all three:
//  (1) The handlers are written once; a layout supplies only the type tests and the accessors.
//  (2) Operands are byte offsets scaled by the assembler, so a stride of 16 costs no shift.
//  (3) A slot is a std::atomic<uint64_t>: every load is an acquire, every store a release.
//  (4) Arithmetic is inline, wide integers included, up to the refill of an empty free list.
//  (5) Boxes are swept at a safepoint (a back edge or a call) once 1 MB of them was used, and the time
//  counts.
//      A collector also marks what lives. With 65536 live boxes (1 MB) a collection costs as it does in a
//      heap that collects whenever it has doubled; with none, the default, boxing costs the least it can.
//  (6) Each program's result is compared with the same computation in C++.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace {

// ---- NaN-boxed words ----
// An integer i with |i| < 2^50 is the word i + kIntegerBase, and no other word exceeds kIntegerFloor. Adding
// kIntegerBase to any 64-bit integer gives a word above the floor exactly if it fits: one compare tells.
constexpr uint64_t kIntegerBase = uint64_t{0xFFFC} << 48;
constexpr uint64_t kIntegerFloor = uint64_t{0xFFF8} << 48;
constexpr uint64_t kFloatCeiling = uint64_t{0xFFF0} << 48;  // minus infinity; no float but a NaN is above it
enum WordTag : uint64_t { kBoxTag = 0xFFF1, kTableTag, kFunctionTag, kWideTag };
constexpr uint64_t kWide = uint64_t{kWideTag} << 48;  // layout C: the integer stands in Register::wide

constexpr bool is_small(uint64_t word) { return word > kIntegerFloor; }
constexpr uint64_t small_word(int64_t value) { return static_cast<uint64_t>(value) + kIntegerBase; }
constexpr int64_t small_value(uint64_t word) { return static_cast<int64_t>(word - kIntegerBase); }
constexpr uint64_t tagged(WordTag tag, uint64_t bits) { return tag << 48 | bits; }
constexpr bool has_tag(uint64_t word, WordTag tag) { return word >> 48 == tag; }
constexpr uint64_t untag(uint64_t word) { return word << 16 >> 16; }

using Slot = std::atomic<uint64_t>;
struct Table {
  uint64_t size;
  std::unique_ptr<Slot[]> slots;
};

// ---- Boxes ----
struct Box {
  uint64_t header;  // free: address of the next free box; in use: kInUse; bit 0: marked
  int64_t value;
};
constexpr uint64_t kMarked = 1, kInUse = 2;

// One thread's boxes: a free list, refilled by sweeping. The reserve keeps the thread going from the moment
// when the budget is used up to the next safepoint.
class BoxHeap {
 public:
  BoxHeap() : budget_(kBudgetBoxes) { sweep(); }

  uint64_t allocate(int64_t value) {
    Box* box = free_;
    if (box == nullptr) [[unlikely]]
      box = refill();
    free_ = reinterpret_cast<Box*>(box->header);
    *box = {kInUse, value};
    return tagged(kBoxTag, reinterpret_cast<uint64_t>(box));
  }
  static int64_t value_of(uint64_t word) { return reinterpret_cast<const Box*>(untag(word))->value; }
  static void mark(uint64_t word) {
    if (has_tag(word, kBoxTag)) reinterpret_cast<Box*>(untag(word))->header |= kMarked;
  }
  void sweep() {
    free_ = sweep_block(budget_, nullptr);
    for (auto& block : reserve_)
      free_reserve_ = sweep_block(block, &block == &reserve_[0] ? nullptr : free_reserve_);
    wants_collection_ = false;
    ++collections_;
  }
  bool wants_collection() const { return wants_collection_; }
  int collections() const { return collections_; }

 private:
  static constexpr size_t kBudgetBoxes = (1 << 20) / sizeof(Box), kReserveBoxes = 256;

  [[gnu::noinline]] Box* refill() {
    wants_collection_ = true;
    if (free_reserve_ == nullptr) free_reserve_ = sweep_block(reserve_.emplace_back(kReserveBoxes), nullptr);
    return std::exchange(free_reserve_, nullptr);
  }
  // Links the unmarked boxes of a block, in ascending order, before `next`.
  static Box* sweep_block(std::vector<Box>& block, Box* next) {
    for (size_t i = block.size(); i-- > 0;) {
      if (block[i].header & kMarked) {
        block[i].header &= ~kMarked;
      } else {
        block[i].header = reinterpret_cast<uint64_t>(next);
        next = &block[i];
      }
    }
    return next;
  }

  Box* free_ = nullptr;
  Box* free_reserve_ = nullptr;
  bool wants_collection_ = false;  // the eval breaker of this VM
  int collections_ = 0;
  std::vector<Box> budget_;
  std::vector<std::vector<Box>> reserve_;
};

// ---- The layouts ----
// both_small, small, replace_small  integers that need no box (replace_small: the register holds one already)
// get_integer, set_integer          integers of 64 bits
// both_float, get_float, set_float  doubles
// get_pointer, set_tagged           tables and functions
// copy, load_constant, load, store  to a register from a register, a constant, a slot's word; to a slot's
// word constant                          an integer that lives as long as the program root the word that the
// collector must mark What A and C share: the type tests and accessors of a NaN-boxed word.
struct NanBoxed {
  static bool both_small(const auto& a, const auto& b) { return is_small(a.word) && is_small(b.word); }
  static int64_t small(const auto& r) { return small_value(r.word); }
  static void replace_small(auto& r, int64_t value) { r.word = small_word(value); }
  static bool both_float(const auto& a, const auto& b) {
    return a.word <= kFloatCeiling && b.word <= kFloatCeiling;
  }
  static double get_float(const auto& r) { return std::bit_cast<double>(r.word); }
  static void set_float(auto& r, double value) { r.word = std::bit_cast<uint64_t>(value); }
  static bool get_pointer(const auto& r, WordTag tag, uint64_t& bits) {
    bits = untag(r.word);
    return has_tag(r.word, tag);
  }
  static void set_tagged(auto& r, WordTag tag, uint64_t bits) { r.word = tagged(tag, bits); }
  static void load(auto& to, uint64_t word) { to.word = word; }
  static uint64_t root(const auto& r) { return r.word; }
};

struct Boxed : NanBoxed {
  static constexpr const char* kName = "A boxed";
  struct Register {
    uint64_t word;
  };
  static bool get_integer(const Register& r, int64_t& value) {
    if (is_small(r.word)) return value = small_value(r.word), true;
    if (has_tag(r.word, kBoxTag)) return value = BoxHeap::value_of(r.word), true;
    return false;
  }
  static void set_integer(Register& r, int64_t value, BoxHeap& heap) {
    const uint64_t word = small_word(value);
    r.word = is_small(word) ? word : heap.allocate(value);
  }
  static void copy(Register& to, const Register& from) { to.word = from.word; }
  static void load_constant(Register& to, const Register& from) { copy(to, from); }
  static uint64_t store(const Register& from, BoxHeap&) { return from.word; }
  static void constant(Register& r, int64_t value) {
    static std::vector<std::unique_ptr<Box>> boxes;  // outside every block, so never swept
    r.word = small_word(value);
    if (is_small(r.word)) return;
    boxes.push_back(std::make_unique<Box>(kInUse, value));
    r.word = tagged(kBoxTag, reinterpret_cast<uint64_t>(boxes.back().get()));
  }
};

struct Wide {
  static constexpr const char* kName = "B wide";
  enum Type : uint64_t { kInteger, kFloat };  // or a WordTag
  struct Register {
    uint64_t payload, type;
  };
  static bool both_small(const Register& a, const Register& b) { return (a.type | b.type) == kInteger; }
  static int64_t small(const Register& r) { return static_cast<int64_t>(r.payload); }
  static void replace_small(Register& r, int64_t value) { r.payload = static_cast<uint64_t>(value); }
  static bool get_integer(const Register& r, int64_t& value) {
    value = static_cast<int64_t>(r.payload);
    return r.type == kInteger;
  }
  static void set(Register& r, uint64_t payload, uint64_t type) { r.payload = payload, r.type = type; }
  static void set_integer(Register& r, int64_t value, BoxHeap&) {
    set(r, static_cast<uint64_t>(value), kInteger);
  }
  static bool both_float(const Register& a, const Register& b) {
    return a.type == kFloat && b.type == kFloat;
  }
  static double get_float(const Register& r) { return std::bit_cast<double>(r.payload); }
  static void set_float(Register& r, double value) { set(r, std::bit_cast<uint64_t>(value), kFloat); }
  static bool get_pointer(const Register& r, WordTag tag, uint64_t& bits) {
    bits = r.payload;
    return r.type == tag;
  }
  static void set_tagged(Register& r, WordTag tag, uint64_t bits) { set(r, bits, tag); }
  static void copy(Register& to, const Register& from) { set(to, from.payload, from.type); }
  static void load_constant(Register& to, const Register& from) { copy(to, from); }
  static void load(Register& to, uint64_t word) {
    if (is_small(word)) return set(to, static_cast<uint64_t>(small_value(word)), kInteger);
    if (word <= kFloatCeiling) return set(to, word, kFloat);
    if (has_tag(word, kBoxTag)) return set(to, static_cast<uint64_t>(BoxHeap::value_of(word)), kInteger);
    set(to, untag(word), word >> 48);
  }
  static uint64_t store(const Register& from, BoxHeap& heap) {
    if (from.type == kInteger) {
      const uint64_t word = from.payload + kIntegerBase;
      return is_small(word) ? word : heap.allocate(static_cast<int64_t>(from.payload));
    }
    return from.type == kFloat ? from.payload : tagged(static_cast<WordTag>(from.type), from.payload);
  }
  static void constant(Register& r, int64_t value) { set(r, static_cast<uint64_t>(value), kInteger); }
  static uint64_t root(const Register&) { return 0; }  // a register never holds a box
};

struct Hybrid : NanBoxed {
  static constexpr const char* kName = "C hybrid";
  struct Register {
    uint64_t word;
    int64_t wide;  // meaningful only if word is kWide
  };
  static bool get_integer(const Register& r, int64_t& value) {
    if (is_small(r.word)) return value = small_value(r.word), true;
    if (r.word == kWide) return value = r.wide, true;
    if (has_tag(r.word, kBoxTag)) return value = BoxHeap::value_of(r.word), true;  // loaded from a slot
    return false;
  }
  static void constant(Register& r, int64_t value) {
    r.word = small_word(value);
    if (!is_small(r.word)) r.word = kWide, r.wide = value;
  }
  static void set_integer(Register& r, int64_t value, BoxHeap&) { constant(r, value); }
  static void copy(Register& to, const Register& from) {
    to.word = from.word;
    if (from.word == kWide) [[unlikely]]
      to.wide = from.wide;
  }
  static void load_constant(Register& to, const Register& from) { to.word = from.word, to.wide = from.wide; }
  static uint64_t store(const Register& from, BoxHeap& heap) {
    if (from.word == kWide) [[unlikely]]
      return heap.allocate(from.wide);
    return from.word;
  }
};

// ---- Instructions ----
// X(name): R is the registers, K the constants, each operand a byte offset. Jumps count from the next one.
#define OPCODES(X)                                                                                       \
  X(Move)    /* R[a] = R[b] */                                                                           \
  X(LoadK)   /* R[a] = K[b] */                                                                           \
  X(Add)     /* R[a] = R[b] + R[c] */                                                                    \
  X(AddI)    /* R[a] = R[b] + signed c */                                                                \
  X(AddK)    /* R[a] = R[b] + K[c] */                                                                    \
  X(MulK)    /* R[a] = R[b] * K[c] */                                                                    \
  X(AndK)    /* R[a] = R[b] & K[c] */                                                                    \
  X(Xor)     /* R[a] = R[b] ~ R[c] */                                                                    \
  X(ShlI)    /* R[a] = R[b] << x */                                                                      \
  X(ShrI)    /* R[a] = R[b] >> x, logical */                                                             \
  X(GetSlot) /* R[a] = R[b][R[c]] */                                                                     \
  X(SetSlot) /* R[a][R[b]] = R[c] */                                                                     \
  X(JumpGeI) /* if R[a] >= x, jump c */                                                                  \
  X(ForLoop) /* if R[a] < R[b], R[a] += 1 and jump c; a safepoint */                                     \
  X(Call)    /* R[a] is a function and becomes its result; the callee's R[0] is after it; a safepoint */ \
  X(Return)  /* to the caller, with R[a] */                                                              \
  X(Halt)    /* stop; the result is R[a] */

enum class Op : uint8_t {
#define NAME(name) k##name,
  OPCODES(NAME)
#undef NAME
};
struct Instruction {
  Op op;
  uint8_t x;
  uint16_t a, b, c;
};
static_assert(sizeof(Instruction) == 8);

template <class L>
struct Program {
  std::vector<Instruction> code;
  std::vector<typename L::Register> constants;
};

// Objects that the script keeps and every collection visits, in random order.
struct LiveObjects {
  std::vector<Box> boxes;
  std::vector<uint64_t> words;
  explicit LiveObjects(size_t count) : boxes(count, Box{kInUse, 0}) {
    for (Box& box : boxes) words.push_back(tagged(kBoxTag, reinterpret_cast<uint64_t>(&box)));
    std::shuffle(words.begin(), words.end(), std::minstd_rand{1});
  }
  void collect() {
    for (uint64_t word : words) BoxHeap::mark(word);
    for (Box& box : boxes) box.header &= ~kMarked;
  }
};
size_t live_boxes = 0;

template <class L>
struct Thread {
  using Register = typename L::Register;
  static constexpr size_t kRegisters = 4096, kFrames = 1024;
  BoxHeap heap;
  LiveObjects live{live_boxes};
  Table table{1024, std::make_unique<Slot[]>(1024)};
  std::vector<Register> registers = std::vector<Register>(kRegisters);
  std::vector<const Instruction*> frames = std::vector<const Instruction*>(kFrames);

  // Every register counts as live, and so does every slot.
  [[gnu::noinline]] void collect() {
    for (const Register& r : registers) BoxHeap::mark(L::root(r));
    for (uint64_t i = 0; i < table.size; ++i) BoxHeap::mark(table.slots[i].load(std::memory_order_relaxed));
    live.collect();
    heap.sweep();
  }
};

template <class L, class Operation>
[[gnu::always_inline]] inline bool arithmetic(typename L::Register& to, const typename L::Register& a,
                                              const typename L::Register& b, BoxHeap& heap,
                                              Operation operation) {
  int64_t x, y;
  if (L::both_small(a, b)) {
    L::set_integer(to, static_cast<int64_t>(operation(uint64_t(L::small(a)), uint64_t(L::small(b)))), heap);
  } else if (L::both_float(a, b)) {
    L::set_float(to, operation(L::get_float(a), L::get_float(b)));
  } else if (L::get_integer(a, x) && L::get_integer(b, y)) {
    L::set_integer(to, static_cast<int64_t>(operation(uint64_t(x), uint64_t(y))), heap);
  } else {
    return false;
  }
  return true;
}

template <class L, class Operation>
[[gnu::always_inline]] inline bool bitwise(typename L::Register& to, const typename L::Register& a,
                                           const typename L::Register& b, BoxHeap& heap,
                                           Operation operation) {
  int64_t x, y;
  if (!L::get_integer(a, x) || !L::get_integer(b, y)) return false;
  L::set_integer(to, static_cast<int64_t>(operation(uint64_t(x), uint64_t(y))), heap);
  return true;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"  // computed goto
// Runs the program to its Halt and gives the register that holds the result.
template <class L>
[[gnu::noinline]] typename L::Register run(const Program<L>& program, Thread<L>& thread) {
  using Register = typename L::Register;
#define LABEL(name) &&name,
  static const void* const labels[] = {OPCODES(LABEL)};
#undef LABEL
  const Instruction* pc = program.code.data();
  const char* const constants = reinterpret_cast<const char*>(program.constants.data());
  char* base = reinterpret_cast<char*>(thread.registers.data());
  const char* const limit = base + (Thread<L>::kRegisters - 64) * sizeof(Register);
  const Instruction** frame = thread.frames.data();
  BoxHeap& heap = thread.heap;
  const auto add = [](auto x, auto y) { return x + y; };
  int64_t integer;
  uint64_t bits;

#define R(offset) (*reinterpret_cast<Register*>(base + (offset)))
#define K(offset) (*reinterpret_cast<const Register*>(constants + (offset)))
// Operands are read by the handlers: a dispatch must be short for GCC to keep a copy of it in each handler.
#define I pc[-1]
#define NEXT goto* labels[static_cast<uint8_t>(pc++->op)]
#define CHECK(condition)         \
  if (!(condition)) [[unlikely]] \
  goto type_error
#define SAFEPOINT()                         \
  if (heap.wants_collection()) [[unlikely]] \
  thread.collect()
  NEXT;
Move:
  L::copy(R(I.a), R(I.b));
  NEXT;
LoadK:
  L::load_constant(R(I.a), K(I.b));
  NEXT;
Add:
  CHECK((arithmetic<L>(R(I.a), R(I.b), R(I.c), heap, add)));
  NEXT;
AddI:
  CHECK(L::get_integer(R(I.b), integer));
  L::set_integer(R(I.a), static_cast<int64_t>(uint64_t(integer) + uint64_t(int16_t(I.c))), heap);
  NEXT;
AddK:
  CHECK((arithmetic<L>(R(I.a), R(I.b), K(I.c), heap, add)));
  NEXT;
MulK:
  CHECK((arithmetic<L>(R(I.a), R(I.b), K(I.c), heap, [](auto x, auto y) { return x * y; })));
  NEXT;
AndK:
  CHECK((bitwise<L>(R(I.a), R(I.b), K(I.c), heap, [](uint64_t x, uint64_t y) { return x & y; })));
  NEXT;
Xor:
  CHECK((bitwise<L>(R(I.a), R(I.b), R(I.c), heap, [](uint64_t x, uint64_t y) { return x ^ y; })));
  NEXT;
ShlI:
  CHECK(L::get_integer(R(I.b), integer));
  L::set_integer(R(I.a), static_cast<int64_t>(uint64_t(integer) << I.x), heap);
  NEXT;
ShrI:
  CHECK(L::get_integer(R(I.b), integer));
  L::set_integer(R(I.a), static_cast<int64_t>(uint64_t(integer) >> I.x), heap);
  NEXT;
GetSlot : {
  CHECK(L::get_pointer(R(I.b), kTableTag, bits) && L::both_small(R(I.c), R(I.c)));
  const Table& table = *reinterpret_cast<const Table*>(bits);
  const uint64_t index = uint64_t(L::small(R(I.c)));
  CHECK(index < table.size);
  L::load(R(I.a), table.slots[index].load(std::memory_order_acquire));  // with the release of SetSlot
  NEXT;
}
SetSlot : {
  CHECK(L::get_pointer(R(I.a), kTableTag, bits) && L::both_small(R(I.b), R(I.b)));
  const Table& table = *reinterpret_cast<const Table*>(bits);
  const uint64_t index = uint64_t(L::small(R(I.b)));
  CHECK(index < table.size);
  table.slots[index].store(L::store(R(I.c), heap), std::memory_order_release);  // with the acquire of GetSlot
  NEXT;
}
JumpGeI:
  CHECK((L::both_small(R(I.a), R(I.a))));
  if (L::small(R(I.a)) >= I.x) pc += static_cast<int16_t>(I.c);
  NEXT;
ForLoop:
  CHECK((L::both_small(R(I.a), R(I.b))));
  if (L::small(R(I.a)) < L::small(R(I.b))) {
    L::replace_small(R(I.a), L::small(R(I.a)) + 1);
    pc += static_cast<int16_t>(I.c);
    SAFEPOINT();
  }
  NEXT;
Call:
  CHECK(L::get_pointer(R(I.a), kFunctionTag, bits) && base < limit);
  *frame++ = pc;
  base += I.a + sizeof(Register);
  pc = program.code.data() + bits;
  SAFEPOINT();
  NEXT;
Return : {
  Register* const result = reinterpret_cast<Register*>(base) - 1;
  L::copy(*result, R(I.a));
  pc = *--frame;
  base = reinterpret_cast<char*>(result) - I.a;  // the Call says how far its callee's registers are
  NEXT;
}
Halt:
  return R(I.a);
type_error:
  std::fprintf(stderr, "type error in instruction %td\n", pc - program.code.data() - 1);
  std::abort();
}
#pragma GCC diagnostic pop

// ---- The programs ----
// Each comes with its result in C++: integers as they are, floats by their bits.
enum Which { kFib, kArray, kFloats, kLcg31, kLcg64, kXorshift, kXorshiftSlot, kPrograms };
constexpr const char* kNames[] = {"fib(31)",      "array",      "float loop",        "LCG, 31-bit state",
                                  "LCG, 64 bits", "xorshift64", "xorshift64 in slot"};
constexpr int64_t kCount[] = {31, 6'000, 10'000'000, 8'000'000, 8'000'000, 4'000'000, 4'000'000};
constexpr int64_t kMultiplier = 6364136223846793005, kIncrement = 1442695040888963407;
constexpr int64_t kMultiplier31 = 1103515245, kIncrement31 = 12345, kMask31 = 0x7FFFFFFF;
constexpr int64_t kSeed = 88172645463325252;
constexpr double kScale = 0.999, kOffset = 0.25;

template <class L>
Program<L> assemble(Which which, Thread<L>& thread) {
  using enum Op;
  Program<L> p;
  const auto emit = [&p](Op op, int a, int b = 0, int c = 0, int x = 0) {
    p.code.push_back({op, uint8_t(x), uint16_t(a), uint16_t(b), uint16_t(c)});
  };
  const auto r = [](int number) { return number * int(sizeof(typename L::Register)); };
  const auto next = [&p]() -> typename L::Register& { return p.constants.emplace_back(); };
  const auto offset = [&] { return r(int(p.constants.size()) - 1); };
  const auto integer = [&](int64_t value) { return L::constant(next(), value), offset(); };
  const auto number = [&](double value) { return L::set_float(next(), value), offset(); };
  const auto pointer = [&](WordTag tag, uint64_t bits) { return L::set_tagged(next(), tag, bits), offset(); };
  const auto load = [&](int to, int64_t value) { emit(kLoadK, r(to), integer(value)); };
  const auto here = [&p] { return int(p.code.size()); };
  const auto loop = [&](int counter, int head) {
    emit(kForLoop, r(counter), r(counter + 1), head - here() - 1);
  };
  // R[to] = R[to] ~ (R[to] shifted)
  const auto scramble = [&](Op shift, int to, int count) {
    emit(shift, r(3), r(to), 0, count);
    emit(kXor, r(to), r(to), r(3));
  };
  const auto xorshift = [&](int to) {
    scramble(kShlI, to, 13), scramble(kShrI, to, 7), scramble(kShlI, to, 17);
  };

  if (which == kFib) {
    emit(kLoadK, r(0), pointer(kFunctionTag, 4));
    load(1, kCount[which]);
    emit(kCall, r(0));
    emit(kHalt, r(0));
    emit(kJumpGeI, r(0), 0, 1, 2);
    emit(kReturn, r(0));
    for (int term : {1, 2}) {
      emit(kLoadK, r(term), 0);
      emit(kAddI, r(term + 1), r(0), -term);
      emit(kCall, r(term));
    }
    emit(kAdd, r(1), r(1), r(2));
    emit(kReturn, r(1));
    return p;
  }
  // The others are loops: R[0] is the state or the sum, R[1] counts to R[2], and R[3] is a temporary.
  load(0, which == kFloats || which == kArray ? 0 : kSeed);
  load(1, 1);
  load(2, kCount[which]);
  load(4, 0);
  for (uint64_t i = 0; i < thread.table.size; ++i) thread.table.slots[i].store(small_word(0));
  int head = here();
  if (which == kArray) {  // for each element: sum = sum + t[i]; t[i] = t[i] + 1
    emit(kLoadK, r(7), pointer(kTableTag, reinterpret_cast<uint64_t>(&thread.table)));
    load(5, 0);
    load(6, int64_t(thread.table.size) - 1);
    const int inner = here();
    emit(kGetSlot, r(3), r(7), r(5));
    emit(kAdd, r(0), r(0), r(3));
    emit(kAddI, r(3), r(3), 1);
    emit(kSetSlot, r(7), r(5), r(3));
    loop(5, inner);
  } else if (which == kFloats) {  // x = x * scale + offset; y = y * scale + x
    const int scale = number(kScale), start = number(kOffset);
    emit(kLoadK, r(0), start);
    emit(kLoadK, r(4), start);
    head = here();
    emit(kMulK, r(3), r(4), scale);
    emit(kAddK, r(4), r(3), start);
    emit(kMulK, r(3), r(0), scale);
    emit(kAdd, r(0), r(3), r(4));
  } else if (which == kLcg31) {  // x = (x * multiplier + increment) & mask
    emit(kMulK, r(3), r(0), integer(kMultiplier31));
    emit(kAddK, r(3), r(3), integer(kIncrement31));
    emit(kAndK, r(0), r(3), integer(kMask31));
  } else if (which == kLcg64) {  // x = x * multiplier + increment; sum = sum + (x >> 33)
    const int multiplier = integer(kMultiplier), increment = integer(kIncrement);
    emit(kMulK, r(0), r(0), multiplier);
    emit(kAddK, r(0), r(0), increment);
    emit(kShrI, r(3), r(0), 0, 33);
    emit(kAdd, r(4), r(4), r(3));
  } else if (which == kXorshift) {
    xorshift(0);
  } else {  // x = t[0]; x = xorshift(x); t[0] = x
    emit(kLoadK, r(7), pointer(kTableTag, reinterpret_cast<uint64_t>(&thread.table)));
    emit(kSetSlot, r(7), r(4), r(0));
    head = here();
    emit(kGetSlot, r(0), r(7), r(4));
    xorshift(0);
    emit(kSetSlot, r(7), r(4), r(0));
  }
  loop(1, head);
  emit(kHalt, r(which == kLcg64 ? 4 : 0));
  return p;
}

uint64_t expected(Which which) {
  uint64_t x = kSeed, sum = 0, previous = 0;
  double u = kOffset, v = kOffset;
  if (which == kFib) {
    for (int64_t i = sum = 0, n = kCount[which]; i < n; ++i)
      previous = std::exchange(sum, i == 0 ? 1 : sum + previous);
    return sum;
  }
  if (which == kArray) return 1024 * uint64_t(kCount[which]) * uint64_t(kCount[which] - 1) / 2;
  for (int64_t i = 0; i < kCount[which]; ++i) {
    if (which == kFloats) {
      v = v * kScale + kOffset;
      u = u * kScale + v;
    } else if (which == kLcg31) {
      x = (x * kMultiplier31 + kIncrement31) & kMask31;
    } else if (which == kLcg64) {
      x = x * kMultiplier + kIncrement;
      sum += x >> 33;
    } else {
      x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    }
  }
  return which == kFloats ? std::bit_cast<uint64_t>(u) : which == kLcg64 ? sum : x;
}

// ---- Measuring ----
struct Sample {
  double milliseconds;
  int collections;
};

// Processor time, not time on the wall: another process on the machine disturbs it less.
template <class L>
Sample measure(Which which) {
  Thread<L> thread;
  const Program<L> program = assemble<L>(which, thread);
  const int collections = thread.heap.collections();
  const auto now = [] {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) * 1e3 + double(t.tv_nsec) * 1e-6;
  };
  const double start = now();
  const typename L::Register result = run(program, thread);
  const double elapsed = now() - start;
  int64_t value;
  if (!L::get_integer(result, value)) value = std::bit_cast<int64_t>(L::get_float(result));
  if (uint64_t(value) != expected(which)) {
    std::fprintf(stderr, "%s, %s: wrong result %lld\n", kNames[which], L::kName,
                 static_cast<long long>(value));
    std::abort();
  }
  return {elapsed, thread.heap.collections() - collections};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
  if (argc > 2) live_boxes = std::strtoull(argv[2], nullptr, 10);
  constexpr Sample (*kMeasure[])(Which) = {measure<Boxed>, measure<Wide>, measure<Hybrid>};
  std::printf(
      "medians of %d interleaved rounds, milliseconds of processor time; speed: A = 1, higher is faster\n",
      rounds);
  std::printf("%-20s %9s %9s %9s %9s %9s   collections\n", "program", Boxed::kName, Wide::kName,
              Hybrid::kName, "speed B", "speed C");
  for (int which = 0; which < kPrograms; ++which) {
    std::vector<double> times[3];
    int collections[3];
    for (int round = 0; round < rounds; ++round) {
      for (int layout = 0; layout < 3; ++layout) {
        const Sample sample = kMeasure[layout](static_cast<Which>(which));
        times[layout].push_back(sample.milliseconds);
        collections[layout] = sample.collections;
      }
    }
    const double a = median(times[0]), b = median(times[1]), c = median(times[2]);
    std::printf("%-20s %9.1f %9.1f %9.1f %9.2f %9.2f   %d / %d / %d\n", kNames[which], a, b, c, a / b, a / c,
                collections[0], collections[1], collections[2]);
  }
}
