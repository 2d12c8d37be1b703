// The module `_queue`: what queue.SimpleQueue is made of, as in CPython, where it is the one queue that is
// not written in Python. Each of its functions is one step for finalizers, which may call put() in the middle
// of the same thread's get(): a queue that locks would wait for itself there.
#include <algorithm>
#include <deque>
#include <mutex>

#include "vm/lib/library.h"
#include "vm/runtime/sync_observer.h"

namespace gilvm {
namespace {

// Invariants:
//  (1) As many of `items_` as threads were called and have not come yet are theirs: nobody else takes them.
//  (2) Threads are called in the order in which they came.
class Channel : public NativeObject {
 public:
  const char* type_name() const override { return "Channel"; }
  void trace(Marker& marker) override {
    // The world is stopped: nobody holds the mutex, which is taken while attached only.
    for (const Slot& item : items_) marker.mark(item.load());
  }

  void put(Vm& vm, Value item) {
    std::lock_guard guard(mutex_);
    forget_other_processes(vm);
    items_.emplace_back().store(item);
    call_next(vm);
  }
  bool try_take(Vm& vm, Value* item) {
    std::lock_guard guard(mutex_);
    forget_other_processes(vm);
    if (items_.size() <= called_) return false;
    take_first(item);
    return true;
  }
  // False: the deadline passed, or the thread is interrupted. A safepoint.
  bool take(VmThread& thread, std::optional<Instant> deadline, Value* item) {
    Waiter self{&thread.parker()};
    {
      std::lock_guard guard(mutex_);
      forget_other_processes(thread.vm());
      if (items_.size() > called_) {
        take_first(item);
        return true;
      }
      line_.push_back(&self);
    }
    for (;;) {
      const WakeReason reason = thread.park(deadline);
      std::lock_guard guard(mutex_);
      if (self.is_called) {
        --called_;
        take_first(item);
        return true;
      }
      if (reason == WakeReason::kUnparked) continue;
      line_.erase(std::find(line_.begin(), line_.end(), &self));
      return false;
    }
  }
  std::size_t size() {
    std::lock_guard guard(mutex_);
    return items_.size();
  }

 private:
  // On the stack of the thread that waits.
  struct Waiter {
    Parker* parker;
    bool is_called = false;  // and is not in line any more
  };

  void take_first(Value* item) {
    *item = items_.front().load();
    items_.pop_front();
  }
  void call_next(Vm& vm) {
    if (line_.empty()) return;
    Waiter* const first = line_.front();
    line_.pop_front();
    first->is_called = true;
    ++called_;
    vm.scheduler().unpark(*first->parker);
  }
  // As FairLock's: threads that a child of a fork does not have.
  void forget_other_processes(Vm& vm) {
    if (generation_ == vm.generation()) return;
    generation_ = vm.generation();
    line_.clear();
    called_ = 0;
  }

  std::mutex mutex_;  // guards what follows; held for moments, while attached
  std::deque<Slot> items_;
  std::deque<Waiter*> line_;
  std::size_t called_ = 0;
  unsigned generation_ = 0;
};

Channel* self(NativeCall& call) { return object_argument<Channel>(call, 0, "Channel"); }

int make_channel(NativeCall& call) {
  Table* metatable = call.vm().registry->get_short(call.thread().string("_CHANNEL")).as_table();
  auto channel = std::make_unique<Channel>();
  return call.one(Value::userdata(Userdata::make(call.thread().heap(), std::move(channel), metatable)));
}

int put(NativeCall& call) {
  Channel* channel = self(call);
  if (!channel) return kNativeError;
  if (SyncObserver* observer = call.vm().sync_observer) observer->tells(call.thread(), call[0].as_object());
  channel->put(call.vm(), call[1]);
  return call.none();
}

// The item that the calling thread has taken.
int taken(NativeCall& call, Value item) {
  if (SyncObserver* observer = call.vm().sync_observer) observer->hears(call.thread(), call[0].as_object());
  return call.two(Value::boolean(true), item);
}

// take(block, timeout): true and the item, or false.
int take(NativeCall& call) {
  Channel* channel = self(call);
  if (!channel) return kNativeError;
  Value item;
  if (channel->try_take(call.vm(), &item)) return taken(call, item);
  if (call[1].is_false()) return call.one(Value::boolean(false));
  std::optional<Instant> deadline;
  if (!deadline_after(call, call[2], &deadline)) return kNativeError;
  if (channel->take(call.thread(), deadline, &item)) return taken(call, item);
  return call.thread().interrupted() ? kNativeError : call.one(Value::boolean(false));
}

int size(NativeCall& call) {
  Channel* channel = self(call);
  if (!channel) return kNativeError;
  if (SyncObserver* observer = call.vm().sync_observer) observer->hears(call.thread(), call[0].as_object());
  return call.one_integer(static_cast<std::int64_t>(channel->size()));
}

constexpr LibraryFunction kMethods[] = {{"put", put}, {"take", take}, {"size", size}};
constexpr LibraryFunction kFunctions[] = {{"Channel", make_channel}};

int open(NativeCall& call) {
  VmThread& thread = call.thread();
  set_field(thread, thread.vm().registry, "_CHANNEL", Value::table(make_type(thread, "Channel", kMethods)));
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  return call.one(Value::table(module));
}

}  // namespace

void add_queue(VmThread& thread) { add_module(thread, "_queue", open); }

}  // namespace gilvm
