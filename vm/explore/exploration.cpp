#include "vm/explore/exploration.h"

#include <algorithm>
#include <functional>

#include "vm/base/check.h"

namespace gilvm {
namespace {

template <typename Threads>
bool contains(const Threads& threads, ThreadId thread) {
  return std::find(threads.begin(), threads.end(), thread) != threads.end();
}

bool conflict(const ExplorationPart::Accesses& one, const ExplorationPart::Accesses& other) {
  for (const Access& access : one) {
    for (const Access& another : other) {
      if (gilvm::conflict(access, another)) return true;
    }
  }
  return false;
}

template <typename Sleepers>
bool sleeps(const Sleepers& sleepers, ThreadId thread) {
  return std::any_of(sleepers.begin(), sleepers.end(),
                     [thread](const auto& sleeper) { return sleeper.thread == thread; });
}

}  // namespace

Exploration::Index& Exploration::at(Clock& clock, ThreadId thread) {
  if (clock.size() <= thread) clock.resize(thread + 1);
  return clock[thread];
}

void Exploration::join(Clock& clock, const Clock& other) {
  if (clock.size() < other.size()) clock.resize(other.size());
  for (std::size_t thread = 0; thread < other.size(); ++thread) {
    clock[thread] = std::max(clock[thread], other[thread]);
  }
}

bool Exploration::comes_before(Index earlier, const Clock& clock) const {
  const ThreadId thread = events_[earlier].thread;
  return thread < clock.size() && clock[thread] > earlier;
}

bool Exploration::begin() {
  depth_ = 0;
  has_touched_ = false;
  if (!has_begun_) return has_begun_ = true;
  double size = 1;  // executions below what was tried last
  while (nodes_.size() > root_) {
    Node& node = nodes_.back();
    node.explored += size;
    node.done.push_back({node.chosen, events_.back().accesses});
    drop_last_event();
    for (const ThreadId thread : node.to_try) {
      if (sleeps(node.done, thread) || sleeps(node.sleep, thread)) continue;
      node.chosen = thread;
      kept_ = nodes_.size() - 1;
      return true;
    }
    size = node.explored;
    nodes_.pop_back();
  }
  return false;
}

void Exploration::go_on_after(std::size_t steps) {
  GILVM_CHECK(depth_ == 0 && steps <= kept_);
  depth_ = steps;
  has_touched_ = true;
}

void Exploration::take(ExplorationPart part) {
  nodes_ = std::move(part.nodes);
  events_ = std::move(part.events);
  root_ = part.root;
  has_begun_ = !nodes_.empty();
  depth_ = kept_ = 0;
  touches_.clear();
  of_thread_.clear();
  for (Index index = 0; index < events_.size(); ++index) {
    const Event& event = events_[index];
    if (of_thread_.size() <= event.thread) of_thread_.resize(event.thread + 1);
    of_thread_[event.thread].push_back(index);
    for (const Access& access : event.accesses) note_touch(index, access);
  }
}

void Exploration::note_touch(Index event, const Access& access) {
  Touches& touches = touches_[{access.object, access.key}];
  touches.list.push_back({event, access.writes});
  touches.writes += access.writes;
}

// Of `wanted`, those that are to be tried at the node after the one that is being tried.
ExplorationPart::Threads Exploration::untried(const Node& node,
                                              const ExplorationPart::Threads& wanted) const {
  ExplorationPart::Threads threads;
  for (const ThreadId thread : wanted) {
    if (thread != node.chosen && !sleeps(node.done, thread) && !sleeps(node.sleep, thread)) {
      threads.push_back(thread);
    }
  }
  return threads;
}

// How many executions there are from a node on, those that were included: were what is still to be tried at a
// node as large as what was tried there (Kilby, Slaney, Thiebaux, Walsh: Estimating Search Tree Size, AAAI
// 2006: the recursive estimator).
double Exploration::estimate(std::size_t first) const {
  double size = 1;
  for (std::size_t index = nodes_.size(); index-- > first;) {
    const Node& node = nodes_[index];
    const auto open = static_cast<double>(untried(node, node.to_try).size());
    size += node.explored;
    size += open * size / static_cast<double>(node.done.size() + 1);
  }
  return size;
}

std::vector<ExplorationPart> Exploration::give() {
  std::vector<ExplorationPart> parts;
  if (!has_begun_) return {ExplorationPart()};
  // The first node with something left.
  std::size_t first = root_;
  for (; first < nodes_.size(); ++first) {
    Node& node = nodes_[first];
    if (reduced_) {
      for (const ThreadId thread : node.candidates) {
        if (!contains(node.to_try, thread)) node.to_try.push_back(thread);
      }
    }
    if (!untried(node, node.to_try).empty()) break;
  }
  if (first == nodes_.size()) return parts;
  const double below = estimate(first + 1);
  const auto end = static_cast<std::ptrdiff_t>(first) + 1;
  ExplorationPart& part = parts.emplace_back();
  part.nodes.assign(nodes_.begin(), nodes_.begin() + end);
  part.events.assign(events_.begin(), events_.begin() + end);
  part.root = first;
  Node& node = part.nodes.back();
  part.left = (node.explored + below) * static_cast<double>(untried(node, node.to_try).size()) /
              static_cast<double>(node.done.size() + 1);
  node.explored += below - 1;  // begin() counts one
  bool is_more = false;
  double explored = 1;
  for (std::size_t index = first + 1; index < nodes_.size(); ++index) {
    is_more = is_more || !untried(nodes_[index], nodes_[index].to_try).empty();
    explored += nodes_[index].explored;
  }
  if (is_more) {
    ExplorationPart& rest = parts.emplace_back();
    rest.left = below - explored;
    rest.root = first + 1;
    rest.nodes = std::move(nodes_);
    rest.events = std::move(events_);
  }
  return parts;
}

void Exploration::drop_last_event() {
  const Event& event = events_.back();
  for (const Access& access : event.accesses) {
    Touches& touches = touches_.find({access.object, access.key})->second;
    touches.list.pop_back();
    touches.writes -= access.writes;
  }
  if (event.thread < of_thread_.size() && !of_thread_[event.thread].empty() &&
      of_thread_[event.thread].back() == events_.size() - 1) {
    of_thread_[event.thread].pop_back();
  }
  events_.pop_back();
}

bool Exploration::is_step(std::span<const ThreadId> candidates, ThreadId current) const {
  return has_touched_ || depth_ == 0 || current == 0 || !contains(candidates, current);
}

ThreadId Exploration::choose(std::span<const ThreadId> candidates, ThreadId current) {
  if (!is_step(candidates, current)) return current;
  const bool goes_on = current != 0 && contains(candidates, current);
  close_event();
  if (depth_ >= nodes_.size()) {
    add_node(candidates, goes_on ? current : 0);
    if (nodes_.back().chosen == 0) {
      nodes_.pop_back();
      return 0;
    }
  }
  const ThreadId chosen = nodes_[depth_].chosen;
  GILVM_CHECK(contains(candidates, chosen));  // the same steps as before have led to the same state
  if (depth_ >= kept_) events_.emplace_back().thread = chosen;
  ++depth_;
  has_touched_ = false;
  return chosen;
}

void Exploration::end() { close_event(); }

// What the last step has touched is known.
void Exploration::close_event() {
  if (depth_ > kept_ && depth_ == events_.size() && events_.back().clock.empty()) {
    find_races(static_cast<Index>(depth_ - 1));
  }
}

void Exploration::access(const Access& access) {
  if (depth_ == 0) return;
  has_touched_ = true;
  if (!is_new()) return;
  ExplorationPart::Accesses& accesses = events_.back().accesses;
  for (const Access& other : accesses) {
    if (other.object == access.object && other.key == access.key && other.writes >= access.writes) return;
  }
  accesses.push_back(access);
  note_touch(static_cast<Index>(events_.size() - 1), access);
}

void Exploration::wakes(ThreadId thread) {
  if (depth_ == 0) return;
  has_touched_ = true;
  if (is_new()) events_.back().woken.push_back(thread);
}

unsigned Exploration::switches() const {
  unsigned count = 0;
  for (std::size_t index = 1; index < events_.size(); ++index) {
    count += events_[index].thread != events_[index - 1].thread;
  }
  return count;
}

// Those of the node before that the last event has not woken.
void Exploration::add_sleepers(const Node& before, Node* node) const {
  const Event& event = events_.back();
  for (const auto* list : {&before.sleep, &before.done}) {
    for (const Sleeper& sleeper : *list) {
      if (sleeper.thread == event.thread || conflict(sleeper.accesses, event.accesses)) continue;
      if (!sleeps(node->sleep, sleeper.thread)) node->sleep.push_back(sleeper);
    }
  }
}

void Exploration::add_node(std::span<const ThreadId> candidates, ThreadId current) {
  Node& node = nodes_.emplace_back();
  node.candidates.assign(candidates.begin(), candidates.end());
  node.current = current;
  if (nodes_.size() > 1) {
    const Node& before = nodes_[nodes_.size() - 2];
    if (reduced_) add_sleepers(before, &node);
    node.preemptions = before.preemptions + (before.current != 0 && before.chosen != before.current);
  }
  choose_what_to_try(node);
}

// Who could go on, goes on: so few switches come first.
void Exploration::choose_what_to_try(Node& node) {
  const auto may_try = [&](ThreadId thread) { return !sleeps(node.sleep, thread); };
  if (node.current != 0 && may_try(node.current)) node.chosen = node.current;
  for (const ThreadId thread : node.candidates) {
    if (node.chosen == 0 && may_try(thread)) node.chosen = thread;
  }
  if (node.chosen == 0) return;
  node.to_try.push_back(node.chosen);
  if (reduced_) return;
  for (const ThreadId thread : node.candidates) {
    if (thread == node.chosen) continue;
    if (preemptions_ && node.current != 0 && node.preemptions >= *preemptions_) {
      has_left_out_ = true;
    } else {
      node.to_try.push_back(thread);
    }
  }
}

// The events before the last that conflict with it and might race, the latest first. Of one thread's, those
// that come before another one that conflicts do not matter.
Exploration::Indices Exploration::conflicting_with(const Event& event) const {
  const auto index = static_cast<Index>(events_.size() - 1);
  Indices found;
  for (const Access& access : event.accesses) {
    if (access.object == Access::kAnything) {
      for (const std::vector<Index>& indices : of_thread_) {
        const auto last = std::find_if(indices.rbegin(), indices.rend(),
                                       [&](Index other) { return !events_[other].accesses.empty(); });
        if (last != indices.rend()) found.push_back(*last);
      }
      continue;
    }
    const auto add = [&](const Place& place) {
      const auto touches = touches_.find(place);
      if (touches != touches_.end()) add_conflicting(touches->second, access.writes, index, &found);
    };
    add({Access::kAnything, Access::kWhole});
    if (access.key != Access::kWhole) {
      add({access.object, Access::kWhole});
      add({access.object, access.key});
      continue;
    }
    for (auto touches = touches_.lower_bound({access.object, 0});
         touches != touches_.end() && touches->first.first == access.object; ++touches) {
      add_conflicting(touches->second, access.writes, index, &found);
    }
  }
  const auto is_own = [&](Index other) { return events_[other].thread == event.thread; };
  found.erase(std::remove_if(found.begin(), found.end(), is_own), found.end());
  std::sort(found.begin(), found.end(), std::greater<>());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

// What conflicts with an access and came before a write to the same conflicts with the write, too.
void Exploration::add_conflicting(const Touches& touches, bool writes, Index before, Indices* found) {
  if (!writes && touches.writes == 0) return;
  for (auto touch = touches.list.rbegin(); touch != touches.list.rend(); ++touch) {
    if (touch->event == before || !(writes || touch->writes)) continue;
    found->push_back(touch->event);
    if (touch->writes) return;
  }
}

void Exploration::find_races(Index index) {
  Event& event = events_[index];
  if (of_thread_.size() <= event.thread) of_thread_.resize(event.thread + 1);
  std::vector<Index>& own = of_thread_[event.thread];
  Clock clock;
  Index since = 0;  // its last event before, and one more
  if (!own.empty()) {
    clock = events_[own.back()].clock;
    since = own.back() + 1;
  }
  for (Index other = since; other < index; ++other) {
    if (contains(events_[other].woken, event.thread)) join(clock, events_[other].clock);
  }
  Indices races;
  if (reduced_) {
    for (const Index other : conflicting_with(event)) {
      if (comes_before(other, clock)) continue;
      races.push_back(other);
      join(clock, events_[other].clock);
    }
  }
  at(clock, event.thread) = index + 1;
  event.clock = std::move(clock);
  own.push_back(index);
  for (const Index other : races) try_before(other, index);
}

// From the state before `earlier`, what leads to `later` without it is to be tried: one of the threads that
// can take the first step there must be among those that are.
void Exploration::try_before(Index earlier, Index later) {
  if (earlier < root_) return;
  Node& node = nodes_[earlier];
  // Of each thread, its first event that `earlier` is not before.
  ExplorationPart::ShortList<std::pair<ThreadId, Index>, 4> firsts;
  ExplorationPart::Threads initials;
  for (Index index = earlier + 1; index <= later; ++index) {
    const Event& event = events_[index];
    if (index != later && comes_before(earlier, event.clock)) continue;
    if (std::any_of(firsts.begin(), firsts.end(),
                    [&](const auto& first) { return first.first == event.thread; })) {
      continue;
    }
    const bool is_initial = std::none_of(firsts.begin(), firsts.end(), [&](const auto& first) {
      return comes_before(first.second, event.clock);
    });
    firsts.emplace_back(event.thread, index);
    if (is_initial) initials.push_back(event.thread);
  }
  for (const ThreadId thread : initials) {
    if (contains(node.to_try, thread)) return;
  }
  const ThreadId wanted =
      contains(initials, events_[later].thread) ? events_[later].thread : initials.front();
  if (contains(node.candidates, wanted)) {
    node.to_try.push_back(wanted);
    return;
  }
  // It waits in a way that the steps do not show: whoever can lead there.
  for (const ThreadId thread : node.candidates) {
    if (!contains(node.to_try, thread)) node.to_try.push_back(thread);
  }
}

}  // namespace gilvm
