// What Python's module `os` says of processes and cores; it stands in Lua's `os`, beside what the manual has.
#include <sched.h>
#include <unistd.h>

#include <cerrno>

#include "vm/lib/library.h"

namespace gilvm {
namespace {

// What every machine has under a deterministic schedule: two cores, and a process with this number and a
// parent.
constexpr unsigned kVirtualCores = 2;
constexpr pid_t kVirtualProcess = 1000, kVirtualParent = 1;

}  // namespace

int cpu_count(NativeCall& call) {
  if (call.vm().is_deterministic()) return call.one_integer(kVirtualCores);
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return call.one(cores > 0 ? call.thread().integer(cores) : Value::nil());
}

namespace {

int get_process(NativeCall& call) {
  return call.one_integer(call.vm().is_deterministic() ? kVirtualProcess : getpid());
}
int get_parent_process(NativeCall& call) {
  return call.one_integer(call.vm().is_deterministic() ? kVirtualParent : getppid());
}

// The cores that a process may use; of the calling thread for 0. False: errno says why not.
bool affinity_of(NativeCall& call, pid_t process, cpu_set_t* cores) {
  if (!call.vm().is_deterministic()) return sched_getaffinity(process, sizeof *cores, cores) == 0;
  errno = ESRCH;
  if (process != 0 && process != kVirtualProcess) return false;
  CPU_ZERO(cores);
  for (unsigned core = 0; core < kVirtualCores; ++core) CPU_SET(core, cores);
  return true;
}

// Of the cores, those that the calling thread may use (Python 3.13).
int process_cpu_count(NativeCall& call) {
  cpu_set_t cores;
  if (!affinity_of(call, 0, &cores)) return cpu_count(call);
  return call.one_integer(CPU_COUNT(&cores));
}

// sched_getaffinity(pid): a sorted list of cores, counted from 0. 0 is the calling thread.
int get_affinity(NativeCall& call) {
  std::int64_t process;
  if (!call.integer(0, &process)) return kNativeError;
  cpu_set_t cores;
  if (!affinity_of(call, static_cast<pid_t>(process), &cores)) return raise_system_error(call, errno);
  Table* list = Table::make(call.thread().heap());
  std::int64_t length = 0;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &cores))
      list->set_integer(call.thread().heap(), ++length, Value::inline_integer(core));
  }
  return call.one(Value::table(list));
}

// sched_setaffinity(pid, mask): from now on only on the cores in the list.
int set_affinity(NativeCall& call) {
  std::int64_t process;
  Table* list;
  if (!call.integer(0, &process) || !call.table(1, &list)) return kNativeError;
  if (call.vm().is_deterministic())
    return call.error("os.sched_setaffinity is not possible under a deterministic schedule: it has no cores");
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const auto length = static_cast<std::int64_t>(list->length());
  for (std::int64_t index = 1; index <= length; ++index) {
    const Value core = list->get_integer(index);
    if (!core.is_integer()) return raise_exception(call, "TypeError", "a list of integers expected");
    if (core.as_integer() < 0) return raise_exception(call, "ValueError", "negative CPU number");
    if (core.as_integer() < CPU_SETSIZE) CPU_SET(static_cast<int>(core.as_integer()), &cores);
  }
  if (sched_setaffinity(static_cast<pid_t>(process), sizeof cores, &cores) != 0)
    return raise_system_error(call, errno);
  return call.none();
}

constexpr LibraryFunction kFunctions[] = {
    {"getpid", get_process},
    {"getppid", get_parent_process},
    {"cpu_count", cpu_count},
    {"process_cpu_count", process_cpu_count},
    {"sched_getaffinity", get_affinity},
    {"sched_setaffinity", set_affinity},
};

}  // namespace

void add_os_processes(VmThread& thread, Table* os) { add_functions(thread, os, kFunctions); }

}  // namespace gilvm
