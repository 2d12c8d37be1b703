#include "vm/lib/uv_loop.h"

#include <signal.h>
#include <unistd.h>

#include <ctime>
#include <utility>
#include <vector>

#include "vm/base/check.h"
#include "vm/process/process_end.h"
#include "vm/process/programs.h"

#if defined(__SANITIZE_THREAD__)
// libuv closes descriptors by syscall(SYS_close), which the thread sanitizer does not see: it takes the next
// descriptor of that number, in another thread, for the same one. So what opens and closes the descriptors of
// programs is not to be looked at.
extern "C" const char* __tsan_default_suppressions() {
  return "race:vm/lib/uv_loop.cpp\nrace:vm/lib/subprocess.cpp\n";
}
#endif

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

// Memory for a stream of either kind.
union Socket {
  uv_tcp_t connection;
  uv_pipe_t pipe;
};

void free_handle(uv_handle_t* handle) { delete reinterpret_cast<Socket*>(handle); }

struct WriteRequest {
  uv_write_t request;
  std::string bytes;
};

}  // namespace

struct UvLoop::Stream {
  UvLoop* owner;
  Number number;
  bool listens;
  std::string host;
  int port;
  int backlog;
  Socket* socket = nullptr;  // null as long as the host's addresses are asked for
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
  uv_tcp_t* tcp() { return &socket->connection; }
  void make_socket() {
    socket = new Socket;
    GILVM_CHECK(uv_tcp_init(&owner->loop_, tcp()) == 0);
    stream()->data = this;
  }
  void make_pipe(int descriptor) {
    socket = new Socket;
    GILVM_CHECK(uv_pipe_init(&owner->loop_, &socket->pipe, 0) == 0);
    GILVM_CHECK(uv_pipe_open(&socket->pipe, descriptor) == 0);
    stream()->data = this;
  }
  // Before another address is tried.
  void drop_socket() {
    uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(socket, nullptr)), free_handle);
  }
};

// The end of a program is seen at a descriptor that the kernel gives for it (pidfd); where there is none, or
// no room to watch it, run() looks.
struct UvLoop::Program {
  UvLoop* owner;
  Number number;
  pid_t process;
  int end = -1;
  uv_poll_t* watcher = nullptr;  // of `end`

  Program(UvLoop* loop, Number its_number, pid_t pid) : owner(loop), number(its_number), process(pid) {
    end = open_process_end(process);
    if (end < 0) return;
    auto made = std::make_unique<uv_poll_t>();
    if (uv_poll_init(&owner->loop_, made.get(), end) != 0) {
      ::close(end);
      return;
    }
    watcher = made.release();
    watcher->data = this;
    const auto ended = [](uv_poll_t* handle, int, int) { take_end(static_cast<Program*>(handle->data)); };
    GILVM_CHECK(uv_poll_start(watcher, UV_READABLE, ended) == 0);
  }
  ~Program() {
    if (!watcher) return;
    uv_close(reinterpret_cast<uv_handle_t*>(watcher),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
    ::close(end);
  }
};

UvLoop::UvLoop() : process_(getpid()) {
  GILVM_CHECK(uv_loop_init(&loop_) == 0);
  loop_.data = this;
  GILVM_CHECK(uv_async_init(&loop_, &wake_, [](uv_async_t*) {}) == 0);
  GILVM_CHECK(uv_timer_init(&loop_, &timer_) == 0);
}

UvLoop::~UvLoop() {
  if (process_ != getpid()) {
    for (auto& [number, stream] : streams_) stream.release();
    for (auto& [number, program] : programs_) program.release();
    return;
  }
  for (auto& [number, program] : programs_) end_program(program->process);
  programs_.clear();
  for (auto& [number, stream] : streams_) close(number);
  uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  GILVM_CHECK(uv_loop_close(&loop_) == 0);
}

UvLoop::Stream* UvLoop::find(Number number) const {
  const auto found = streams_.find(number);
  return found == streams_.end() ? nullptr : found->second.get();
}

UvLoop::Stream* UvLoop::open_stream(Number number) const {
  Stream* stream = find(number);
  return stream && stream->socket && !stream->closing ? stream : nullptr;
}

UvLoop::Number UvLoop::add_stream(bool listens, const std::string& host, int port, int backlog) {
  const Number number = ++last_;
  auto stream = std::unique_ptr<Stream>(new Stream{this, number, listens, host, port, backlog});
  resolve((streams_[number] = std::move(stream)).get());
  return number;
}

UvLoop::Number UvLoop::connect(const std::string& host, int port) { return add_stream(false, host, port, 0); }

UvLoop::Number UvLoop::listen(const std::string& host, int port, int backlog) {
  return add_stream(true, host, port, backlog);
}

void UvLoop::resolve(Stream* stream) {
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

void UvLoop::resolved(uv_getaddrinfo_t* request, int status, addrinfo* found) {
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
void UvLoop::fail(Stream* stream, int error) {
  UvLoop& owner = *stream->owner;
  owner.tell(stream->number, "failed", uv_strerror(error), -error);
  if (stream->socket) stream->drop_socket();
  owner.streams_.erase(stream->number);
}

void UvLoop::begin(Stream* stream) {
  if (stream->listens) {
    begin_listening(stream, stream->addresses->ai_addr);
  } else {
    try_next_address(stream);
  }
}

void UvLoop::begin_listening(Stream* stream, const sockaddr* address) {
  stream->make_socket();
  int error = uv_tcp_bind(stream->tcp(), address, 0);
  if (error == 0) error = uv_listen(stream->stream(), stream->backlog, connection_came);
  if (error != 0) return fail(stream, error);
  stream->owner->tell(stream->number, "listening");
}

void UvLoop::try_next_address(Stream* stream) {
  while (stream->next) {
    const addrinfo* address = std::exchange(stream->next, stream->next->ai_next);
    stream->make_socket();
    stream->connection.data = stream;
    stream->error = uv_tcp_connect(&stream->connection, stream->tcp(), address->ai_addr,
                                   [](uv_connect_t* request, int status) {
                                     auto* self = static_cast<Stream*>(request->data);
                                     if (self->closing) return;
                                     if (status == 0) {
                                       uv_tcp_nodelay(self->tcp(), 1);
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

UvLoop::Number UvLoop::add_pipe(int descriptor) {
  const Number number = ++last_;
  auto stream = std::unique_ptr<Stream>(new Stream{this, number, false, {}, 0, 0});
  stream->make_pipe(descriptor);
  streams_[number] = std::move(stream);
  return number;
}

UvLoop::Number UvLoop::add_program(pid_t process) {
  const Number number = ++last_;
  programs_[number] = std::make_unique<Program>(this, number, process);
  return number;
}

bool UvLoop::signal_program(Number number, int signal) {
  const auto found = programs_.find(number);
  // Its number in the system stays its own as long as nobody has taken its end.
  return found == programs_.end() || kill(found->second->process, signal) == 0;
}

void UvLoop::take_end(Program* program) {
  const std::optional<int> end = take_end_of_program(program->process);
  if (!end) return;
  UvLoop& owner = *program->owner;
  owner.tell(program->number, "ended", {}, *end);
  owner.programs_.erase(program->number);
}

void UvLoop::connection_came(uv_stream_t* handle, int status) {
  auto* listener = static_cast<Stream*>(handle->data);
  if (status != 0) return;
  UvLoop& owner = *listener->owner;
  const Number number = ++owner.last_;
  auto stream = std::unique_ptr<Stream>(new Stream{&owner, number, false, {}, 0, 0});
  stream->make_socket();
  if (uv_accept(handle, stream->stream()) != 0) return stream->drop_socket();
  uv_tcp_nodelay(stream->tcp(), 1);
  owner.streams_[number] = std::move(stream);
  owner.tell(listener->number, "accepted", {}, number);
}

void UvLoop::read(Number number, bool wanted) {
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
        UvLoop& owner = *self->owner;
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

std::size_t UvLoop::write(Number number, std::string_view bytes) {
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

void UvLoop::shut_down(Number number) {
  Stream* stream = open_stream(number);
  if (!stream || stream->listens) return;
  stream->end.data = stream;
  uv_shutdown(&stream->end, stream->stream(), [](uv_shutdown_t*, int) {});
}

void UvLoop::close(Number number) {
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

bool UvLoop::address(Number number, bool of_peer, std::string* host, int* port) const {
  Stream* stream = open_stream(number);
  if (!stream || stream->stream()->type != UV_TCP) return false;
  sockaddr_storage storage{};
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  int length = sizeof storage;
  const int error = of_peer ? uv_tcp_getpeername(stream->tcp(), address, &length)
                            : uv_tcp_getsockname(stream->tcp(), address, &length);
  char text[INET6_ADDRSTRLEN];
  if (error != 0 || uv_ip_name(address, text, sizeof text) != 0) return false;
  *host = text;
  *port = ntohs(address->sa_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(address)->sin6_port
                                               : reinterpret_cast<sockaddr_in*>(address)->sin_port);
  return true;
}

void UvLoop::run(std::uint64_t milliseconds) {
  WithoutBrokenPipeSignal without_signal;
  if (milliseconds == 0) {
    uv_run(&loop_, UV_RUN_NOWAIT);
  } else {
    uv_update_time(&loop_);
    uv_timer_start(
        &timer_, [](uv_timer_t*) {}, milliseconds, 0);
    uv_run(&loop_, UV_RUN_ONCE);
    uv_timer_stop(&timer_);
  }
  for (auto next = programs_.begin(); next != programs_.end();) {
    Program* program = (next++)->second.get();
    if (!program->watcher) take_end(program);
  }
}

UvLoop::Event UvLoop::take_event() {
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace gilvm
