#include "vm/sched/recorded_schedule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace gilvm {
namespace {

constexpr std::size_t kParts = 9;  // and the answers
constexpr std::string_view kCounts = "+refcounts";

struct KindName {
  ScheduleKind kind;
  const char* name;
};
constexpr std::array kKindNames = {
    KindName{ScheduleKind::kOs, "os"}, KindName{ScheduleKind::kRoundRobin, "round-robin"},
    KindName{ScheduleKind::kRandom, "random"}, KindName{ScheduleKind::kPct, "pct"}};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <typename Number>
bool take_number(std::string_view text, Number* number, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number, base);
  return error == std::errc() && end == text.data() + text.size();
}

std::string hexadecimal(std::uint32_t number, int digits) {
  char text[16];
  std::snprintf(text, sizeof text, "%0*x", digits, static_cast<unsigned>(number));
  return text;
}

std::string text_of(const SwitchInterval& interval) {
  if (interval.counted()) return std::to_string(interval.instructions) + "i";
  const auto count = interval.time.count();
  if (count % 1'000'000 == 0) return std::to_string(count / 1'000'000) + "ms";
  if (count % 1'000 == 0) return std::to_string(count / 1'000) + "us";
  return std::to_string(count) + "ns";
}

bool take_interval(std::string_view text, SwitchInterval* interval) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  std::uint64_t number = 0;
  if (!take_number(text.substr(0, digits), &number)) return false;
  if (unit == "i") {
    interval->instructions = number;
    return number != 0;
  }
  const std::uint64_t nanoseconds = unit == "ms" ? 1'000'000 : unit == "us" ? 1'000 : unit == "ns" ? 1 : 0;
  constexpr std::uint64_t kMost = INT64_MAX / 4;  // no sum of two overflows
  if (nanoseconds == 0 || number > kMost / nanoseconds) return false;
  interval->instructions = 0;
  interval->time = std::chrono::nanoseconds(number * nanoseconds);
  return true;
}

bool take_checkpoints(std::string_view text, std::vector<Checkpoint>* checkpoints) {
  if (text == "0") return true;
  for (std::string_view part : split(text, '-')) {
    const auto halves = split(part, '.');
    Checkpoint checkpoint;
    if (halves.size() != 2 || !take_number(halves[0], &checkpoint.step) ||
        !take_number(halves[1], &checkpoint.fingerprint, 16)) {
      return false;
    }
    const std::uint64_t before = checkpoints->empty() ? 0 : checkpoints->back().step;
    if (checkpoint.step <= before) return false;
    checkpoints->push_back(checkpoint);
  }
  return true;
}

}  // namespace

const char* name_of(ScheduleKind kind) {
  return std::find_if(kKindNames.begin(), kKindNames.end(),
                      [&](KindName entry) { return entry.kind == kind; })
      ->name;
}

std::optional<ScheduleKind> schedule_kind(std::string_view name) {
  const auto* found =
      std::find_if(kKindNames.begin(), kKindNames.end(), [&](KindName entry) { return entry.name == name; });
  return found == kKindNames.end() ? std::nullopt : std::optional(found->kind);
}

std::string RecordedSchedule::text() const {
  std::string text = version + ',' + hexadecimal(program, 8) + ',';
  text += std::string(name_of(lock.regime)) + std::string(counts_references ? kCounts : "") + ',';
  text += lock.points == SwitchPoints::kLoops ? "loops," : "every,";
  text += text_of(lock.interval) + ',' + std::to_string(workers) + (own_scripts ? "s," : ",");
  text += std::string(name_of(kind)) + ',' + std::to_string(seed) + ',';
  if (checkpoints.empty()) text += '0';
  for (const Checkpoint& checkpoint : checkpoints) {
    if (&checkpoint != &checkpoints.front()) text += '-';
    text += std::to_string(checkpoint.step) + '.' + hexadecimal(checkpoint.fingerprint, 6);
  }
  if (!turns.empty()) text += ',' + text_of(turns);
  if (answers && answers->size() > 0) text += ',' + answers->text();
  return text;
}

std::optional<RecordedSchedule> RecordedSchedule::from_text(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ',');
  if (parts.size() != kParts && parts.size() != kParts + 1) return std::nullopt;
  RecordedSchedule schedule;
  schedule.version = parts[0];
  if (!take_number(parts[1], &schedule.program, 16)) return std::nullopt;
  std::string_view lock = parts[2];
  schedule.counts_references = lock.ends_with(kCounts);
  if (schedule.counts_references) lock.remove_suffix(kCounts.size());
  const std::optional<LockRegime> regime = lock_regime(lock);
  if (!regime) return std::nullopt;
  schedule.lock.regime = *regime;
  if (parts[3] != "loops" && parts[3] != "every") return std::nullopt;
  schedule.lock.points = parts[3] == "loops" ? SwitchPoints::kLoops : SwitchPoints::kEvery;
  if (!take_interval(parts[4], &schedule.lock.interval)) return std::nullopt;
  std::string_view workers = parts[5];
  schedule.own_scripts = workers.ends_with('s');
  if (schedule.own_scripts) workers.remove_suffix(1);
  if (!take_number(workers, &schedule.workers)) return std::nullopt;
  const std::optional<ScheduleKind> kind = schedule_kind(parts[6]);
  if (!kind) return std::nullopt;
  schedule.kind = *kind;
  if (!take_number(parts[7], &schedule.seed)) return std::nullopt;
  if (!take_checkpoints(parts[8], &schedule.checkpoints)) return std::nullopt;
  if (*kind == ScheduleKind::kOs) {
    if (parts.size() == kParts) return schedule;
    auto turns = turns_from(parts[kParts]);
    if (!turns) return std::nullopt;
    schedule.turns = std::move(*turns);
    return schedule;
  }
  if (parts.size() > kParts) {
    schedule.answers = Schedule::from_text(parts[kParts]);
    if (!schedule.answers) return std::nullopt;
  }
  return schedule;
}

}  // namespace gilvm
