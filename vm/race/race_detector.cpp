#include "vm/race/race_detector.h"

#include <algorithm>
#include <utility>

#include "vm/race/names.h"
#include "vm/race/value_flow.h"

namespace gilvm {
namespace {

using Part = SharedAccess::Part;

constexpr std::array<bool, kOpcodeCount> kLookedAt = [] {
  std::array<bool, kOpcodeCount> looked_at = {};
  for (unsigned op = 0; op < kOpcodeCount; ++op) {
    const auto opcode = static_cast<Opcode>(op);
    looked_at[op] = touches_shared(opcode) || opcode == Opcode::kCall || opcode == Opcode::kTailCall ||
                    opcode == Opcode::kGenericForCall;
  }
  return looked_at;
}();

}  // namespace

void RaceDetector::prepare(VmThread& main) {
  accesses_.learn(main);
  main.vm().add_root([this](Marker& marker) { tree_.trace(marker); });
}

RaceDetector::Thread& RaceDetector::at(ThreadNumber number) {
  if (threads_.size() <= number) threads_.resize(number + std::size_t{1});
  if (!threads_[number]) {
    threads_[number] = std::make_unique<Thread>();
    threads_[number]->number = number;
    threads_[number]->clock.advance(number);
    threads_[number]->order.advance(number);
  }
  return *threads_[number];
}

RaceDetector::Thread& RaceDetector::at(const VmThread& thread) {
  Thread& found = at(static_cast<ThreadNumber>(thread.number()));
  if (found.name.empty()) found.name = thread.name();
  return found;
}

CallTree::Node RaceDetector::site_of_call(Thread& self, const VmThread& thread) {
  self.path.follow(thread.coroutine);
  return self.path.at(tree_, true);
}

// Threads

void RaceDetector::starts_thread(VmThread& thread, std::uint64_t number) {
  if (is_over()) return;
  Thread& self = at(thread);
  Thread& other = at(static_cast<ThreadNumber>(number));
  other.started_at = site_of_call(self, thread);
  other.clock.join(self.clock);
  other.order.join(self.order);
  self.clock.advance(self.number);
  self.order.advance(self.number);
  ++living_;
  is_alone_ = false;
}

void RaceDetector::thread_begins(VmThread& thread) { at(thread); }

void RaceDetector::thread_ends(VmThread&) { --living_; }

void RaceDetector::saw_end(VmThread& thread, std::uint64_t number) {
  if (is_over()) return;
  Thread& self = at(thread);
  const Thread& ended = at(static_cast<ThreadNumber>(number));
  self.clock.join(ended.clock);
  self.order.join(ended.order);
  look_for_others(self);
}

void RaceDetector::look_for_others(const Thread& self) {
  if (is_alone_ || living_ > 1) return;
  for (const auto& thread : threads_) {
    if (thread && !self.clock.knows(thread->clock.epoch_of(thread->number))) return;
  }
  is_alone_ = true;
  variables_.clear();
  for (Read& read : at(self.number).reads) read = Read();
}

// Locks

LockNumber RaceDetector::number_of(Object* object) {
  const auto [found, is_new] = lock_numbers_.try_emplace(object, static_cast<LockNumber>(locks_.size()));
  if (!is_new && locks_[found->second].identity == object->word) return found->second;
  found->second = static_cast<LockNumber>(locks_.size());
  Lock& lock = locks_.emplace_back();
  lock.object = object;
  lock.identity = object->word;
  return found->second;
}

std::uint32_t RaceDetector::kind_of(LockNumber lock, CallTree::Node site) {
  const auto [found, is_new] =
      kinds_.try_emplace(std::uint64_t{lock} << 32 | site, static_cast<std::uint32_t>(holds_.size()));
  if (is_new) holds_.push_back({lock, site, found->second});
  return found->second;
}

void RaceDetector::let_go(Lock& lock, LockNumber number) {
  Thread& owner = at(std::exchange(lock.owner, 0));
  const auto held = std::find_if(owner.held.begin(), owner.held.end(),
                                 [number](const Held& each) { return each.lock == number; });
  if (held == owner.held.end()) return;
  owner.locks = sets_.without(owner.locks, held->kind);
  owner.held.erase(held);
}

bool RaceDetector::share_lock(LockSets::Set one, LockSets::Set other) const {
  for (const std::uint32_t kind : sets_.of(one)) {
    for (const std::uint32_t other_kind : sets_.of(other)) {
      if (holds_[kind].lock == holds_[other_kind].lock) return true;
    }
  }
  return false;
}

void RaceDetector::took_lock(VmThread& thread, Object* object, Patience patience) {
  if (is_over()) return;
  Thread& self = at(thread);
  const LockNumber number = number_of(object);
  Lock& lock = locks_[number];
  self.clock.join(lock.clock);
  if (lock.is_signal) return self.order.join(lock.order);
  const CallTree::Node site = site_of_call(self, thread);
  if (lock.taken_at == CallTree::kRoot) lock.taken_at = site;
  if (patience == Patience::kForEver && !self.held.empty()) {
    LockSets::Set all = LockSets::kEmpty;
    for (const Held& held : self.held) all = order_sets_.with(all, held.lock);
    for (const Held& held : self.held) {
      order_.add({held.lock, number, self.number, all, held.site, site, self.order});
    }
  }
  lock.owner = self.number;
  self.held.push_back(holds_[kind_of(number, site)]);
  self.locks = sets_.with(self.locks, self.held.back().kind);
}

// Who waits for a lock that it has taken itself waits for another thread's signal.
void RaceDetector::waits_for_lock(VmThread& thread, Object* object) {
  if (is_over()) return;
  const LockNumber number = number_of(object);
  Lock& lock = locks_[number];
  if (lock.owner != thread.number()) return;
  lock.is_signal = true;
  let_go(lock, number);
}

void RaceDetector::releases_lock(VmThread& thread, Object* object) {
  if (is_over()) return;
  Thread& self = at(thread);
  const LockNumber number = number_of(object);
  Lock& lock = locks_[number];
  if (lock.owner != 0 && lock.owner != self.number) lock.is_signal = true;
  if (lock.owner != 0) let_go(lock, number);
  lock.clock.join(self.clock);
  self.clock.advance(self.number);
  if (!lock.is_signal) return;
  lock.order.join(self.order);
  self.order.advance(self.number);
}

// Messages

RaceDetector::Told& RaceDetector::told(const Object* object) {
  Told& told = told_[object];
  if (told.identity != object->word) told = Told();
  told.identity = object->word;
  return told;
}

void RaceDetector::tell(Thread& self, const Object* object) {
  Told& message = told(object);
  message.clock.join(self.clock);
  message.order.join(self.order);
  self.clock.advance(self.number);
  self.order.advance(self.number);
}

void RaceDetector::hear(Thread& self, const Object* object) {
  const auto found = told_.find(object);
  if (found == told_.end() || found->second.identity != object->word) return;
  self.clock.join(found->second.clock);
  self.order.join(found->second.order);
}

void RaceDetector::tells(VmThread& thread, Object* object) {
  if (!is_over()) tell(at(thread), object);
}

void RaceDetector::hears(VmThread& thread, Object* object) {
  if (!is_over()) hear(at(thread), object);
}

// Variables

void RaceDetector::before_instruction(VmThread& thread) {
  if (is_over()) return;
  Thread& self = at(thread);
  self.path.follow(thread.coroutine);
  const CallFrame* frame = thread.coroutine->frame();
  // A finalizer comes after all that was done with its object, which nothing says.
  if (is_alone_ || thread.runs_finalizer || frame->kind != FrameKind::kScript) return;
  if (!kLookedAt[static_cast<unsigned>(frame->pc->op())]) return;
  const bool is_library = frame->closure->prototype->is_library;
  for (const SharedAccess& access : accesses_.of_next(thread)) {
    if (!is_library) {
      look_at(self, thread, access);
    } else if (access.writes) {
      tell(self, access.object);
    } else {
      hear(self, access.object);
    }
  }
}

void RaceDetector::look_at(Thread& self, const VmThread& thread, const SharedAccess& access) {
  Variable& variable = variables_.of(access);
  if (access.part == Part::kLength || access.part == Part::kKeys) {
    grow(self, access, variable);
  } else if (access.part == Part::kStorage) {
    use_storage(self, access, variable);
  } else if (access.writes) {
    write(self, thread, access, variable);
  } else {
    read(self, thread, access, variable);
  }
}

void RaceDetector::grow(Thread& self, const SharedAccess& access, Variable& variable) {
  GrowthHistory& history = variable.growth;
  const Epoch epoch = self.clock.epoch_of(self.number);
  const bool changes = access.writes;
  if (changes ? history.knows_change(epoch, self.locks) : history.knows_look(epoch, self.locks)) return;
  const PastAccess now = {epoch, self.path.at(tree_, false), self.locks};
  const PastAccess* race = changes ? history.race_of_change(self.clock) : history.race_of_look(self.clock);
  if (race) report_race(access, *race, !changes, now);
  if (changes) {
    history.add_change(now, self.clock);
  } else {
    history.add_look(now, self.clock);
  }
}

void RaceDetector::use_storage(Thread& self, const SharedAccess& access, Variable& variable) {
  VariableHistory& history = variable.history;
  const Epoch epoch = self.clock.epoch_of(self.number);
  const bool adds = access.writes;
  if (adds ? history.knows_write(epoch, self.locks) : history.knows_read(epoch, self.locks)) return;
  const PastAccess now = {epoch, self.path.at(tree_, false), self.locks};
  const PastAccess* other = adds ? history.race_of_write(self.clock) : history.race_of_read(self.clock);
  if (other) report_growth(access, *other, other == &history.last_write(), now);
  if (adds) {
    history.add_write(now);
  } else {
    history.add_read(now, self.clock);
  }
}

RaceDetector::Read& RaceDetector::remembered(Thread& self, const Variable& variable) {
  return self.reads[(reinterpret_cast<std::uintptr_t>(&variable) / sizeof(Variable)) % self.reads.size()];
}

void RaceDetector::read(Thread& self, const VmThread& thread, const SharedAccess& access,
                        Variable& variable) {
  const CallFrame* frame = thread.coroutine->frame();
  remembered(self, variable) = {&variable,      frame->pc,        thread.coroutine,
                                frame->closure, variable.version, self.locks};
  const Epoch epoch = self.clock.epoch_of(self.number);
  if (variable.history.knows_read(epoch, self.locks)) return;
  const PastAccess now = {epoch, self.path.at(tree_, false), self.locks};
  if (const PastAccess* race = variable.history.race_of_read(self.clock))
    report_race(access, *race, true, now);
  variable.history.add_read(now, self.clock);
}

void RaceDetector::write(Thread& self, const VmThread& thread, const SharedAccess& access,
                         Variable& variable) {
  Read& before = remembered(self, variable);
  if (before.variable == &variable) {
    if (before.version != variable.version) look_for_lost_update(self, thread, access, variable);
    before.version = variable.version + 1;
  }
  ++variable.version;
  const Epoch epoch = self.clock.epoch_of(self.number);
  if (variable.history.knows_write(epoch, self.locks)) return;
  const PastAccess now = {epoch, self.path.at(tree_, false), self.locks};
  if (const PastAccess* race = variable.history.race_of_write(self.clock)) {
    report_race(access, *race, race == &variable.history.last_write(), now);
  }
  variable.history.add_write(now);
}

void RaceDetector::look_for_lost_update(Thread& self, const VmThread& thread, const SharedAccess& access,
                                        const Variable& variable) {
  const Read& before = remembered(self, variable);
  const CallFrame* frame = thread.coroutine->frame();
  const PastAccess& others = variable.history.last_write();
  if (before.coroutine != thread.coroutine || before.closure != frame->closure) return;
  if (before.instruction > frame->pc || others.epoch.thread == self.number || !others.exists()) {
    return;
  }
  const PastAccess now = {self.clock.epoch_of(self.number), self.path.at(tree_, false), self.locks};
  if (!is_new(2, others.site, now.site)) return;
  Prototype* prototype = frame->closure->prototype;
  if (!stores_what_was_read(*prototype, before.instruction, frame->pc)) return;
  const CallTree::Node read_at = tree_.find(tree_.at(now.site).caller, prototype, before.instruction);
  RaceFinding finding;
  finding.kind = RaceFinding::Kind::kLostUpdate;
  finding.variable = variable_name(now.site, access);
  const PastAccess first = {now.epoch, read_at, before.locks};
  finding.accesses = {found(first, false), found(others, true), found(now, true)};
  report(std::move(finding));
}

// Findings

bool RaceDetector::is_new(std::uint32_t kind, CallTree::Node one, CallTree::Node other) {
  return reported_.insert(std::uint64_t{kind} << 60 | std::uint64_t{one} << 30 | other).second;
}

void RaceDetector::report_race(const SharedAccess& access, const PastAccess& before, bool before_writes,
                               const PastAccess& now) {
  if (!is_new(access.part == Part::kLength, before.site, now.site)) return;
  const bool both_lock = before.locks != LockSets::kEmpty && now.locks != LockSets::kEmpty;
  RaceFinding finding;
  finding.kind = both_lock && !share_lock(before.locks, now.locks) ? RaceFinding::Kind::kWrongLock
                                                                   : RaceFinding::Kind::kRace;
  finding.variable = variable_name(now.site, access);
  // One of them may be done by a loop, which names no variable.
  if (finding.variable.find('?') != std::string::npos) finding.variable = variable_name(before.site, access);
  finding.accesses = {found(before, before_writes), found(now, access.writes)};
  report(std::move(finding));
}

void RaceDetector::report_growth(const SharedAccess& access, const PastAccess& before, bool before_adds,
                                 const PastAccess& now) {
  if (!is_new(3, before.site, now.site)) return;
  RaceFinding finding;
  finding.kind = RaceFinding::Kind::kGrowth;
  finding.variable = variable_name(now.site, access);
  if (finding.variable == "?") finding.variable = variable_name(before.site, access);
  finding.accesses = {found(before, true), found(now, true)};
  finding.accesses[0].adds_key = before_adds;
  finding.accesses[1].adds_key = access.writes;
  report(std::move(finding));
}

void RaceDetector::report(RaceFinding finding) {
  if (findings_.size() >= kMostFindings || !identities_.insert(finding.identity()).second) return;
  findings_.push_back(std::move(finding));
}

std::string RaceDetector::variable_name(CallTree::Node site, const SharedAccess& access) const {
  const CallTree::Place& place = tree_.at(site);
  return name_of_variable(*place.prototype, place.instruction, access);
}

HeldLock RaceDetector::described(LockNumber lock, CallTree::Node taken_at) const {
  HeldLock held;
  CallTree::Node site = tree_.outside_of_library(taken_at);
  if (site != CallTree::kRoot) {
    held.file = tree_.file_of(site);
    held.line = tree_.line_of(site);
  } else {
    site = tree_.outside_of_library(locks_[lock].taken_at);
  }
  if (site != CallTree::kRoot)
    held.name = name_of_object(*tree_.at(site).prototype, tree_.at(site).instruction);
  return held;
}

FoundAccess RaceDetector::place_of(ThreadNumber thread, CallTree::Node site) const {
  FoundAccess found;
  if (thread < threads_.size() && threads_[thread]) {
    found.thread = threads_[thread]->name;
    const CallTree::Node start = tree_.outside_of_library(threads_[thread]->started_at);
    if (start != CallTree::kRoot)
      found.started_at = tree_.file_of(start) + ":" + std::to_string(tree_.line_of(start));
  }
  const CallTree::Node shown = tree_.outside_of_library(site);
  if (shown != CallTree::kRoot) {
    found.file = tree_.file_of(shown);
    found.line = tree_.line_of(shown);
    found.traceback = tree_.traceback(shown);
  }
  return found;
}

FoundAccess RaceDetector::found(const PastAccess& access, bool writes) const {
  FoundAccess result = place_of(access.epoch.thread, access.site);
  result.writes = writes;
  for (const std::uint32_t kind : sets_.of(access.locks)) {
    result.locks.push_back(described(holds_[kind].lock, holds_[kind].site));
  }
  return result;
}

RaceFinding RaceDetector::finding_of(const LockOrder::Cycle& cycle) const {
  RaceFinding finding;
  finding.kind = RaceFinding::Kind::kLockOrder;
  for (const LockOrder::Step* step : cycle) {
    FoundAccess access = place_of(step->thread, step->site);
    access.locks = {described(step->held, step->held_site)};
    access.takes = described(step->taken, step->site);
    if (!finding.variable.empty()) finding.variable += ", ";
    finding.variable += access.takes.name.empty() ? "?" : access.takes.name;
    finding.accesses.push_back(std::move(access));
  }
  return finding;
}

std::vector<RaceFinding> RaceDetector::findings() {
  for (const LockOrder::Cycle& cycle : order_.cycles(order_sets_)) report(finding_of(cycle));
  return std::move(findings_);
}

}  // namespace gilvm
