#include "vm/main/supervisor.h"

#include "vm/base/snapshot_area.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdio>
#include <iterator>
#include <thread>
#include <utility>

#include "vm/base/check.h"
#include "vm/base/text.h"
#include "vm/process/named_memory.h"
#include "vm/process/processes.h"

namespace gilvm {
namespace {

sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

int open_signals() {
  const sigset_t signals = watched_signals();
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

[[noreturn]] void end_program(int exit_status) {
  kill_all_children();
  unlink_leaked_memory();
  // Unless a thread is stuck in the middle of writing.
  if (ftrylockfile(stdout) == 0) fflush_unlocked(stdout);
  _exit(exit_status);
}

}  // namespace

void Supervisor::block_signals() {
  const sigset_t signals = watched_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Supervisor::Supervisor(std::optional<std::chrono::nanoseconds> timeout)
    : signals_(open_signals()), timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {
  GILVM_CHECK(signals_ >= 0 && timer_ >= 0);
  if (timeout) set_deadline(monotonic_now() + *timeout);
  start_thread();
}

// The thread sleeps, and the program's end waits for it to wake up and end. On another core, which others may
// keep busy, that can take longer than a short script; so it stays on the one where it is made. Only where
// the threads of a core take turns: in a real-time class a script could keep it from running.
void Supervisor::start_thread() {
  cpu_set_t allowed, here;
  const int core = sched_getcpu();
  const bool stays = core >= 0 && core < CPU_SETSIZE && sched_getscheduler(0) == SCHED_OTHER &&
                     sched_getaffinity(0, sizeof allowed, &allowed) == 0;
  if (stays) {
    CPU_ZERO(&here);
    CPU_SET(core, &here);
    sched_setaffinity(0, sizeof here, &here);
  }
  std::thread([this] { run(); }).detach();  // it inherits where it may run
  if (stays) sched_setaffinity(0, sizeof allowed, &allowed);
#if defined(__SANITIZE_ADDRESS__)
  // In the child of a fork that finds another thread in AddressSanitizer's allocator, as at that thread's
  // start, nobody ever leaves it.
  runs_.wait(false);
#endif
}

std::optional<int> Supervisor::finish() {
  std::lock_guard guard(mutex_);
  act();
  finished_ = true;
  return exit_status_;
}

void Supervisor::watch(Vm& vm) {
  std::lock_guard guard(mutex_);
  const SnapshotArea::Inside outside(nullptr);
  vms_.push_back(&vm);
  if (exit_status_ && !allows_more_) vm.interrupt(Interruption::kSignal);
}

void Supervisor::hold_back(const std::function<void()>& action) {
  std::lock_guard guard(mutex_);
  action();
}

void Supervisor::unwatch(Vm& vm) {
  std::lock_guard guard(mutex_);
  std::erase(vms_, &vm);
}

void Supervisor::hand_over_interrupts(std::function<bool()> take) {
  std::lock_guard guard(mutex_);
  take_interrupt_ = std::move(take);
}

void Supervisor::settle() {
  std::lock_guard guard(mutex_);
  act();
}

void Supervisor::allow_more(std::chrono::nanoseconds time) {
  std::lock_guard guard(mutex_);
  if (!exit_status_) return;
  allows_more_ = true;
  set_deadline(monotonic_now() + time);
}

void Supervisor::end_now(int otherwise) { end_program(exit_status().value_or(otherwise)); }

std::optional<int> Supervisor::exit_status() const {
  std::lock_guard guard(mutex_);
  return exit_status_;
}

void Supervisor::set_deadline(Instant deadline) {
  deadline_ = deadline;
  const auto time = std::chrono::duration_cast<Nanoseconds>(deadline.time_since_epoch()).count();
  itimerspec setting = {};
  setting.it_value = {time / 1'000'000'000, time % 1'000'000'000};
  GILVM_CHECK(timerfd_settime(timer_, TFD_TIMER_ABSTIME, &setting, nullptr) == 0);
}

void Supervisor::stop_everything(Interruption reason, int exit_status, const char* line) {
  std::fprintf(stderr, "gilvm: %s\n", line);
  exit_status_ = exit_status;
  interrupt_all(reason);
  kill_all_children();
}

void Supervisor::interrupt_all(Interruption reason) {
  set_deadline(monotonic_now() + std::chrono::seconds(1));
  for (Vm* vm : vms_) vm->interrupt(reason);
}

void Supervisor::act() {
  signalfd_siginfo taken;
  while (read(signals_, &taken, sizeof taken) == sizeof taken) {
    const bool is_interrupt = taken.ssi_signo == SIGINT;
    if (is_interrupt && take_interrupt_ && !exit_status_ && take_interrupt_()) continue;
    if (exit_status_) end_program(*exit_status_);  // a second Ctrl-C
    if (is_interrupt) {
      stop_everything(Interruption::kSignal, kExitInterrupted, translate("interrupted"));
    } else {
      stop_everything(Interruption::kSignal, kExitTerminated, translate("terminated"));
    }
  }
  if (!deadline_ || monotonic_now() < *deadline_) return;
  if (std::exchange(allows_more_, false)) return interrupt_all(Interruption::kTimeout);
  if (exit_status_) end_program(*exit_status_);  // a second has passed and something is stuck
  stop_everything(Interruption::kTimeout, kExitTimeout, translate("the time given by --timeout is over"));
}

void Supervisor::run() {
#if defined(__SANITIZE_ADDRESS__)
  runs_.store(true);
  runs_.notify_one();
#endif
  pollfd files[] = {{signals_, POLLIN, 0}, {timer_, POLLIN, 0}};
  for (;;) {
    poll(files, std::size(files), -1);
    std::lock_guard guard(mutex_);
    if (finished_) return;
    act();
  }
}

}  // namespace gilvm
