#include "vm/process/message_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vm/process/shared_area.h"

namespace gilvm {
namespace {

using Outcome = MessageSocket::Outcome;

constexpr std::size_t kLongestPacket = 32 * 1024;
// Up to here it is quicker to copy a message than to tell the system of two parts.
constexpr std::size_t kLongestCopy = 4 * 1024;
// The first byte of a packet: the message follows; or its place in the pipe's memory.
constexpr char kWhole = 'w';
constexpr char kInMemory = 'm';
// After a receive() that had to wait, this many wait at once, without a try before, which costs a system
// call: a program that got to its receive() before its message often does so again.
constexpr int kWaitsAtOnce = 8;

// A call that does not wait for longer: as much as the socket itself can be told.
void limit_waiting(int descriptor) {
  const timeval time = {0, std::chrono::duration_cast<std::chrono::microseconds>(kLongestSleep).count()};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  // Room for a few hundred messages that nobody has received yet. The system may grant less.
  const int bytes = 1 << 20;
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

bool would_wait(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// In milliseconds, for poll().
int time_left(VmThread& thread, std::optional<Instant> deadline) {
  Nanoseconds left = kLongestSleep;
  if (deadline) left = std::min(left, Nanoseconds(*deadline - thread.vm().scheduler().now()));
  return static_cast<int>(
      std::chrono::ceil<std::chrono::milliseconds>(std::max(left, Nanoseconds(0))).count());
}

bool has_passed(VmThread& thread, std::optional<Instant> deadline) {
  return deadline && thread.vm().scheduler().now() >= *deadline;
}

Outcome outcome_of(int error) {
  if (error == 0) return Outcome::kDone;
  if (would_wait(error)) return Outcome::kTimeout;
  if (error == ENODATA) return Outcome::kEnd;
  errno = error;
  return Outcome::kError;
}

}  // namespace

// Memory without a name, which both ends of a pipe have in all their processes. It goes when the last of them
// closes it. Each message gets a place of its own, which was nobody's before: of what is freed only the
// address is used up, and there are 2^63.
class LongMessages {
 public:
  struct Place {
    off_t begin;
    std::size_t size;
  };

  LongMessages(int file, std::shared_ptr<SharedArea> area) : file_(file), area_(std::move(area)) {}
  ~LongMessages() { ::close(file_); }
  LongMessages(const LongMessages&) = delete;

  // Both return 0 or an errno. Who is killed in the middle of either, or between both, leaves the memory of
  // one message in use for as long as the pipe is there.
  int put(std::string_view message, Place* place);
  int take(const Place& place, std::string* message);
  void release(const Place& place) {
    fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, place.begin, whole_pages(place.size));
  }

 private:
  static off_t whole_pages(std::size_t size) {
    constexpr std::size_t kPage = 4096;
    return static_cast<off_t>((size + kPage - 1) / kPage * kPage);
  }

  // The end of the last place. Not the file's position, which all processes share too: Linux 6.18 moves that
  // of such a file without a lock, and gave one place to two of them.
  std::atomic<off_t>& end() { return *static_cast<std::atomic<off_t>*>(area_->address()); }
  static_assert(std::atomic<off_t>::is_always_lock_free);

  const int file_;
  const std::shared_ptr<SharedArea> area_;
};

int LongMessages::put(std::string_view message, Place* place) {
  *place = {end().fetch_add(whole_pages(message.size()), std::memory_order_relaxed), message.size()};
  for (std::size_t done = 0; done < message.size();) {
    const ssize_t count =
        pwrite(file_, message.data() + done, message.size() - done, place->begin + static_cast<off_t>(done));
    if (count > 0) done += static_cast<std::size_t>(count);
    if (count > 0 || errno == EINTR) continue;
    const int error = errno;
    release(*place);
    return error;
  }
  return 0;
}

int LongMessages::take(const Place& place, std::string* message) {
  message->resize(place.size);
  int error = 0;
  for (std::size_t done = 0; done < place.size && error == 0;) {
    const ssize_t count =
        pread(file_, message->data() + done, place.size - done, place.begin + static_cast<off_t>(done));
    if (count > 0) done += static_cast<std::size_t>(count);
    if (count == 0) error = EPROTO;
    if (count < 0 && errno != EINTR) error = errno;
  }
  release(place);
  return error;
}

MessageSocket::MessageSocket(int descriptor, std::shared_ptr<LongMessages> long_messages)
    : descriptor_(descriptor), long_messages_(std::move(long_messages)) {}

MessageSocket::~MessageSocket() { ::close(descriptor_); }

std::pair<std::shared_ptr<MessageSocket>, std::shared_ptr<MessageSocket>> MessageSocket::make_pair(
    bool one_way) {
  std::shared_ptr<SharedArea> area = SharedArea::make(sizeof(std::atomic<off_t>));
  if (!area) return {};
  const int memory = memfd_create("gilvm messages", MFD_CLOEXEC);
  if (memory < 0) return {};
  auto long_messages = std::make_shared<LongMessages>(memory, std::move(area));
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
  for (const int end : ends) limit_waiting(end);
  if (one_way) shutdown(ends[0], SHUT_WR);
  return {std::make_shared<MessageSocket>(ends[0], long_messages),
          std::make_shared<MessageSocket>(ends[1], long_messages)};
}

std::shared_ptr<MessageSocket> MessageSocket::duplicate() const {
  const int descriptor = fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  return descriptor < 0 ? nullptr : std::make_shared<MessageSocket>(descriptor, long_messages_);
}

// Each of these returns 0 or an errno.

int MessageSocket::send_packet(std::string_view message, int flags) {
  if (message.size() > kLongestPacket) return send_as_memory(message, flags);
  ssize_t count;
  if (message.size() <= kLongestCopy) {
    char packet[1 + kLongestCopy];
    packet[0] = kWhole;
    std::memcpy(packet + 1, message.data(), message.size());
    count = ::send(descriptor_, packet, 1 + message.size(), flags | MSG_NOSIGNAL);
  } else {
    char kind = kWhole;
    iovec parts[2] = {{&kind, 1}, {const_cast<char*>(message.data()), message.size()}};
    msghdr packet = {};
    packet.msg_iov = parts;
    packet.msg_iovlen = 2;
    count = sendmsg(descriptor_, &packet, flags | MSG_NOSIGNAL);
  }
  if (count >= 0) return 0;
  return errno == ECONNRESET ? EPIPE : errno;
}

int MessageSocket::send_as_memory(std::string_view message, int flags) {
  LongMessages::Place place;
  const int error = long_messages_->put(message, &place);
  if (error != 0) return error;
  char packet[1 + sizeof place] = {kInMemory};
  std::memcpy(packet + 1, &place, sizeof place);
  if (::send(descriptor_, packet, sizeof packet, flags | MSG_NOSIGNAL) >= 0) return 0;
  const int reason = errno;
  long_messages_->release(place);
  return reason == ECONNRESET ? EPIPE : reason;
}

int MessageSocket::receive_packet(std::string* message, int flags) {
  char packet[1 + kLongestPacket];
  ssize_t count = recv(descriptor_, packet, sizeof packet, flags);
  // The other end was closed with messages unread. The system says so once, before what is left here.
  if (count < 0 && errno == ECONNRESET) count = recv(descriptor_, packet, sizeof packet, flags);
  if (count < 0) return errno == ECONNRESET ? ENODATA : errno;
  if (count == 0) return ENODATA;
  if (packet[0] == kWhole) {
    message->assign(packet + 1, static_cast<std::size_t>(count) - 1);
    return 0;
  }
  LongMessages::Place place;
  if (packet[0] != kInMemory || count != 1 + sizeof place) return EPROTO;
  std::memcpy(&place, packet + 1, sizeof place);
  return long_messages_->take(place, message);
}

template <typename Attempt>
Outcome MessageSocket::wait(VmThread& thread, short event, std::optional<Instant> deadline, Attempt attempt) {
  for (;;) {
    if (thread.interrupted()) return Outcome::kInterrupted;
    if (is_closed()) return Outcome::kClosed;
    int error;
    {
      Blocking blocking(thread);
      if (deadline) {
        pollfd wanted = {descriptor_, event, 0};
        poll(&wanted, 1, time_left(thread, deadline));
        error = attempt(MSG_DONTWAIT);
      } else {
        error = attempt(0);  // limit_waiting()
      }
    }
    if (!would_wait(error)) return outcome_of(error);
    if (has_passed(thread, deadline)) return Outcome::kTimeout;
  }
}

Outcome MessageSocket::try_send(std::string_view message) {
  if (is_closed()) return Outcome::kClosed;
  return outcome_of(send_packet(message, MSG_DONTWAIT));
}

Outcome MessageSocket::try_receive(std::string* message) {
  if (is_closed()) return Outcome::kClosed;
  return outcome_of(receive_packet(message, MSG_DONTWAIT));
}

Outcome MessageSocket::send(VmThread& thread, std::string_view message, std::optional<Instant> deadline) {
  const Outcome outcome = try_send(message);
  if (outcome != Outcome::kTimeout) return outcome;
  return wait(thread, POLLOUT, deadline, [&](int flags) { return send_packet(message, flags); });
}

Outcome MessageSocket::receive(VmThread& thread, std::string* message, std::optional<Instant> deadline) {
  // Relaxed: several threads may count at once, and then it is a little wrong.
  const int at_once = waits_at_once_.load(std::memory_order_relaxed);
  if (at_once > 0 && !deadline) {
    waits_at_once_.store(at_once - 1, std::memory_order_relaxed);
  } else {
    const Outcome outcome = try_receive(message);
    if (outcome != Outcome::kTimeout) return outcome;
    waits_at_once_.store(kWaitsAtOnce, std::memory_order_relaxed);
  }
  return wait(thread, POLLIN, deadline, [&](int flags) { return receive_packet(message, flags); });
}

Outcome wait_until_readable(VmThread& thread, const std::vector<int>& descriptors,
                            std::optional<Instant> deadline, std::vector<std::size_t>* ready) {
  std::vector<pollfd> wanted;
  for (const int descriptor : descriptors) wanted.push_back({descriptor, POLLIN, 0});
  for (;;) {
    int count = poll(wanted.data(), wanted.size(), 0);
    if (count == 0 && !has_passed(thread, deadline)) {
      if (thread.interrupted()) return Outcome::kInterrupted;
      Blocking blocking(thread);
      count = poll(wanted.data(), wanted.size(), time_left(thread, deadline));
    }
    if (count < 0 && errno != EINTR) return Outcome::kError;
    for (std::size_t index = 0; count > 0 && index < wanted.size(); ++index) {
      if (wanted[index].revents != 0) ready->push_back(index);
    }
    if (!ready->empty()) return Outcome::kDone;
    if (has_passed(thread, deadline)) return Outcome::kTimeout;
  }
}

}  // namespace gilvm
