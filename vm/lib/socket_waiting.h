// A socket's descriptor, and how a thread waits for it.
//
// Threads: any attached thread; waiting is detached.
// Invariants:
//  (1) The descriptor never blocks. What waits, waits in poll(), for moments, and looks between them whether
//  it is interrupted or the
//      socket is closed.
//  (2) The descriptor stays open as long as a call uses it: close() only says that nobody is to use it any
//  more. So it cannot become
//      another file's under a thread that waits.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>

#include "vm/runtime/vm.h"

namespace gilvm {

class SocketDescriptor {
 public:
  explicit SocketDescriptor(int number) : number_(number) {}
  ~SocketDescriptor() {
    if (!detached_.load(std::memory_order_relaxed)) ::close(number_);
  }
  SocketDescriptor(const SocketDescriptor&) = delete;

  int number() const { return number_; }
  void close() { closed_.store(true, std::memory_order_relaxed); }
  bool is_closed() const { return closed_.load(std::memory_order_relaxed); }
  // It is the caller's from now on.
  void detach() { detached_.store(true, std::memory_order_relaxed); }

 private:
  const int number_;
  std::atomic<bool> closed_{false};
  std::atomic<bool> detached_{false};
};

// What wait_for_socket() returns where it is no errno.
inline constexpr int kSocketTimeout = -1;
inline constexpr int kSocketInterrupted = -2;

inline bool would_wait(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// Calls attempt(), which returns 0 or an errno, until it does not have to wait for `event`. `timeout` in
// seconds: none, or 0, which does not wait and returns what attempt() says. A safepoint.
template <typename Attempt>
int wait_for_socket(VmThread& thread, const SocketDescriptor& descriptor, short event,
                    std::optional<double> timeout, Attempt attempt) {
  constexpr std::chrono::milliseconds kLongestSleep(50);
  constexpr double kLongestWait = 1e9;
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto limit = std::chrono::duration<double>(std::min(timeout.value_or(0), kLongestWait));
  const auto deadline = now() + std::chrono::duration_cast<Nanoseconds>(limit);
  for (;;) {
    if (thread.interrupted()) return kSocketInterrupted;
    if (descriptor.is_closed()) return EBADF;
    const Blocking blocking(thread);
    const int error = attempt();
    if (!would_wait(error)) return error;
    if (error == EINTR) continue;
    if (timeout && *timeout == 0) return error;
    Nanoseconds left = kLongestSleep;
    if (timeout) left = std::min(left, Nanoseconds(deadline - now()));
    if (left <= Nanoseconds(0)) return kSocketTimeout;
    pollfd wanted = {descriptor.number(), event, 0};
    poll(&wanted, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
  }
}

}  // namespace gilvm
