#include "vm/main/flag_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "vm/main/usage_error.h"
#include "vm/sched/recorded_schedule.h"

namespace gilvm {
namespace {

constexpr std::uint64_t kMostInstructions = 1'000'000'000'000'000;
constexpr double kMostSeconds = 1'000'000;
constexpr double kLeastMemory = 0x1p20;  // the library alone takes a good part of it
constexpr double kMostMemory = 0x1p46;

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Quantity {
  double number = 0;
  std::string_view digits;
  std::string_view unit;
};

// "0.5ms" is 0.5 and "ms".
std::optional<Quantity> quantity_of(std::string_view text) {
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  Quantity quantity;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), quantity.number, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  const auto size = static_cast<std::size_t>(end - text.data());
  quantity.digits = text.substr(0, size);
  quantity.unit = text.substr(size);
  return quantity;
}

std::optional<std::chrono::nanoseconds> time_of(const Quantity& quantity) {
  constexpr std::array<std::pair<std::string_view, double>, 3> kUnits = {
      {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}}};
  for (const auto& [name, nanoseconds] : kUnits) {
    if (quantity.unit != name) continue;
    const double time = quantity.number * nanoseconds;
    if (time < 1 || time > kMostSeconds * 1e9) return std::nullopt;
    return std::chrono::nanoseconds(std::llround(time));
  }
  return std::nullopt;
}

struct Preset {
  std::string_view name;
  LockSettings lock;
};

}  // namespace

unsigned number_between(const Given& given, unsigned least, unsigned most) {
  const std::optional<std::uint64_t> number = whole_number(given.value);
  if (!number || *number < least || *number > most) {
    refuse(translate("{0}: '{1}' is not a whole number from {2} to {3}"), given.source, shown(given.value),
           least, most);
  }
  return static_cast<unsigned>(*number);
}

std::uint64_t schedules_from(const Given& given) {
  const std::optional<std::uint64_t> number = whole_number(given.value);
  if (!number || *number == 0) {
    refuse(translate("{0}: '{1}' is not a whole number from {2} to {3}"), given.source, shown(given.value), 1,
           UINT64_MAX);
  }
  return *number;
}

std::chrono::nanoseconds timeout_from(const Given& given) {
  const std::optional<Quantity> quantity = quantity_of(given.value);
  if (quantity && quantity->unit.empty()) {
    refuse(translate("{0}: '{1}' has no unit; accepted are times such as 10s or 500ms"), given.source,
           shown(given.value));
  }
  const std::optional<std::chrono::nanoseconds> time = quantity ? time_of(*quantity) : std::nullopt;
  if (!time) {
    refuse(translate("{0}: '{1}' is not a time; accepted are times above 0 such as 10s or 500ms"),
           given.source, shown(given.value));
  }
  return *time;
}

std::size_t memory_from(const Given& given) {
  constexpr std::array<std::pair<std::string_view, double>, 3> kUnits = {
      {{"K", 0x1p10}, {"M", 0x1p20}, {"G", 0x1p30}}};
  const std::optional<Quantity> quantity = quantity_of(given.value);
  if (quantity && quantity->unit.empty()) {
    refuse(translate("{0}: '{1}' has no unit; accepted are sizes such as 512M or 2G"), given.source,
           shown(given.value));
  }
  for (const auto& [name, bytes] : kUnits) {
    if (!quantity || quantity->unit != name) continue;
    const double size = quantity->number * bytes;
    if (size >= kLeastMemory && size <= kMostMemory) return static_cast<std::size_t>(size);
  }
  refuse(translate("{0}: '{1}' is not a size; accepted are sizes from 1M on such as 512M or 2G"),
         given.source, shown(given.value));
}

SwitchInterval interval_from(const Given& given) {
  const std::optional<Quantity> quantity = quantity_of(given.value);
  if (quantity && quantity->unit.empty()) {
    refuse(translate("{0}: '{1}' has no unit; accepted are times (5ms, 500us, 1s) and instructions (100i)"),
           given.source, shown(given.value));
  }
  SwitchInterval interval;
  if (quantity && quantity->unit == "i") {
    const std::optional<std::uint64_t> count = whole_number(quantity->digits);
    if (count && *count >= 1 && *count <= kMostInstructions) {
      interval.instructions = *count;
      return interval;
    }
  } else if (const auto time = quantity ? time_of(*quantity) : std::nullopt) {
    interval.time = *time;
    return interval;
  }
  refuse(
      translate("{0}: '{1}' is not an interval; accepted are times (5ms, 500us, 1s) and instructions (100i), "
                "above 0"),
      given.source, shown(given.value));
}

LockRegime regime_from(const Given& given) {
  if (given.flag->name == std::string_view("--gil")) return LockRegime::kGil;
  if (given.flag->name == std::string_view("--no-gil")) return LockRegime::kNone;
  if (given.flag->name == std::string_view("-X")) {
    if (given.value == "gil=1") return LockRegime::kGil;
    if (given.value == "gil=0") return LockRegime::kNone;
    refuse(translate("-X: '{0}' is unknown; accepted: gil=1, gil=0"), shown(given.value));
  }
  if (const std::optional<LockRegime> regime = lock_regime(given.value)) return *regime;
  refuse(translate("{0}: '{1}' is not a lock regime; accepted: gil, object, none"), given.source,
         shown(given.value));
}

SwitchPoints points_from(const Given& given) {
  if (given.value == "every") return SwitchPoints::kEvery;
  if (given.value == "loops") return SwitchPoints::kLoops;
  refuse(translate("{0}: '{1}' is unknown; accepted: every, loops"), given.source, shown(given.value));
}

GilPolicy policy_from(const Given& given) {
  if (const std::optional<GilPolicy> policy = gil_policy(given.value)) return *policy;
  refuse(translate("{0}: '{1}' is unknown; accepted: interval, io-first"), given.source, shown(given.value));
}

ScheduleKind schedule_from(const Given& given) {
  if (const std::optional<ScheduleKind> kind = schedule_kind(given.value)) return *kind;
  refuse(
      translate("{0}: '{1}' is unknown; accepted: os, random, round-robin, pct; a recorded schedule is for "
                "gilvm replay"),
      given.source, shown(given.value));
}

void steps_from(const Given& given, Options* options) {
  const std::size_t dash = given.value.find('-');
  const auto first = whole_number(given.value.substr(0, dash));
  const auto last = dash == std::string::npos ? std::optional<std::uint64_t>(UINT64_MAX)
                                              : whole_number(given.value.substr(dash + 1));
  if (!first || !last || *first == 0 || *last < *first) {
    refuse(translate("{0}: '{1}' is not a range of steps; accepted are ranges such as 1-40"), given.source,
           shown(given.value));
  }
  options->first_step = *first;
  options->last_step = *last;
}

std::vector<std::string> names_from(const Given& given) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= given.value.size();) {
    const std::size_t end = std::min(given.value.find(',', begin), given.value.size());
    const std::string name = given.value.substr(begin, end - begin);
    if (name.empty()) {
      refuse(translate("{0}: '{1}' is not a list of names such as counter,list"), given.source,
             shown(given.value));
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    begin = end + 1;
  }
  return names;
}

std::uint64_t seed_from(const Given& given) {
  if (const std::optional<std::uint64_t> seed = whole_number(given.value)) return *seed;
  refuse(translate("{0}: '{1}' is not a whole number from {2} to {3}"), given.source, shown(given.value), 0,
         UINT64_MAX);
}

LockSettings preset_from(const Given& given) {
  using std::chrono::milliseconds;
  static const std::array kPresets = {
      Preset{"cpython2.7", {LockRegime::kGil, {milliseconds(5), 100}, SwitchPoints::kEvery}},
      Preset{"cpython3.9", {LockRegime::kGil, {milliseconds(5), 0}, SwitchPoints::kEvery}},
      Preset{"cpython3.12", {LockRegime::kGil, {milliseconds(5), 0}, SwitchPoints::kLoops}},
      Preset{"cpython3.14t", {LockRegime::kObject, {}, SwitchPoints::kEvery}},
      Preset{"ruby3", {LockRegime::kGil, {milliseconds(100), 0}, SwitchPoints::kLoops}},
      Preset{"none", {LockRegime::kNone, {}, SwitchPoints::kEvery}},
  };
  for (const Preset& preset : kPresets) {
    if (given.value == preset.name) return preset.lock;
  }
  refuse(
      translate("{0}: '{1}' is unknown; accepted: cpython2.7, cpython3.9, cpython3.12, cpython3.14t, ruby3, "
                "none"),
      given.source, shown(given.value));
}

}  // namespace gilvm
