#include "vm/main/script_host.h"

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <iterator>
#include <utility>

#include "vm/base/clock.h"
#include "vm/interp/call.h"
#include "vm/interp/finalizers.h"
#include "vm/lib/experiment.h"
#include "vm/lib/library.h"
#include "vm/lib/load.h"
#include "vm/lib/threads.h"
#include "vm/lib/vm_group.h"
#include "vm/main/commands.h"
#include "vm/main/deadlock_report.h"
#include "vm/report/terminal_text.h"
#include "vm/sched/os_scheduler.h"

namespace gilvm {
namespace {

// Before the first VM is made.
VmSettings complete_settings(VmSettings settings, const SchedulePlan& plan) {
  set_up_interpreter();
  // What differs from run to run must not: also where OS threads are recorded.
  if (plan.kind != ScheduleKind::kOs || plan.records) settings.seed = plan.seed;
  // The record says where each turn ended, and not the interval.
  if (plan.replayed && plan.replayed->kind == ScheduleKind::kOs) settings.lock.interval = {};
  return settings;
}

// arg.worker and arg.workers: `arg` is shared by all workers, so it asks who reads it.
int worker_field(NativeCall& call) {
  const std::string_view name = call[1].is_string() ? call[1].as_string()->view() : std::string_view();
  if (call.thread().worker == 0) return call.one(Value::nil());
  if (name == "worker") return call.one_integer(call.thread().worker);
  if (name == "workers") return call.one(call.vm().registry->get_short(call.thread().string("_WORKERS")));
  return call.one(Value::nil());
}

}  // namespace

bool read_script(const std::string& name, Script* script, std::string* error) {
  script->name = name;
  if (name != "-") return read_file(name, &script->source, error);
  read_stream(stdin, &script->source);
  return true;
}

ScriptHost::ScriptHost(VmSettings settings, const SchedulePlan& plan, Supervisor& supervisor,
                       const std::vector<std::string>& arguments, std::function<void()> on_interruption)
    : supervisor_(supervisor),
      arguments_(arguments),
      plan_(plan),
      scheduler_(make_scheduler(settings)),
      vm_(complete_settings(settings, plan), *scheduler_) {
  vm_.on_interruption = std::move(on_interruption);
  if (plan_.records) vm_.turn_log = &turn_log_;
  thread_ = vm_.add_thread("main");
  open_libraries(*thread_);
  add_experiment(*thread_);
  if (plan_.recorder) plan_.recorder->prepare(*thread_);
  if (plan_.detector) {
    plan_.detector->prepare(*thread_);
    vm_.sync_observer = plan_.detector;
  }
  supervisor_.watch(vm_);
}

std::unique_ptr<Scheduler> ScriptHost::make_scheduler(const VmSettings& settings) {
  if (plan_.kind == ScheduleKind::kOs) return std::make_unique<OsScheduler>();
  std::unique_ptr<Strategy> strategy =
      plan_.explorer ? plan_.explorer->strategy() : strategy_of(plan_.kind, plan_.seed);
  const bool of_os_threads = plan_.replayed && plan_.replayed->kind == ScheduleKind::kOs;
  if (of_os_threads) {
    strategy = replay_turns(plan_.replayed->turns, std::move(strategy), [this] {
      const std::uint64_t step = fibers_->steps().count() + 1;
      has_diverged({step, step});
    });
  } else if (plan_.replayed && plan_.replayed->answers) {
    strategy =
        replay(*plan_.replayed->answers, std::move(strategy), [this] { fibers_->steps().diverge_next(); });
  }
  if (plan_.around) strategy = plan_.around(std::move(strategy));
  if (plan_.recorder) strategy = plan_.recorder->around(std::move(strategy));
  auto scheduler = std::make_unique<FiberScheduler>(std::move(strategy), settings.lock.interval);
  fibers_ = scheduler.get();
  if (plan_.detector && scheduler->watcher) {
    watchers_.add(scheduler->watcher);
    watchers_.add(plan_.detector);
    scheduler->watcher = &watchers_;
  } else if (plan_.detector) {
    scheduler->watcher = plan_.detector;
  }
  if (plan_.replayed && !of_os_threads) {
    fibers_->steps().expect(plan_.replayed->checkpoints,
                            [this](Divergence divergence) { has_diverged(divergence); });
  }
  return scheduler;
}

void ScriptHost::has_diverged(Divergence divergence) {
  std::fflush(stdout);
  if (divergence.first == divergence.last) {
    complain(filled(translate("the run leaves the schedule at step {0}"), divergence.first));
  } else {
    complain(filled(translate("the run leaves the schedule between step {0} and step {1}"), divergence.first,
                    divergence.last));
  }
  if (!plan_.goes_on) vm_.interrupt(Interruption::kExit, kExitDiverged);
}

RecordedSchedule ScriptHost::recorded_steps() const {
  RecordedSchedule schedule;
  schedule.kind = plan_.kind;
  schedule.seed = plan_.seed;
  if (!fibers_) {
    schedule.turns = turn_log_.turns();
    return schedule;
  }
  schedule.checkpoints = fibers_->steps().checkpoints();
  if (const Schedule* answers = fibers_->steps().answers()) schedule.answers = *answers;
  return schedule;
}

ScriptHost::~ScriptHost() {
  vm_.interrupt(Interruption::kExit);
  supervisor_.unwatch(vm_);
  if (plan_.recorder) plan_.recorder->stop();
  // The threads that are left must be able to run in order to end.
  vm_.remove_thread(thread_);
  // Those that do not come end with the program.
  constexpr std::chrono::milliseconds kPatience(200);
  if (!scheduler_->join_all(monotonic_now() + kPatience)) supervisor_.end_now(exit_status_);
}

Closure* ScriptHost::load(const Script& script, std::string* error) {
  return load_in(*thread_, script, error);
}

Closure* ScriptHost::load_in(VmThread& guest, const Script& script, std::string* error) const {
  set_arguments_in(guest, script.name);
  const std::string chunk_name = script.name == "-" ? "=stdin" : "@" + script.name;
  return load_source(guest, without_shebang(script.source), chunk_name, Value::table(guest.vm().globals),
                     error);
}

std::vector<Value> ScriptHost::arguments_in(VmThread& guest) const {
  std::vector<Value> values;
  for (const std::string& argument : arguments_) values.push_back(Value::string(guest.string(argument)));
  return values;
}

void ScriptHost::set_arguments(const std::string& script) { set_arguments_in(*thread_, script); }

void ScriptHost::set_arguments_in(VmThread& thread, const std::string& script) const {
  Table* table = Table::make(thread.heap());
  table->set_integer(thread.heap(), 0, Value::string(thread.string(script)));
  for (std::size_t index = 0; index < arguments_.size(); ++index) {
    table->set_integer(thread.heap(), static_cast<std::int64_t>(index) + 1,
                       Value::string(thread.string(arguments_[index])));
  }
  Table* metatable = Table::make(thread.heap());
  set_field(thread, metatable, "__index",
            Value::native(NativeFunction::make(thread.heap(), "worker", worker_field)));
  table->set_metatable(metatable);
  set_field(thread, thread.vm().globals, "arg", Value::table(table));
}

void ScriptHost::set_worker_count(unsigned count) {
  set_field(*thread_, vm_.registry, "_WORKERS", Value::inline_integer(count));
}

void ScriptHost::report_deadlocks() {
  scheduler_->on_deadlock = [this] {
    if (vm_.interruption() != Interruption::kNone) return;
    std::fflush(stdout);
    std::fputs(deadlock_report(vm_).c_str(), stderr);
    vm_.interrupt(Interruption::kExit, kExitDeadlock);
  };
}

bool ScriptHost::mentions_experiment(const Closure* main) {
  for (const Register& constant : main->prototype->constants) {
    if (constant.value.is_string() && constant.value.as_string()->view() == "experiment") return true;
  }
  return false;
}

void ScriptHost::finish() {
  join_all_threads(*thread_);
  join_all_processes(*thread_);
  VmGroup::of(vm_).close_guests(*thread_);
  close_state(*thread_);
  if (fibers_) fibers_->steps().finish();
}

void ScriptHost::end_threads() {
  if (fibers_->is_alone()) return;
  vm_.interrupt(Interruption::kExit);
  fibers_->join_all();
}

void ScriptHost::worker_has_ended(int exit_code) {
  if (exit_code == -SIGINT) supervisor_.settle();
}

int ScriptHost::exit_status(int otherwise) {
  exit_status_ = exit_status_of_child(otherwise);
  return supervisor_.exit_status().value_or(exit_status_);
}

int ScriptHost::exit_status_of_child(int otherwise) const {
  return vm_.interruption() == Interruption::kExit ? vm_.exit_status() : otherwise;
}

}  // namespace gilvm
