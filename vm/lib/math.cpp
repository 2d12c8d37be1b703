// The module `math` (Lua manual §6.7), with the functions of LUA_COMPAT_MATHLIB, which Debian's lua5.4 has
// too.
//
// Random numbers are xoshiro256** as in Lua 5.4, so math.randomseed(n) starts the same sequence. Each VM
// thread has a generator of its own, so threads neither share nor disturb a sequence. The one of a thread
// that seeds nothing starts from the seed that the VM has: random, or what the first thread gave to
// math.randomseed().

#include <atomic>
#include <bit>
#include <climits>
#include <cmath>
#include <mutex>
#include <unordered_map>

#include "vm/base/snapshot_area.h"
#include "vm/lib/compare_values.h"
#include "vm/lib/publish_module.h"

namespace gilvm {
namespace {

constexpr double kPi = 3.141592653589793238462643383279502884;

int one_float(NativeCall& call, double number) { return call.one(Value::number(number)); }

// A float with an integer's value becomes that integer.
int one_rounded(NativeCall& call, double number) {
  std::int64_t integer;
  return exact_integer(number, &integer) ? call.one_integer(integer) : one_float(call, number);
}

bool is_integer(NativeCall& call, unsigned index) { return call.has(index) && call.reg(index).is_integer(); }

template <double (*function)(double)>
int of_one_float(NativeCall& call) {
  double number;
  return call.number(0, &number) ? one_float(call, function(number)) : kNativeError;
}

double to_degrees(double radians) { return radians * (180.0 / kPi); }
double to_radians(double degrees) { return degrees * (kPi / 180.0); }

int math_abs(NativeCall& call) {
  if (is_integer(call, 0)) {
    const std::int64_t integer = call.reg(0).as_integer();
    return call.one_integer(integer < 0 ? subtract(0, integer) : integer);
  }
  return of_one_float<std::fabs>(call);
}

template <double (*round)(double)>
int math_round(NativeCall& call) {
  if (is_integer(call, 0)) return call.one(call[0]);
  double number;
  return call.number(0, &number) ? one_rounded(call, round(number)) : kNativeError;
}

int math_fmod(NativeCall& call) {
  if (is_integer(call, 0) && is_integer(call, 1)) {
    const std::int64_t left = call.reg(0).as_integer(), right = call.reg(1).as_integer();
    if (right == 0) return call.argument_error(1, "zero");
    return call.one_integer(right == -1 ? 0 : left % right);  // the least integer by -1 would overflow
  }
  double left, right;
  // In this order lmathlib.c, as compiled, looks at them.
  if (!call.number(1, &right) || !call.number(0, &left)) return kNativeError;
  return one_float(call, std::fmod(left, right));
}

int math_modf(NativeCall& call) {
  if (!call.reserve_results(2)) return kNativeError;
  if (is_integer(call, 0)) return call.two(call[0], Value::number(0));
  double number;
  if (!call.number(0, &number)) return kNativeError;
  const double whole = number < 0 ? std::ceil(number) : std::floor(number);
  const double rest = number == whole ? 0.0 : number - whole;  // of an infinity too
  one_rounded(call, whole);
  call.set_result(1, Value::number(rest));
  return 2;
}

int math_log(NativeCall& call) {
  double number, base;
  if (!call.number(0, &number)) return kNativeError;
  if (call.is_none_or_nil(1)) return one_float(call, std::log(number));
  if (!call.number(1, &base)) return kNativeError;
  if (base == 2) return one_float(call, std::log2(number));
  if (base == 10) return one_float(call, std::log10(number));
  return one_float(call, std::log(number) / std::log(base));
}

int math_atan(NativeCall& call) {
  double y, x;
  if (!call.number(0, &y) || !call.optional_number(1, 1, &x)) return kNativeError;
  return one_float(call, std::atan2(y, x));
}

template <double (*function)(double, double)>
int of_two_floats(NativeCall& call) {
  double left, right;
  if (!call.number(0, &left) || !call.number(1, &right)) return kNativeError;
  return one_float(call, function(left, right));
}

int math_frexp(NativeCall& call) {
  double number;
  if (!call.reserve_results(2) || !call.number(0, &number)) return kNativeError;
  int exponent = 0;
  const double fraction = std::frexp(number, &exponent);
  return call.two(Value::number(fraction), Value::inline_integer(exponent));
}

int math_ldexp(NativeCall& call) {
  double number;
  std::int64_t exponent;
  if (!call.number(0, &number) || !call.integer(1, &exponent)) return kNativeError;
  return one_float(call, std::ldexp(number, static_cast<int>(exponent)));
}

// The arguments are compared as they are: strings too, if all are strings.
template <bool largest>
int extreme(NativeCall& call) {
  if (call.count() == 0) return call.argument_error(0, "value expected");
  unsigned best = 0;
  for (unsigned index = 1; index < call.count(); ++index) {
    bool better;
    const Value left = call[largest ? best : index], right = call[largest ? index : best];
    if (!compare_in_library(call.thread(), left, right, &better)) return kNativeError;
    if (better) best = index;
  }
  return call.one(call[best]);
}

int math_to_integer(NativeCall& call) {
  if (!call.any(0)) return kNativeError;
  Register number = call.reg(0);
  if (number.value.is_string() && !number_from_text(number.value.as_string()->view(), &number)) {
    return call.one(Value::nil());
  }
  std::int64_t integer;
  if (number.is_integer()) return call.one_integer(number.as_integer());
  if (number.value.is_double() && exact_integer(number.value.as_double(), &integer))
    return call.one_integer(integer);
  return call.one(Value::nil());
}

int math_type(NativeCall& call) {
  if (!call.any(0)) return kNativeError;
  if (is_integer(call, 0)) return call.one_text("integer");
  return call[0].is_double() ? call.one_text("float") : call.one(Value::nil());
}

int math_unsigned_less(NativeCall& call) {
  std::int64_t left, right;
  if (!call.integer(0, &left) || !call.integer(1, &right)) return kNativeError;
  return call.one(Value::boolean(static_cast<std::uint64_t>(left) < static_cast<std::uint64_t>(right)));
}

// --- random numbers
// -----------------------------------------------------------------------------------------

// xoshiro256** by Blackman and Vigna, seeded as lmathlib.c does it.
class Generator {
 public:
  void seed(std::uint64_t first, std::uint64_t second) {
    state_[0] = first;
    state_[1] = 0xFF;
    state_[2] = second;
    state_[3] = 0;
    for (int discarded = 0; discarded < 16; ++discarded) next();
  }
  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  // Uniform in [0, largest]; `random` is the first number to try (lmathlib.c, project).
  std::uint64_t within(std::uint64_t random, std::uint64_t largest) {
    if ((largest & (largest + 1)) == 0) return random & largest;
    const std::uint64_t limit = ~std::uint64_t{0} >> std::countl_zero(largest);
    while ((random &= limit) > largest) random = next();
    return random;
  }

 private:
  std::uint64_t state_[4];
};

// The generators of a VM's threads.
//
// Threads: of_thread() and seed_threads_to_come() by any; a Generator by its thread.
class Generators final : public NativeObject {
 public:
  explicit Generators(Vm& vm) : first_(vm.randomness()), second_(vm.randomness()) {}
  const char* type_name() const override { return "random generators"; }

  Generator& of_thread(std::uint64_t thread) {
    if (latest_.owner == serial_ && latest_.thread == thread) [[likely]]
      return *latest_.generator;
    std::lock_guard guard(mutex_);
    auto [position, is_new] = generators_.try_emplace(thread);
    // The first thread's starts where math.randomseed(n) itself would start it.
    if (is_new) position->second.seed(first_, second_ + (thread - 1));
    // What is made inside of an area goes without a word when that is brought back.
    if (!SnapshotArea::current()) latest_ = {serial_, thread, &position->second};
    return position->second;
  }
  void seed_threads_to_come(std::uint64_t first, std::uint64_t second) {
    std::lock_guard guard(mutex_);
    first_ = first;
    second_ = second;
  }

 private:
  // What this OS thread asked for last: the common case takes no lock.
  struct Latest {
    std::uint64_t owner = 0, thread = 0;
    Generator* generator = nullptr;
  };
  static thread_local Latest latest_;
  static std::atomic<std::uint64_t> serials_;

  const std::uint64_t serial_ = ++serials_;  // unlike an address, never used twice
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Generator> generators_;  // by the thread's number; its nodes do not move
  std::uint64_t first_, second_;
};

thread_local Generators::Latest Generators::latest_;
std::atomic<std::uint64_t> Generators::serials_{0};

Generators& generators_of(NativeCall& call) {
  return static_cast<Generators&>(*call.function()->slots()[0].load().as_userdata()->object);
}

int math_random(NativeCall& call) {
  Generator& generator = generators_of(call).of_thread(call.thread().number());
  const std::uint64_t random = generator.next();
  std::int64_t low = 1, high;
  switch (call.count()) {
    case 0: return one_float(call, static_cast<double>(random >> 11) * 0x1p-53);
    case 1:
      if (!call.integer(0, &high)) return kNativeError;
      if (high == 0) return call.one_integer(static_cast<std::int64_t>(random));
      break;
    case 2:
      if (!call.integer(0, &low) || !call.integer(1, &high)) return kNativeError;
      break;
    default: return call.error("wrong number of arguments");
  }
  if (low > high) return call.argument_error(0, "interval is empty");
  const std::uint64_t offset =
      generator.within(random, static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low));
  return call.one_integer(static_cast<std::int64_t>(offset + static_cast<std::uint64_t>(low)));
}

int math_random_seed(NativeCall& call) {
  std::int64_t first, second;
  if (call.count() == 0) {
    first = static_cast<std::int64_t>(call.vm().randomness());
    second = static_cast<std::int64_t>(call.vm().randomness());
  } else if (!call.integer(0, &first) || !call.optional_integer(1, 0, &second)) {
    return kNativeError;
  }
  const auto n1 = static_cast<std::uint64_t>(first), n2 = static_cast<std::uint64_t>(second);
  Generators& generators = generators_of(call);
  const std::uint64_t thread = call.thread().number();
  generators.of_thread(thread).seed(n1, n2);
  if (thread == 1) generators.seed_threads_to_come(n1, n2);
  if (!call.reserve_results(2)) return kNativeError;
  call.result(0).set_integer(first);
  call.result(1).set_integer(second);
  return 2;
}

void add_random_function(VmThread& thread, Table* module, const char* name, NativeCode code,
                         Userdata* generators) {
  NativeFunction* function = NativeFunction::make(thread.heap(), name, code, 1);
  function->slots()[0].store(Value::userdata(generators));
  set_field(thread, module, name, Value::native(function));
}

constexpr LibraryFunction kFunctions[] = {
    {"abs", math_abs},
    {"acos", of_one_float<std::acos>},
    {"asin", of_one_float<std::asin>},
    {"atan", math_atan},
    {"ceil", math_round<std::ceil>},
    {"cos", of_one_float<std::cos>},
    {"cosh", of_one_float<std::cosh>},
    {"deg", of_one_float<to_degrees>},
    {"exp", of_one_float<std::exp>},
    {"floor", math_round<std::floor>},
    {"fmod", math_fmod},
    {"frexp", math_frexp},
    {"ldexp", math_ldexp},
    {"log", math_log},
    {"log10", of_one_float<std::log10>},
    {"max", extreme<true>},
    {"min", extreme<false>},
    {"modf", math_modf},
    {"pow", of_two_floats<std::pow>},
    {"rad", of_one_float<to_radians>},
    {"sin", of_one_float<std::sin>},
    {"sinh", of_one_float<std::sinh>},
    {"sqrt", of_one_float<std::sqrt>},
    {"tan", of_one_float<std::tan>},
    {"tanh", of_one_float<std::tanh>},
    {"tointeger", math_to_integer},
    {"type", math_type},
    {"ult", math_unsigned_less},
};

}  // namespace

void open_math(VmThread& thread) {
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  set_field(thread, module, "atan2", module->get_short(thread.string("atan")));
  set_field(thread, module, "pi", Value::number(kPi));
  set_field(thread, module, "huge", Value::number(HUGE_VAL));
  set_field(thread, module, "maxinteger", thread.integer(LLONG_MAX));
  set_field(thread, module, "mininteger", thread.integer(LLONG_MIN));
  Userdata* generators = Userdata::make(thread.heap(), std::make_unique<Generators>(thread.vm()), nullptr);
  add_random_function(thread, module, "random", math_random, generators);
  add_random_function(thread, module, "randomseed", math_random_seed, generators);
  publish_module(thread, "math", module);
}

}  // namespace gilvm
