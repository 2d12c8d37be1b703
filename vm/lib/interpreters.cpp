// The module `_interpreters`: what the module `concurrent.interpreters` in vm/lib/lua is made of. Nothing
// here raises the errors of that module: a function tells what happened by its first result.
#include <utility>

#include "vm/lib/load.h"
#include "vm/lib/vm_group.h"

namespace gilvm {
namespace {

GroupVm* self(NativeCall& call) {
  auto* handle = object_argument<GroupVmHandle>(call, 0, "Interpreter");
  return handle ? handle->vm.get() : nullptr;
}

VmQueue* queue_self(NativeCall& call) {
  auto* handle = object_argument<VmQueueHandle>(call, 0, "Queue");
  return handle ? handle->queue.get() : nullptr;
}

const char* name_of(GroupVm::Outcome outcome) {
  switch (outcome) {
    case GroupVm::Outcome::kRunning: return "running";
    case GroupVm::Outcome::kClosed: return "closed";
    case GroupVm::Outcome::kDone:
    case GroupVm::Outcome::kInterrupted: break;
  }
  return "done";
}

// What is done in another VM, and what comes of it. The host waits meanwhile.
struct Visit {
  enum class Kind : std::uint8_t {
    kCall,     // the list [1] has a function, its arguments follow, and `count` says how many
    kExec,     // [1] is source text, or a function without arguments
    kPrepare,  // [1] is a table of what is to be global
  };
  Kind kind;
  std::int64_t count;
  CrossingValue request;
  CrossingValue answer;  // the results, with their number in n; or [1] is the error, if it can cross
  bool ok = false;
  std::string refusal;          // why the results cannot cross; empty: they can
  std::string text, traceback;  // of the error
};

bool run_exec(NativeCall& call, Value code) {
  VmThread& thread = call.thread();
  if (code.is_string()) {
    const std::string source(code.as_string()->view());
    std::string error;
    Closure* main = load_source(thread, source, source, Value::table(thread.vm().globals), &error);
    if (!main) {
      raise(thread, Value::string(thread.string(error)));
      return false;
    }
    code = Value::closure(main);
  }
  ScriptCall script(thread, code, call.function());
  return script.run();
}

bool run_call(NativeCall& call, Visit& visit, Table* list) {
  VmThread& thread = call.thread();
  ScriptCall script(thread, list->get_integer(1), call.function());
  for (std::int64_t index = 2; index <= visit.count; ++index) script.push(list->get_integer(index));
  if (!script.run()) return false;
  Table* results = Table::make(thread.heap(), script.result_count());
  for (unsigned index = 0; index < script.result_count(); ++index) {
    results->set_integer(thread.heap(), index + 1, script.result(index));
  }
  set_field(thread, results, "n", Value::inline_integer(script.result_count()));
  copy_to_vm(thread, Value::table(results), &visit.answer, &visit.refusal);
  return true;
}

// Called in the guest. Its slot has the address of the Visit.
int run_visit(NativeCall& call) {
  Visit& visit = *reinterpret_cast<Visit*>(call.function()->slots()[0].load().as_integer());
  Value received;
  if (!value_from_vm(call, visit.request, &received)) return kNativeError;
  call.keep(received);
  Table* list = received.as_table();
  switch (visit.kind) {
    case Visit::Kind::kCall: visit.ok = run_call(call, visit, list); break;
    case Visit::Kind::kExec: visit.ok = run_exec(call, list->get_integer(1)); break;
    case Visit::Kind::kPrepare: {
      Table* table = list->get_integer(1).as_table();
      Value key, value;
      while (table->next(key, &key, &value) && !key.is_nil()) {
        (void)call.vm().globals->set(call.thread().heap(), key, value);
      }
      visit.ok = true;
    }
  }
  return visit.ok ? call.none() : kNativeError;
}

void visit_guest(VmThread& guest, Visit& visit) {
  NativeFunction* function = NativeFunction::make(guest.heap(), "visit", run_visit, 1);
  function->slots()[0].store(guest.integer(reinterpret_cast<std::intptr_t>(&visit)));
  CaughtError caught;
  if (call_catching_interruptibly(guest, Value::native(function), &caught)) return;
  visit.ok = false;
  visit.text = caught.text;
  visit.traceback = caught.traceback;
  // Nothing since has been a safepoint.
  Table* list = Table::make(guest.heap(), 1);
  list->set_integer(guest.heap(), 1, caught.error);
  std::string refusal;
  visit.answer = {};
  if (!copy_to_vm(guest, Value::table(list), &visit.answer, &refusal)) visit.answer = {};
}

// The results of a visit that has been made: "done" and the results; "failed", the text, the traceback and,
// where it can cross, the error; "kept" and why the results cannot cross.
int results_of(NativeCall& call, Visit& visit) {
  if (!visit.refusal.empty()) {
    if (!call.reserve_results(2)) return kNativeError;
    call.set_result(0, Value::string(call.thread().string("kept")));
    call.set_result(1, Value::string(call.thread().string(visit.refusal)));
    return 2;
  }
  Value received;
  if (!visit.answer.bytes.empty()) {
    if (!value_from_vm(call, visit.answer, &received)) return kNativeError;
    call.keep(received);
  }
  Table* list = received.is_table() ? received.as_table() : nullptr;
  if (!visit.ok) {
    if (!call.reserve_results(4)) return kNativeError;
    call.set_result(0, Value::string(call.thread().string("failed")));
    call.set_result(1, Value::string(call.thread().string(visit.text)));
    call.set_result(2, Value::string(call.thread().string(visit.traceback)));
    call.set_result(3, list ? list->get_integer(1) : Value::nil());
    return 4;
  }
  const std::int64_t count = list ? list->get_short(call.thread().string("n")).as_integer() : 0;
  if (!call.reserve_results(static_cast<std::size_t>(count) + 1)) return kNativeError;
  call.set_result(0, Value::string(call.thread().string("done")));
  for (std::int64_t index = 1; index <= count; ++index) {
    call.set_result(static_cast<unsigned>(index), list->get_integer(index));
  }
  return static_cast<int>(count) + 1;
}

// interpreter:_call(f, ...) and so on: as results_of(); or "running"; or "closed"; or "refused" and why what
// was given cannot cross.
int visit(NativeCall& call, Visit::Kind kind) {
  GroupVm* vm = self(call);
  if (!vm) return kNativeError;
  VmThread& thread = call.thread();
  Visit visit{kind, call.count() - 1, {}, {}, false, {}, {}, {}};
  Table* list = Table::make(thread.heap(), call.count());
  for (unsigned index = 1; index < call.count(); ++index) {
    list->set_integer(thread.heap(), index, call[index]);
  }
  std::string refusal;
  if (!copy_to_vm(thread, Value::table(list), &visit.request, &refusal)) {
    return call.two(Value::string(thread.string("refused")), Value::string(thread.string(refusal)));
  }
  const GroupVm::Outcome outcome = vm->visit(thread, [&](VmThread& guest) { visit_guest(guest, visit); });
  if (thread.interrupted()) return kNativeError;
  return outcome == GroupVm::Outcome::kDone ? results_of(call, visit) : call.one_text(name_of(outcome));
}

int call_there(NativeCall& call) { return visit(call, Visit::Kind::kCall); }
int exec_there(NativeCall& call) { return visit(call, Visit::Kind::kExec); }
int prepare_main(NativeCall& call) { return visit(call, Visit::Kind::kPrepare); }

int is_running(NativeCall& call) {
  GroupVm* vm = self(call);
  if (!vm) return kNativeError;
  if (vm->is_closed()) return call.one_text("closed");
  return call.one_text(vm->is_running() ? "running" : "waiting");
}

int close_vm(NativeCall& call) {
  GroupVm* vm = self(call);
  if (!vm) return kNativeError;
  const GroupVm::Outcome outcome = vm->close(call.thread());
  return outcome == GroupVm::Outcome::kInterrupted ? kNativeError : call.one_text(name_of(outcome));
}

// The finalizer of a handle.
int forget_reference(NativeCall& call) {
  auto* handle = object_argument<GroupVmHandle>(call, 0, "Interpreter");
  if (!handle) return kNativeError;
  handle->forget_reference();
  VmGroup::of(call.vm()).close_unreferred(call.thread());
  return call.thread().interrupted() ? kNativeError : call.none();
}

bool is_same(NativeCall& call) {
  const auto shared_of = [](Value value) -> std::shared_ptr<SharedByVms> {
    auto* handle = value.is_userdata() ? dynamic_cast<VmHandle*>(value.as_userdata()->object) : nullptr;
    return handle ? handle->shared() : nullptr;
  };
  const auto left = shared_of(call[0]);
  return left && left == shared_of(call[1]);
}

int equals(NativeCall& call) { return call.one(Value::boolean(is_same(call))); }

int show(NativeCall& call) {
  GroupVm* vm = self(call);
  return vm ? call.one_text("Interpreter(" + std::to_string(vm->id) + ")") : kNativeError;
}

int show_queue(NativeCall& call) {
  VmQueue* queue = queue_self(call);
  return queue ? call.one_text("Queue(" + std::to_string(queue->id) + ")") : kNativeError;
}

Value attribute(NativeCall& call, NativeObject& object, std::string_view name) {
  const GroupVm& vm = *static_cast<GroupVmHandle&>(object).vm;
  if (name == "id") return call.thread().integer(vm.id);
  if (name != "whence") return Value::nil();
  return Value::string(call.thread().string(vm.is_first() ? "runtime init" : "_interpreters module"));
}

Value queue_attribute(NativeCall& call, NativeObject& object, std::string_view name) {
  const VmQueue& queue = *static_cast<VmQueueHandle&>(object).queue;
  if (name == "id") return call.thread().integer(queue.id);
  return name == "maxsize" ? call.thread().integer(queue.largest_size) : Value::nil();
}

bool set_attribute(NativeCall& call, NativeObject& object, std::string_view name, Value) {
  return raise_exception(call, "AttributeError",
                         std::string("'") + object.type_name() + "' object attribute '" + std::string(name) +
                             "' is read-only") == 0;
}

int create(NativeCall& call) {
  if (call.vm().is_deterministic()) return refuse_under_schedule(call, "interpreters.create");
  VmGroup& group = VmGroup::of(call.vm());
  // Those whose threads have ended since they were left.
  group.close_unreferred(call.thread());
  if (call.thread().interrupted()) return kNativeError;
  const std::shared_ptr<GroupVm> vm = group.create(call.thread());
  return call.one(new_handle(call.thread(), *vm));
}

int current(NativeCall& call) {
  return call.one(new_handle(call.thread(), *VmGroup::of(call.vm()).find(call.vm())));
}

int first(NativeCall& call) { return call.one(new_handle(call.thread(), *VmGroup::of(call.vm()).first())); }

int list_all(NativeCall& call) {
  Table* list = Table::make(call.thread().heap());
  std::int64_t count = 0;
  for (const std::shared_ptr<GroupVm>& vm : VmGroup::of(call.vm()).vms()) {
    list->set_integer(call.thread().heap(), ++count, new_handle(call.thread(), *vm));
  }
  return call.one(Value::table(list));
}

// Why the value cannot cross; nil: it can.
int refusal(NativeCall& call) {
  CrossingValue crossing;
  std::string reason;
  if (copy_to_vm(call.thread(), call[0], &crossing, &reason)) return call.one(Value::nil());
  return call.one_text(reason);
}

int make_queue(NativeCall& call) {
  std::int64_t largest_size;
  if (!call.integer(0, &largest_size)) return kNativeError;
  const std::shared_ptr<VmQueue> queue = VmGroup::of(call.vm()).make_queue(largest_size);
  return call.one(new_handle(call.thread(), *queue));
}

// queue:_put(item, waits, seconds): true, or false: no room; or why the item cannot cross.
int put(NativeCall& call) {
  VmQueue* queue = queue_self(call);
  std::optional<Instant> deadline;
  if (!queue || !deadline_after(call, call[3], &deadline)) return kNativeError;
  CrossingValue item;
  std::string reason;
  if (!copy_to_vm(call.thread(), call[1], &item, &reason)) return call.one_text(reason);
  if (queue->put(call.thread(), &item, !call[2].is_falsy(), deadline)) return call.one(Value::boolean(true));
  return call.thread().interrupted() ? kNativeError : call.one(Value::boolean(false));
}

// queue:_take(waits, seconds): true and the item, or false.
int take(NativeCall& call) {
  VmQueue* queue = queue_self(call);
  std::optional<Instant> deadline;
  if (!queue || !deadline_after(call, call[2], &deadline)) return kNativeError;
  CrossingValue item;
  if (!queue->take(call.thread(), &item, !call[1].is_falsy(), deadline)) {
    return call.thread().interrupted() ? kNativeError : call.one(Value::boolean(false));
  }
  Value value;
  if (!value_from_vm(call, item, &value)) return kNativeError;
  return call.two(Value::boolean(true), value);
}

int size(NativeCall& call) {
  VmQueue* queue = queue_self(call);
  return queue ? call.one_integer(static_cast<std::int64_t>(queue->size())) : kNativeError;
}

constexpr LibraryFunction kInterpreterMethods[] = {
    {"_call", call_there},  {"_exec", exec_there},      {"_prepare_main", prepare_main},
    {"_state", is_running}, {"_close", close_vm},       {"__eq", equals},
    {"__tostring", show},   {"__gc", forget_reference},
};
constexpr LibraryFunction kQueueMethods[] = {
    {"_put", put}, {"_take", take}, {"qsize", size}, {"__eq", equals}, {"__tostring", show_queue},
};
constexpr LibraryFunction kFunctions[] = {
    {"create", create},     {"current", current}, {"main", first},
    {"list_all", list_all}, {"refusal", refusal}, {"make_queue", make_queue},
};

// module[name] becomes the type's metatable, and module[methods] its methods, to which the module in Lua adds
// its own.
void add_type(VmThread& thread, Table* module, const char* name, const char* methods, const char* field,
              Table* metatable) {
  set_field(thread, thread.vm().registry, field, Value::table(metatable));
  set_field(thread, module, name, Value::table(metatable));
  NativeFunction* index = metatable->get_short(thread.string("__index")).as_native();
  set_field(thread, module, methods, index->slots()[0].load());
}

int open(NativeCall& call) {
  VmThread& thread = call.thread();
  Table* module = Table::make(thread.heap());
  call.keep(Value::table(module));
  add_functions(thread, module, kFunctions);
  add_type(thread, module, "Interpreter", "interpreter_methods", "_INTERPRETER",
           make_type(thread, "Interpreter", kInterpreterMethods, attribute, set_attribute));
  add_type(thread, module, "Queue", "queue_methods", "_INTERPRETER_QUEUE",
           make_type(thread, "Queue", kQueueMethods, queue_attribute, set_attribute));
  return call.one(Value::table(module));
}

}  // namespace

void add_interpreters(VmThread& thread) {
  add_vm_group(thread);
  add_module(thread, "_interpreters", open);
}

}  // namespace gilvm
