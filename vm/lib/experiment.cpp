#include "vm/lib/experiment.h"

#include "vm/lib/library.h"

namespace gilvm {
namespace {

constexpr const char* kFields[] = {"name", "setup", "worker", "observe", "expect"};

Value field(VmThread& thread, Value table, const char* name) {
  return table.as_table()->get_short(thread.string(name));
}

int make_experiment(NativeCall& call) {
  Table* table;
  if (!call.table(0, &table)) return kNativeError;
  const Value experiment = call[0];
  Value key, value;
  while (table->next(key, &key, &value) && !key.is_nil()) {
    const std::string_view name = key.is_string() ? key.as_string()->view() : std::string_view("?");
    bool known = false;
    for (const char* known_name : kFields) known = known || name == known_name;
    if (!known) {
      return call.error("experiment: unknown field '" + std::string(name) +
                        "' (known are name, setup, worker, observe and expect)");
    }
    if (name == "name" ? !value.is_string() : !value.is_function()) {
      return call.error("experiment: " + std::string(name) + " must be a " +
                        (name == "name" ? "string" : "function") + ", got " + type_name(value));
    }
  }
  if (field(call.thread(), experiment, "worker").is_nil()) {
    return call.error("experiment: the function 'worker' is missing");
  }
  table->set_metatable(call.vm().registry->get_short(call.thread().string("_EXPERIMENT")).as_table());
  return call.one(experiment);
}

}  // namespace

void add_experiment(VmThread& thread) {
  Table* metatable = Table::make(thread.heap());
  set_field(thread, metatable, "__name", Value::string(thread.string("experiment")));
  set_field(thread, thread.vm().registry, "_EXPERIMENT", Value::table(metatable));
  set_field(thread, thread.vm().globals, "experiment",
            Value::native(NativeFunction::make(thread.heap(), "experiment", make_experiment)));
}

std::optional<Experiment> experiment_of(VmThread& thread, Value value) {
  const Value metatable = thread.vm().registry->get_short(thread.string("_EXPERIMENT"));
  if (!value.is_table() || value.as_table()->metatable() != metatable.as_table()) return std::nullopt;
  Experiment experiment;
  experiment.table = value;
  const Value name = field(thread, value, "name");
  if (name.is_string()) experiment.name = name.as_string()->view();
  experiment.setup = field(thread, value, "setup");
  experiment.worker = field(thread, value, "worker");
  experiment.observe = field(thread, value, "observe");
  experiment.expect = field(thread, value, "expect");
  return experiment;
}

}  // namespace gilvm
