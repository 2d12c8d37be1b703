#include "vm/main/script_host.h"

#include <signal.h>

#include <cstdio>
#include <iterator>

#include "vm/interp/call.h"
#include "vm/interp/finalizers.h"
#include "vm/lib/experiment.h"
#include "vm/lib/library.h"
#include "vm/lib/load.h"
#include "vm/lib/threads.h"

namespace gilvm {
namespace {

// Before the first VM is made.
const VmSettings& with_interpreter(const VmSettings& settings) {
  set_up_interpreter();
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
  char buffer[16384];
  std::size_t size;
  while ((size = std::fread(buffer, 1, sizeof buffer, stdin)) > 0) script->source.append(buffer, size);
  return true;
}

ScriptHost::ScriptHost(const VmSettings& settings, Supervisor& supervisor,
                       const std::vector<std::string>& arguments)
    : supervisor_(supervisor), arguments_(arguments), vm_(with_interpreter(settings), scheduler_) {
  thread_ = vm_.add_thread("main");
  open_libraries(*thread_);
  add_experiment(*thread_);
  supervisor_.watch(vm_);
}

ScriptHost::~ScriptHost() {
  vm_.interrupt(Interruption::kExit);
  supervisor_.unwatch(vm_);
  // The threads that are left must be able to run in order to end.
  vm_.remove_thread(thread_);
  if (!scheduler_.runs_threads()) return;
  supervisor_.begin_waiting(exit_status_);
  scheduler_.join_all();
  supervisor_.end_waiting();
}

Closure* ScriptHost::load(const Script& script, std::string* error) {
  set_arguments(script.name);
  const std::string chunk_name = script.name == "-" ? "=stdin" : "@" + script.name;
  return load_source(*thread_, without_shebang(script.source), chunk_name, Value::table(vm_.globals), error);
}

std::vector<Value> ScriptHost::arguments() {
  std::vector<Value> values;
  for (const std::string& argument : arguments_) values.push_back(Value::string(thread_->string(argument)));
  return values;
}

void ScriptHost::set_arguments(const std::string& script) {
  Table* table = Table::make(thread_->heap());
  table->set_integer(thread_->heap(), 0, Value::string(thread_->string(script)));
  for (std::size_t index = 0; index < arguments_.size(); ++index) {
    table->set_integer(thread_->heap(), static_cast<std::int64_t>(index) + 1,
                       Value::string(thread_->string(arguments_[index])));
  }
  Table* metatable = Table::make(thread_->heap());
  set_field(*thread_, metatable, "__index",
            Value::native(NativeFunction::make(thread_->heap(), "worker", worker_field)));
  table->set_metatable(metatable);
  set_field(*thread_, vm_.globals, "arg", Value::table(table));
}

void ScriptHost::set_worker_count(unsigned count) {
  set_field(*thread_, vm_.registry, "_WORKERS", Value::inline_integer(count));
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
  close_state(*thread_);
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
