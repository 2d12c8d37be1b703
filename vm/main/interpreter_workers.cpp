#include "vm/main/interpreter_workers.h"

#include <cstring>
#include <memory>
#include <vector>

#include "vm/lib/experiment.h"
#include "vm/lib/threads.h"
#include "vm/lib/vm_group.h"

namespace gilvm {
namespace {

struct Worker {
  const InterpreterBody body;
  const unsigned number;
  const unsigned count;
  std::string failure;  // written before the worker's thread ends
};

// Keeps a Worker for the thread that runs it, which an interrupted host does not wait for.
class WorkerObject final : public NativeObject {
 public:
  explicit WorkerObject(std::shared_ptr<Worker> its_worker) : worker(std::move(its_worker)) {}
  const char* type_name() const override { return "worker"; }

  const std::shared_ptr<Worker> worker;
};

void set_worker_count(VmThread& guest, unsigned count) {
  set_field(guest, guest.vm().registry, "_WORKERS", Value::inline_integer(count));
}

void run_worker(VmThread& host, Worker& worker) {
  const std::string name = "worker " + std::to_string(worker.number);
  const std::shared_ptr<GroupVm> vm = VmGroup::of(host.vm()).create(host, name, add_experiment);
  vm->visit(host, [&](VmThread& guest) {
    guest.worker = worker.number;
    set_worker_count(guest, worker.count);
    if (!worker.body(guest, worker.number, &worker.failure) && worker.failure.empty()) {
      worker.failure = "interrupted";
    }
  });
  std::vector<Vm::ThreadRecord> records;
  if (vm->close(host, &records) == GroupVm::Outcome::kDone) host.vm().add_records(records);
}

// The function of a host's thread. Its slot has the WorkerObject.
int run_worker(NativeCall& call) {
  const Value object = call.function()->slots()[0].load();
  const auto worker = static_cast<WorkerObject&>(*object.as_userdata()->object).worker;
  run_worker(call.thread(), *worker);
  return call.none();
}

}  // namespace

std::string run_in_interpreters(ScriptHost& host, unsigned workers, const InterpreterBody& body,
                                double* wall_seconds) {
  VmThread& thread = host.thread();
  std::vector<std::shared_ptr<Worker>> running;
  std::vector<std::shared_ptr<ThreadControl>> controls;
  std::string failure;
  const Instant begin = thread.vm().scheduler().now();
  for (unsigned number = 1; number <= workers; ++number) {
    running.push_back(std::make_shared<Worker>(Worker{body, number, workers, {}}));
    NativeFunction* function = NativeFunction::make(thread.heap(), "worker", run_worker, 1);
    function->slots()[0].store(Value::userdata(
        Userdata::make(thread.heap(), std::make_unique<WorkerObject>(running.back()), nullptr)));
    controls.push_back(std::make_shared<ThreadControl>("launcher " + std::to_string(number)));
    ThreadStart start;
    start.function = Value::native(function);
    start.reports_errors = false;
    if (const int reason = start_thread(thread, controls.back(), std::move(start))) {
      failure = "worker " + std::to_string(number) + ": can't start a thread: " + std::strerror(reason);
      controls.pop_back();
      break;
    }
  }
  bool all_ended = true;
  for (auto& control : controls) all_ended = control->join(thread, std::nullopt) && all_ended;
  *wall_seconds = std::chrono::duration<double>(thread.vm().scheduler().now() - begin).count();
  if (!all_ended) return "interrupted";
  for (const auto& worker : running) {
    if (failure.empty() && !worker->failure.empty()) {
      failure = "worker " + std::to_string(worker->number) + ": " + worker->failure;
    }
  }
  return failure;
}

}  // namespace gilvm
