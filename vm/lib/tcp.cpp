#include "vm/lib/tcp.h"

#include <signal.h>
#include <unistd.h>

#include <ctime>
#include <utility>
#include <vector>

#include "vm/base/check.h"

namespace gilvm {
namespace {

// To write to a connection that the other side has closed is an error here, and not a signal that ends the
// program.
class WithoutBrokenPipeSignal {
 public:
  WithoutBrokenPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutBrokenPipeSignal() {
    if (sigismember(&before_, SIGPIPE)) return;
    const timespec at_once{};
    while (sigtimedwait(&pipe_, nullptr, &at_once) > 0) continue;
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutBrokenPipeSignal(const WithoutBrokenPipeSignal&) = delete;

 private:
  sigset_t pipe_, before_;
};

void free_handle(uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); }

struct WriteRequest {
  uv_write_t request;
  std::string bytes;
};

}  // namespace

struct Tcp::Stream {
  Tcp* owner;
  Number number;
  bool listens;
  std::string host;
  int port;
  int backlog;
  uv_tcp_t* socket = nullptr;  // null as long as the host's addresses are asked for
  bool closing = false;
  bool resolving = false;
  uv_getaddrinfo_t resolution{};
  uv_connect_t connection{};
  uv_shutdown_t end{};
  addrinfo* addresses = nullptr;   // all that were found
  const addrinfo* next = nullptr;  // the one to try next
  int error = UV_EADDRNOTAVAIL;    // of the last one that was tried
  std::vector<char> buffer = {};   // for what is read

  ~Stream() {
    if (addresses) uv_freeaddrinfo(addresses);
  }
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(socket); }
  void make_socket() {
    socket = new uv_tcp_t;
    GILVM_CHECK(uv_tcp_init(&owner->loop_, socket) == 0);
    socket->data = this;
  }
  // Before another address is tried.
  void drop_socket() {
    uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(socket, nullptr)), free_handle);
  }
};

Tcp::Tcp() : process_(getpid()) {
  GILVM_CHECK(uv_loop_init(&loop_) == 0);
  loop_.data = this;
  GILVM_CHECK(uv_async_init(&loop_, &wake_, [](uv_async_t*) {}) == 0);
  GILVM_CHECK(uv_timer_init(&loop_, &timer_) == 0);
}

Tcp::~Tcp() {
  if (process_ != getpid()) {
    for (auto& [number, stream] : streams_) stream.release();
    return;
  }
  for (auto& [number, stream] : streams_) close(number);
  uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  GILVM_CHECK(uv_loop_close(&loop_) == 0);
}

Tcp::Stream* Tcp::find(Number number) const {
  const auto found = streams_.find(number);
  return found == streams_.end() ? nullptr : found->second.get();
}

Tcp::Stream* Tcp::open_stream(Number number) const {
  Stream* stream = find(number);
  return stream && stream->socket && !stream->closing ? stream : nullptr;
}

Tcp::Number Tcp::add_stream(bool listens, const std::string& host, int port, int backlog) {
  const Number number = ++last_;
  auto stream = std::unique_ptr<Stream>(new Stream{this, number, listens, host, port, backlog});
  resolve((streams_[number] = std::move(stream)).get());
  return number;
}

Tcp::Number Tcp::connect(const std::string& host, int port) { return add_stream(false, host, port, 0); }

Tcp::Number Tcp::listen(const std::string& host, int port, int backlog) {
  return add_stream(true, host, port, backlog);
}

void Tcp::resolve(Stream* stream) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = stream->listens ? AI_PASSIVE : 0;
  if (stream->listens && stream->host.empty()) wanted.ai_family = AF_INET;
  stream->resolution.data = stream;
  stream->resolving = true;
  const int error = uv_getaddrinfo(&stream->owner->loop_, &stream->resolution, resolved,
                                   stream->host.empty() ? nullptr : stream->host.c_str(),
                                   std::to_string(stream->port).c_str(), &wanted);
  if (error != 0) {
    stream->resolving = false;
    fail(stream, error);
  }
}

void Tcp::resolved(uv_getaddrinfo_t* request, int status, addrinfo* found) {
  auto* stream = static_cast<Stream*>(request->data);
  stream->resolving = false;
  stream->addresses = found;
  stream->next = found;
  if (stream->closing) {
    stream->owner->tell(stream->number, "closed");
    stream->owner->streams_.erase(stream->number);
  } else if (status != 0) {
    fail(stream, status);
  } else {
    begin(stream);
  }
}

// Nothing will come of it.
void Tcp::fail(Stream* stream, int error) {
  Tcp& owner = *stream->owner;
  owner.tell(stream->number, "failed", uv_strerror(error), -error);
  if (stream->socket) stream->drop_socket();
  owner.streams_.erase(stream->number);
}

void Tcp::begin(Stream* stream) {
  if (stream->listens) {
    begin_listening(stream, stream->addresses->ai_addr);
  } else {
    try_next_address(stream);
  }
}

void Tcp::begin_listening(Stream* stream, const sockaddr* address) {
  stream->make_socket();
  int error = uv_tcp_bind(stream->socket, address, 0);
  if (error == 0) error = uv_listen(stream->stream(), stream->backlog, connection_came);
  if (error != 0) return fail(stream, error);
  stream->owner->tell(stream->number, "listening");
}

void Tcp::try_next_address(Stream* stream) {
  while (stream->next) {
    const addrinfo* address = std::exchange(stream->next, stream->next->ai_next);
    stream->make_socket();
    stream->connection.data = stream;
    stream->error = uv_tcp_connect(&stream->connection, stream->socket, address->ai_addr,
                                   [](uv_connect_t* request, int status) {
                                     auto* self = static_cast<Stream*>(request->data);
                                     if (self->closing) return;
                                     if (status == 0) {
                                       uv_tcp_nodelay(self->socket, 1);
                                       return self->owner->tell(self->number, "connected");
                                     }
                                     self->error = status;
                                     self->drop_socket();
                                     try_next_address(self);
                                   });
    if (stream->error == 0) return;
    stream->drop_socket();
  }
  fail(stream, stream->error);
}

void Tcp::connection_came(uv_stream_t* handle, int status) {
  auto* listener = static_cast<Stream*>(handle->data);
  if (status != 0) return;
  Tcp& owner = *listener->owner;
  const Number number = ++owner.last_;
  auto stream = std::unique_ptr<Stream>(new Stream{&owner, number, false, {}, 0, 0});
  stream->make_socket();
  if (uv_accept(handle, stream->stream()) != 0) return stream->drop_socket();
  uv_tcp_nodelay(stream->socket, 1);
  owner.streams_[number] = std::move(stream);
  owner.tell(listener->number, "accepted", {}, number);
}

void Tcp::read(Number number, bool wanted) {
  Stream* stream = open_stream(number);
  if (!stream || stream->listens) return;
  if (!wanted) {
    uv_read_stop(stream->stream());
    return;
  }
  uv_read_start(
      stream->stream(),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto* self = static_cast<Stream*>(handle->data);
        self->buffer.resize(65536);
        *buffer = uv_buf_init(self->buffer.data(), static_cast<unsigned>(self->buffer.size()));
      },
      [](uv_stream_t* handle, ssize_t count, const uv_buf_t* buffer) {
        auto* self = static_cast<Stream*>(handle->data);
        Tcp& owner = *self->owner;
        uv_read_stop(handle);
        if (count > 0) {
          owner.tell(self->number, "data", std::string(buffer->base, static_cast<std::size_t>(count)));
        } else if (count < 0) {
          if (count == UV_EOF) return owner.tell(self->number, "end");
          const int error = static_cast<int>(count);
          owner.tell(self->number, "lost", uv_strerror(error), -error);
        } else {
          owner.read(self->number, true);  // for nothing
        }
        // Many connections wait, and few have just read something.
        self->buffer = {};
      });
}

std::size_t Tcp::write(Number number, std::string_view bytes) {
  Stream* stream = open_stream(number);
  if (!stream || stream->listens) return 0;
  WithoutBrokenPipeSignal without_signal;
  uv_buf_t buffer = uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
  const int sent = uv_try_write(stream->stream(), &buffer, 1);
  if (sent == static_cast<int>(bytes.size())) return uv_stream_get_write_queue_size(stream->stream());
  if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  auto* waiting = new WriteRequest{{}, std::string(bytes)};
  waiting->request.data = waiting;
  buffer = uv_buf_init(waiting->bytes.data(), static_cast<unsigned>(waiting->bytes.size()));
  const int error =
      uv_write(&waiting->request, stream->stream(), &buffer, 1, [](uv_write_t* request, int status) {
        auto* self = static_cast<Stream*>(request->handle->data);
        delete static_cast<WriteRequest*>(request->data);
        if (self->closing) return;
        if (status != 0) return self->owner->tell(self->number, "lost", uv_strerror(status), -status);
        const auto left = static_cast<std::int64_t>(uv_stream_get_write_queue_size(self->stream()));
        self->owner->tell(self->number, "written", {}, left);
      });
  if (error != 0) {
    delete waiting;
    tell(number, "lost", uv_strerror(error), -error);
  }
  return uv_stream_get_write_queue_size(stream->stream());
}

void Tcp::shut_down(Number number) {
  Stream* stream = open_stream(number);
  if (!stream || stream->listens) return;
  stream->end.data = stream;
  uv_shutdown(&stream->end, stream->stream(), [](uv_shutdown_t*, int) {});
}

void Tcp::close(Number number) {
  Stream* stream = find(number);
  if (!stream || std::exchange(stream->closing, true)) return;
  if (stream->resolving) {
    uv_cancel(reinterpret_cast<uv_req_t*>(&stream->resolution));  // its callback says "closed"
    return;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(stream->socket), [](uv_handle_t* handle) {
    auto* self = static_cast<Stream*>(handle->data);
    free_handle(handle);
    self->owner->tell(self->number, "closed");
    self->owner->streams_.erase(self->number);
  });
}

bool Tcp::address(Number number, bool of_peer, std::string* host, int* port) const {
  Stream* stream = open_stream(number);
  if (!stream) return false;
  sockaddr_storage storage{};
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  int length = sizeof storage;
  const int error = of_peer ? uv_tcp_getpeername(stream->socket, address, &length)
                            : uv_tcp_getsockname(stream->socket, address, &length);
  char text[INET6_ADDRSTRLEN];
  if (error != 0 || uv_ip_name(address, text, sizeof text) != 0) return false;
  *host = text;
  *port = ntohs(address->sa_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(address)->sin6_port
                                               : reinterpret_cast<sockaddr_in*>(address)->sin_port);
  return true;
}

void Tcp::run(std::uint64_t milliseconds) {
  WithoutBrokenPipeSignal without_signal;
  if (milliseconds == 0) {
    uv_run(&loop_, UV_RUN_NOWAIT);
    return;
  }
  uv_update_time(&loop_);
  uv_timer_start(
      &timer_, [](uv_timer_t*) {}, milliseconds, 0);
  uv_run(&loop_, UV_RUN_ONCE);
  uv_timer_stop(&timer_);
}

Tcp::Event Tcp::take_event() {
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace gilvm
