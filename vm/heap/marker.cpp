#include "vm/heap/marker.h"

#include <algorithm>

#include "vm/base/check.h"
#include "vm/heap/heap.h"
#include "vm/heap/marking_team.h"

namespace gilvm {

Marker::Marker(Heap& heap, Purpose purpose, MarkingTeam* team)
    : heap_(heap),
      mark_(heap.current_mark()),
      purpose_(purpose),
      team_(team),
      is_together_(purpose == Purpose::kHelp),
      sharing_after_(is_together_ ? kBeforeSharing : kAlone) {}

void Marker::Findings::add(const Findings& other) {
  bytes += other.bytes;
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  append(reached_keys, other.reached_keys);
  append(unset_keys, other.unset_keys);
  append(postponed, other.postponed);
}

const String* Marker::mode_name() const { return heap_.mode_name; }

ReferenceCounts* Marker::counts() const { return heap_.counts(); }

bool Marker::claim(Object* object, std::uint8_t* before) {
  std::atomic_ref mark(object->mark);
  *before = mark.load(std::memory_order_relaxed);
  if (!is_together_) {
    mark.store(mark_, std::memory_order_relaxed);
    return true;
  }
  return *before != mark_ && mark.compare_exchange_strong(*before, mark_, std::memory_order_relaxed);
}

void Marker::reach(Object* object) {
  GILVM_ASSERT(object->kind != ObjectKind::kFree);
  if (verifies()) GILVM_CHECK(!"an object that is alive refers to a dead one");
  std::uint8_t before;
  if (!claim(object, &before)) return;
  findings_.bytes += size_in_heap(object);
  if (heap_.operations(object->kind).trace) grey_.objects.push_back(object);
  if (before & kWatched) findings_.reached_keys.push_back(object);
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
  const std::size_t count = std::min<std::size_t>(next_fetched_, kFetched);
  next_fetched_ = 0;
  for (std::size_t index = 0; index < count; ++index) mark_object(std::exchange(fetched_[index], nullptr));
  return count > 0;
}

void Marker::trace(Object* object) { heap_.operations(object->kind).trace(*this, object); }

void Marker::trace_grey() {
  do {
    while (!grey_.objects.empty()) {
      share_if_due();
      Object* object = grey_.objects.back();
      grey_.objects.pop_back();
      trace(object);
      ++traced_;
    }
  } while (trace_next_part() || mark_fetched());
}

bool Marker::trace_next_part() {
  if (grey_.parts.empty()) return false;
  share_if_due();
  const GreyList::Part part = grey_.take_part();
  heap_.operations(part.object->kind).trace_elements(*this, part.object, part.first, part.last);
  traced_ += kBeforeSharing;
  return true;
}

void Marker::share() {
  sharing_after_ = traced_ + kBeforeSharing;
  if (!is_together_) {
    is_together_ = true;
    team_->open(&grey_);
  } else if (team_->wants_more()) {
    team_->give(&grey_);
  }
}

bool Marker::take_from_others() {
  if (!is_together_) return false;
  if (purpose_ == Purpose::kHelp) return team_->take(&grey_);
  Findings others;
  if (team_->take_or_close(&grey_, &others)) return true;
  is_together_ = false;
  // It asks again later, the later the less the others found to do.
  alone_ = others.bytes > 0 ? kAlone : 2 * alone_;
  sharing_after_ = traced_ + alone_;
  findings_.add(others);
  return false;
}

void Marker::help() {
  while (take_from_others()) trace_grey();
}

void Marker::drain() {
  for (;;) {
    do {
      trace_grey();
    } while (take_from_others());
    if (!findings_.postponed.empty()) {
      Object* object = findings_.postponed.back();
      findings_.postponed.pop_back();
      trace(object);
    } else if (!findings_.reached_keys.empty()) {
      Object* key = findings_.reached_keys.back();
      findings_.reached_keys.pop_back();
      mark_ephemerons(key);
    } else {
      return;
    }
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
  for (Slot* key : findings_.unset_keys) {
    Value value = key->load();
    if (value.is_object() && !is_marked(value.as_object())) key->store(Value::dead());
  }
}

}  // namespace gilvm
