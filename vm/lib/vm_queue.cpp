#include "vm/lib/vm_queue.h"

#include <algorithm>
#include <utility>

#include "vm/runtime/wait_reason.h"

namespace gilvm {
namespace {

class WaitsForQueue final : public WaitReason {
 public:
  WaitsForQueue(VmThread& thread, std::int64_t id) : WaitReason(thread), id_(id) {}
  WaitDescription describe() const override {
    return {WaitDescription::Kind::kObject, "Queue(" + std::to_string(id_) + ")"};
  }

 private:
  const std::int64_t id_;
};

}  // namespace

bool VmQueue::has_room() const {
  return largest_size <= 0 || items_.size() + putters_.called < static_cast<std::size_t>(largest_size);
}

void VmQueue::call_first(Line& line, VmThread& caller) {
  if (line.waiters.empty()) return;
  Waiter* const first = line.waiters.front();
  line.waiters.pop_front();
  first->is_called = true;
  ++line.called;
  caller.vm().scheduler().unpark(*first->parker);
}

void VmQueue::add(CrossingValue* item, VmThread& thread) {
  items_.push_back(std::move(*item));
  call_first(takers_, thread);
}

void VmQueue::remove(CrossingValue* item, VmThread& thread) {
  *item = std::move(items_.front());
  items_.pop_front();
  if (has_room()) call_first(putters_, thread);
}

// True: the thread was called.
bool VmQueue::wait(VmThread& thread, Line& line, std::unique_lock<std::mutex>& lock,
                   std::optional<Instant> deadline) {
  const WaitsForQueue reason(thread, id);
  Waiter self{&thread.parker()};
  line.waiters.push_back(&self);
  for (;;) {
    lock.unlock();
    const WakeReason woken = thread.park(deadline);
    lock.lock();
    if (self.is_called) {
      --line.called;
      return true;
    }
    if (woken == WakeReason::kUnparked) continue;
    line.waiters.erase(std::find(line.waiters.begin(), line.waiters.end(), &self));
    return false;
  }
}

bool VmQueue::put(VmThread& thread, CrossingValue* item, bool waits, std::optional<Instant> deadline) {
  std::unique_lock lock(mutex_);
  if (!has_room() && (!waits || !wait(thread, putters_, lock, deadline))) return false;
  add(item, thread);
  return true;
}

bool VmQueue::take(VmThread& thread, CrossingValue* item, bool waits, std::optional<Instant> deadline) {
  std::unique_lock lock(mutex_);
  if (!has_item() && (!waits || !wait(thread, takers_, lock, deadline))) return false;
  remove(item, thread);
  return true;
}

std::size_t VmQueue::size() {
  std::lock_guard guard(mutex_);
  return items_.size();
}

void VmQueue::clear() {
  const std::shared_ptr<SharedByVms> self = shared_from_this();
  std::deque<CrossingValue> items;
  std::lock_guard guard(mutex_);
  items.swap(items_);
}

void VmQueue::forget_waiters() {
  putters_ = {};
  takers_ = {};
}

std::unique_ptr<NativeObject> VmQueue::make_handle() {
  return std::make_unique<VmQueueHandle>(shared_from_this());
}

}  // namespace gilvm
