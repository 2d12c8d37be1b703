// What the event loops of `asyncio` wait for, on libuv: TCP connections and listeners, pipes, and the ends of
// programs, each by its number, and what has happened to them.
//
// Threads: wake() on any; all else on one at a time, which has locked `mutex`. It may run detached from the
// VM: nothing here is a Value. Invariants:
//  (1) A number is never used twice.
//  (2) After its "closed" or "failed" nothing is heard of a number any more.
#pragma once

#include <sys/types.h>
#include <uv.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace gilvm {

class UvLoop {
 public:
  using Number = std::int64_t;
  struct Event {
    Number number;
    // "connected"; "listening"; "accepted": `value` is the connection's number; "data": `text` is what came;
    // "end"; "lost" and "failed": `value` is the errno and `text` says why; "written": `value` bytes still
    // wait; "closed"; of a program "ended": `value` is what take_end_of_program() says.
    const char* what;
    std::string text = {};
    std::int64_t value = 0;
  };

  UvLoop();
  // Programs that still run are killed. In a child of a fork, whose parent has the same sockets and the
  // programs, everything is left as it is.
  ~UvLoop();
  UvLoop(const UvLoop&) = delete;

  std::mutex mutex;

  // Becomes "connected" or "failed".
  Number connect(const std::string& host, int port);
  // Becomes "listening" or "failed". An empty host: all of this machine's addresses.
  Number listen(const std::string& host, int port, int backlog);
  // One end of a pipe, which belongs to the loop from now on. Unlike a connection it has one direction.
  Number add_pipe(int descriptor);
  // A program that start_program() has started, whose end is to be waited for.
  Number add_program(pid_t process);
  // Sends a signal. Nothing happens where it has ended. False, with errno set: it could not be sent.
  bool signal_program(Number number, int signal);
  // Reads once: to say "data", "end" or "lost". Who has not asked stores nothing. Nothing happens where there
  // is no such connection.
  void read(Number number, bool wanted);
  // Sends the bytes, in the background where they do not fit at once. How many bytes wait now.
  std::size_t write(Number number, std::string_view bytes);
  void shut_down(Number number);  // says "end" to a connection's other side, when everything is sent
  void close(Number number);      // at once
  bool address(Number number, bool of_peer, std::string* host, int* port) const;

  // Is there anything to wait for?
  bool is_active() const { return !streams_.empty() || !programs_.empty(); }
  // Waits so long at most for something to happen, or for wake(). With 0 only looks.
  void run(std::uint64_t milliseconds);
  void wake() { uv_async_send(&wake_); }
  bool has_events() const { return !events_.empty(); }
  Event take_event();

 private:
  struct Stream;
  struct Program;

  Number add_stream(bool listens, const std::string& host, int port, int backlog);
  static void resolve(Stream* stream);
  static void resolved(uv_getaddrinfo_t* request, int status, addrinfo* found);
  static void begin(Stream* stream);
  static void begin_listening(Stream* stream, const sockaddr* address);
  static void try_next_address(Stream* stream);
  static void connection_came(uv_stream_t* listener, int status);
  static void fail(Stream* stream, int error);
  static void take_end(Program* program);
  void tell(Number number, const char* what, std::string text = {}, std::int64_t value = 0) {
    events_.push_back({number, what, std::move(text), value});
  }
  Stream* find(Number number) const;
  Stream* open_stream(Number number) const;  // null too where it has no socket, or is being closed

  uv_loop_t loop_;
  uv_async_t wake_;
  uv_timer_t timer_;
  const int process_;
  Number last_ = 0;
  std::map<Number, std::unique_ptr<Stream>> streams_;
  std::map<Number, std::unique_ptr<Program>> programs_;
  std::deque<Event> events_;
};

}  // namespace gilvm
