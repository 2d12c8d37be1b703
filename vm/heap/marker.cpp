#include "vm/heap/marker.h"

#include "vm/base/check.h"
#include "vm/heap/heap.h"

namespace gilvm {

Marker::Marker(Heap& heap, Purpose purpose) : heap_(heap), mark_(heap.current_mark()), purpose_(purpose) {}

const String* Marker::mode_name() const { return heap_.mode_name; }

ReferenceCounts* Marker::counts() const { return heap_.counts(); }

void Marker::reach(Object* object) {
  GILVM_ASSERT(object->kind != ObjectKind::kFree);
  if (verifies()) GILVM_CHECK(!"an object that is alive refers to a dead one");
  const bool watched = object->mark & kWatched;
  object->mark = mark_;
  bytes_ += size_in_heap(object);
  if (heap_.operations(object->kind).trace) grey_.push_back(object);
  if (watched) reached_keys_.push_back(object);
}

void Marker::remember_ephemeron(Object* key, Value value) {
  key->mark |= kWatched;
  ephemerons_.emplace(key, value);
}

void Marker::mark_ephemerons(Object* key) {
  const auto [first, last] = ephemerons_.equal_range(key);
  for (auto entry = first; entry != last; ++entry) mark(entry->second);
  ephemerons_.erase(first, last);
}

bool Marker::mark_fetched() {
  bool any = false;
  for (Object*& fetched : fetched_) {
    Object* object = std::exchange(fetched, nullptr);
    if (!object) continue;
    mark_object(object);
    any = true;
  }
  return any;
}

void Marker::drain() {
  for (;;) {
    do {
      while (!grey_.empty()) {
        Object* object = grey_.back();
        grey_.pop_back();
        heap_.operations(object->kind).trace(*this, object);
      }
    } while (mark_fetched());
    if (reached_keys_.empty()) return;
    Object* key = reached_keys_.back();
    reached_keys_.pop_back();
    mark_ephemerons(key);
  }
}

std::size_t Marker::clear_weak_values(std::size_t first) {
  for (std::size_t index = first; index < weak_values_.size(); ++index) {
    Object* object = weak_values_[index];
    heap_.operations(object->kind).clear_weak_values(*this, object);
  }
  return weak_values_.size();
}

void Marker::clear_weak_keys() {
  for (Object* object : weak_keys_) heap_.operations(object->kind).clear_weak_keys(*this, object);
}

void Marker::clear_unset_keys() {
  for (Slot* key : unset_keys_) {
    Value value = key->load();
    if (value.is_object() && !is_marked(value.as_object())) key->store(Value::dead());
  }
}

}  // namespace gilvm
