#include "vm/main/supervisor.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "vm/base/text.h"
#include "vm/process/processes.h"

namespace gilvm {
namespace {

constexpr int kWakeUp = SIGUSR1;

sigset_t interrupting_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

sigset_t watched_signals() {
  sigset_t signals = interrupting_signals();
  sigaddset(&signals, kWakeUp);
  return signals;
}

// The number of an interrupting signal that has come and was not taken yet, or -1.
int take_pending_interruption() {
  const sigset_t signals = interrupting_signals();
  const timespec none{0, 0};
  int number;
  do {
    number = sigtimedwait(&signals, nullptr, &none);
  } while (number < 0 && errno == EINTR);
  return number;
}

}  // namespace

void Supervisor::block_signals() {
  const sigset_t signals = watched_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Supervisor::Supervisor(std::optional<std::chrono::nanoseconds> timeout)
    : timeout_(timeout), thread_([this] { run(); }) {}

Supervisor::~Supervisor() { finish(); }

std::optional<int> Supervisor::finish() {
  if (thread_.joinable()) {
    {
      std::lock_guard guard(mutex_);
      ending_ = true;
    }
    pthread_kill(thread_.native_handle(), kWakeUp);
    thread_.join();
  }
  return exit_status_;
}

void Supervisor::watch(Vm& vm) {
  std::lock_guard guard(mutex_);
  vms_.push_back(&vm);
  if (exit_status_) vm.interrupt(Interruption::kSignal);
}

void Supervisor::unwatch(Vm& vm) {
  std::lock_guard guard(mutex_);
  std::erase(vms_, &vm);
}

void Supervisor::begin_waiting(int exit_status) {
  constexpr std::chrono::milliseconds kPatience(200);
  {
    std::lock_guard guard(mutex_);
    waiting_until_ = monotonic_now() + kPatience;
    status_after_waiting_ = exit_status;
  }
  pthread_kill(thread_.native_handle(), kWakeUp);
}

void Supervisor::end_waiting() {
  std::lock_guard guard(mutex_);
  waiting_until_.reset();
}

void Supervisor::settle() {
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = ++settle_asked_;
  pthread_kill(thread_.native_handle(), kWakeUp);
  settled_.wait(lock, [&] { return settle_answered_ >= ticket || exit_status_; });
}

void Supervisor::end_now(int exit_status) {
  kill_all_children();
  // Unless a thread is stuck in the middle of writing.
  if (ftrylockfile(stdout) == 0) fflush_unlocked(stdout);
  _exit(exit_status);
}

std::optional<int> Supervisor::exit_status() const {
  std::lock_guard guard(mutex_);
  return exit_status_;
}

void Supervisor::stop_everything(Interruption reason, int exit_status, const char* line) {
  std::fprintf(stderr, "gilvm: %s\n", line);
  std::lock_guard guard(mutex_);
  exit_status_ = exit_status;
  settled_.notify_all();
  for (Vm* vm : vms_) vm->interrupt(reason);
  kill_all_children();
}

void Supervisor::run() {
  const sigset_t signals = watched_signals();
  std::optional<Instant> deadline;
  if (timeout_) deadline = monotonic_now() + *timeout_;
  for (;;) {
    siginfo_t info;
    int number;
    std::optional<Instant> next = deadline;
    {
      std::lock_guard guard(mutex_);
      if (waiting_until_ && (!next || *waiting_until_ < *next)) next = waiting_until_;
    }
    if (next) {
      const auto left = std::max<std::int64_t>((*next - monotonic_now()).count(), 0);
      const timespec wait{left / 1'000'000'000, left % 1'000'000'000};
      number = sigtimedwait(&signals, &info, &wait);
    } else {
      number = sigwaitinfo(&signals, &info);
    }
    if (number < 0 && errno == EINTR) continue;
    std::optional<int> stopped;
    std::uint64_t ticket;
    bool ending;
    {
      std::lock_guard guard(mutex_);
      ending = ending_;
      stopped = exit_status_;
      ticket = settle_asked_;
      if (number < 0 && waiting_until_ && *waiting_until_ <= monotonic_now()) {
        end_now(exit_status_.value_or(status_after_waiting_));
      }
    }
    if (number == kWakeUp && (number = take_pending_interruption()) < 0) {
      if (ending) return;
      std::lock_guard guard(mutex_);
      settle_answered_ = ticket;
      settled_.notify_all();
      continue;
    }
    if (number < 0 && !(deadline && *deadline <= monotonic_now())) continue;  // it was end_waiting()'s time
    // A second Ctrl-C, or a second has passed and something is stuck.
    if (stopped) end_now(*stopped);
    if (number == SIGINT) {
      stop_everything(Interruption::kSignal, kExitInterrupted, translate("interrupted"));
    } else if (number == SIGTERM) {
      stop_everything(Interruption::kSignal, kExitTerminated, translate("terminated"));
    } else {
      stop_everything(Interruption::kTimeout, kExitTimeout, translate("the time given by --timeout is over"));
    }
    if (ending) return;
    deadline = monotonic_now() + std::chrono::seconds(1);
  }
}

}  // namespace gilvm
