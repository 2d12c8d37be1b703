#include "vm/explore/explorer.h"

#include <algorithm>
#include <utility>

#include "vm/base/snapshot_area.h"
#include "vm/object/coroutine.h"

namespace gilvm {
namespace {

std::uint32_t key_of(ThreadId thread) { return static_cast<std::uint32_t>(thread); }

}  // namespace

// Hands on all that it is asked and told. What the explorer learns is not forgotten when the VM is brought
// back to its start.
class Explorer::Deciding final : public Strategy {
 public:
  explicit Deciding(Explorer& explorer) : explorer_(explorer) {}
  ThreadId choose(const Decision& decision) override {
    const SnapshotArea::Inside outside(nullptr);
    return explorer_.choose(decision);
  }
  bool sees_every_point() const override { return true; }
  StepWatcher* watcher() override { return &explorer_; }
  void started(ThreadId thread) override {
    const SnapshotArea::Inside outside(nullptr);
    explorer_.started(thread);
  }
  void ended(ThreadId thread) override {
    const SnapshotArea::Inside outside(nullptr);
    explorer_.ended(thread);
  }
  void parks(ThreadId thread) override {
    const SnapshotArea::Inside outside(nullptr);
    explorer_.parks(thread);
  }
  void unparks(ThreadId thread, bool waits) override {
    const SnapshotArea::Inside outside(nullptr);
    explorer_.unparks(thread, waits);
  }

 private:
  Explorer& explorer_;
};

void Explorer::Thread::forget() {
  lives = is_done_when_it_calls = has_effects = has_changed = spins = false;
  vm_thread = nullptr;
  coroutine = nullptr;
  loop = nullptr;
  depth = 0;
  current.clear();
  enclosing.clear();
  to_be_closed.clear();
  registers.clear();
  reads.clear();
}

bool Explorer::begin() {
  if (!exploration_.begin()) return false;
  for (Thread& thread : run_.threads) thread.forget();
  at(kMain).lives = true;
  run_.living = 1;
  run_.running = run_.last = kMain;
  run_.main_waits = false;
  run_.instructions = 0;
  run_.answers = Schedule();
  is_over_ = false;
  ending_ = Ending::kComplete;
  return true;
}

void Explorer::save(Moment* moment) const {
  moment->run_ = run_;
  moment->steps_ = exploration_.steps();
}

void Explorer::go_on_from(const Moment& moment) {
  run_ = moment.run_;
  exploration_.go_on_after(moment.steps_);
}

std::unique_ptr<Strategy> Explorer::strategy() { return std::make_unique<Deciding>(*this); }

void Explorer::prepare(VmThread& main, std::function<void(Ending)> give_up) {
  if (effects_.is_empty()) effects_.learn(main);
  give_up_ = std::move(give_up);
}

void Explorer::set_main_waits(bool waits) {
  run_.main_waits = waits;
  run_.running = kMain;
}

Explorer::Ending Explorer::end() {
  exploration_.end();
  is_over_ = true;
  give_up_ = nullptr;
  return ending_;
}

Explorer::Thread& Explorer::at(ThreadId thread) {
  if (run_.threads.size() <= thread) run_.threads.resize(thread + 1);
  return run_.threads[thread];
}

void Explorer::give_up(Ending ending) {
  ending_ = ending;
  is_over_ = true;
  if (give_up_) give_up_(ending);
}

ThreadId Explorer::choose(const Decision& decision) {
  const auto answer = [&](ThreadId thread) {
    if (decision.candidates.size() > 1) run_.answers.add(thread);
    run_.running = thread;
    return thread;
  };
  const auto goes_on = [&] {
    return std::find(decision.candidates.begin(), decision.candidates.end(), decision.current) !=
           decision.candidates.end();
  };
  if (!explores()) return answer(goes_on() ? decision.current : decision.candidates.front());
  if (run_.main_waits && decision.candidates.front() == kMain) return answer(kMain);
  Thread& current = at(decision.current);
  note_calls(current);
  note_closed(current);
  const bool is_inside = decision.reason == TurnReason::kReturned || decision.reason == TurnReason::kGrowth ||
                         decision.reason == TurnReason::kInside;
  if (!is_inside) current.current.clear();  // its instruction is complete
  has_waited_for_time_ = has_waited_for_time_ || decision.waits_for_time;
  // The main thread has run between two steps of another one.
  const ThreadId last = run_.main_waits ? run_.last : decision.current;
  run_.candidates.clear();
  for (const ThreadId thread : decision.candidates) {
    if (!at(thread).spins) run_.candidates.push_back(thread);
  }
  // Who spins lets time pass, too.
  if (run_.candidates.empty() && decision.waits_for_time) {
    run_.candidates.assign(decision.candidates.begin(), decision.candidates.end());
  }
  if (before_step && run_.candidates.size() > 1 && exploration_.is_step(run_.candidates, last)) before_step();
  if (run_.candidates.empty()) {
    give_up(Ending::kEndless);
  } else if (exploration_.steps() >= limits_.steps) {
    give_up(Ending::kTooLong);
  } else if (const ThreadId chosen = exploration_.choose(run_.candidates, last); chosen != 0) {
    run_.last = answer(chosen);
    // Where it is inside of a native function, or of the growth of a table, that goes on.
    for (const Access& each : at(chosen).current) access(each);
    for (const std::vector<Access>& calling : at(chosen).enclosing) {
      for (const Access& each : calling) access(each);
    }
    return chosen;
  } else {
    give_up(Ending::kSeenBefore);
  }
  return answer(decision.candidates.front());
}

void Explorer::before_instruction(VmThread& vm_thread) {
  if (!explores()) return;
  const SnapshotArea::Inside outside(nullptr);
  if (++run_.instructions > limits_.instructions) return give_up(Ending::kTooLong);
  Thread& thread = at(run_.running);
  thread.vm_thread = &vm_thread;
  note_calls(thread);
  note_closed(thread);
  thread.current = accesses_.of_next(vm_thread);
  thread.is_done_when_it_calls = accesses_.is_done_when_it_calls();
  for (const Access& each : thread.current) access(each);
  if (vm_thread.coroutine->frame()->pc->op() == Opcode::kJumpBack) note_loop(thread);
}

// The running thread's.
void Explorer::access(const Access& access) {
  exploration_.access(access);
  for (ThreadId id = 1; id < run_.threads.size(); ++id) {
    Thread& thread = run_.threads[id];
    if (!thread.loop) continue;
    if (id == run_.running) {
      if (access.writes) {
        thread.has_effects = true;
      } else if (std::find(thread.reads.begin(), thread.reads.end(), access) == thread.reads.end()) {
        thread.reads.push_back(access);
      }
      continue;
    }
    if (!access.writes) continue;
    if (std::none_of(thread.reads.begin(), thread.reads.end(),
                     [&](const Access& read) { return conflict(read, access); })) {
      continue;
    }
    thread.has_changed = true;
    if (std::exchange(thread.spins, false)) exploration_.wakes(id);
  }
}

// Native functions have called the script's, or have gone on, since the last look.
void Explorer::note_calls(Thread& thread) {
  if (!thread.vm_thread) return;
  thread.enclosing.resize(thread.vm_thread->native_depth,
                          thread.is_done_when_it_calls ? std::vector<Access>() : thread.current);
}

// The functions that close variables are called where a block ends, and by errors, without an instruction of
// their own. They have been called since the last look, in this step.
void Explorer::note_closed(Thread& thread) {
  if (!thread.vm_thread) return;
  const Coroutine* coroutine = thread.vm_thread->coroutine;
  const std::vector<ToBeClosed>& open = coroutine->to_be_closed;
  std::vector<Access>& known = thread.to_be_closed;
  if (std::exchange(thread.coroutine, coroutine) != coroutine) known.clear();
  while (known.size() > open.size()) {
    access(known.back());
    known.pop_back();
  }
  while (known.size() < open.size()) {
    known.push_back(InstructionAccesses::of_closing(*thread.vm_thread, open[known.size()].value));
  }
}

void Explorer::note_loop(Thread& thread) {
  const Coroutine* coroutine = thread.vm_thread->coroutine;
  const CallFrame* frame = coroutine->frame();
  const auto depth = static_cast<std::size_t>(frame - coroutine->first_frame());
  std::vector<std::uint64_t>& registers = registers_;
  registers.clear();
  for (std::uint32_t index = 0; index < frame->closure->prototype->frame_size; ++index) {
    const Register& reg = frame->base[index];
    registers.push_back(reg.value.bits());
    if (reg.value.is_wide()) registers.push_back(static_cast<std::uint64_t>(reg.wide));
  }
  if (thread.loop == frame->pc && thread.depth == depth && !thread.has_effects && !thread.has_changed &&
      thread.registers == registers) {
    thread.spins = true;
    return;
  }
  thread.loop = frame->pc;
  thread.depth = depth;
  std::swap(thread.registers, registers);
  thread.reads.clear();
  thread.has_effects = thread.has_changed = false;
}

void Explorer::started(ThreadId thread) {
  at(thread).lives = true;
  ++run_.living;
  if (explores()) exploration_.wakes(thread);
}

void Explorer::ended(ThreadId id) {
  Thread& thread = at(id);
  if (explores()) {
    for (const Access& each : thread.to_be_closed) access(each);
    access({Access::kEnds, key_of(id), true});
    if (run_.main_waits) exploration_.wakes(kMain);  // what it does later comes after this
  }
  if (thread.lives) --run_.living;
  thread.forget();
}

void Explorer::parks(ThreadId thread) {
  if (explores() && !(run_.main_waits && thread == kMain)) access({Access::kPlaces, key_of(thread), true});
}

void Explorer::unparks(ThreadId thread, bool waits) {
  if (!explores()) return;
  if (!(run_.main_waits && thread == kMain)) access({Access::kPlaces, key_of(thread), true});
  if (waits) exploration_.wakes(thread);
}

}  // namespace gilvm
