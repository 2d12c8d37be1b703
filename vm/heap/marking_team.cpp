#include "vm/heap/marking_team.h"

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

void MarkingTeam::open(GreyList* grey) {
  {
    std::lock_guard guard(mutex_);
    put(grey);
    is_open_.store(true, std::memory_order_release);
  }
  call_helpers_();
}

void MarkingTeam::give(GreyList* grey) {
  {
    std::lock_guard guard(mutex_);
    put(grey);
    if (helpers_ > 0) return;
  }
  call_helpers_();  // those who came have found nothing for a while, and gone
}

void MarkingTeam::put(GreyList* grey) {
  grey->move_half(&shared_);
  wants_more_.store(shared_.is_empty(), std::memory_order_relaxed);
}

bool MarkingTeam::take_locked(GreyList* grey) {
  if (shared_.is_empty()) return false;
  shared_.move_half(grey);
  if (grey->is_empty()) shared_.move_all(grey);
  wants_more_.store(shared_.is_empty(), std::memory_order_relaxed);
  return true;
}

bool MarkingTeam::take(GreyList* grey) {
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

bool MarkingTeam::take_or_close(GreyList* grey, Marker::Findings* findings) {
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
