// A VM with the whole library, for tests that run scripts in it.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "vm/lib/library.h"
#include "vm/lib/load.h"
#include "vm/lib/threads.h"
#include "vm/sched/os_scheduler.h"

namespace gilvm {

class ScriptVm {
 public:
  explicit ScriptVm(const LockSettings& lock, std::size_t max_memory = 0)
      : vm_(settings_for(lock, max_memory), scheduler_), thread_(vm_.add_thread("main")) {
    open_libraries(*thread_);
  }
  // Ends the threads that are left.
  ~ScriptVm() {
    vm_.interrupt(Interruption::kExit);
    vm_.remove_thread(thread_);
    scheduler_.join_all();
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
    join_all_threads(*thread_);
    join_all_processes(*thread_);
    if (!ok) return error.substr(0, error.find("\nstack traceback:"));
    REQUIRE(to_text(*thread_, result, &text));
    return std::string(text.as_string()->view());
  }

 private:
  static VmSettings settings_for(const LockSettings& lock, std::size_t max_memory) {
    static const bool ready = (set_up_interpreter(), true);
    VmSettings settings;
    if (ready) settings.lock = lock;
    settings.max_memory = max_memory;
    return settings;
  }

  OsScheduler scheduler_;
  Vm vm_;
  VmThread* thread_;
};

// The lock regimes that every module must be right in; under the GIL it changes hands as often as it can.
inline std::vector<LockSettings> lock_regimes() {
  return {{LockRegime::kGil, {std::chrono::milliseconds(5), 100}, SwitchPoints::kEvery},
          {LockRegime::kGil, {}, SwitchPoints::kLoops},
          {LockRegime::kNone, {}, SwitchPoints::kEvery}};
}

// What the script returns, which must be the same in every lock regime.
inline std::string run_in_each_regime(const std::string& source) {
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

}  // namespace gilvm
