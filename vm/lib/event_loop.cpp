// The module `_event_loop`: what `asyncio` cannot have in Lua.
#include "vm/lib/event_loop.h"

#include <algorithm>
#include <cmath>

#include "vm/runtime/sync_observer.h"

namespace gilvm {

double monotonic_seconds(Vm& vm) {
  return std::chrono::duration<double>(vm.scheduler().now().time_since_epoch()).count();
}

EventLoop* event_loop_of(NativeCall& call) { return object_argument<EventLoop>(call, 0, "EventLoop"); }

int refuse_other_thread(NativeCall& call) {
  return raise_exception(call, "RuntimeError",
                         "Non-thread-safe operation invoked on an event loop other than the current one");
}

void EventLoop::trace(Marker& marker) {
  timers_.trace(marker);
  for (const Slot& entry : posted_) marker.mark(entry.load());
}

TimerQueue::Id EventLoop::add_timer(double when, Value entry) {
  std::lock_guard guard(mutex_);
  return timers_.add(when, entry);
}

void EventLoop::cancel_timer(std::int64_t id) {
  std::lock_guard guard(mutex_);
  timers_.remove(id);
}

void EventLoop::post(Vm& vm, Value entry) {
  std::lock_guard guard(mutex_);
  posted_.emplace_back().store(entry);
  if (waiting_) vm.scheduler().unpark(*waiting_);
  if (waits_for_uv_) uv_->wake();
}

std::optional<Instant> EventLoop::next_deadline() const {
  constexpr double kLongest = 1e9;  // thirty years: as good as none
  if (timers_.empty() || !(timers_.first_time() < kLongest)) return std::nullopt;
  // Rounded up: who wakes a moment too early would have to wait again.
  const double nanoseconds = std::ceil(timers_.first_time() * 1e9);
  return Instant(Nanoseconds(static_cast<std::int64_t>(std::max(nanoseconds, 0.0))));
}

void EventLoop::wait_in_scheduler(VmThread& thread) {
  WakeReason reason = WakeReason::kUnparked;
  while (reason == WakeReason::kUnparked) {
    std::optional<Instant> deadline;
    {
      std::lock_guard guard(mutex_);
      if (!posted_.empty()) return;
      deadline = next_deadline();
      waiting_ = &thread.parker();
    }
    reason = thread.park(deadline);
    std::lock_guard guard(mutex_);
    waiting_ = nullptr;
  }
}

void EventLoop::wait_for_uv(VmThread& thread) {
  // Nothing wakes libuv when the thread is interrupted: now and then it looks.
  constexpr std::int64_t kLongest = 50;  // ms
  bool looks_again = true;
  while (looks_again && !thread.interrupted()) {
    std::int64_t left = kLongest;
    {
      std::lock_guard guard(mutex_);
      if (!posted_.empty()) return;
      const std::optional<Instant> deadline = next_deadline();
      const auto now = thread.vm().scheduler().now();
      if (deadline) left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - now).count();
      if (left <= 0) return;
      looks_again = left > kLongest || !deadline;
      waits_for_uv_ = true;
    }
    {
      Blocking blocking(thread);
      std::lock_guard guard(uv_->mutex);
      uv_->run(static_cast<std::uint64_t>(std::min(left, kLongest)));
      looks_again = looks_again && !uv_->has_events();
    }
    std::lock_guard guard(mutex_);
    waits_for_uv_ = false;
  }
}

UvLoop* EventLoop::lock_uv() {
  std::lock_guard guard(mutex_);
  if (!uv_) uv_ = std::make_unique<UvLoop>();
  return uv_->mutex.try_lock() ? uv_.get() : nullptr;
}

bool EventLoop::take(UvLoop::Event* event) {
  if (!uv_ || !uv_->mutex.try_lock()) return false;
  std::lock_guard guard(uv_->mutex, std::adopt_lock);
  if (!uv_->has_events()) return false;
  *event = uv_->take_event();
  return true;
}

bool EventLoop::look_at_uv() {
  std::lock_guard guard(mutex_);
  if (!uv_) return false;
  std::lock_guard uv_guard(uv_->mutex);
  if (uv_->is_active()) uv_->run(0);
  return uv_->is_active() || uv_->has_events();
}

bool EventLoop::begin_round(VmThread& thread, bool idle) {
  {
    std::lock_guard guard(mutex_);
    idle = idle && posted_.empty();
    if (!timers_.empty()) {
      round_began_ = monotonic_seconds(thread.vm());
      idle = idle && !is_due(round_began_);
    }
  }
  const bool has_connections = look_at_uv();
  if (has_connections) {
    std::lock_guard guard(uv_->mutex);
    idle = idle && !uv_->has_events();
  }
  if (!idle) return true;
  if (has_connections) {
    wait_for_uv(thread);
  } else {
    wait_in_scheduler(thread);
  }
  if (thread.interrupted()) return false;
  std::lock_guard guard(mutex_);
  round_began_ = monotonic_seconds(thread.vm());
  return true;
}

bool EventLoop::take(Value* entry) {
  std::lock_guard guard(mutex_);
  if (!posted_.empty()) {
    *entry = posted_.front().load();
    posted_.pop_front();
    return true;
  }
  if (!is_due(round_began_)) return false;
  *entry = timers_.take_first();
  return true;
}

void EventLoop::close() {
  std::lock_guard guard(mutex_);
  timers_.clear();
  posted_.clear();
  if (!waits_for_uv_) uv_.reset();
}

namespace {

int make_loop(NativeCall& call) {
  Table* metatable = call.vm().registry->get_short(call.thread().string("_EVENT_LOOP")).as_table();
  auto loop = std::make_unique<EventLoop>();
  return call.one(Value::userdata(Userdata::make(call.thread().heap(), std::move(loop), metatable)));
}

// call_at(when, entry) and call_later(delay, entry): the timer's number.
int add_timer(NativeCall& call, bool is_delay) {
  EventLoop* loop = event_loop_of(call);
  double when;
  if (!loop || !call.number(1, &when)) return kNativeError;
  if (when != when) return raise_exception(call, "ValueError", "Invalid value NaN (not a number)");
  if (is_delay) when += monotonic_seconds(call.vm());
  return call.one_integer(loop->add_timer(when, call[2]));
}

int call_at(NativeCall& call) { return add_timer(call, false); }

int call_later(NativeCall& call) { return add_timer(call, true); }

int cancel(NativeCall& call) {
  EventLoop* loop = event_loop_of(call);
  std::int64_t id;
  if (!loop || !call.integer(1, &id)) return kNativeError;
  loop->cancel_timer(id);
  return call.none();
}

int post(NativeCall& call) {
  EventLoop* loop = event_loop_of(call);
  if (!loop) return kNativeError;
  if (SyncObserver* observer = call.vm().sync_observer) observer->tells(call.thread(), call[0].as_object());
  loop->post(call.vm(), call[1]);
  return call.none();
}

// take(idle): an entry; or of a connection its number, what has happened, a text and a number; or nothing.
// With an argument a round begins.
int take(NativeCall& call) {
  EventLoop* loop = event_loop_of(call);
  if (!loop) return kNativeError;
  if (call.has(1) && !loop->begin_round(call.thread(), !call[1].is_falsy())) return kNativeError;
  Value entry;
  if (loop->take(&entry)) {
    if (SyncObserver* observer = call.vm().sync_observer) observer->hears(call.thread(), call[0].as_object());
    return call.one(entry);
  }
  UvLoop::Event event;
  if (!loop->take(&event) || !call.reserve_results(4)) return call.one(Value::nil());
  VmThread& thread = call.thread();
  call.set_result(0, thread.integer(event.number));
  call.set_result(1, Value::string(thread.string(event.what)));
  call.set_result(2, Value::string(thread.string(event.text)));
  call.set_result(3, thread.integer(event.value));
  return 4;
}

// tcp_connect(host, port), tcp_listen(host, port, backlog): the number.
int tcp_open(NativeCall& call, bool listens) {
  if (call.vm().is_deterministic()) {
    return refuse_under_schedule(call, listens ? "asyncio.start_server" : "asyncio.open_connection");
  }
  String* host;
  std::int64_t port, backlog;
  if (!call.text(1, &host) || !call.integer(2, &port)) return kNativeError;
  if (!call.optional_integer(3, 100, &backlog)) return kNativeError;
  const std::string name(host->view());
  return with_uv(call, [&](UvLoop& uv) {
    const int number = static_cast<int>(port);
    return call.one_integer(listens ? uv.listen(name, number, static_cast<int>(backlog))
                                    : uv.connect(name, number));
  });
}

int tcp_connect(NativeCall& call) { return tcp_open(call, false); }

int tcp_listen(NativeCall& call) { return tcp_open(call, true); }

int stream_read(NativeCall& call) {
  std::int64_t number;
  if (!call.integer(1, &number)) return kNativeError;
  const bool wanted = !call[2].is_falsy();
  return with_uv(call, [&](UvLoop& uv) { return uv.read(number, wanted), call.none(); });
}

// stream_write(number, text): how many bytes wait.
int stream_write(NativeCall& call) {
  std::int64_t number;
  String* text;
  if (!call.integer(1, &number) || !call.text(2, &text)) return kNativeError;
  return with_uv(call, [&](UvLoop& uv) {
    return call.one_integer(static_cast<std::int64_t>(uv.write(number, text->view())));
  });
}

int stream_shut_down(NativeCall& call) {
  std::int64_t number;
  if (!call.integer(1, &number)) return kNativeError;
  return with_uv(call, [&](UvLoop& uv) { return uv.shut_down(number), call.none(); });
}

int stream_close(NativeCall& call) {
  std::int64_t number;
  if (!call.integer(1, &number)) return kNativeError;
  return with_uv(call, [&](UvLoop& uv) { return uv.close(number), call.none(); });
}

// stream_address(number, of_peer): host and port; nil where it has none.
int stream_address(NativeCall& call) {
  std::int64_t number;
  if (!call.integer(1, &number)) return kNativeError;
  const bool of_peer = !call[2].is_falsy();
  return with_uv(call, [&](UvLoop& uv) {
    std::string host;
    int port;
    if (!uv.address(number, of_peer, &host, &port)) return call.one(Value::nil());
    return call.two(Value::string(call.thread().string(host)), call.thread().integer(port));
  });
}

int close(NativeCall& call) {
  EventLoop* loop = event_loop_of(call);
  if (!loop) return kNativeError;
  loop->close();
  return call.none();
}

// running(): the loop that runs in this thread, as a table of the module's; and the coroutine that asks.
int running(NativeCall& call) {
  VmThread& thread = call.thread();
  const bool is_ours = thread.event_loop_generation == call.vm().generation();
  const Value coroutine = Value::coroutine(thread.coroutine);
  return call.two(is_ours ? thread.event_loop : Value::nil(), coroutine);
}

int set_running(NativeCall& call) {
  call.thread().event_loop = call[0];
  call.thread().event_loop_generation = call.vm().generation();
  return call.none();
}

constexpr LibraryFunction kFunctions[] = {
    {"EventLoop", make_loop},
    {"call_at", call_at},
    {"call_later", call_later},
    {"cancel", cancel},
    {"post", post},
    {"take", take},
    {"close", close},
    {"running", running},
    {"set_running", set_running},
    {"tcp_connect", tcp_connect},
    {"tcp_listen", tcp_listen},
    {"stream_read", stream_read},
    {"stream_write", stream_write},
    {"stream_shut_down", stream_shut_down},
    {"stream_close", stream_close},
    {"stream_address", stream_address},
};

constexpr LibraryFunction kMethods[] = {{"close", close}};

int open(NativeCall& call) {
  VmThread& thread = call.thread();
  set_field(thread, thread.vm().registry, "_EVENT_LOOP",
            Value::table(make_type(thread, "EventLoop", kMethods)));
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  add_subprocesses(thread, module);
  return call.one(Value::table(module));
}

}  // namespace

void add_event_loop(VmThread& thread) { add_module(thread, "_event_loop", open); }

}  // namespace gilvm
