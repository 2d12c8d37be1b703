#include "vm/sched/fiber_scheduler.h"

#include <algorithm>
#include <cerrno>
#include <limits>

#include "vm/base/check.h"
#include "vm/runtime/gil.h"

namespace gilvm {
namespace {

constexpr Nanoseconds kNever = Nanoseconds::max();

// What the clock shows at the start: noon of the first day of 2000, by universal time.
constexpr double kWallClockAtStart = 946728000;

}  // namespace

struct FiberScheduler::Thread final : public Parker {
  enum class State : std::uint8_t {
    kUnused,
    kRunnable,
    kParked,   // hears unpark(), its deadline and interrupts
    kJoining,  // hears only that `awaited` ends
  };

  // The OS thread's own.
  Thread() = default;
  explicit Thread(std::size_t stack_bytes) : fiber(stack_bytes) {}
  ~Thread() = default;

  Fiber fiber;
  ThreadId id = 0;
  State state = State::kUnused;
  bool token = false;
  std::atomic<bool> interrupted{false};  // this thread alone
  Nanoseconds deadline = kNever;         // kParked
  ThreadId awaited = 0;                  // kJoining
};

FiberScheduler::FiberScheduler(std::unique_ptr<Strategy> strategy, SwitchInterval interval)
    : strategy_(std::move(strategy)), interval_(interval), next_deadline_(kNever) {
  threads_.push_back(std::make_unique<Thread>());
  current_ = threads_.front().get();
  current_->id = last_thread_;
  current_->state = Thread::State::kRunnable;
  runnable_.push_back(current_);
  watcher = strategy_->watcher();
}

FiberScheduler::~FiberScheduler() { join_all(); }

bool FiberScheduler::reserve(std::size_t count) {
  // A stack waits where it will always wait, once it has run something.
  const auto is_ready = [this](Fiber& fiber) {
    if (!fiber.has_stack()) return false;
    fiber.begin([this]() -> Fiber& { return current_->fiber; });
    current_->fiber.switch_to(fiber);
    return true;
  };
  main_stack_ = std::make_unique<Fiber>(kStackBytes);
  if (!is_ready(*main_stack_)) return false;
  for (; count > 0; --count) {
    auto thread = std::make_unique<Thread>(kStackBytes);
    if (!is_ready(thread->fiber)) return false;
    unused_.push_back(thread.get());
    threads_.push_back(std::move(thread));
  }
  return true;
}

bool FiberScheduler::run_main(std::function<void()> body) {
  GILVM_CHECK(main_stack_);
  main_stack_->begin([this, body = std::move(body)]() -> Fiber& {
    body();
    return caller_;
  });
  return go_on(*main_stack_);
}

bool FiberScheduler::resume() { return go_on(std::exchange(paused_, nullptr)->fiber); }

bool FiberScheduler::go_on(Fiber& fiber) {
  caller_.switch_to(fiber);
  return paused_ != nullptr;
}

void FiberScheduler::pause() {
  paused_ = current_;
  current_->fiber.switch_to(caller_);
}

void FiberScheduler::add_stacks(std::vector<std::span<std::byte>>* stacks) const {
  for (const auto& thread : threads_) {
    const Fiber& stack = thread->fiber.has_stack() ? thread->fiber : *main_stack_;
    stacks->push_back(thread->fiber.used_part_of(stack));
  }
}

StartResult FiberScheduler::start(std::function<void()> body) {
  Thread* thread = nullptr;
  if (!unused_.empty()) {
    thread = unused_.back();
    unused_.pop_back();
  } else {
    auto made = std::make_unique<Thread>(kStackBytes);
    if (!made->fiber.has_stack()) return {.thread = 0, .error = EAGAIN};
    thread = made.get();
    threads_.push_back(std::move(made));
  }
  thread->id = ++last_thread_;
  thread->token = false;
  thread->interrupted.store(false, std::memory_order_relaxed);
  thread->fiber.begin([this, body = std::move(body)]() mutable -> Fiber& {
    body();
    body = nullptr;  // what it owns goes before anyone is told that it has ended
    return end_current();
  });
  make_runnable(*thread);
  strategy_->started(thread->id);
  return {.thread = thread->id, .error = 0};
}

// The current thread has nothing left to do. Its stack may be used anew as soon as another runs.
Fiber& FiberScheduler::end_current() {
  Thread& ended = *current_;
  make_unrunnable(ended);
  ended.state = Thread::State::kUnused;
  unused_.push_back(&ended);
  for (auto& thread : threads_) {
    if (thread->state == Thread::State::kJoining && thread->awaited == ended.id) make_runnable(*thread);
  }
  strategy_->ended(std::exchange(ended.id, 0));
  Thread& next = decide(TurnReason::kReturned);
  current_ = &next;
  turn_began_ = time();
  return next.fiber;
}

void FiberScheduler::join(ThreadId id) {
  const auto runs = [&] {
    return std::any_of(threads_.begin(), threads_.end(),
                       [id](const auto& thread) { return thread->id == id; });
  };
  while (runs()) {
    make_unrunnable(*current_);
    current_->state = Thread::State::kJoining;
    current_->awaited = id;
    run(decide(TurnReason::kReturned));
  }
}

// There is no looking at the deadline: who does not end keeps the caller from running, too.
bool FiberScheduler::join_all(std::optional<Instant>) {
  for (std::size_t index = 1; index < threads_.size(); ++index) {
    if (const ThreadId id = threads_[index]->id; id != 0) join(id);
  }
  return true;
}

Parker& FiberScheduler::current() { return *current_; }

bool FiberScheduler::is_interrupted(const Thread& thread) const {
  return interrupted_.load(std::memory_order_acquire) || thread.interrupted.load(std::memory_order_acquire);
}

WakeReason FiberScheduler::park(Parker& parker, std::optional<Instant> deadline) {
  Thread& self = static_cast<Thread&>(parker);
  GILVM_CHECK(&self == current_);
  strategy_->parks(self.id);
  self.deadline = deadline ? deadline->time_since_epoch() : kNever;
  if (is_interrupted(self) || self.token || self.deadline <= time()) {
    take_turn(TurnReason::kReturned);
  } else {
    make_unrunnable(self);
    self.state = Thread::State::kParked;
    next_deadline_ = std::min(next_deadline_, self.deadline);
    run(decide(TurnReason::kReturned));
  }
  if (is_interrupted(self)) return WakeReason::kInterrupted;
  if (std::exchange(self.token, false)) return WakeReason::kUnparked;
  // An interrupt may have woken it and be over already: it waits for its deadline in the caller's next look.
  return self.deadline <= time() ? WakeReason::kDeadline : WakeReason::kUnparked;
}

void FiberScheduler::unpark(Parker& parker) {
  Thread& thread = static_cast<Thread&>(parker);
  thread.token = true;
  strategy_->unparks(thread.id, thread.state == Thread::State::kParked);
  if (thread.state == Thread::State::kParked) make_runnable(thread);
}

void FiberScheduler::interrupt_all() { interrupted_.store(true, std::memory_order_release); }

void FiberScheduler::clear_interrupt() {
  interrupted_.store(false, std::memory_order_release);
  deadlock_found_ = false;
}

void FiberScheduler::interrupt(Parker& parker) {
  static_cast<Thread&>(parker).interrupted.store(true, std::memory_order_release);
}

void FiberScheduler::clear_interrupt(Parker& parker) {
  static_cast<Thread&>(parker).interrupted.store(false, std::memory_order_release);
}

Instant FiberScheduler::now() { return Instant(time()); }

double FiberScheduler::wall_clock_seconds() {
  return kWallClockAtStart + std::chrono::duration<double>(time()).count();
}

double FiberScheduler::process_cpu_seconds() {
  return std::chrono::duration<double>(instructions() * kInstructionTime).count();
}

double FiberScheduler::thread_cpu_seconds() { return process_cpu_seconds(); }

// A VM that has a seed starts no process; whoever forks otherwise has this thread, and no other, in the
// child.
void FiberScheduler::reset_after_fork() {
  for (auto& thread : threads_) {
    if (thread.get() == current_) continue;
    make_unrunnable(*thread);
    thread->id = 0;
    thread->state = Thread::State::kUnused;
  }
}

bool FiberScheduler::others_can_run() {
  if (time() >= next_deadline_) wake_those_due();
  return runnable_.size() > 1;
}

bool FiberScheduler::take_turn(TurnReason reason) {
  // Where it must not go on but nobody else could, it does.
  if (!others_can_run() && (reason == TurnReason::kMustYield || !strategy_->sees_every_point())) return false;
  Thread& next = decide(reason);
  if (&next == current_) return false;
  run(next);
  return true;
}

FiberScheduler::Thread& FiberScheduler::decide(TurnReason reason) {
  if (const ThreadId awaited = strategy_->awaited({{}, current_->id, reason, false, false, instructions()})) {
    let_come(awaited);
  }
  if (runnable_.empty()) wait_for_somebody();
  candidates_.clear();
  for (const Thread* thread : runnable_) {
    if (thread != current_ || reason != TurnReason::kMustYield) candidates_.push_back(thread->id);
  }
  ThreadId chosen = candidates_.front();
  if (candidates_.size() > 1 || strategy_->sees_every_point()) {
    const bool passed = gil_rules::interval_passed(interval_, time() - turn_began_);
    chosen = strategy_->choose(
        {candidates_, current_->id, reason, passed, next_deadline_ != kNever, instructions()});
    if (candidates_.size() > 1) steps_.add(instructions(), candidates_.size(), chosen);
  }
  return **std::find_if(runnable_.begin(), runnable_.end(),
                        [chosen](const Thread* thread) { return thread->id == chosen; });
}

void FiberScheduler::let_come(ThreadId id) {
  for (const auto& thread : threads_) {
    if (thread->id != id || thread->state != Thread::State::kParked || thread->deadline == kNever) continue;
    jumped_ += std::max(thread->deadline - time(), Nanoseconds::zero());
    wake_those_due();
  }
}

// Looks again and again where an interrupt is under way on another OS thread.
void FiberScheduler::wait_for_somebody() {
  while (runnable_.empty()) {
    bool woken = false;
    for (auto& thread : threads_) {
      if (thread->state != Thread::State::kParked || !is_interrupted(*thread)) continue;
      make_runnable(*thread);
      woken = true;
    }
    if (woken) return;
    if (next_deadline_ != kNever) {
      jumped_ += std::max(next_deadline_ - time(), Nanoseconds::zero());
      wake_those_due();
    } else if (!std::exchange(deadlock_found_, true)) {
      GILVM_CHECK(on_deadlock);
      on_deadlock();
    }
  }
}

void FiberScheduler::wake_those_due() {
  const Nanoseconds present = time();
  next_deadline_ = kNever;
  for (auto& thread : threads_) {
    if (thread->state != Thread::State::kParked) continue;
    if (thread->deadline <= present) {
      make_runnable(*thread);
    } else {
      next_deadline_ = std::min(next_deadline_, thread->deadline);
    }
  }
}

void FiberScheduler::run(Thread& next) {
  if (&next == current_) return;
  Thread& left = *std::exchange(current_, &next);
  turn_began_ = time();
  left.fiber.switch_to(next.fiber);
}

void FiberScheduler::make_runnable(Thread& thread) {
  thread.state = Thread::State::kRunnable;
  const auto place = std::upper_bound(runnable_.begin(), runnable_.end(), thread.id,
                                      [](ThreadId id, const Thread* other) { return id < other->id; });
  runnable_.insert(place, &thread);
}

void FiberScheduler::make_unrunnable(const Thread& thread) { std::erase(runnable_, &thread); }

}  // namespace gilvm
