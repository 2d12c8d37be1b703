#include "vm/main/wake_up.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "vm/base/check.h"

namespace gilvm {

WakeUp::WakeUp() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { GILVM_CHECK(event_ >= 0); }

WakeUp::~WakeUp() { close(event_); }

void WakeUp::wake(Reason reason) {
  const int saved =
      errno;  // a signal handler may be called between a system call and its caller's look at errno
  // Release: with the acquire in take(), which the event's system calls do not replace.
  reasons_.fetch_or(reason, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event_, &one, sizeof one);
  errno = saved;
}

bool WakeUp::wait_for(int file) {
  pollfd wanted[2] = {{event_, POLLIN, 0}, {file, POLLIN, 0}};
  while (poll(wanted, 2, -1) < 0) GILVM_CHECK(errno == EINTR || errno == EAGAIN);
  return wanted[0].revents != 0;
}

unsigned WakeUp::take() {
  // In this order: what comes between the two wakes the next wait for nothing, and is not lost.
  std::uint64_t count;
  [[maybe_unused]] const ssize_t got = read(event_, &count, sizeof count);
  return reasons_.exchange(0, std::memory_order_acquire);
}

}  // namespace gilvm
