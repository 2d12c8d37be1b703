#include "vm/main/experiment_runner.h"

#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "vm/lib/library.h"
#include "vm/lib/threads.h"
#include "vm/main/commands.h"
#include "vm/main/interpreter_workers.h"
#include "vm/main/value_json.h"
#include "vm/process/processes.h"

namespace gilvm {
namespace {

GilFigures sum_of(const std::vector<Vm::ThreadRecord>& records) {
  GilFigures sum;
  for (const Vm::ThreadRecord& record : records) {
    sum.switches += record.switches;
    sum.requests += record.requests;
    sum.held_seconds += std::chrono::duration<double>(record.held).count();
    sum.waited_seconds += std::chrono::duration<double>(record.waited).count();
  }
  return sum;
}

std::string worker_failure(unsigned worker, const std::string& failure) {
  return "worker " + std::to_string(worker) + ": " + failure;
}

}  // namespace

WorldDescription describe(const World& world) {
  WorldDescription description;
  description.workers = world.workers == WorkerKind::kProcesses      ? "processes"
                        : world.workers == WorkerKind::kInterpreters ? "interpreters"
                                                                     : "threads";
  description.lock = name_of(world.lock.regime);
  const SwitchInterval& interval = world.lock.interval;
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(interval.time).count();
  if (interval.counted()) {
    description.switch_interval = std::to_string(interval.instructions) + "i";
  } else if (microseconds % 1000 == 0) {
    description.switch_interval = std::to_string(microseconds / 1000) + "ms";
  } else {
    description.switch_interval = std::to_string(microseconds) + "us";
  }
  description.switch_points = world.lock.points == SwitchPoints::kLoops ? "loops" : "every";
  description.gil_policy = name_of(world.lock.policy);
  return description;
}

double ExperimentRunner::seconds_since(Instant start) {
  return std::chrono::duration<double>(host_.vm().scheduler().now() - start).count();
}

// Of this process and of the children that have ended.
double ExperimentRunner::cpu_seconds() {
  if (host_.is_deterministic()) return host_.vm().scheduler().process_cpu_seconds();  // it starts no process
  rusage children;
  getrusage(RUSAGE_CHILDREN, &children);
  return host_.vm().scheduler().process_cpu_seconds() +
         static_cast<double>(children.ru_utime.tv_sec + children.ru_stime.tv_sec) +
         static_cast<double>(children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1e-6;
}

bool ExperimentRunner::load(const Script& script, std::string* error, bool* plain) {
  *plain = false;
  script_ = script;
  Closure* main = host_.load(script, error);
  if (!main) return false;
  Value result;
  if (!call_reporting(host_.thread(), Value::closure(main), host_.arguments(), error, &result)) return false;
  std::optional<Experiment> experiment = experiment_of(host_.thread(), result);
  if (!experiment) {
    *plain = true;
    return false;
  }
  experiment_ = *experiment;
  if (experiment_.name.empty()) experiment_.name = script.name;
  // The registry keeps it from the collector.
  set_field(host_.thread(), host_.vm().registry, "_RUNNING", experiment_.table);
  return true;
}

bool ExperimentRunner::call(Value function, const std::vector<Value>& arguments, Value* result,
                            std::string* error) {
  *result = Value::nil();
  return function.is_nil() || call_reporting(host_.thread(), function, arguments, error, result);
}

std::string ExperimentRunner::run_threads(unsigned workers, double* wall_seconds) {
  VmThread& thread = host_.thread();
  std::vector<std::shared_ptr<ThreadControl>> controls;
  std::string failure;
  // No worker gets to run before the last one is started: it cannot attach while the world is stopped (under
  // the GIL, while this thread holds it).
  host_.vm().stop_the_world(thread);
  for (unsigned worker = 1; worker <= workers; ++worker) {
    controls.push_back(std::make_shared<ThreadControl>("worker " + std::to_string(worker)));
    ThreadStart start;
    start.function = experiment_.worker;
    start.arguments = {Value::inline_integer(worker), Value::inline_integer(workers)};
    start.worker = worker;
    start.reports_errors = false;
    const int reason = start_thread(thread, controls.back(), std::move(start));
    if (reason == 0) continue;
    failure = worker_failure(worker, std::string("can't start a thread: ") + std::strerror(reason));
    controls.pop_back();
    break;
  }
  const Instant start = thread.vm().scheduler().now();
  host_.vm().resume_the_world(thread);
  if (on_waiting) on_waiting(true);
  for (auto& control : controls) control->join(thread, std::nullopt);
  if (on_waiting) on_waiting(false);
  *wall_seconds = seconds_since(start);
  for (unsigned worker = 1; worker <= controls.size() && failure.empty(); ++worker) {
    const std::string report = controls[worker - 1]->failure_so_far();
    if (!report.empty()) failure = worker_failure(worker, report);
  }
  return failure;
}

std::string ExperimentRunner::run_processes(unsigned workers, double* wall_seconds) {
  VmThread& thread = host_.thread();
  std::vector<std::shared_ptr<ChildProcess>> children;
  std::string failure;
  const Instant start = thread.vm().scheduler().now();
  for (unsigned worker = 1; worker <= workers; ++worker) {
    auto body = [&](std::string* message) {
      thread.worker = worker;
      forget_other_threads(thread);
      Value ignored;
      const bool ok =
          call(experiment_.worker, {Value::inline_integer(worker), Value::inline_integer(workers)}, &ignored,
               message);
      return host_.exit_status_of_child(ok ? 0 : kExitScriptError);
    };
    std::shared_ptr<ChildProcess> child = ChildProcess::start(thread, body);
    if (!child) {
      failure = worker_failure(worker, std::string("can't start a process: ") + std::strerror(errno));
      break;
    }
    children.push_back(std::move(child));
  }
  for (auto& child : children) child->wait(thread, std::nullopt);
  *wall_seconds = seconds_since(start);
  for (unsigned worker = 1; worker <= children.size() && failure.empty(); ++worker) {
    ChildProcess& child = *children[worker - 1];
    const int code = child.exit_code().value_or(0);
    if (code == 0) continue;
    host_.worker_has_ended(code);
    const std::string message = code < 0 ? "" : child.message();
    failure = worker_failure(worker, message.empty() ? describe_end(code) : message);
  }
  return failure;
}

// An interpreter begins with nothing: it runs the script and sets up for itself what its worker needs.
bool ExperimentRunner::run_in_guest(VmThread& guest, unsigned worker, unsigned workers,
                                    std::string* failure) const {
  Closure* main = host_.load_in(guest, script_, failure);
  Value result;
  if (!main || !call_reporting(guest, Value::closure(main), host_.arguments_in(guest), failure, &result)) {
    return false;
  }
  const std::optional<Experiment> experiment = experiment_of(guest, result);
  if (!experiment) {
    *failure = "the script returns no experiment here";
    return false;
  }
  set_field(guest, guest.vm().registry, "_RUNNING", experiment->table);
  if (!experiment->setup.is_nil() && !call_reporting(guest, experiment->setup, {}, failure)) return false;
  return call_reporting(guest, experiment->worker,
                        {Value::inline_integer(worker), Value::inline_integer(workers)}, failure);
}

std::string ExperimentRunner::run_interpreters(unsigned workers, double* wall_seconds) {
  const auto body = [this, workers](VmThread& guest, unsigned worker, std::string* failure) {
    return run_in_guest(guest, worker, workers, failure);
  };
  return run_in_interpreters(host_, workers, body, wall_seconds);
}

RepeatResult ExperimentRunner::run(unsigned workers) {
  RepeatResult result;
  Value value;
  host_.set_worker_count(workers);
  if (!call(experiment_.setup, {}, &value, &result.error)) {
    if (result.error.empty()) result.error = "interrupted";
    return result;
  }
  const GilFigures before = sum_of(host_.vm().thread_records());
  const double cpu_before = cpu_seconds();
  switch (world_.workers) {
    case WorkerKind::kThreads: result.error = run_threads(workers, &result.wall_seconds); break;
    case WorkerKind::kInterpreters: result.error = run_interpreters(workers, &result.wall_seconds); break;
    case WorkerKind::kProcesses: result.error = run_processes(workers, &result.wall_seconds); break;
  }
  result.cpu_seconds = cpu_seconds() - cpu_before;
  const GilFigures after = sum_of(host_.vm().thread_records());
  result.gil = {after.switches - before.switches, after.requests - before.requests,
                after.held_seconds - before.held_seconds, after.waited_seconds - before.waited_seconds};
  if (!result.error.empty()) return result;
  if (!call(experiment_.observe, {}, &value, &result.error)) return result;
  result.observed = json_of(value);
  if (!call(experiment_.expect, {Value::inline_integer(workers)}, &value, &result.error)) return result;
  result.expected = json_of(value);
  result.ok = experiment_.expect.is_nil() || result.expected == result.observed;
  return result;
}

}  // namespace gilvm
