#include "tests/fuzz/limited_vm.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "vm/base/check.h"
#include "vm/interp/call.h"
#include "vm/lib/library.h"
#include "vm/lib/load.h"

namespace gilvm {
namespace {

constexpr auto kLongestRun = std::chrono::milliseconds(50);

// Most native functions cannot be interrupted: string.rep is kept from taking long, and printing goes
// nowhere.
constexpr const char* kPrelude = R"(
local rep = string.rep
function string.rep(text, count, ...)
  local times = tonumber(count) or 0
  local size = (#text + #((...) or "")) * times
  if times > 10000 or size > 100000 then error("too long for this test") end
  return rep(text, count, ...)
end
function print(...)
  for index = 1, select("#", ...) do tostring((select(index, ...))) end
end
dofile, loadfile, require, package, warn = nil
)";

VmSettings settings_for(LockRegime regime) {
  static const bool ready = (set_up_interpreter(), true);
  VmSettings settings;
  if (ready) settings.lock.regime = regime;
  return settings;
}

// Interrupts the VM that it watches when its time is over. One for the whole process.
class Watchdog {
 public:
  Watchdog() : thread_([this] { run(); }) {}
  ~Watchdog() {
    set(nullptr, true);
    thread_.join();
  }

  void watch(Vm& vm) { set(&vm, false); }
  // The VM is not touched any more.
  void unwatch() { set(nullptr, false); }

 private:
  void set(Vm* vm, bool ends) {
    const std::lock_guard guard(mutex_);
    vm_ = vm;
    ends_ = ends;
    deadline_ = std::chrono::steady_clock::now() + kLongestRun;
    changed_.notify_one();
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (!ends_) {
      if (!vm_) {
        changed_.wait(lock);
      } else if (std::chrono::steady_clock::now() < deadline_) {
        changed_.wait_until(lock, deadline_);
      } else {
        vm_->interrupt(Interruption::kTimeout);
        vm_ = nullptr;
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Vm* vm_ = nullptr;
  bool ends_ = false;
  std::chrono::steady_clock::time_point deadline_;
  std::thread thread_;
};

Watchdog& watchdog() {
  static Watchdog one;
  return one;
}

}  // namespace

LimitedVm::LimitedVm(LockRegime regime)
    : vm_(settings_for(regime), scheduler_), thread_(vm_.add_thread("main")) {
  open_base(*thread_);
  open_string(*thread_);
  open_table(*thread_);
  open_math(*thread_);
  open_utf8(*thread_);
  std::string error;
  Closure* prelude = load_source(*thread_, kPrelude, "=prelude", Value::table(vm_.globals), &error);
  ScriptCall call(*thread_, Value::closure(prelude));
  GILVM_CHECK(call.run());
}

LimitedVm::~LimitedVm() {
  vm_.remove_thread(thread_);
  scheduler_.join_all();
}

void LimitedVm::run(std::string_view source) {
  std::string error;
  Closure* main =
      load_source(*thread_, without_shebang(source), "=script", Value::table(vm_.globals), &error);
  if (main) call(main);
}

void LimitedVm::call(Closure* function) {
  watchdog().watch(vm_);
  std::string failure;
  Value result, text;
  if (call_reporting(*thread_, Value::closure(function), {}, &failure, &result)) {
    (void)to_text(*thread_, result, &text);
  }
  watchdog().unwatch();
  vm_.collect(*thread_);
  vm_.stop_the_world(*thread_);
  vm_.heap().verify();
  vm_.resume_the_world(*thread_);
}

}  // namespace gilvm
