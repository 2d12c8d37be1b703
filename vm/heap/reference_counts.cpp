#include "vm/heap/reference_counts.h"

#include "vm/heap/heap.h"

namespace gilvm {
namespace {

constexpr std::size_t kGrain = 16;  // the smallest cell

}  // namespace

ReferenceCount& ReferenceCounts::of(const Object* object) {
  std::atomic<ReferenceCount*>& place = Heap::counts_of_page(object);
  const auto index = reinterpret_cast<std::uintptr_t>(object) % kPageSize / kGrain;
  // The acquire pairs with the release below: the counts are zero before anybody finds them.
  if (ReferenceCount* counts = place.load(std::memory_order_acquire)) return counts[index];
  std::lock_guard guard(mutex_);
  ReferenceCount* counts = place.load(std::memory_order_acquire);
  if (!counts) {
    pages_.push_back(std::make_unique<ReferenceCount[]>(kPageSize / kGrain));
    counts = pages_.back().get();
    place.store(counts, std::memory_order_release);
  }
  return counts[index];
}

void ReferenceCounts::add(Value value, std::int32_t difference) {
  if (!has_count(value)) return;
  std::atomic<std::int32_t>& count = of(value.as_object()).count;
  if (is_atomic_) {
    count.fetch_add(difference, std::memory_order_relaxed);
    return;
  }
  // A load, an addition and a store, as Py_INCREF is without atomicity: another thread's may come between.
  const std::int32_t before = count.load(std::memory_order_relaxed);
  count.store(before + difference, std::memory_order_relaxed);
}

void ReferenceCounts::gain(Value value) { add(value, 1); }
void ReferenceCounts::lose(Value value) { add(value, -1); }

Value ReferenceCounts::swap(Slot& slot, Value value) const {
  if (is_atomic_) return slot.exchange(value);
  const Value old_value = slot.load();
  slot.store(value);
  return old_value;
}

void ReferenceCounts::settle_key(Value key, Value old_value, Value new_value) {
  if (old_value.is_nil() == new_value.is_nil()) return;
  new_value.is_nil() ? lose(key) : gain(key);
}

void ReferenceCounts::name(Value value, Value key) {
  if (key.is_string() && has_count(value)) {
    of(value.as_object()).name.store(key.as_object(), std::memory_order_relaxed);
  }
}

void ReferenceCounts::assign(Slot& slot, Value key, Value value) {
  gain(value);
  name(value, key);
  const Value old_value = swap(slot, value);
  settle_key(key, old_value, value);
  lose(old_value);
}

void ReferenceCounts::assign(Slot& slot, Value value) {
  gain(value);
  lose(swap(slot, value));
}

std::int32_t ReferenceCounts::count_of(const Object* object) const {
  const ReferenceCount* counts = Heap::counts_of_page(object).load(std::memory_order_acquire);
  if (!counts) return 0;
  const auto index = reinterpret_cast<std::uintptr_t>(object) % kPageSize / kGrain;
  return counts[index].count.load(std::memory_order_relaxed);
}

void ReferenceCounts::settle_dead(Heap& heap, const Marker& marker) {
  heap.each_unswept([&](Object* object) {
    if (marker.is_marked(object)) return;
    if (auto each_reference = heap.operations(object->kind).each_reference) {
      each_reference(object, [this](Value value) { lose(value); });
    }
  });
  heap.each_unswept([&](Object* object) {
    if (!has_count(object)) return;
    const bool is_gone = !marker.is_marked(object);
    if (is_gone) ++gone_count_;
    if (!Heap::counts_of_page(object).load(std::memory_order_relaxed)) return;
    ReferenceCount& entry = of(object);
    const Object* name = entry.name.load(std::memory_order_relaxed);
    const std::int32_t count = entry.count.load(std::memory_order_relaxed);
    if (is_gone && count != 0) {
      WrongSum& sum = gone_[{name ? text_of(name) : std::string(), object->kind, count > 0}];
      ++sum.objects;
      sum.counts += count;
    }
    if (is_gone) entry.count.store(0, std::memory_order_relaxed);
    if (is_gone || (name && !marker.is_marked(name))) entry.name.store(nullptr, std::memory_order_relaxed);
  });
}

}  // namespace gilvm
