#include "vm/main/deadlock_report.h"

#include <map>

#include "vm/base/text.h"
#include "vm/lib/vm_group.h"
#include "vm/main/wait_text.h"
#include "vm/report/terminal_text.h"
#include "vm/runtime/activations.h"

namespace gilvm {
namespace {

using Threads = std::map<std::uint64_t, VmThread*>;  // of a VM, by their numbers

Threads threads_of(Vm& vm) {
  Threads threads;
  vm.each_thread([&](VmThread& thread) { threads[thread.number()] = &thread; });
  return threads;
}

// Where a script waits: in the innermost function that is not a library's, and what it has called there.
struct Place {
  std::string file;  // empty: no script runs
  std::int32_t line = 0;
  std::string position() const { return file.empty() ? file : file + ":" + std::to_string(line); }
  std::string called;  // the library's function, where that is written in Lua; else empty
};

Place place_of(const VmThread& thread) {
  Place place;
  Activations levels(thread.coroutine, nullptr);
  Activation level;
  bool in_library = false;
  while (levels.next(&level)) {
    if (!level.is_script()) continue;
    const Prototype& prototype = *level.frame->closure->prototype;
    if (prototype.is_library) {
      in_library = true;
      continue;
    }
    place.file = short_source(prototype.source);
    place.line = current_line(*level.frame);
    if (in_library) place.called = name_of_called(prototype, lua_position_of(*level.frame)).name;
    break;
  }
  return place;
}

}  // namespace

std::vector<FoundAccess> waiting_threads(Vm& vm) {
  std::vector<FoundAccess> waiting;
  for (const auto& [number, thread] : threads_of(vm)) {
    const Place place = place_of(*thread);
    waiting.emplace_back();
    waiting.back().file = place.file;
    waiting.back().line = place.line;
    waiting.back().thread = thread->name();
  }
  return waiting;
}

std::string waits_in_one_line(Vm& vm) {
  constexpr std::uint64_t kMain = 1;
  std::string line;
  for (const auto& [number, thread] : threads_of(vm)) {
    if (number == kMain) continue;
    const Place place = place_of(*thread);
    if (place.file.empty()) continue;
    if (!line.empty()) line += "; ";
    const std::string reason =
        place.called.empty() ? wait_text(*thread) : filled(translate("in {0}()"), place.called);
    line += reason.empty()
                ? filled(translate("{0} goes round in a loop at {1}"), thread->name(), place.position())
                : filled(translate("{0} waits at {1} {2}"), thread->name(), place.position(), reason);
  }
  return line;
}

std::string deadlock_report(Vm& vm) {
  std::map<std::uint64_t, Threads> vms;  // by their numbers: in the order in which they were made
  VmGroup::of(vm).each_thread([&](VmThread& thread) { vms[thread.vm().serial][thread.number()] = &thread; });
  std::string report =
      std::string("gilvm: ") + translate("deadlock: every thread waits, and none can wake another") + "\n";
  const auto add = [&](const Threads& threads) {
    for (const auto& [number, thread] : threads) {
      const Place place = place_of(*thread);
      const std::string reason =
          place.called.empty() ? wait_text(*thread) : filled(translate("in {0}()"), place.called);
      // A guest's main thread that nobody is.
      if (place.file.empty() && reason.empty()) continue;
      report += "  ";
      report += place.file.empty()
                    ? filled(translate("{0} waits {1}"), thread->name(), reason)
                    : filled(translate("{0} waits at {1} {2}"), thread->name(), place.position(), reason);
      report += "\n";
    }
  };
  add(vms[vm.serial]);
  vms.erase(vm.serial);
  for (const auto& [number, threads] : vms) add(threads);
  return report;
}

}  // namespace gilvm
