// gilvm run: a plain script once or in several workers, or an experiment in one world.
#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "vm/lib/library.h"
#include "vm/lib/threads.h"
#include "vm/main/commands.h"
#include "vm/main/experiment_runner.h"
#include "vm/process/processes.h"
#include "vm/report/compare_table.h"
#include "vm/report/json_report.h"
#include "vm/report/statistics_table.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

constexpr int kExitKilled = 128;  // and the signal's number, as shells show it

void show_statistics(ScriptHost& host, const Options& options) {
  if (!options.stats) return;
  std::fflush(stdout);  // the statistics come after what the script printed
  std::vector<ThreadStatistics> threads;
  for (const Vm::ThreadRecord& record : host.vm().thread_records()) {
    threads.push_back({record.name,
                       {record.switches, record.requests, std::chrono::duration<double>(record.held).count(),
                        std::chrono::duration<double>(record.waited).count()}});
  }
  const std::string table = statistics_table(threads, {terminal_width(), false});
  std::fwrite(table.data(), 1, table.size(), stderr);
}

// Runs the closures, one a worker, in threads that share the VM. The exit status.
int run_in_threads(ScriptHost& host, const std::vector<Closure*>& workers) {
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
    ok = control->failure_so_far().empty() && ok;
  }
  return ok ? 0 : kExitScriptError;
}

// The same in processes. The exit status is that of the first worker that has another than 0.
int run_in_processes(ScriptHost& host, const std::vector<Closure*>& workers) {
  VmThread& thread = host.thread();
  std::vector<std::shared_ptr<ChildProcess>> children;
  int status = 0;
  for (unsigned worker = 1; worker <= workers.size(); ++worker) {
    auto body = [&](std::string*) {
      thread.worker = worker;
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
    const std::string ending = describe_signal(code);
    // Who is killed because nobody reads its output any more has nothing to say of it.
    if (!ending.empty() && code != -SIGPIPE && !thread.interrupted()) {
      complain("worker " + std::to_string(worker) + ": " + ending);
    }
    if (status == 0) status = code < 0 ? kExitKilled - code : code;
  }
  return status;
}

int run_alone(ScriptHost& host, Closure* main) {
  std::string failure;
  if (call_reporting(host.thread(), Value::closure(main), host.arguments(), &failure)) return 0;
  if (!failure.empty()) {
    std::fflush(stdout);
    complain(failure);
  }
  return kExitScriptError;
}

// A plain script, once on the main thread or in each worker.
int run_plain(const Options& options, const std::vector<Script>& scripts, Supervisor& supervisor) {
  int status = 0;
  for (unsigned repetition = 0; repetition < options.repeat && status == 0; ++repetition) {
    ScriptHost host({options.lock, 0, options.max_memory}, supervisor, options.arguments);
    std::vector<Closure*> workers;
    // One more registered root per script: they are loaded before any of them runs.
    Table* keep = Table::make(host.thread().heap());
    set_field(host.thread(), host.vm().registry, "_SCRIPTS", Value::table(keep));
    const unsigned count = !options.workers_given ? 1 : options.count;
    for (unsigned worker = 0; worker < count; ++worker) {
      std::string error;
      Closure* main = host.load(scripts[scripts.size() > 1 ? worker : 0], &error);
      if (!main) {
        complain(error);
        return kExitScriptError;
      }
      workers.push_back(main);
      keep->set_integer(host.thread().heap(), worker + 1, Value::closure(main));
    }
    if (!options.workers_given) {
      status = run_alone(host, workers[0]);
    } else {
      host.set_worker_count(count);
      status = options.workers == WorkerKind::kProcesses ? run_in_processes(host, workers)
                                                         : run_in_threads(host, workers);
    }
    host.finish();
    status = host.exit_status(status);
    show_statistics(host, options);
  }
  return status;
}

int run_experiment(const Options& options, const Script& script, Supervisor& supervisor) {
  ExperimentRunner runner({options.workers, options.lock, options.max_memory}, supervisor, options.arguments);
  std::string error;
  bool plain;
  if (!runner.load(script, &error, &plain)) {
    if (!plain && !error.empty()) {
      std::fflush(stdout);
      complain(error);
    }
    runner.host().finish();
    if (plain && options.workers_given) {
      complain(filled(translate("{0}: the script names `experiment` but returns none"), script.name));
      return runner.host().exit_status(kExitScriptError);
    }
    return runner.host().exit_status(plain ? 0 : kExitScriptError);
  }
  RunResult result;
  result.script = script.name;
  result.name = runner.name();
  result.world = describe(runner.world());
  result.workers = options.count;
  for (unsigned repetition = 0; repetition < options.repeat; ++repetition) {
    result.repeats.push_back(runner.run(options.count));
    if (!result.repeats.back().error.empty()) break;
  }
  runner.host().finish();
  const int status = runner.host().exit_status(0);
  if (status != 0) return status;
  std::fflush(stdout);
  const std::string& failure = result.repeats.back().error;
  if (!failure.empty()) complain(failure);
  if (options.json) {
    std::fputs(json_text(json_of(result)).c_str(), stdout);
  } else if (failure.empty()) {
    const CompareResult table{result.script, result.name, {result}};
    std::fputs(compare_table(table, {terminal_width(), options.color}).c_str(), stdout);
  }
  show_statistics(runner.host(), options);
  return failure.empty() ? 0 : kExitScriptError;
}

}  // namespace

int run_command(const Options& options, Supervisor& supervisor) {
  std::vector<Script> scripts(options.scripts.size());
  for (std::size_t index = 0; index < scripts.size(); ++index) {
    std::string error;
    if (!read_script(options.scripts[index], &scripts[index], &error)) {
      complain(error);
      return kExitUsage;
    }
  }
  if (scripts.size() == 1) {
    ScriptHost host({options.lock}, supervisor, options.arguments);
    std::string error;
    Closure* main = host.load(scripts[0], &error);
    if (!main) {
      complain(error);
      return kExitScriptError;
    }
    if (ScriptHost::mentions_experiment(main)) return run_experiment(options, scripts[0], supervisor);
  }
  return run_plain(options, scripts, supervisor);
}

}  // namespace gilvm
