#include "vm/main/line_interrupts.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "vm/base/text.h"
#include "vm/main/commands.h"

namespace gilvm {
namespace {

// Ends a system call that the line waits in. Whoever does not know of it ignores it.
constexpr int kEndSystemCall = SIGURG;
// It is lost on a call that begins a moment later, so it is sent again, for a fifth of a second.
constexpr int kMostAttempts = 40;
constexpr std::chrono::milliseconds kBetweenAttempts{5};

}  // namespace

LineInterrupts::LineInterrupts(VmThread& thread, WakeUp& typing, Supervisor& supervisor)
    : thread_(thread), typing_(typing), supervisor_(supervisor) {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  sigaction(kEndSystemCall, &action, nullptr);
  supervisor_.hand_over_interrupts([this] { return take(); });
}

LineInterrupts::~LineInterrupts() {
  supervisor_.hand_over_interrupts(nullptr);
  // It came when nothing was typed any more, so it was meant for what is still waited for.
  if (typing_.take() & WakeUp::kInterrupt) kill(getpid(), SIGINT);
}

void LineInterrupts::begin_line() {
  std::lock_guard guard(mutex_);
  runs_ = true;
  ends_ = false;
  unanswered_ = 0;
}

bool LineInterrupts::end_line() {
  {
    std::lock_guard guard(mutex_);
    ends_ = true;
  }
  has_ended_.notify_one();
  // The children have Ctrl-C too: a line may have waited for one, and have ended with it.
  supervisor_.settle();
  std::lock_guard guard(mutex_);
  runs_ = false;
  const bool unnoticed = unanswered_ > 0 && thread_.interrupted();
  thread_.vm().end_interruption(thread_);
  return unnoticed;
}

bool LineInterrupts::take() {
  std::unique_lock lock(mutex_);
  if (!runs_) {
    typing_.wake(WakeUp::kInterrupt);
    return true;
  }
  if (!thread_.interrupted()) unanswered_ = 0;
  if (++unanswered_ > 2) return false;
  if (unanswered_ == 2) complain(translate("the line does not answer; Ctrl-C once more ends the program"));
  thread_.vm().interrupt(thread_);
  for (int attempt = 0; attempt < kMostAttempts && !ends_ && thread_.interrupted(); ++attempt) {
    pthread_kill(native_thread_, kEndSystemCall);
    has_ended_.wait_for(lock, kBetweenAttempts, [this] { return ends_; });
  }
  return true;
}

}  // namespace gilvm
