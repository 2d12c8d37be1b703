#include "vm/main/explore_progress.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "vm/base/text.h"
#include "vm/main/commands.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

constexpr std::chrono::milliseconds kPatience(700);
constexpr std::chrono::milliseconds kPeriod(200);

std::string time_text(double seconds) {
  if (seconds < 90) return decimal(seconds, 0) + " s";
  if (seconds < 90 * 60) return decimal(seconds / 60, 0) + " min";
  return decimal(seconds / 3600, 0) + " h";
}

}  // namespace

ExploreProgress::ExploreProgress()
    : terminal_(isatty(STDERR_FILENO) == 1 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0) : -1),
      start_(monotonic_now()),
      next_(start_ + kPatience) {}

ExploreProgress::~ExploreProgress() {
  if (is_shown_) write("\r\x1b[K");
  if (terminal_ >= 0) close(terminal_);
}

void ExploreProgress::show(const ExploreTally& tally, double left) {
  if (!is_due()) return;
  const Instant now = monotonic_now();
  next_ = now + kPeriod;
  is_shown_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  write("\r" + progress_line(tally, left, seconds, terminal_width() - 1) + "\x1b[K");
}

void ExploreProgress::write(const std::string& text) const {
  // What the terminal does not take is not worth waiting for.
  [[maybe_unused]] const ssize_t written = ::write(terminal_, text.data(), text.size());
}

std::string progress_line(const ExploreTally& tally, double left, double seconds, std::size_t width) {
  const std::uint64_t done = tally.schedules + tally.given_up;
  std::string line = filled(translate("{0} schedules, {1}/s, outcomes: {2}"), done,
                            decimal(static_cast<double>(done) / seconds, 0), tally.outcomes.size());
  const auto executions = static_cast<double>(tally.executions);
  left = std::max(left, 0.0);
  line += filled(translate("; estimate: {0}%, {1} left"),
                 decimal(std::floor(100 * executions / (executions + left)), 0),
                 time_text(seconds * left / executions));
  return shortened(line, width);
}

}  // namespace gilvm
