// A VM with the whole library, a main thread and a loaded script: what every command begins with.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vm/explore/explorer.h"
#include "vm/main/step_recorder.h"
#include "vm/main/supervisor.h"
#include "vm/race/race_detector.h"
#include "vm/sched/fiber_scheduler.h"
#include "vm/sched/recorded_schedule.h"

namespace gilvm {

inline constexpr int kExitDeadlock = 3;
inline constexpr int kExitDiverged = 4;

// Who decides which thread of a host runs.
struct SchedulePlan {
  ScheduleKind kind = ScheduleKind::kOs;
  std::uint64_t seed = 0;
  // What the run is to repeat; null: nothing. It outlives the host.
  const RecordedSchedule* replayed = nullptr;
  bool goes_on = false;  // also where it does not
  // Who decides instead of the kind's own strategy, to see every order; null: nobody. It outlives the host.
  Explorer* explorer = nullptr;
  // Keeps who held the GIL when, for a replay. kOs, under the GIL.
  bool records = false;
  // Puts another strategy in place of the one that would decide, or around it; empty: it stays.
  std::function<std::unique_ptr<Strategy>(std::unique_ptr<Strategy>)> around;
  // Who records the steps of the run; null: nobody. It outlives the host.
  StepRecorder* recorder = nullptr;
  // Who watches the threads of a deterministic run; null: nobody. It outlives the host.
  RaceDetector* detector = nullptr;
};

// A script's text and the name that messages give it.
struct Script {
  std::string name;  // as on the command line
  std::string source;
};
// Reads the script; "-" is standard input. False with a line for the user in *error.
bool read_script(const std::string& name, Script* script, std::string* error);

class ScriptHost {
 public:
  // `on_interruption` becomes the VM's, and the plan's seed, where the plan is deterministic.
  ScriptHost(VmSettings settings, const SchedulePlan& plan, Supervisor& supervisor,
             const std::vector<std::string>& arguments, std::function<void()> on_interruption = {});
  // Ends daemon threads, waits for the others.
  ~ScriptHost();
  ScriptHost(const ScriptHost&) = delete;

  Vm& vm() { return vm_; }
  VmThread& thread() { return *thread_; }
  // The scheduler where it is deterministic; else null.
  FiberScheduler* fibers() { return fibers_; }

  // Makes `arg` what a script of that name sees. load() does so too.
  void set_arguments(const std::string& script);
  // The script's main function. Null with a message in *error.
  Closure* load(const Script& script, std::string* error);
  // The same in another VM of the program, whose main thread `guest` is.
  Closure* load_in(VmThread& guest, const Script& script, std::string* error) const;
  // Its arguments, as the main function takes them.
  std::vector<Value> arguments() const { return arguments_in(*thread_); }
  std::vector<Value> arguments_in(VmThread& guest) const;
  // What arg.workers is for the workers. REQUIRES: none of them runs.
  void set_worker_count(unsigned count);
  // A deadlock is reported, and ends the program as os.exit(kExitDeadlock) would. REQUIRES: one thread
  // exists.
  void report_deadlocks();
  // Does the text call `experiment`? Then it is run once, and not by each worker.
  static bool mentions_experiment(const Closure* main);
  // Waits for the threads and processes that the script has started, then calls the finalizers that are left.
  // A schedule is complete then.
  void finish();
  // Makes all threads end but the main one. The VM is interrupted then. REQUIRES: is_deterministic().
  void end_threads();
  // What a replay follows. REQUIRES: is_deterministic(), or the run was recorded; finish() was called.
  // The steps that a deterministic scheduler has made: the kind, the seed, the checkpoints and the answers.
  RecordedSchedule recorded_steps() const;
  bool is_deterministic() const { return fibers_ != nullptr; }
  // That have been run, of all threads. REQUIRES: is_deterministic().
  std::uint64_t instructions() const { return fibers_->instructions(); }
  // Takes note of how a worker that is a process ended: its exit code, as ChildProcess has it.
  void worker_has_ended(int exit_code);
  // The exit status after os.exit, a signal or a time-out; `otherwise` when there was none.
  int exit_status(int otherwise);
  // The same in a child, which has no supervisor.
  int exit_status_of_child(int otherwise) const;

 private:
  std::unique_ptr<Scheduler> make_scheduler(const VmSettings& settings);
  void set_arguments_in(VmThread& thread, const std::string& script) const;
  void has_diverged(Divergence divergence);

  Supervisor& supervisor_;
  const std::vector<std::string> arguments_;
  const SchedulePlan plan_;
  TurnLog turn_log_;
  StepWatchers watchers_;             // where there are several
  FiberScheduler* fibers_ = nullptr;  // the scheduler, where it is one of these
  const std::unique_ptr<Scheduler> scheduler_;
  Vm vm_;
  VmThread* thread_;
  int exit_status_ = 0;  // as exit_status() last had it
};

}  // namespace gilvm
