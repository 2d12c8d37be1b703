#include "vm/main/plain_run.h"

#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "vm/lib/library.h"
#include "vm/lib/threads.h"
#include "vm/main/commands.h"
#include "vm/main/interpreter_workers.h"
#include "vm/process/processes.h"

namespace gilvm {
namespace {

constexpr int kExitKilled = 128;  // and the signal's number, as shells show it

}  // namespace

PlainRun::PlainRun(const VmSettings& settings, const SchedulePlan& plan, Supervisor& supervisor,
                   const std::vector<std::string>& arguments)
    : host(settings, plan, supervisor, arguments), kept(Table::make(host.thread().heap())) {
  host.report_deadlocks();
  set_field(host.thread(), host.vm().registry, "_SCRIPTS", Value::table(kept));
}

bool PlainRun::load(const Script& script, std::string* error) {
  Closure* main = host.load(script, error);
  if (!main) return false;
  workers.push_back(main);
  kept->set_integer(host.thread().heap(), static_cast<std::int64_t>(workers.size()), Value::closure(main));
  return true;
}

bool PlainRun::load_all(const std::vector<Script>& scripts, std::size_t count, std::string* error) {
  while (workers.size() < count) {
    if (!load(scripts[scripts.size() > 1 ? workers.size() : 0], error)) return false;
  }
  return true;
}

// In threads that share the VM.
int PlainRun::in_threads() {
  VmThread& thread = host.thread();
  std::vector<std::shared_ptr<ThreadControl>> controls;
  bool ok = true;
  host.vm().stop_the_world(thread);
  for (unsigned worker = 1; worker <= workers.size(); ++worker) {
    controls.push_back(std::make_shared<ThreadControl>("worker " + std::to_string(worker)));
    ThreadStart start;
    start.function = Value::closure(workers[worker - 1]);
    start.arguments = host.arguments();
    start.worker = worker;
    const int reason = start_thread(thread, controls.back(), std::move(start));
    if (reason == 0) continue;
    complain(std::string("can't start a thread: ") + std::strerror(reason));
    controls.pop_back();
    ok = false;
    break;
  }
  host.vm().resume_the_world(thread);
  for (auto& control : controls) {
    control->join(thread, std::nullopt);
    if (thread_failure.empty()) thread_failure = control->failure_so_far();
    ok = thread_failure.empty() && ok;
  }
  return ok ? 0 : kExitScriptError;
}

// The same in processes. The exit status is that of the first worker that has another than 0.
int PlainRun::in_processes() {
  VmThread& thread = host.thread();
  std::vector<std::shared_ptr<ChildProcess>> children;
  int status = 0;
  for (unsigned worker = 1; worker <= workers.size(); ++worker) {
    auto body = [&](std::string*) {
      thread.worker = worker;
      forget_other_threads(thread);
      std::string failure;
      const bool well =
          call_reporting(thread, Value::closure(workers[worker - 1]), host.arguments(), &failure);
      if (!well && !failure.empty()) complain("worker " + std::to_string(worker) + ": " + failure);
      host.finish();
      return host.exit_status_of_child(well ? 0 : kExitScriptError);
    };
    std::shared_ptr<ChildProcess> child = ChildProcess::start(thread, body);
    if (!child) {
      complain(std::string("can't start a process: ") + std::strerror(errno));
      status = kExitScriptError;
      break;
    }
    children.push_back(std::move(child));
  }
  for (auto& child : children) child->wait(thread, std::nullopt);
  for (unsigned worker = 1; worker <= children.size(); ++worker) {
    const int code = children[worker - 1]->exit_code().value_or(0);
    host.worker_has_ended(code);
    // Who is killed because nobody reads its output any more has nothing to say of it.
    if (code < 0 && code != -SIGPIPE && !thread.interrupted())
      complain("worker " + std::to_string(worker) + ": " + describe_end(code));
    if (status == 0) status = code < 0 ? kExitKilled - code : code;
  }
  return status;
}

int PlainRun::workers_in(WorkerKind kind) {
  host.set_worker_count(static_cast<unsigned>(workers.size()));
  return kind == WorkerKind::kProcesses ? in_processes() : in_threads();
}

int PlainRun::interpreters(const std::vector<Script>& scripts, unsigned count, std::string* failure) {
  host.set_worker_count(count);
  double ignored;
  const auto body = [this, &scripts](VmThread& guest, unsigned worker, std::string* problem) {
    const Script& script = scripts[scripts.size() > 1 ? worker - 1 : 0];
    Closure* main = host.load_in(guest, script, problem);
    return main && call_reporting(guest, Value::closure(main), host.arguments_in(guest), problem);
  };
  *failure = run_in_interpreters(host, count, body, &ignored);
  const int status = failure->empty() ? 0 : kExitScriptError;
  if (host.thread().interrupted()) failure->clear();
  return status;
}

int PlainRun::alone(std::string* failure) {
  return call_reporting(host.thread(), Value::closure(workers[0]), host.arguments(), failure)
             ? 0
             : kExitScriptError;
}

}  // namespace gilvm
