#include "vm/heap/marking_team.h"

#include <algorithm>

#include "vm/base/spin.h"

namespace gilvm {

void MarkingTeam::help() {
  if (!has_work()) return;
  {
    std::lock_guard guard(mutex_);
    if (!has_work()) return;
    ++helpers_;
  }
  Marker marker(heap_, Marker::Purpose::kHelp, this);
  marker.help();
  std::lock_guard guard(mutex_);
  findings_.add(marker.findings());
  --helpers_;
}

void MarkingTeam::open(std::vector<Object*>* grey) {
  {
    std::lock_guard guard(mutex_);
    put(grey);
    is_open_.store(true, std::memory_order_release);
  }
  call_helpers_();
}

void MarkingTeam::give(std::vector<Object*>* grey) {
  {
    std::lock_guard guard(mutex_);
    put(grey);
    if (helpers_ > 0) return;
  }
  call_helpers_();  // those who came have found nothing for a while, and gone
}

// The older half: in a tree these are the objects near its root, which lead to the most.
void MarkingTeam::put(std::vector<Object*>* grey) {
  const auto end = grey->begin() + static_cast<std::ptrdiff_t>(std::min(grey->size() / 2, kMostGiven));
  shared_.insert(shared_.end(), grey->begin(), end);
  grey->erase(grey->begin(), end);
  wants_more_.store(shared_.empty(), std::memory_order_relaxed);
}

// Half of it, so that others find something too.
bool MarkingTeam::take_locked(std::vector<Object*>* grey) {
  if (shared_.empty()) return false;
  const auto begin = shared_.begin() + static_cast<std::ptrdiff_t>(shared_.size() / 2);
  grey->assign(begin, shared_.end());
  shared_.erase(begin, shared_.end());
  wants_more_.store(shared_.empty(), std::memory_order_relaxed);
  return true;
}

bool MarkingTeam::take(std::vector<Object*>* grey) {
  {
    std::lock_guard guard(mutex_);
    if (take_locked(grey)) return true;
    ++searching_;
  }
  spin_until([this] { return !wants_more() || is_done(); });
  std::lock_guard guard(mutex_);
  --searching_;
  return take_locked(grey);
}

bool MarkingTeam::take_or_close(std::vector<Object*>* grey, Marker::Findings* findings) {
  ++searching_;
  SpinWait wait;
  for (;; wait.pause()) {
    std::lock_guard guard(mutex_);
    const bool found = take_locked(grey);
    if (!found && helpers_ > 0) continue;
    --searching_;
    if (found) return true;
    is_open_.store(false, std::memory_order_release);
    *findings = std::exchange(findings_, {});
    return false;
  }
}

}  // namespace gilvm
