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

namespace gilvm {
namespace {

using Outcome = MessageSocket::Outcome;

constexpr std::size_t kLongestPacket = 32 * 1024;
// The first byte of a packet: the message follows; or its descriptor comes along.
constexpr char kWhole = 'w';
constexpr char kInMemory = 'm';

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

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(file, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool read_all(int file, std::string* bytes) {
  const off_t size = lseek(file, 0, SEEK_END);
  if (size < 0 || lseek(file, 0, SEEK_SET) < 0) return false;
  bytes->resize(static_cast<std::size_t>(size));
  std::size_t done = 0;
  while (done < bytes->size()) {
    const ssize_t count = read(file, bytes->data() + done, bytes->size() - done);
    if (count == 0 || (count < 0 && errno != EINTR)) return false;
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  return true;
}

// Room for one descriptor, as a control message.
union Control {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

Outcome outcome_of(int error) {
  if (error == 0) return Outcome::kDone;
  if (would_wait(error)) return Outcome::kTimeout;
  if (error == ENODATA) return Outcome::kEnd;
  errno = error;
  return Outcome::kError;
}

}  // namespace

MessageSocket::~MessageSocket() { ::close(descriptor_); }

std::pair<std::shared_ptr<MessageSocket>, std::shared_ptr<MessageSocket>> MessageSocket::make_pair(
    bool one_way) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
  for (const int end : ends) limit_waiting(end);
  if (one_way) shutdown(ends[0], SHUT_WR);
  return {std::make_shared<MessageSocket>(ends[0]), std::make_shared<MessageSocket>(ends[1])};
}

std::shared_ptr<MessageSocket> MessageSocket::duplicate() const {
  const int descriptor = fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  return descriptor < 0 ? nullptr : std::make_shared<MessageSocket>(descriptor);
}

// Each of these returns 0 or an errno.

int MessageSocket::send_packet(std::string_view message, int flags) {
  if (message.size() > kLongestPacket) return send_as_memory(message, flags);
  char kind = kWhole;
  iovec parts[2] = {{&kind, 1}, {const_cast<char*>(message.data()), message.size()}};
  msghdr packet = {};
  packet.msg_iov = parts;
  packet.msg_iovlen = 2;
  if (sendmsg(descriptor_, &packet, flags | MSG_NOSIGNAL) >= 0) return 0;
  return errno == ECONNRESET ? EPIPE : errno;
}

int MessageSocket::send_as_memory(std::string_view message, int flags) {
  const int memory = memfd_create("gilvm message", MFD_CLOEXEC);
  if (memory < 0) return errno;
  int error = write_all(memory, message) ? 0 : errno;
  if (error == 0) {
    char kind = kInMemory;
    iovec part = {&kind, 1};
    Control control = {};
    msghdr packet = {};
    packet.msg_iov = &part;
    packet.msg_iovlen = 1;
    packet.msg_control = &control;
    packet.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&packet);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof memory);
    std::memcpy(CMSG_DATA(header), &memory, sizeof memory);
    if (sendmsg(descriptor_, &packet, flags | MSG_NOSIGNAL) < 0) error = errno == ECONNRESET ? EPIPE : errno;
  }
  ::close(memory);
  return error;
}

int MessageSocket::receive_packet(std::string* message, int flags) {
  char kind = 0;
  char buffer[kLongestPacket];
  iovec parts[2] = {{&kind, 1}, {buffer, sizeof buffer}};
  Control control;
  msghdr packet = {};
  packet.msg_iov = parts;
  packet.msg_iovlen = 2;
  packet.msg_control = &control;
  packet.msg_controllen = sizeof control;
  ssize_t count = recvmsg(descriptor_, &packet, flags | MSG_CMSG_CLOEXEC);
  // The other end was closed with messages unread. The system says so once, before what is left here.
  if (count < 0 && errno == ECONNRESET) count = recvmsg(descriptor_, &packet, flags | MSG_CMSG_CLOEXEC);
  if (count < 0) return errno == ECONNRESET ? ENODATA : errno;
  if (count == 0) return ENODATA;
  const cmsghdr* header = CMSG_FIRSTHDR(&packet);
  if (!header) {
    message->assign(buffer, static_cast<std::size_t>(count) - 1);
    return kind == kWhole ? 0 : EPROTO;
  }
  int memory;
  std::memcpy(&memory, CMSG_DATA(header), sizeof memory);
  const bool read = kind == kInMemory && read_all(memory, message);
  ::close(memory);
  return read ? 0 : EPROTO;
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
  const Outcome outcome = try_receive(message);
  if (outcome != Outcome::kTimeout) return outcome;
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
