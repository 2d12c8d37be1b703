// A VM with the whole library, for tests that run scripts in it.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "vm/lib/library.h"
#include "vm/lib/load.h"
#include "vm/lib/threads.h"
#include "vm/sched/fiber_scheduler.h"
#include "vm/sched/os_scheduler.h"

namespace gilvm {

class ScriptVm {
 public:
  explicit ScriptVm(const LockSettings& lock, std::size_t max_memory = 0,
                    ScheduleKind schedule = ScheduleKind::kOs)
      : scheduler_(scheduler_of(schedule, lock)),
        vm_(settings_for(lock, max_memory, schedule), *scheduler_),
        thread_(vm_.add_thread("main")) {
    if (schedule != ScheduleKind::kOs)
      scheduler_->on_deadlock = [this] { vm_.interrupt(Interruption::kExit); };
    open_libraries(*thread_);
  }
  // Ends the threads that are left.
  ~ScriptVm() {
    vm_.interrupt(Interruption::kExit);
    vm_.remove_thread(thread_);
    scheduler_->join_all();
  }

  Vm& vm() { return vm_; }
  VmThread& thread() { return *thread_; }

  // What the script returns, as tostring writes it; or its error without the traceback.
  std::string run(const std::string& source) {
    std::string error;
    Closure* closure = load_source(*thread_, source, "=test", Value::table(vm_.globals), &error);
    if (!closure) return error;
    Value result, text;
    const bool ok = call_reporting(*thread_, Value::closure(closure), {}, &error, &result);
    // At once: nothing keeps the result alive while the threads end.
    if (ok) REQUIRE(to_text(*thread_, result, &text));
    std::string shown =
        ok ? std::string(text.as_string()->view()) : error.substr(0, error.find("\nstack traceback:"));
    join_all_threads(*thread_);
    join_all_processes(*thread_);
    return shown;
  }

 private:
  static std::unique_ptr<Scheduler> scheduler_of(ScheduleKind schedule, const LockSettings& lock) {
    if (schedule == ScheduleKind::kOs) return std::make_unique<OsScheduler>();
    auto scheduler = std::make_unique<FiberScheduler>(strategy_of(schedule, kSeed), lock.interval);
    return scheduler;
  }
  static VmSettings settings_for(const LockSettings& lock, std::size_t max_memory, ScheduleKind schedule) {
    static const bool ready = (set_up_interpreter(), true);
    VmSettings settings;
    if (ready) settings.lock = lock;
    settings.max_memory = max_memory;
    if (schedule != ScheduleKind::kOs) settings.seed = kSeed;
    return settings;
  }

  static constexpr std::uint64_t kSeed = 1;

  const std::unique_ptr<Scheduler> scheduler_;
  Vm vm_;
  VmThread* thread_;
};

// The lock regimes that every module must be right in; under the GIL it changes hands as often as it can.
inline std::vector<LockSettings> lock_regimes() {
  return {{LockRegime::kGil, {}, SwitchPoints::kEvery},
          {LockRegime::kGil, {}, SwitchPoints::kLoops},
          {LockRegime::kGil, {std::chrono::milliseconds(5), 100}, SwitchPoints::kEvery},
          {LockRegime::kObject, {}, SwitchPoints::kEvery},
          {LockRegime::kNone, {}, SwitchPoints::kEvery}};
}

// What the script returns, which must be the same in every lock regime, in threads of the system.
inline std::string run_in_system_threads(const std::string& source) {
  std::string first;
  for (const LockSettings& lock : lock_regimes()) {
    INFO("lock regime " << static_cast<int>(lock.regime) << ", switch points "
                        << static_cast<int>(lock.points));
    const std::string result = ScriptVm(lock).run(source);
    if (first.empty()) first = result;
    CHECK(result == first);
  }
  return first;
}

// The same, and in a random schedule; but no schedule decides over processes, cores, connections and
// databases.
inline std::string run_in_each_regime(const std::string& source) {
  const std::string result = run_in_system_threads(source);
  const auto mentions = [&source](const char* word) { return source.find(word) != std::string::npos; };
  if (mentions("rocess") || mentions("getpid") || mentions("sched_") || mentions("start_server") ||
      mentions("open_connection") || mentions("sqlite3") || mentions("socket") || mentions("http"))
    return result;
  for (const LockSettings& lock : lock_regimes()) {
    INFO("in a schedule, lock regime " << static_cast<int>(lock.regime) << ", switch points "
                                       << static_cast<int>(lock.points));
    CHECK(ScriptVm(lock, 0, ScheduleKind::kRandom).run(source) == result);
  }
  return result;
}

}  // namespace gilvm
