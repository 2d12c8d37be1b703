// One end of a connection that carries whole messages: what pipes and queues between processes are made of.
//
// It is a Unix socket that keeps the bounds of messages (SOCK_SEQPACKET). A message is in the kernel as a
// whole or not at all, whenever the processes that send and receive are killed; several may send, and several
// may receive, without a lock that one of them could take along into its grave. What is longer than a packet
// lies in memory that both ends share, and its place there is one packet again.
//
// Threads: any attached thread. Waiting is detached.
// Invariants:
//  (1) The descriptor is open as long as the object exists; close() only says that nobody is to use it any
//  more. So it
//      is nobody else's while a thread waits for it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vm/runtime/vm.h"

namespace gilvm {

class LongMessages;

class MessageSocket {
 public:
  enum class Outcome : std::uint8_t {
    kDone,
    kTimeout,      // the deadline has passed
    kInterrupted,  // the thread is
    kEnd,          // receive(): nothing is left, and no process has the other end any more
    kClosed,       // close(), by another thread of this process
    kError,        // errno says which; EPIPE from send(): no process has the other end any more
  };

  // A descriptor of one end, which becomes the object's, and what both ends share.
  MessageSocket(int descriptor, std::shared_ptr<LongMessages> long_messages);
  ~MessageSocket();
  MessageSocket(const MessageSocket&) = delete;

  // Both ends; `one_way`: the first one only receives. Null, with errno set, where there are no descriptors
  // left.
  static std::pair<std::shared_ptr<MessageSocket>, std::shared_ptr<MessageSocket>> make_pair(bool one_way);
  // The same end once more, under another descriptor. Null, with errno set.
  std::shared_ptr<MessageSocket> duplicate() const;

  int descriptor() const { return descriptor_; }
  void close() { closed_.store(true, std::memory_order_relaxed); }
  bool is_closed() const { return closed_.load(std::memory_order_relaxed); }

  // What is not waited for has a deadline that has passed. Each is a safepoint.
  Outcome send(VmThread& thread, std::string_view message, std::optional<Instant> deadline);
  // Replaces *message.
  Outcome receive(VmThread& thread, std::string* message, std::optional<Instant> deadline);
  // Without waiting, and no safepoint.
  Outcome try_send(std::string_view message);
  Outcome try_receive(std::string* message);

 private:
  int send_packet(std::string_view message, int flags);
  int send_as_memory(std::string_view message, int flags);
  int receive_packet(std::string* message, int flags);
  template <typename Attempt>
  Outcome wait(VmThread& thread, short event, std::optional<Instant> deadline, Attempt attempt);

  const int descriptor_;
  const std::shared_ptr<LongMessages> long_messages_;
  std::atomic<bool> closed_{false};
  std::atomic<int> waits_at_once_{0};  // how many receive() are still to wait without a try before
};

// How long a thread that waits in the system sleeps before it looks whether it is interrupted.
inline constexpr Nanoseconds kLongestSleep = std::chrono::milliseconds(50);

// Waits until one of the descriptors can be read, or is at its end. *ready: which ones, as indices. Not kEnd,
// nor kClosed. A safepoint.
MessageSocket::Outcome wait_until_readable(VmThread& thread, const std::vector<int>& descriptors,
                                           std::optional<Instant> deadline, std::vector<std::size_t>* ready);

}  // namespace gilvm
