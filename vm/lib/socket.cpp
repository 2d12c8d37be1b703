// The module `_socket`: Python's socket objects, which vm/lib/lua/socket.lua adds the rest to.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#include "vm/lib/socket_addresses.h"
#include "vm/lib/socket_waiting.h"

namespace gilvm {
namespace {

constexpr double kNoTimeout = -1;
constexpr std::int64_t kLongestReceive = std::int64_t{1} << 30;

class Socket final : public NativeObject {
 public:
  Socket(int number, int its_family, int its_type, int its_protocol, double seconds)
      : family(its_family),
        type(its_type),
        protocol(its_protocol),
        timeout(seconds),
        descriptor_(std::make_shared<SocketDescriptor>(number)) {}
  const char* type_name() const override { return "socket"; }

  // Null: it is closed, or detached.
  std::shared_ptr<SocketDescriptor> descriptor() const {
    std::lock_guard guard(mutex_);
    return descriptor_;
  }
  // A thread that waits goes on until it sees it, and closes the descriptor then.
  std::shared_ptr<SocketDescriptor> take_descriptor() {
    std::lock_guard guard(mutex_);
    return std::move(descriptor_);
  }

  const int family, type, protocol;
  std::atomic<double> timeout;  // seconds; kNoTimeout: waits for ever; 0: does not wait

 private:
  mutable std::mutex mutex_;  // held for moments, while attached
  std::shared_ptr<SocketDescriptor> descriptor_;
};

// The timeout of new sockets, for the whole process.
std::atomic<double> default_timeout{kNoTimeout};

std::optional<double> timeout_of(const Socket& socket) {
  const double seconds = socket.timeout.load(std::memory_order_relaxed);
  return seconds == kNoTimeout ? std::nullopt : std::optional(seconds);
}

Value timeout_value(double seconds) { return seconds == kNoTimeout ? Value::nil() : Value::number(seconds); }

// nil: none. False with an error raised.
bool timeout_argument(NativeCall& call, unsigned index, double* seconds) {
  *seconds = kNoTimeout;
  if (call.is_none_or_nil(index)) return true;
  if (!call.number(index, seconds)) return false;
  if (std::isnan(*seconds))
    return raise_exception(call, "ValueError", "Invalid value NaN (not a number)") == 0;
  return *seconds >= 0 || raise_exception(call, "ValueError", "Timeout value out of range") == 0;
}

Socket* self(NativeCall& call) { return object_argument<Socket>(call, 0, "socket"); }

// The open descriptor of the object. Null with an error raised.
std::shared_ptr<SocketDescriptor> descriptor_of(NativeCall& call, Socket** socket) {
  *socket = self(call);
  if (!*socket) return nullptr;
  std::shared_ptr<SocketDescriptor> descriptor = (*socket)->descriptor();
  if (!descriptor) raise_system_error(call, EBADF);
  return descriptor;
}

// What wait_for_socket() has returned, which is not 0.
int raise_failure(NativeCall& call, int error) {
  if (error == kSocketInterrupted) return kNativeError;
  if (error == kSocketTimeout) return raise_exception(call, "TimeoutError", "timed out");
  return raise_system_error(call, error);
}

int done(NativeCall& call, int error) { return error == 0 ? call.none() : raise_failure(call, error); }

Value make_socket(VmThread& thread, int number, int family, int type, int protocol) {
  Table* metatable = thread.vm().registry->get_short(thread.string("_SOCKET")).as_table();
  auto object = std::make_unique<Socket>(number, family, type, protocol, default_timeout.load());
  return Value::userdata(Userdata::make(thread.heap(), std::move(object), metatable));
}

// What a descriptor from elsewhere is.
int option_of(int number, int option, int absent) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(number, SOL_SOCKET, option, &value, &size) == 0 ? value : absent;
}

// socket(family=AF_INET, type=SOCK_STREAM, proto=0, fileno=nil)
int new_socket(NativeCall& call) {
  if (call.vm().is_deterministic()) return refuse_under_schedule(call, "socket.socket");
  const Keywords arguments(call, "socket", 0, {"family", "type", "proto", "fileno"});
  if (!arguments.ok()) return kNativeError;
  std::array<std::int64_t, 4> values = {AF_INET, SOCK_STREAM, 0, -1};
  for (unsigned place = 0; place < values.size(); ++place) {
    const Value value = arguments[place];
    if (value.is_nil()) continue;
    if (!value.is_integer()) return raise_exception(call, "TypeError", "socket: an integer is required");
    values[place] = value.as_integer();
  }
  int family = static_cast<int>(values[0]), type = static_cast<int>(values[1]);
  const int protocol = static_cast<int>(values[2]);
  int number = static_cast<int>(values[3]);
  if (!arguments[3].is_nil()) {
    if (number < 0) return raise_exception(call, "ValueError", "negative file descriptor");
    const int flags = fcntl(number, F_GETFL);
    if (flags < 0 || fcntl(number, F_SETFL, flags | O_NONBLOCK) < 0) return raise_system_error(call, errno);
    if (option_of(number, SO_TYPE, -1) < 0) return raise_system_error(call, ENOTSOCK);
    family = option_of(number, SO_DOMAIN, family);
    type = option_of(number, SO_TYPE, type);
  } else {
    number = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (number < 0) return raise_system_error(call, errno);
  }
  return call.one(make_socket(call.thread(), number, family, type, protocol));
}

// socketpair(family=AF_UNIX, type=SOCK_STREAM, proto=0)
int socket_pair(NativeCall& call) {
  if (call.vm().is_deterministic()) return refuse_under_schedule(call, "socket.socketpair");
  std::int64_t family, type, protocol;
  if (!call.optional_integer(0, AF_UNIX, &family) || !call.optional_integer(1, SOCK_STREAM, &type) ||
      !call.optional_integer(2, 0, &protocol)) {
    return kNativeError;
  }
  int ends[2];
  const int kind = static_cast<int>(type);
  if (::socketpair(static_cast<int>(family), kind | SOCK_NONBLOCK | SOCK_CLOEXEC, static_cast<int>(protocol),
                   ends) != 0) {
    return raise_system_error(call, errno);
  }
  VmThread& thread = call.thread();
  const Value first =
      make_socket(thread, ends[0], static_cast<int>(family), kind, static_cast<int>(protocol));
  return call.two(first,
                  make_socket(thread, ends[1], static_cast<int>(family), kind, static_cast<int>(protocol)));
}

// Connections
// -----------------------------------------------------------------------------------------------------

int bind_socket(NativeCall& call) {
  Socket* socket;
  const auto descriptor = descriptor_of(call, &socket);
  SocketAddress address;
  if (!descriptor || !address_argument(call, call[1], socket->family, &address)) return kNativeError;
  return done(call, ::bind(descriptor->number(), address.get(), address.length) == 0 ? 0 : errno);
}

int listen_socket(NativeCall& call) {
  Socket* socket;
  const auto descriptor = descriptor_of(call, &socket);
  std::int64_t backlog;
  if (!descriptor || !call.optional_integer(1, 128, &backlog)) return kNativeError;
  const int most = static_cast<int>(std::clamp<std::int64_t>(backlog, 0, SOMAXCONN));
  return done(call, ::listen(descriptor->number(), most) == 0 ? 0 : errno);
}

// A socket for the connection, and the address of the other side.
int accept_connection(NativeCall& call) {
  Socket* socket;
  const auto descriptor = descriptor_of(call, &socket);
  if (!descriptor) return kNativeError;
  SocketAddress address;
  int number = -1;
  const int error = wait_for_socket(call.thread(), *descriptor, POLLIN, timeout_of(*socket), [&] {
    address.length = sizeof address.storage;
    number = accept4(descriptor->number(), address.get(), &address.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (number >= 0) return 0;
    // That connection was given up before it was accepted; there may be others.
    return errno == ECONNABORTED ? EINTR : errno;
  });
  if (error != 0) return raise_failure(call, error);
  VmThread& thread = call.thread();
  const Value connection = make_socket(thread, number, socket->family, socket->type, socket->protocol);
  return call.two(connection, address_value(thread, address));
}

// 0, an errno, or what wait_for_socket() says. False with an error raised.
bool connect_to(NativeCall& call, int* error) {
  Socket* socket;
  const auto descriptor = descriptor_of(call, &socket);
  SocketAddress address;
  if (!descriptor || !address_argument(call, call[1], socket->family, &address)) return false;
  bool begun = false;
  *error = wait_for_socket(call.thread(), *descriptor, POLLOUT, timeout_of(*socket), [&] {
    const int number = descriptor->number();
    if (!begun) {
      begun = true;
      if (::connect(number, address.get(), address.length) == 0) return 0;
      // Where a signal came, the connection is made all the same.
      return errno == EINPROGRESS || errno == EINTR ? EAGAIN : errno;
    }
    pollfd wanted = {number, POLLOUT, 0};
    if (poll(&wanted, 1, 0) <= 0) return EAGAIN;
    return option_of(number, SO_ERROR, 0);
  });
  const bool waits = !timeout_of(*socket) || *timeout_of(*socket) != 0;
  if (*error == EAGAIN && !waits) *error = EINPROGRESS;
  return true;
}

int connect_socket(NativeCall& call) {
  int error;
  return connect_to(call, &error) ? done(call, error) : kNativeError;
}

// connect_ex(address): an errno instead of an error.
int connect_ex(NativeCall& call) {
  int error;
  if (!connect_to(call, &error) || error == kSocketInterrupted) return kNativeError;
  return call.one_integer(error == kSocketTimeout ? EAGAIN : error);
}

int shut_down(NativeCall& call) {
  Socket* socket;
  const auto descriptor = descriptor_of(call, &socket);
  std::int64_t how;
  if (!descriptor || !call.integer(1, &how)) return kNativeError;
  return done(call, ::shutdown(descriptor->number(), static_cast<int>(how)) == 0 ? 0 : errno);
}

int close_socket(NativeCall& call) {
  Socket* socket = self(call);
  if (!socket) return kNativeError;
  if (const auto descriptor = socket->take_descriptor()) descriptor->close();
  return call.none();
}

// The descriptor, which is no longer the socket's; -1 where it was closed.
int detach_socket(NativeCall& call) {
  Socket* socket = self(call);
  if (!socket) return kNativeError;
  const auto descriptor = socket->take_descriptor();
  if (!descriptor) return call.one_integer(-1);
  descriptor->detach();
  descriptor->close();
  return call.one_integer(descriptor->number());
}

int fileno_socket(NativeCall& call) {
  Socket* socket = self(call);
  if (!socket) return kNativeError;
  const auto descriptor = socket->descriptor();
  return call.one_integer(descriptor ? descriptor->number() : -1);
}

// Bytes
// -----------------------------------------------------------------------------------------------------------

// Sends some of the bytes, from *sent on. What wait_for_socket() says.
int send_some(NativeCall& call, const SocketDescriptor& descriptor, std::string_view bytes, int flags,
              std::optional<double> timeout, std::size_t* sent) {
  return wait_for_socket(call.thread(), descriptor, POLLOUT, timeout, [&] {
    const ssize_t count =
        ::send(descriptor.number(), bytes.data() + *sent, bytes.size() - *sent, flags | MSG_NOSIGNAL);
    if (count < 0) return errno;
    *sent += static_cast<std::size_t>(count);
    return 0;
  });
}

// The text in argument 1, which the call keeps alive and which is not moved, and the flags.
bool message_arguments(NativeCall& call, std::string_view* bytes, int* flags) {
  String* text;
  std::int64_t given;
  if (!call.text(1, &text) || !call.optional_integer(2, 0, &given)) return false;
  call.keep(Value::string(text));
  *bytes = text->view();
  *flags = static_cast<int>(given);
  return true;
}

// send(bytes, flags=0): how many were sent.
int send_bytes(NativeCall& call) {
  Socket* socket;
  const auto descriptor = descriptor_of(call, &socket);
  std::string_view bytes;
  int flags;
  if (!descriptor || !message_arguments(call, &bytes, &flags)) return kNativeError;
  std::size_t sent = 0;
  const int error = send_some(call, *descriptor, bytes, flags, timeout_of(*socket), &sent);
  return error == 0 ? call.one_integer(static_cast<std::int64_t>(sent)) : raise_failure(call, error);
}

// As in Python the timeout is that of the whole.
int send_all(NativeCall& call) {
  Socket* socket;
  const auto descriptor = descriptor_of(call, &socket);
  std::string_view bytes;
  int flags;
  if (!descriptor || !message_arguments(call, &bytes, &flags)) return kNativeError;
  const std::optional<double> timeout = timeout_of(*socket);
  const Instant start = std::chrono::steady_clock::now();
  std::size_t sent = 0;
  int error = 0;
  while (error == 0 && sent < bytes.size()) {
    std::optional<double> left = timeout;
    if (timeout && *timeout > 0) {
      left = *timeout - std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (*left <= 0) return raise_failure(call, kSocketTimeout);
    }
    error = send_some(call, *descriptor, bytes, flags, left, &sent);
  }
  return done(call, error);
}

// recv(bufsize, flags=0): "" where the other side has ended the connection.
int receive_bytes(NativeCall& call) {
  Socket* socket;
  const auto descriptor = descriptor_of(call, &socket);
  std::int64_t size, flags;
  if (!descriptor || !call.integer(1, &size) || !call.optional_integer(2, 0, &flags)) return kNativeError;
  if (size < 0) return raise_exception(call, "ValueError", "negative buffersize in recv");
  std::string bytes;
  if (!call.reserve_text(&bytes, static_cast<std::size_t>(std::min(size, kLongestReceive))))
    return kNativeError;
  bytes.resize(static_cast<std::size_t>(std::min(size, kLongestReceive)));
  const int error = wait_for_socket(call.thread(), *descriptor, POLLIN, timeout_of(*socket), [&] {
    const ssize_t count = ::recv(descriptor->number(), bytes.data(), bytes.size(), static_cast<int>(flags));
    if (count < 0) return errno;
    bytes.resize(static_cast<std::size_t>(count));
    return 0;
  });
  return error == 0 ? call.one_text(bytes) : raise_failure(call, error);
}

// Settings
// --------------------------------------------------------------------------------------------------------

int set_timeout(NativeCall& call) {
  Socket* socket = self(call);
  double seconds;
  if (!socket || !timeout_argument(call, 1, &seconds)) return kNativeError;
  socket->timeout.store(seconds, std::memory_order_relaxed);
  return call.none();
}

int get_timeout(NativeCall& call) {
  const Socket* socket = self(call);
  return socket ? call.one(timeout_value(socket->timeout.load(std::memory_order_relaxed))) : kNativeError;
}

int set_blocking(NativeCall& call) {
  Socket* socket = self(call);
  if (!socket || !call.any(1)) return kNativeError;
  socket->timeout.store(call[1].is_falsy() ? 0 : kNoTimeout, std::memory_order_relaxed);
  return call.none();
}

int get_blocking(NativeCall& call) {
  const Socket* socket = self(call);
  if (!socket) return kNativeError;
  return call.one(Value::boolean(socket->timeout.load(std::memory_order_relaxed) != 0));
}

int set_default_timeout(NativeCall& call) {
  double seconds;
  if (!timeout_argument(call, 0, &seconds)) return kNativeError;
  default_timeout.store(seconds);
  return call.none();
}

int get_default_timeout(NativeCall& call) { return call.one(timeout_value(default_timeout.load())); }

template <typename Function>
int address_by(NativeCall& call, Function function) {
  Socket* socket;
  const auto descriptor = descriptor_of(call, &socket);
  if (!descriptor) return kNativeError;
  SocketAddress address;
  address.length = sizeof address.storage;
  if (function(descriptor->number(), address.get(), &address.length) != 0)
    return raise_system_error(call, errno);
  return call.one(address_value(call.thread(), address));
}

int own_name(NativeCall& call) { return address_by(call, getsockname); }
int peer_name(NativeCall& call) { return address_by(call, getpeername); }

// setsockopt(level, optname, value): an integer, or the bytes of a structure.
int set_option(NativeCall& call) {
  Socket* socket;
  const auto descriptor = descriptor_of(call, &socket);
  std::int64_t level, option, value;
  if (!descriptor || !call.integer(1, &level) || !call.integer(2, &option)) return kNativeError;
  int number = 0;
  std::string_view bytes(reinterpret_cast<const char*>(&number), sizeof number);
  if (call[3].is_string()) {
    bytes = call[3].as_string()->view();
  } else if (call[3].is_boolean()) {
    number = call[3].as_boolean();
  } else if (call.integer(3, &value)) {
    number = static_cast<int>(value);
  } else {
    return kNativeError;
  }
  const int result = ::setsockopt(descriptor->number(), static_cast<int>(level), static_cast<int>(option),
                                  bytes.data(), static_cast<socklen_t>(bytes.size()));
  return done(call, result == 0 ? 0 : errno);
}

// getsockopt(level, optname, buflen=nil): an integer, or so many bytes at most.
int get_option(NativeCall& call) {
  Socket* socket;
  const auto descriptor = descriptor_of(call, &socket);
  std::int64_t level, option, size;
  if (!descriptor || !call.integer(1, &level) || !call.integer(2, &option) ||
      !call.optional_integer(3, 0, &size)) {
    return kNativeError;
  }
  if (size < 0 || size > 1024) return raise_system_error(call, EINVAL);
  char bytes[1024];
  int number = 0;
  auto length = static_cast<socklen_t>(size == 0 ? sizeof number : static_cast<std::size_t>(size));
  void* const target = size == 0 ? static_cast<void*>(&number) : bytes;
  if (::getsockopt(descriptor->number(), static_cast<int>(level), static_cast<int>(option), target,
                   &length) != 0) {
    return raise_system_error(call, errno);
  }
  return size == 0 ? call.one_integer(number) : call.one_text({bytes, length});
}

Value socket_attribute(NativeCall& call, NativeObject& object, std::string_view name) {
  const auto& socket = static_cast<const Socket&>(object);
  if (name == "family") return Value::inline_integer(socket.family);
  if (name == "type") return Value::inline_integer(socket.type);
  if (name == "proto") return Value::inline_integer(socket.protocol);
  if (name == "timeout") return timeout_value(socket.timeout.load(std::memory_order_relaxed));
  // What is written in Lua.
  VmThread& thread = call.thread();
  const Value methods = thread.vm().registry->get_short(thread.string("_SOCKET_METHODS"));
  return methods.as_table()->get_short(thread.string(name));
}

// with
int hold(NativeCall& call) { return call.one(call[0]); }

// Names
// -----------------------------------------------------------------------------------------------------------

// getaddrinfo(host, port, family=0, type=0, proto=0, flags=0): a list of {family, type, proto, canonname,
// address}.
int get_addresses(NativeCall& call) {
  if (call.vm().is_deterministic()) return refuse_under_schedule(call, "socket.getaddrinfo");
  std::array<std::int64_t, 4> values{};
  for (unsigned place = 0; place < values.size(); ++place) {
    if (!call.optional_integer(2 + place, 0, &values[place])) return kNativeError;
  }
  String* text;
  std::optional<std::string> host, service;
  if (!call.is_none_or_nil(0)) {
    if (!call.text(0, &text)) return kNativeError;
    host = text->view();
  }
  if (!call.is_none_or_nil(1)) {
    if (!call.text(1, &text)) return kNativeError;
    service = text->view();
  }
  addrinfo wanted{};
  wanted.ai_family = static_cast<int>(values[0]);
  wanted.ai_socktype = static_cast<int>(values[1]);
  wanted.ai_protocol = static_cast<int>(values[2]);
  wanted.ai_flags = static_cast<int>(values[3]);
  Addresses found;
  if (!find_addresses(call, host ? &*host : nullptr, service ? &*service : nullptr, wanted, &found))
    return kNativeError;
  VmThread& thread = call.thread();
  LocalHeap& heap = thread.heap();
  Table* list = Table::make(heap);
  std::int64_t count = 0;
  for (const addrinfo* each = found.get(); each; each = each->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.length = each->ai_addrlen;
    Table* entry = Table::make(heap, 5);
    entry->set_integer(heap, 1, Value::inline_integer(each->ai_family));
    entry->set_integer(heap, 2, Value::inline_integer(each->ai_socktype));
    entry->set_integer(heap, 3, Value::inline_integer(each->ai_protocol));
    entry->set_integer(heap, 4, Value::string(thread.string(each->ai_canonname ? each->ai_canonname : "")));
    entry->set_integer(heap, 5, address_value(thread, address));
    list->set_integer(heap, ++count, Value::table(entry));
  }
  return call.one(Value::table(list));
}

int host_name(NativeCall& call) {
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0) return raise_system_error(call, errno);
  return call.one_text(name);
}

constexpr LibraryFunction kMethods[] = {{"accept", accept_connection},
                                        {"bind", bind_socket},
                                        {"close", close_socket},
                                        {"connect", connect_socket},
                                        {"connect_ex", connect_ex},
                                        {"detach", detach_socket},
                                        {"fileno", fileno_socket},
                                        {"getblocking", get_blocking},
                                        {"getpeername", peer_name},
                                        {"getsockname", own_name},
                                        {"getsockopt", get_option},
                                        {"gettimeout", get_timeout},
                                        {"hold", hold},
                                        {"listen", listen_socket},
                                        {"recv", receive_bytes},
                                        {"send", send_bytes},
                                        {"sendall", send_all},
                                        {"setblocking", set_blocking},
                                        {"setsockopt", set_option},
                                        {"settimeout", set_timeout},
                                        {"shutdown", shut_down},
                                        {"__close", close_socket}};

constexpr LibraryFunction kFunctions[] = {
    {"socket", new_socket},         {"socketpair", socket_pair},
    {"getaddrinfo", get_addresses}, {"getdefaulttimeout", get_default_timeout},
    {"gethostname", host_name},     {"setdefaulttimeout", set_default_timeout}};

struct Constant {
  const char* name;
  int value;
};

#define GILVM_CONSTANT(name) \
  { #name, name }
constexpr Constant kConstants[] = {
    GILVM_CONSTANT(AF_INET),        GILVM_CONSTANT(AF_INET6),       GILVM_CONSTANT(AF_UNIX),
    GILVM_CONSTANT(AF_UNSPEC),      GILVM_CONSTANT(AI_ADDRCONFIG),  GILVM_CONSTANT(AI_CANONNAME),
    GILVM_CONSTANT(AI_NUMERICHOST), GILVM_CONSTANT(AI_NUMERICSERV), GILVM_CONSTANT(AI_PASSIVE),
    GILVM_CONSTANT(EAI_AGAIN),      GILVM_CONSTANT(EAI_FAMILY),     GILVM_CONSTANT(EAI_NONAME),
    GILVM_CONSTANT(EAI_SERVICE),    GILVM_CONSTANT(IPPROTO_IPV6),   GILVM_CONSTANT(IPPROTO_TCP),
    GILVM_CONSTANT(IPV6_V6ONLY),    GILVM_CONSTANT(MSG_PEEK),       GILVM_CONSTANT(SHUT_RD),
    GILVM_CONSTANT(SHUT_RDWR),      GILVM_CONSTANT(SHUT_WR),        GILVM_CONSTANT(SOCK_DGRAM),
    GILVM_CONSTANT(SOCK_STREAM),    GILVM_CONSTANT(SOL_SOCKET),     GILVM_CONSTANT(SOMAXCONN),
    GILVM_CONSTANT(SO_ACCEPTCONN),  GILVM_CONSTANT(SO_BROADCAST),   GILVM_CONSTANT(SO_ERROR),
    GILVM_CONSTANT(SO_KEEPALIVE),   GILVM_CONSTANT(SO_LINGER),      GILVM_CONSTANT(SO_RCVBUF),
    GILVM_CONSTANT(SO_REUSEADDR),   GILVM_CONSTANT(SO_REUSEPORT),   GILVM_CONSTANT(SO_SNDBUF),
    GILVM_CONSTANT(SO_TYPE),        GILVM_CONSTANT(TCP_NODELAY)};
#undef GILVM_CONSTANT

int open(NativeCall& call) {
  VmThread& thread = call.thread();
  Table* registry = thread.vm().registry;
  Table* methods = Table::make(thread.heap());
  set_field(thread, registry, "_SOCKET_METHODS", Value::table(methods));
  set_field(thread, registry, "_SOCKET",
            Value::table(make_type(thread, "socket", kMethods, socket_attribute)));
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  Table* constants = Table::make(thread.heap());
  for (const Constant& constant : kConstants) {
    set_field(thread, constants, constant.name, Value::inline_integer(constant.value));
  }
  set_field(thread, module, "constants", Value::table(constants));
  set_field(thread, module, "methods", Value::table(methods));
  return call.one(Value::table(module));
}

}  // namespace

void add_socket(VmThread& thread) { add_module(thread, "_socket", open); }

}  // namespace gilvm
