#include "vm/lib/spawn.h"

#include "vm/interp/call.h"
#include "vm/lib/copied_values.h"
#include "vm/lib/module_paths.h"
#include "vm/lib/threads.h"
#include "vm/sched/os_scheduler.h"

namespace gilvm {
namespace {

// Its argument has the bytes of a list: the process's object, its function, and the arguments of that.
int run_received(NativeCall& call) {
  const std::string bytes(call[0].as_string()->view());
  Value received;
  if (!value_from_bytes(call, bytes, &received, true)) return kNativeError;
  Table* list = received.as_table();
  set_field(call.thread(), call.vm().registry, "_CURRENT_PROCESS", list->get_integer(1));
  const Value function = list->get_integer(2);
  if (function.is_nil()) return call.none();
  call.keep(received);
  ScriptCall script(call.thread(), function, call.function());
  const auto count = list->get_integer(3).as_integer();
  for (std::int64_t index = 1; index <= count; ++index) script.push(list->get_integer(3 + index));
  return script.run() ? call.none() : kNativeError;
}

}  // namespace

int run_in_fresh_vm(VmThread& parent, const std::string& bytes, const std::string& name) {
  VmSettings settings;
  settings.lock = parent.vm().lock();
  settings.max_memory = parent.vm().max_memory();
  // Never deleted: the process ends as it is, with threads that nobody waits for.
  Vm& vm = *new Vm(settings, *new OsScheduler);
  VmThread& thread = *vm.add_thread("main");
  open_libraries(thread);
  set_module_paths(thread, module_paths_of(parent));
  const Value require = vm.globals->get_short(thread.string("require"));
  const Value function = Value::native(NativeFunction::make(thread.heap(), "spawned", run_received));
  ScriptCall keeps_function_alive(thread, function);
  std::string failure;
  // The types of what is received are made when the module is loaded.
  const bool ok =
      call_reporting(thread, require, {Value::string(thread.string("_multiprocessing"))}, &failure) &&
      call_reporting(thread, function, {Value::string(thread.string(bytes))}, &failure);
  report_process_failure(name, failure);
  join_all_threads(thread);
  join_all_processes(thread);
  if (vm.interruption() == Interruption::kExit) return vm.exit_status();
  return ok ? 0 : 1;
}

}  // namespace gilvm
