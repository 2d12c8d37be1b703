#include "vm/main/experiment_runner.h"

#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "vm/lib/library.h"
#include "vm/lib/threads.h"
#include "vm/main/value_json.h"
#include "vm/process/processes.h"

namespace gilvm {
namespace {

double seconds_since(Instant start) { return std::chrono::duration<double>(monotonic_now() - start).count(); }

// Of this process and of the children that have ended.
double cpu_seconds() {
  rusage children;
  getrusage(RUSAGE_CHILDREN, &children);
  return process_cpu_seconds() + static_cast<double>(children.ru_utime.tv_sec + children.ru_stime.tv_sec) +
         static_cast<double>(children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1e-6;
}

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
  description.lock = world.lock.regime == LockRegime::kGil    ? "gil"
                     : world.lock.regime == LockRegime::kNone ? "none"
                                                              : "object";
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
  return description;
}

bool ExperimentRunner::load(const Script& script, std::string* error, bool* plain) {
  *plain = false;
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
  const Instant start = monotonic_now();
  host_.vm().resume_the_world(thread);
  for (auto& control : controls) control->join(thread, std::nullopt);
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
  const Instant start = monotonic_now();
  for (unsigned worker = 1; worker <= workers; ++worker) {
    auto body = [&](std::string* message) {
      thread.worker = worker;
      Value ignored;
      const bool ok =
          call(experiment_.worker, {Value::inline_integer(worker), Value::inline_integer(workers)}, &ignored,
               message);
      return ok ? 0 : 1;
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
    const std::string message = code < 0 ? describe_signal(code) : child.message();
    failure = worker_failure(worker, message.empty() ? "exit status " + std::to_string(code) : message);
  }
  return failure;
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
  result.error = world_.workers == WorkerKind::kProcesses ? run_processes(workers, &result.wall_seconds)
                                                          : run_threads(workers, &result.wall_seconds);
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
