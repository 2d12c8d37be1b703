#include "vm/main/step_recorder.h"

#include <algorithm>
#include <utility>

#include "vm/base/text.h"
#include "vm/main/wait_text.h"
#include "vm/object/coroutine.h"
#include "vm/object/table.h"
#include "vm/report/terminal_text.h"
#include "vm/runtime/errors.h"
#include "vm/runtime/variable_names.h"

namespace gilvm {
namespace {

constexpr ThreadId kMain = 1;

bool is_return(Opcode op) {
  return op == Opcode::kReturn || op == Opcode::kReturnNone || op == Opcode::kReturnOne ||
         op == Opcode::kReturnClose || op == Opcode::kTailCall;
}

// Of the functions that its thread runs.
bool is_outermost(const Coroutine& coroutine, const CallFrame* frame) {
  while (--frame >= coroutine.first_frame()) {
    if (frame->kind == FrameKind::kScript && frame->closure) return false;
  }
  return coroutine.is_main();
}

bool is_the_librarys(VmThread& thread, Value closed) {
  const Value method = metamethod(thread, closed, Event::kClose);
  return method.is_native() || (method.is_closure() && method.as_closure()->prototype->is_library);
}

}  // namespace

// Asks whom the run would ask without it, and is told everything.
class StepRecorder::Watching final : public Strategy {
 public:
  Watching(StepRecorder& recorder, std::unique_ptr<Strategy> decider)
      : recorder_(recorder), decider_(std::move(decider)) {}
  ThreadId choose(const Decision& decision) override { return recorder_.choose(*decider_, decision); }
  ThreadId awaited(const Decision& decision) override { return decider_->awaited(decision); }
  bool sees_every_point() const override { return true; }
  StepWatcher* watcher() override { return &recorder_; }
  void started(ThreadId thread) override {
    recorder_.started(thread);
    decider_->started(thread);
  }
  void ended(ThreadId thread) override {
    recorder_.ended(thread);
    decider_->ended(thread);
  }
  void parks(ThreadId thread) override {
    recorder_.parks(thread);
    decider_->parks(thread);
  }
  void unparks(ThreadId thread, bool waits) override { decider_->unparks(thread, waits); }

 private:
  StepRecorder& recorder_;
  const std::unique_ptr<Strategy> decider_;
};

std::unique_ptr<Strategy> StepRecorder::around(std::unique_ptr<Strategy> decider) {
  vm_ = nullptr;
  threads_.clear();
  names_.clear();
  running_ = kMain;
  living_ = 1;
  candidates_.clear();
  switches_.clear();
  is_cut_ = false;
  watched_values_.assign(watched_.size(), std::nullopt);
  watched_at_first_.clear();
  is_global_.assign(watched_.size(), false);
  touched_by_.clear();
  changed_.clear();
  return std::make_unique<Watching>(*this, std::move(decider));
}

void StepRecorder::prepare(VmThread& main) {
  vm_ = &main.vm();
  steps_.learn(main);
}

StepRecorder::Thread& StepRecorder::at(ThreadId thread) {
  if (threads_.size() <= thread) threads_.resize(thread + 1);
  return threads_[thread];
}

ThreadId StepRecorder::choose(Strategy& decider, const Decision& decision) {
  look_at_watched();
  Thread& current = at(running_);
  if (vm_ && current.vm_thread) note_closed(current);
  // Nobody has run meanwhile who would tell that it waits: all threads have waited, and are made to end.
  if (vm_ && vm_->interruption() != Interruption::kNone && current.call && current.call->has_parked) {
    candidates_[current.call->row].row.kind = StepRow::Kind::kWait;
  }
  // Where one alone could run, nobody would be asked.
  const bool is_asked = decision.candidates.size() > 1 || decider.sees_every_point();
  const ThreadId next = is_asked ? decider.choose(decision) : decision.candidates.front();
  if (next != running_) note_switch(decision);
  running_ = next;
  return next;
}

void StepRecorder::note_switch(const Decision& decision) {
  Thread& left = at(running_);
  const bool could_go_on = std::find(decision.candidates.begin(), decision.candidates.end(), running_) !=
                           decision.candidates.end();
  StepSwitch what;
  what.from = left.index;
  switch (decision.reason) {
    case TurnReason::kMayYield:
      what.why = decision.interval_passed ? StepSwitch::Why::kInterval : StepSwitch::Why::kAsked;
      break;
    case TurnReason::kMustYield: what.why = StepSwitch::Why::kCount; break;
    case TurnReason::kAccess: what.why = StepSwitch::Why::kNoLock; break;
    case TurnReason::kGrowth: what.why = StepSwitch::Why::kGrowth; break;
    case TurnReason::kInside: what.why = StepSwitch::Why::kInside; break;
    case TurnReason::kReturned:
      if (decision.current == 0) {
        what.why = StepSwitch::Why::kEnded;
      } else if (could_go_on) {
        what.why = vm_ && vm_->has_gil() ? StepSwitch::Why::kLetGo : StepSwitch::Why::kNoLock;
      } else {
        what.why = StepSwitch::Why::kWaits;
      }
      break;
  }
  if (what.why == StepSwitch::Why::kWaits && vm_ && left.vm_thread) {
    what.wait = wait_text(*left.vm_thread);
    if (left.call) {
      StepRow& row = candidates_[left.call->row].row;
      if (row.kind == StepRow::Kind::kCall) row.kind = StepRow::Kind::kWait;
      const bool in_library =
          left.vm_thread->coroutine->frame() != left.vm_thread->coroutine->first_frame() + left.call->depth;
      if (in_library || what.wait.empty()) what.wait = filled(translate("in {0}()"), row.name);
    }
  }
  if (left.index == SIZE_MAX) return;  // it has not begun
  // Of each thread its last one: more than that no row shows.
  auto same_place = switches_.end();
  while (same_place != switches_.begin() && std::prev(same_place)->position == candidates_.size())
    --same_place;
  switches_.erase(std::remove_if(same_place, switches_.end(),
                                 [&](const SwitchBefore& each) { return each.what.from == what.from; }),
                  switches_.end());
  switches_.push_back({candidates_.size(), std::move(what)});
}

void StepRecorder::started(ThreadId) { ++living_; }

void StepRecorder::parks(ThreadId id) {
  if (Thread& thread = at(id); thread.call) thread.call->has_parked = true;
}

void StepRecorder::ended(ThreadId id) {
  Thread& thread = at(id);
  thread.vm_thread = nullptr;  // it is gone
  if (thread.index != SIZE_MAX) {
    if (thread.call && !thread.returns) thread.call.reset();
    const bool is_stopped = !vm_ || vm_->interruption() != Interruption::kNone;
    Candidate* row = add(thread, thread.returns ? StepRow::Kind::kEnd
                                 : is_stopped   ? StepRow::Kind::kStop
                                                : StepRow::Kind::kFail);
    if (row) row->is_everyones = true;
  }
  --living_;
}

void StepRecorder::begin_thread(Thread& thread, VmThread& vm_thread) {
  thread.vm_thread = &vm_thread;
  thread.index = names_.size();
  names_.push_back(vm_thread.name());
  if (running_ == kMain) return;
  if (Candidate* row = add(thread, StepRow::Kind::kStart)) row->is_everyones = true;
}

// Null: there are too many.
StepRecorder::Candidate* StepRecorder::add(const Thread& thread, StepRow::Kind kind) {
  if (candidates_.size() == kMostRows) {
    is_cut_ = true;
    return nullptr;
  }
  Candidate& candidate = candidates_.emplace_back();
  candidate.row.thread = thread.index;
  candidate.row.kind = kind;
  candidate.row.alone = is_alone();
  return &candidate;
}

void StepRecorder::touch(std::uint32_t object, std::size_t thread) {
  const auto [known, is_new] = touched_by_.try_emplace(object, thread);
  if (!is_new && known->second != thread) known->second = kShared;
}

void StepRecorder::before_instruction(VmThread& vm_thread) {
  if (is_cut_ || !vm_) return;
  look_at_watched();
  Thread& thread = at(running_);
  if (!thread.vm_thread) begin_thread(thread, vm_thread);
  note_closed(thread);
  const Coroutine* coroutine = vm_thread.coroutine;
  const CallFrame* frame = coroutine->frame();
  if (frame->kind != FrameKind::kScript) return;
  const Prototype& prototype = *frame->closure->prototype;
  const Opcode op = frame->pc->op();
  thread.returns = is_return(op) && is_outermost(*coroutine, frame);
  if (prototype.is_library) return;
  const auto depth = static_cast<std::size_t>(frame - coroutine->first_frame());
  note_call(thread, frame, depth);
  thread.file = short_source(prototype.source);
  thread.line = prototype.line_at(frame->pc);
  NextStep step = steps_.of(vm_thread);
  if (step.kind == NextStep::Kind::kNone) return;
  const std::size_t row_index = candidates_.size();
  Candidate* candidate = add(thread, step.kind == NextStep::Kind::kRead    ? StepRow::Kind::kRead
                                     : step.kind == NextStep::Kind::kWrite ? StepRow::Kind::kWrite
                                                                           : StepRow::Kind::kCall);
  if (!candidate) return;
  for (const std::uint32_t object : step.objects) touch(object, thread.index);
  if (step.kind == NextStep::Kind::kWrite && !is_alone()) changed_.insert(step.variable);
  candidate->objects = std::move(step.objects);
  candidate->variable = step.variable;
  candidate->is_everyones = step.is_everyones;
  candidate->matters_if_changed = step.matters_if_changed;
  StepRow& row = candidate->row;
  row.instruction = info_of(op).name;
  row.file = thread.file;
  row.line = thread.line;
  row.name = std::move(step.name);
  row.variable = step.variable;
  if (step.kind == NextStep::Kind::kCall) {
    row.arguments = std::move(step.values);
    thread.call = Call{row_index, coroutine, depth, step.first_result, step.wanted_results, false};
    return;
  }
  row.values = std::move(step.values);
  const auto known = std::find(watched_.begin(), watched_.end(), step.captured);
  if (known == watched_.end()) return;
  note_watched(static_cast<std::size_t>(known - watched_.begin()), step.captured_content);
}

// The thread is back from the call that it made, or in a function of the script that this has called.
void StepRecorder::note_call(Thread& thread, const CallFrame* frame, std::size_t depth) {
  if (!thread.call) return;
  const bool is_back = thread.call->coroutine == thread.vm_thread->coroutine && depth == thread.call->depth;
  finish_call(thread, is_back ? frame : nullptr);
}

// `frame`: the one that has called; null: it gets no results.
void StepRecorder::finish_call(Thread& thread, const CallFrame* frame) {
  const Call call = *std::exchange(thread.call, std::nullopt);
  std::vector<ShownValue> results;
  if (frame && call.wanted_results != 0) {
    const Register* first = frame->base + call.first_result;
    std::ptrdiff_t count = call.wanted_results;
    if (count < 0) count = thread.vm_thread->coroutine->top - first;
    constexpr std::ptrdiff_t kMostResults = 6;
    for (std::ptrdiff_t index = 0; index < std::min(count, kMostResults); ++index) {
      results.push_back(shown_value(*thread.vm_thread, first[index]));
    }
  }
  const bool others_came = call.row + 1 != candidates_.size();
  const bool has_waited = candidates_[call.row].row.kind == StepRow::Kind::kWait;
  if (!has_waited && !(others_came && !results.empty())) {
    candidates_[call.row].row.values = std::move(results);
    return;
  }
  const Candidate began = candidates_[call.row];
  Candidate* back = add(thread, StepRow::Kind::kReturn);
  if (!back) return;
  back->objects = began.objects;
  back->is_everyones = began.is_everyones;
  back->row.instruction = began.row.instruction;
  back->row.file = began.row.file;
  back->row.line = began.row.line;
  back->row.name = began.row.name;
  back->row.values = std::move(results);
}

// The functions that close variables are called where a block ends, and by errors, without an instruction of
// their own: since the last look.
void StepRecorder::note_closed(Thread& thread) {
  VmThread& vm_thread = *thread.vm_thread;
  const Coroutine* coroutine = vm_thread.coroutine;
  const std::vector<ToBeClosed>& open = coroutine->to_be_closed;
  if (std::exchange(thread.coroutine, coroutine) != coroutine) thread.to_be_closed.clear();
  while (thread.to_be_closed.size() > open.size()) {
    const Closing closed = std::move(thread.to_be_closed.back());
    thread.to_be_closed.pop_back();
    if (!closed.is_the_librarys) continue;
    Candidate* candidate = add(thread, StepRow::Kind::kCall);
    if (!candidate) continue;
    touch(closed.object, thread.index);
    candidate->objects = {closed.object};
    candidate->row.file = thread.file;
    candidate->row.line = thread.line;
    candidate->row.name = closed.name;
  }
  while (thread.to_be_closed.size() < open.size()) {
    const ToBeClosed& each = open[thread.to_be_closed.size()];
    Closing closing{{}, false, 0};
    // The frame that has declared it: the innermost one whose registers begin below.
    const CallFrame* frame = coroutine->frame();
    while (frame > coroutine->first_frame() &&
           (frame->kind != FrameKind::kScript || coroutine->index_of(frame->base) > each.level)) {
      --frame;
    }
    const bool is_scripts =
        frame->kind == FrameKind::kScript && frame->closure && !frame->closure->prototype->is_library;
    if (is_scripts && each.value.is_object()) {
      const Prototype& prototype = *frame->closure->prototype;
      const auto position = static_cast<std::size_t>(frame->pc - prototype.code.get());
      const unsigned reg = each.level - coroutine->index_of(frame->base);
      closing.name = name_of_local(prototype, prototype.lua_position[position], reg);
      if (closing.name.empty()) closing.name = "?";
      closing.name += ":__close";
      closing.is_the_librarys = is_the_librarys(vm_thread, each.value);
      closing.object = each.value.as_object()->word;
    }
    thread.to_be_closed.push_back(std::move(closing));
  }
}

// Have globals changed since the last look? They are found by going through all, since to make the key of a
// name would be an allocation.
void StepRecorder::look_at_watched() {
  const Thread& thread = at(running_);
  if (watched_.empty() || is_cut_ || !vm_ || !thread.vm_thread) return;
  std::vector<Value> values(watched_.size());
  Value key, value;
  while (vm_->globals->next(key, &key, &value) && !key.is_nil()) {
    if (!key.is_string()) continue;
    const auto known = std::find(watched_.begin(), watched_.end(), key.as_string()->view());
    if (known != watched_.end()) values[static_cast<std::size_t>(known - watched_.begin())] = value;
  }
  for (std::size_t which = 0; which < watched_.size(); ++which) {
    // A captured local may have that name, and no global.
    if (values[which].is_nil() && !is_global_[which]) continue;
    is_global_[which] = true;
    note_watched(which, shown_content(*thread.vm_thread, values[which]));
  }
}

void StepRecorder::note_watched(std::size_t which, const ShownValue& value) {
  if (watched_values_[which] == value) return;
  watched_values_[which] = value;
  auto& place = candidates_.empty() ? watched_at_first_ : candidates_.back().row.watched;
  place.emplace_back(which, value);
}

bool StepRecorder::is_shown(const Candidate& candidate) const {
  if (candidate.matters_if_changed && !changed_.contains(candidate.variable)) return false;
  return candidate.is_everyones ||
         std::any_of(candidate.objects.begin(), candidate.objects.end(), [this](std::uint32_t object) {
           const auto known = touched_by_.find(object);
           return known != touched_by_.end() && known->second == kShared;
         });
}

std::string StepRecorder::unknown_name() const {
  for (std::size_t which = 0; which < watched_.size(); ++which) {
    if (!watched_values_[which]) return watched_[which];
  }
  return {};
}

StepTable StepRecorder::table() const {
  StepTable table;
  table.threads = names_;
  table.watched = watched_;
  table.is_cut = is_cut_;
  std::size_t next_switch = 0;
  std::size_t last_thread = SIZE_MAX;
  std::optional<StepSwitch> left;  // the last shown thread
  std::optional<StepSwitch> last;
  std::vector<std::pair<std::size_t, ShownValue>> watched = watched_at_first_;
  for (std::size_t index = 0; index < candidates_.size(); ++index) {
    for (; next_switch < switches_.size() && switches_[next_switch].position == index; ++next_switch) {
      last = switches_[next_switch].what;
      if (last->from == last_thread) left = last;
    }
    const Candidate& candidate = candidates_[index];
    if (!is_shown(candidate)) {
      // What its instruction has changed stands beside the row before.
      auto& place = table.rows.empty() ? watched : table.rows.back().watched;
      place.insert(place.end(), candidate.row.watched.begin(), candidate.row.watched.end());
      continue;
    }
    StepRow& row = table.rows.emplace_back(candidate.row);
    row.watched.insert(row.watched.begin(), watched.begin(), watched.end());
    watched.clear();
    if (last_thread != SIZE_MAX && row.thread != last_thread) row.switched = left ? left : last;
    left.reset();
    last.reset();
    last_thread = row.thread;
  }
  return table;
}

}  // namespace gilvm
