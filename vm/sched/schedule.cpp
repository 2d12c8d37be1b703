#include "vm/sched/schedule.h"

#include <charconv>

namespace gilvm {
namespace {

// Takes a number of 1 or more from the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view* text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || number == 0) return std::nullopt;
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  return number;
}

bool take(std::string_view* text, char separator) {
  if (text->empty() || text->front() != separator) return false;
  text->remove_prefix(1);
  return true;
}

}  // namespace

std::string Schedule::text() const {
  std::string text;
  for (const Run& run : runs_) {
    if (!text.empty()) text += '-';
    text += std::to_string(run.thread);
    if (run.length > 1) text += 'x' + std::to_string(run.length);
  }
  return text;
}

std::optional<Schedule> Schedule::from_text(std::string_view text) {
  Schedule schedule;
  if (text.empty()) return schedule;
  do {
    const auto thread = take_number(&text);
    if (!thread) return std::nullopt;
    std::uint64_t length = 1;
    if (take(&text, 'x')) {
      const auto number = take_number(&text);
      if (!number || *number > UINT64_MAX - schedule.size_) return std::nullopt;
      length = *number;
    }
    if (!schedule.runs_.empty() && schedule.runs_.back().thread == *thread) return std::nullopt;
    schedule.runs_.push_back({*thread, length});
    schedule.size_ += length;
  } while (take(&text, '-'));
  if (!text.empty()) return std::nullopt;
  return schedule;
}

}  // namespace gilvm
