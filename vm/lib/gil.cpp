// The module `gil`, which is not Python's: what the lock has done so far. `--stats` prints the same at the
// end.
#include "vm/lib/library.h"

namespace gilvm {
namespace {

Value seconds(Nanoseconds time) { return Value::number(std::chrono::duration<double>(time).count()); }

// A list with a table for each thread, those that have ended first.
int statistics(NativeCall& call) {
  VmThread& thread = call.thread();
  Table* list = Table::make(thread.heap());
  std::int64_t length = 0;
  for (const Vm::ThreadRecord& record : call.vm().thread_records()) {
    Table* entry = Table::make(thread.heap());
    list->set_integer(thread.heap(), ++length, Value::table(entry));
    set_field(thread, entry, "thread", Value::string(thread.string(record.name)));
    set_field(thread, entry, "switches", thread.integer(static_cast<std::int64_t>(record.switches)));
    set_field(thread, entry, "requests", thread.integer(static_cast<std::int64_t>(record.requests)));
    set_field(thread, entry, "held", seconds(record.held));
    set_field(thread, entry, "waited", seconds(record.waited));
  }
  return call.one(Value::table(list));
}

constexpr LibraryFunction kFunctions[] = {{"stats", statistics}};

int open(NativeCall& call) {
  Table* module = Table::make(call.thread().heap());
  add_functions(call.thread(), module, kFunctions);
  return call.one(Value::table(module));
}

}  // namespace

void add_gil(VmThread& thread) { add_module(thread, "gil", open); }

}  // namespace gilvm
