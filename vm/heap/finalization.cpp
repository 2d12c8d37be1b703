#include "vm/heap/finalization.h"

#include <algorithm>

namespace gilvm {

void Finalization::add(Object* object) {
  std::lock_guard guard(mutex_);
  if (ends_ || object->has_flag(kMarkedForFinalization)) return;
  object->set_flag(kMarkedForFinalization);
  marked_.push_back(object);
}

Object* Finalization::take() {
  std::lock_guard guard(mutex_);
  if (due_.empty()) return nullptr;
  Object* object = due_.front();
  due_.pop_front();
  due_count_.store(due_.size(), std::memory_order_release);
  object->clear_flag(kMarkedForFinalization);
  return object;
}

void Finalization::mark_due(Marker& marker) {
  for (Object* object : due_) marker.mark_object(object);
}

template <typename IsDue>
void Finalization::move_to_due(IsDue is_due) {
  const auto first_due = std::stable_partition(marked_.begin(), marked_.end(),
                                               [&](const Object* object) { return !is_due(object); });
  due_.insert(due_.end(), std::make_reverse_iterator(marked_.end()), std::make_reverse_iterator(first_due));
  marked_.erase(first_due, marked_.end());
  due_count_.store(due_.size(), std::memory_order_release);
}

void Finalization::make_due(Marker& marker) {
  std::lock_guard guard(mutex_);
  const auto before = static_cast<std::ptrdiff_t>(due_.size());
  move_to_due([&](const Object* object) { return !marker.is_marked(object); });
  for (auto object = due_.begin() + before; object != due_.end(); ++object) marker.mark_object(*object);
}

void Finalization::make_all_due() {
  std::lock_guard guard(mutex_);
  move_to_due([](const Object*) { return true; });
  ends_ = true;
}

}  // namespace gilvm
