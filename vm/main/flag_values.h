// What the values of flags mean. Each refuses what it does not know, with the flag, the value and what is
// accepted (UsageError).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vm/base/settings.h"
#include "vm/main/flags.h"

namespace gilvm {

// A value, and the flag or the environment variable that it came from.
struct Given {
  const Flag* flag;
  std::string value;
  std::string source;
};

inline bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

unsigned number_between(const Given& given, unsigned least, unsigned most);
std::uint64_t schedules_from(const Given& given);
std::chrono::nanoseconds timeout_from(const Given& given);
std::size_t memory_from(const Given& given);
SwitchInterval interval_from(const Given& given);
LockRegime regime_from(const Given& given);
SwitchPoints points_from(const Given& given);
GilPolicy policy_from(const Given& given);
ScheduleKind schedule_from(const Given& given);
// "5-20", or "5": from there on.
void steps_from(const Given& given, Options* options);
// "counter,list"
std::vector<std::string> names_from(const Given& given);
std::uint64_t seed_from(const Given& given);
LockSettings preset_from(const Given& given);

}  // namespace gilvm
