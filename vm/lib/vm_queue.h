// A queue between VMs: values that one has put, as copies, until another takes them.
//
// Threads: any attached thread of any VM of the group.
// Invariants:
//  (1) As many of the items as takers were called and have not come yet are theirs, and so is as much room as
//      putters were called: nobody else takes it.
//  (2) Takers are called in the order in which they came, and putters too.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "vm/lib/copied_values.h"

namespace gilvm {

class VmQueue final : public SharedByVms, public std::enable_shared_from_this<VmQueue> {
 public:
  VmQueue(std::int64_t its_id, std::int64_t its_largest_size) : id(its_id), largest_size(its_largest_size) {}

  const std::int64_t id;
  const std::int64_t largest_size;  // 0 or less: none

  // Without `waits`, false at once where there is no room, or no item. Otherwise false: the deadline passed,
  // or the thread is interrupted. A safepoint. *item is used up where the result is true.
  bool put(VmThread& thread, CrossingValue* item, bool waits, std::optional<Instant> deadline);
  bool take(VmThread& thread, CrossingValue* item, bool waits, std::optional<Instant> deadline);
  std::size_t size();
  // Drops the items, which may be what keeps this queue alive.
  void clear();

  // Around a fork: nobody else is in the middle of a change. In the child nobody else waits.
  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }
  void forget_waiters();  // REQUIRES: lock()

  std::unique_ptr<NativeObject> make_handle() override;
  const char* metatable_name() const override { return "_INTERPRETER_QUEUE"; }

 private:
  // On the stack of the thread that waits.
  struct Waiter {
    Parker* parker;
    bool is_called = false;  // and is not in line any more
  };
  struct Line {
    std::deque<Waiter*> waiters;
    std::size_t called = 0;  // and have not come yet
  };

  // REQUIRES for what follows: mutex_ is held.
  bool has_room() const;
  bool has_item() const { return items_.size() > takers_.called; }
  void call_first(Line& line, VmThread& caller);
  void add(CrossingValue* item, VmThread& thread);
  void remove(CrossingValue* item, VmThread& thread);

  bool wait(VmThread& thread, Line& line, std::unique_lock<std::mutex>& lock,
            std::optional<Instant> deadline);

  std::mutex mutex_;  // guards what follows; held for moments
  std::deque<CrossingValue> items_;
  Line putters_, takers_;
};

// What scripts have of it.
class VmQueueHandle final : public VmHandle {
 public:
  explicit VmQueueHandle(std::shared_ptr<VmQueue> its_queue) : queue(std::move(its_queue)) {}
  const char* type_name() const override { return "Queue"; }
  std::shared_ptr<SharedByVms> shared() const override { return queue; }

  const std::shared_ptr<VmQueue> queue;
};

}  // namespace gilvm
