#include "vm/process/processes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "vm/base/text.h"
#include "vm/process/named_memory.h"
#include "vm/process/process_end.h"

namespace gilvm {
namespace {

// The children that have not been waited for. In a child it begins empty again.
struct Children {
  std::mutex mutex;
  std::vector<pid_t> pids;
};
Children& children() {
  static auto* list = new Children;
  return *list;
}

void write_all(int file, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = write(file, text.data() + done, text.size() - done);
    if (count < 0 && errno != EINTR) return;
    if (count > 0) done += static_cast<std::size_t>(count);
  }
}

[[noreturn]] void run_child(int message_pipe, pid_t parent, bool parent_is_main_thread,
                            const std::function<int(std::string*)>& body) {
  new (&children()) Children;
  // Here nobody waits for signals in a thread of its own: they do what they do by default, and not what a
  // program that embeds the VM does with them.
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  // The kernel's signal follows the thread that forked, so only the thread that lives as long as the process
  // may ask.
  if (parent_is_main_thread) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
  }
  std::string message;
  const int status = body(&message);
  unlink_leaked_memory();
  std::fflush(nullptr);
  write_all(message_pipe, message);
  _exit(status);
}

}  // namespace

std::shared_ptr<ChildProcess> ChildProcess::start(VmThread& thread,
                                                  const std::function<int(std::string* message)>& body) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return nullptr;
  const pid_t parent = getpid();
  const bool is_main_thread = parent == static_cast<pid_t>(syscall(SYS_gettid));
  // A signal that comes before the child is set up waits until it is.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  // Not under the mutex of the list of children: fork() waits for other threads, and they may be waiting for
  // the mutex.
  const pid_t pid = thread.vm().fork(thread);
  if (pid == 0) {
    close(ends[0]);
    run_child(ends[1], parent, is_main_thread, body);
  }
  const int reason = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    errno = reason;
    return nullptr;
  }
  remember_child(pid);
  // Who kills all children interrupts first: either it has found this one in the list, or this thread sees
  // that.
  const Interruption interruption = thread.vm().interruption();
  if (interruption == Interruption::kSignal || interruption == Interruption::kTimeout) kill(pid, SIGKILL);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return std::shared_ptr<ChildProcess>(new ChildProcess(pid, ends[0]));
}

ChildProcess::ChildProcess(pid_t pid, int message_pipe)
    : pid_(pid), parent_(getpid()), message_pipe_(message_pipe), end_(open_process_end(pid)) {}

ChildProcess::~ChildProcess() {
  // A child that nobody waited for is reaped if it has ended, and otherwise goes on until the program ends.
  if (is_own()) reap();
  if (message_pipe_ >= 0) close(message_pipe_);
  if (end_ >= 0) close(end_);
}

int ChildProcess::end() {
  std::lock_guard guard(mutex_);
  end_is_known_ = true;
  return end_;
}

void ChildProcess::close_descriptors() {
  if (!exit_code_ || polling_ > 0) return;
  if (message_pipe_ >= 0) close(std::exchange(message_pipe_, -1));
  if (end_ >= 0 && !end_is_known_) close(std::exchange(end_, -1));
}

bool ChildProcess::is_own() const { return parent_ == getpid(); }

void ChildProcess::read_message() {
  char buffer[4096];
  while (!message_is_complete_ && message_pipe_ >= 0) {
    const ssize_t count = read(message_pipe_, buffer, sizeof buffer);
    if (count > 0) {
      message_.append(buffer, static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      message_is_complete_ = count == 0;
      return;
    }
  }
}

void ChildProcess::reap() {
  if (exit_code_) return;
  int status;
  pid_t ended;
  do {
    ended = waitpid(pid_, &status, WNOHANG);
  } while (ended < 0 && errno == EINTR);
  if (ended != pid_) return;
  exit_code_ = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  if (*exit_code_ < 0) unlink_memory_of(pid_);  // it had no time to do so itself
  read_message();
  close_descriptors();
  forget_child(pid_);
}

bool ChildProcess::wait(VmThread& thread, std::optional<Instant> deadline) {
  constexpr std::int64_t kLongest = 1 << 30;
  constexpr std::int64_t kWithoutDescriptor =
      10;  // ms; where the kernel has no pidfd, it is asked now and then
  Blocking blocking(thread);
  for (;;) {
    std::int64_t left = kLongest;
    pollfd wanted[2];
    {
      std::lock_guard guard(mutex_);
      // A long message would keep the child from ending: it is read as it comes.
      read_message();
      reap();
      if (exit_code_) return true;
      // What interrupts the whole VM kills the children as well, and how they ended is still asked for.
      if (thread.interrupted() && thread.vm().interruption() == Interruption::kNone) return false;
      if (deadline)
        left =
            std::chrono::ceil<std::chrono::milliseconds>(*deadline - thread.vm().scheduler().now()).count();
      if (left <= 0) return false;
      if (end_ < 0) left = std::min(left, kWithoutDescriptor);
      wanted[0] = {end_, POLLIN, 0};
      wanted[1] = {message_is_complete_ ? -1 : message_pipe_, POLLIN, 0};
      ++polling_;
    }
    poll(wanted, 2, static_cast<int>(std::min(left, kLongest)));
    std::lock_guard guard(mutex_);
    --polling_;
    close_descriptors();
  }
}

std::optional<int> ChildProcess::exit_code() {
  std::lock_guard guard(mutex_);
  reap();
  return exit_code_;
}

std::string ChildProcess::message() {
  std::lock_guard guard(mutex_);
  return message_;
}

void ChildProcess::signal(int number) {
  std::lock_guard guard(mutex_);
  reap();
  if (!exit_code_) kill(pid_, number);
}

std::string describe_end(int exit_code) {
  if (exit_code >= 0) return fmt::format(fmt::runtime(translate("exit status {0}")), exit_code);
  const char* name = sigabbrev_np(-exit_code);  // none: a real-time signal
  return fmt::format(fmt::runtime(translate("killed by signal {0}")), -exit_code) +
         (name ? fmt::format(" (SIG{})", name) : "");
}

void remember_child(pid_t process) {
  std::lock_guard guard(children().mutex);
  children().pids.push_back(process);
}

void forget_child(pid_t process) {
  std::lock_guard guard(children().mutex);
  std::erase(children().pids, process);
}

void kill_all_children() {
  std::lock_guard guard(children().mutex);
  for (pid_t pid : children().pids) kill(pid, SIGKILL);
}

}  // namespace gilvm
