// Connection of Python's multiprocessing.connection, Pipe and wait.
#include "vm/lib/connections.h"

#include <cerrno>
#include <mutex>

#include "vm/lib/copied_values.h"
#include "vm/process/message_socket.h"

namespace gilvm {
namespace {

using Outcome = MessageSocket::Outcome;

class Connection final : public InheritedObject {
 public:
  Connection(std::shared_ptr<MessageSocket> socket, bool is_readable, bool is_writable)
      : readable(is_readable), writable(is_writable), socket_(std::move(socket)) {}

  const char* type_name() const override { return "Connection"; }
  const char* metatable_name() const override { return "_CONNECTION"; }
  const char* refusal() const override {
    return "connections should only be shared between processes through inheritance";
  }
  std::unique_ptr<NativeObject> share() const override {
    const std::shared_ptr<MessageSocket> open = socket();
    std::shared_ptr<MessageSocket> copy = open ? open->duplicate() : nullptr;
    return std::make_unique<Connection>(std::move(copy), readable, writable);
  }

  // Null: it was closed.
  std::shared_ptr<MessageSocket> socket() const {
    std::lock_guard guard(mutex_);
    return socket_;
  }
  // A thread that is using it goes on until it sees that, and takes the descriptor with it.
  void close() {
    std::lock_guard guard(mutex_);
    if (socket_) socket_->close();
    socket_.reset();
  }

  const bool readable, writable;

 private:
  mutable std::mutex mutex_;  // held for moments, while attached
  std::shared_ptr<MessageSocket> socket_;
};

Value make_connection(VmThread& thread, std::shared_ptr<MessageSocket> socket, bool readable, bool writable) {
  Table* type = thread.vm().registry->get_short(thread.string("_CONNECTION")).as_table();
  return Value::userdata(Userdata::make(
      thread.heap(), std::make_unique<Connection>(std::move(socket), readable, writable), type));
}

// Pipe(duplex=true): two connections. In one that is not duplex, the first only receives.
int pipe(NativeCall& call) {
  if (call.vm().is_deterministic()) return refuse_under_schedule(call, "multiprocessing.Pipe");
  const Keywords arguments(call, "Pipe", 0, {"duplex"});
  if (!arguments.ok()) return kNativeError;
  const bool duplex = arguments[0].is_nil() || !arguments[0].is_falsy();
  auto [first, second] = MessageSocket::make_pair(!duplex);
  if (!first) return raise_system_error(call, errno);
  VmThread& thread = call.thread();
  const Value left = make_connection(thread, std::move(first), true, duplex);
  return call.two(left, make_connection(thread, std::move(second), duplex, true));
}

// The connection's socket. Null with an error raised.
std::shared_ptr<MessageSocket> socket_of(NativeCall& call, bool to_receive, bool to_send) {
  auto* connection = object_argument<Connection>(call, 0, "Connection");
  if (!connection) return nullptr;
  std::shared_ptr<MessageSocket> socket = connection->socket();
  const char* problem = nullptr;
  if (!socket) {
    problem = "handle is closed";
  } else if (to_receive && !connection->readable) {
    problem = "connection is write-only";
  } else if (to_send && !connection->writable) {
    problem = "connection is read-only";
  }
  if (!problem) return socket;
  raise_exception(call, "OSError", problem);
  return nullptr;
}

int raise_outcome(NativeCall& call, Outcome outcome) {
  const int error = errno;
  switch (outcome) {
    case Outcome::kEnd: return raise_exception_type(call, "EOFError");
    case Outcome::kClosed: return raise_exception(call, "OSError", "handle is closed");
    case Outcome::kError: return raise_system_error(call, error);
    default: return kNativeError;  // interrupted
  }
}

int send_message(NativeCall& call, MessageSocket& socket, std::string_view message) {
  const Outcome outcome = socket.send(call.thread(), message, std::nullopt);
  return outcome == Outcome::kDone ? call.none() : raise_outcome(call, outcome);
}

int send(NativeCall& call) {
  const std::shared_ptr<MessageSocket> socket = socket_of(call, false, true);
  if (!socket) return kNativeError;
  std::string message;
  if (!copy_to_bytes(call, call[1], &message)) return kNativeError;
  return send_message(call, *socket, message);
}

// send_bytes(text, offset=0, size=nil)
int send_bytes(NativeCall& call) {
  String* text;
  std::int64_t offset, size;
  if (!call.text(1, &text) || !call.optional_integer(2, 0, &offset)) return kNativeError;
  const auto length = static_cast<std::int64_t>(text->length());
  if (offset < 0) return raise_exception(call, "ValueError", "offset is negative");
  if (length < offset) return raise_exception(call, "ValueError", "buffer length < offset");
  if (!call.optional_integer(3, length - offset, &size)) return kNativeError;
  if (size < 0) return raise_exception(call, "ValueError", "size is negative");
  if (offset + size > length) return raise_exception(call, "ValueError", "buffer length < offset + size");
  const std::shared_ptr<MessageSocket> socket = socket_of(call, false, true);
  if (!socket) return kNativeError;
  call.keep(Value::string(text));
  return send_message(call, *socket,
                      text->view().substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(size)));
}

bool receive_message(NativeCall& call, std::string* message) {
  const std::shared_ptr<MessageSocket> socket = socket_of(call, true, false);
  if (!socket) return false;
  const Outcome outcome = socket->receive(call.thread(), message, std::nullopt);
  return outcome == Outcome::kDone || raise_outcome(call, outcome) == 0;
}

int receive(NativeCall& call) {
  std::string message;
  Value value;
  if (!receive_message(call, &message) || !value_from_bytes(call, message, &value)) return kNativeError;
  return call.one(value);
}

// recv_bytes(maxlength=nil)
int receive_bytes(NativeCall& call) {
  const Keywords arguments(call, "recv_bytes", 1, {"maxlength"});
  if (!arguments.ok()) return kNativeError;
  const Value limit = arguments[0];
  if (!limit.is_nil() && !limit.is_integer())
    return raise_exception(call, "TypeError", "an integer is required");
  const std::int64_t longest = limit.is_nil() ? -1 : limit.as_integer();
  if (!limit.is_nil() && longest < 0) return raise_exception(call, "ValueError", "negative maxlength");
  std::string message;
  if (!receive_message(call, &message)) return kNativeError;
  if (longest < 0 || message.size() <= static_cast<std::size_t>(longest)) return call.one_text(message);
  // As in Python: what is left of the message is lost, and so is the connection.
  object_argument<Connection>(call, 0, "Connection")->close();
  return raise_exception(call, "OSError", "got message that is too long");
}

// poll(timeout=0): can something be received, or is it the end? nil as the argument: waits for ever.
int poll_connection(NativeCall& call) {
  const Keywords arguments(call, "poll", 1, {"timeout"});
  if (!arguments.ok()) return kNativeError;
  const std::shared_ptr<MessageSocket> socket = socket_of(call, true, false);
  if (!socket) return kNativeError;
  std::optional<Instant> deadline;
  if (!deadline_after(call, arguments[0], &deadline)) return kNativeError;
  const bool is_negative =
      arguments[0].is_number() && !deadline &&
      !(arguments[0].is_double() ? arguments[0].as_double() > 0 : arguments[0].as_integer() > 0);
  if (!call.has(1) || is_negative) deadline = call.vm().scheduler().now();
  std::vector<std::size_t> ready;
  const Outcome outcome = wait_until_readable(call.thread(), {socket->descriptor()}, deadline, &ready);
  if (outcome == Outcome::kDone || outcome == Outcome::kTimeout) {
    return call.one(Value::boolean(outcome == Outcome::kDone));
  }
  return raise_outcome(call, outcome);
}

int close_connection(NativeCall& call) {
  auto* connection = object_argument<Connection>(call, 0, "Connection");
  if (!connection) return kNativeError;
  connection->close();
  return call.none();
}

int fileno(NativeCall& call) {
  const std::shared_ptr<MessageSocket> socket = socket_of(call, false, false);
  return socket ? call.one_integer(socket->descriptor()) : kNativeError;
}

// hold(): itself, for `local held <close> =`, as in Python's `with`.
int hold(NativeCall& call) { return call.one(call[0]); }

// What queues are made of
// ---------------------------------------------------------------------------------------

// _message(value): the value as the bytes of a message.
int message_of(NativeCall& call) {
  std::string message;
  return copy_to_bytes(call, call[0], &message) ? call.one_text(message) : kNativeError;
}

int value_of(NativeCall& call) {
  String* text;
  Value value;
  if (!call.text(0, &text)) return kNativeError;
  const std::string message(text->view());
  return value_from_bytes(call, message, &value) ? call.one(value) : kNativeError;
}

// try_send(connection, value): true, or the message that there is no room for now.
int try_send(NativeCall& call) {
  const std::shared_ptr<MessageSocket> socket = socket_of(call, false, true);
  std::string message;
  if (!socket || !copy_to_bytes(call, call[1], &message)) return kNativeError;
  const Outcome outcome = socket->try_send(message);
  if (outcome == Outcome::kDone) return call.one(Value::boolean(true));
  return outcome == Outcome::kTimeout ? call.one_text(message) : raise_outcome(call, outcome);
}

// receive(connection, block, timeout): true and a value, or false.
int receive_within(NativeCall& call) {
  const std::shared_ptr<MessageSocket> socket = socket_of(call, true, false);
  if (!socket) return kNativeError;
  std::optional<Instant> deadline;
  if (!deadline_after(call, call[2], &deadline)) return kNativeError;
  std::string message;
  const Outcome outcome =
      call[1].is_false() ? socket->try_receive(&message) : socket->receive(call.thread(), &message, deadline);
  if (outcome == Outcome::kTimeout) return call.one(Value::boolean(false));
  Value value;
  if (outcome != Outcome::kDone) return raise_outcome(call, outcome);
  if (!value_from_bytes(call, message, &value)) return kNativeError;
  return call.two(Value::boolean(true), value);
}

Value connection_attribute(NativeCall&, NativeObject& object, std::string_view name) {
  const auto& connection = static_cast<Connection&>(object);
  if (name == "closed") return Value::boolean(!connection.socket());
  if (name == "readable") return Value::boolean(connection.readable);
  if (name == "writable") return Value::boolean(connection.writable);
  return Value::nil();
}

// wait(object_list, timeout=nil): those of the connections, or descriptors, that can be read.
int wait(NativeCall& call) {
  Table* list;
  std::optional<Instant> deadline;
  if (!call.table(0, &list) || !deadline_after(call, call[1], &deadline)) return kNativeError;
  std::vector<int> descriptors;
  std::vector<Value> objects;
  std::vector<std::shared_ptr<MessageSocket>> kept;
  const std::uint64_t length = list->length();
  for (std::uint64_t index = 1; index <= length; ++index) {
    const Value object = list->get_integer(static_cast<std::int64_t>(index));
    if (object.is_integer()) {
      descriptors.push_back(static_cast<int>(object.as_integer()));
    } else {
      const auto* connection =
          object.is_userdata() ? dynamic_cast<Connection*>(object.as_userdata()->object) : nullptr;
      if (!connection) return raise_exception(call, "TypeError", "wait: a list of connections expected");
      kept.push_back(connection->socket());
      if (!kept.back()) return raise_exception(call, "OSError", "handle is closed");
      descriptors.push_back(kept.back()->descriptor());
    }
    call.keep(object);
    objects.push_back(object);
  }
  std::vector<std::size_t> ready;
  const Outcome outcome = wait_until_readable(call.thread(), descriptors, deadline, &ready);
  if (outcome != Outcome::kDone && outcome != Outcome::kTimeout) return raise_outcome(call, outcome);
  Table* result = Table::make(call.thread().heap(), static_cast<std::uint32_t>(ready.size()));
  std::int64_t count = 0;
  for (const std::size_t index : ready) result->set_integer(call.thread().heap(), ++count, objects[index]);
  return call.one(Value::table(result));
}

constexpr LibraryFunction kMethods[] = {
    {"send", send},
    {"recv", receive},
    {"send_bytes", send_bytes},
    {"recv_bytes", receive_bytes},
    {"poll", poll_connection},
    {"close", close_connection},
    {"fileno", fileno},
    {"hold", hold},
    {"__close", close_connection},
};

constexpr LibraryFunction kFunctions[] = {{"Pipe", pipe},         {"wait", wait},
                                          {"dumps", message_of},  {"loads", value_of},
                                          {"try_send", try_send}, {"receive", receive_within}};

}  // namespace

void add_connections(VmThread& thread, Table* module) {
  set_field(thread, thread.vm().registry, "_CONNECTION",
            Value::table(make_type(thread, "Connection", kMethods, connection_attribute)));
  add_functions(thread, module, kFunctions);
}

}  // namespace gilvm
