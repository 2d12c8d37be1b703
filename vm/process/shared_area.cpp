#include "vm/process/shared_area.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "vm/process/process_end.h"

namespace gilvm {

std::shared_ptr<SharedArea> SharedArea::make(std::size_t bytes) {
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return nullptr;
  return std::shared_ptr<SharedArea>(new SharedArea(address, bytes));
}

SharedArea::~SharedArea() { munmap(address_, size_); }

namespace {
std::atomic<pid_t> this_process{0};
}  // namespace

pid_t current_process() {
  const pid_t known = this_process.load(std::memory_order_relaxed);
  if (known != 0) return known;
  static const bool forgets_in_child =
      pthread_atfork(nullptr, nullptr, [] { this_process.store(getpid(), std::memory_order_relaxed); }) == 0;
  if (forgets_in_child) this_process.store(getpid(), std::memory_order_relaxed);
  return getpid();
}

bool process_has_ended(pid_t process) {
  const int end = open_process_end(process);
  // Where the kernel has no pidfd, one that has ended and was not waited for counts as alive.
  if (end < 0) return errno == ESRCH || (kill(process, 0) != 0 && errno == ESRCH);
  pollfd wanted = {end, POLLIN, 0};
  const bool has_ended = poll(&wanted, 1, 0) == 1;
  close(end);
  return has_ended;
}

}  // namespace gilvm
