#include "vm/lib/library.h"

#include <algorithm>

#include "vm/base/check.h"
#include "vm/interp/operations.h"
#include "vm/lib/copied_values.h"
#include "vm/runtime/traceback.h"

namespace gilvm {
namespace {

// __index and __newindex of types with attributes. The functions' slots hold the methods and, as an integer,
// the function that knows the attributes.
int get_attribute(NativeCall& call) {
  const Value key = call[1];
  const Value method = call.function()->slots()[0].load().as_table()->get(key);
  if (!method.is_nil() || !key.is_string() || !call[0].is_userdata()) return call.one(method);
  auto getter = reinterpret_cast<AttributeGetter>(call.function()->slots()[1].load().as_integer());
  return call.one(getter(call, *call[0].as_userdata()->object, key.as_string()->view()));
}

int set_attribute(NativeCall& call) {
  if (!call[0].is_userdata()) return call.type_error(0, "userdata");
  auto setter = reinterpret_cast<AttributeSetter>(call.function()->slots()[0].load().as_integer());
  const Value key = call[1];
  const std::string_view name = key.is_string() ? key.as_string()->view() : std::string_view("?");
  return setter(call, *call[0].as_userdata()->object, name, call[2]) ? call.none() : kNativeError;
}

// An object of the module `builtins`, which tells what happened and not where: unlike other objects it is
// shown with a traceback.
bool is_exception(VmThread& thread, Value value) {
  const Table* metatable = metatable_of(thread, value);
  return metatable && !metatable->get_short(thread.string("__exception")).is_falsy();
}

// The error as a text. False with another error raised: its __tostring failed.
bool error_text(NativeCall& call, Value error, std::string* text) {
  if (!error.is_string() && !error.is_number() &&
      metamethod(call.thread(), error, Event::kToString).is_nil()) {
    *text = std::string("(error object is a ") + type_name(error) + " value)";
    return true;
  }
  Value string;
  if (!to_text(call.thread(), error, &string)) return false;
  *text = string.as_string()->view();
  return true;
}

// What lua does with an error that nobody caught: a string gets a traceback, an object its __tostring.
int error_with_traceback(NativeCall& call) {
  std::string text;
  if (!error_text(call, call[0], &text)) return kNativeError;
  const bool speaks_for_itself = !call[0].is_string() && !call[0].is_number() &&
                                 !metamethod(call.thread(), call[0], Event::kToString).is_nil() &&
                                 !is_exception(call.thread(), call[0]);
  if (speaks_for_itself) return call.one_text(text);
  return call.one_text(traceback(call.thread(), call.thread().coroutine, &call, text, 1));
}

// The error, its text and the traceback, as a list.
int error_in_parts(NativeCall& call) {
  std::string text;
  if (!error_text(call, call[0], &text)) return kNativeError;
  VmThread& thread = call.thread();
  const std::string levels = traceback(thread, thread.coroutine, &call, std::nullopt, 1);
  Table* parts = Table::make(thread.heap(), 3);
  parts->set_integer(thread.heap(), 1, call[0]);
  parts->set_integer(thread.heap(), 2, Value::string(thread.string(text)));
  parts->set_integer(thread.heap(), 3, Value::string(thread.string(levels)));
  return call.one(Value::table(parts));
}

// `how`: the field of the registry that has an xpcall.
bool call_protected(VmThread& thread, const char* how, Value function, const std::vector<Value>& arguments,
                    std::string* failure, std::vector<Value>* results) {
  ScriptCall call(thread, thread.vm().registry->get_short(thread.string(how)));
  call.push(function);
  call.push(Value::native(NativeFunction::make(thread.heap(), "traceback", error_with_traceback)));
  for (Value argument : arguments) call.push(argument);
  failure->clear();
  if (!call.run()) return false;
  if (call.result(0).as_boolean()) {
    for (unsigned index = 1; index < call.result_count(); ++index) results->push_back(call.result(index));
    return true;
  }
  const Value message = call.result(1);
  *failure = message.is_string() ? std::string(message.as_string()->view())
                                 : std::string("(error object is a ") + type_name(message) + " value)";
  return false;
}

}  // namespace

void set_field(VmThread& thread, Table* table, const char* name, Value value) {
  table->set_short(thread.heap(), thread.string(name), value);
}

void add_functions(VmThread& thread, Table* table, const LibraryFunction* functions, std::size_t count) {
  if (count > table->hash()->capacity()) table->reserve(thread.heap(), 0, static_cast<std::uint32_t>(count));
  for (std::size_t index = 0; index < count; ++index) {
    const LibraryFunction& function = functions[index];
    set_field(
        thread, table, function.name,
        Value::native(NativeFunction::make(thread.heap(), function.name, function.code, 0, function.kind)));
  }
}

Table* make_type(VmThread& thread, const char* name, const LibraryFunction* methods, std::size_t count,
                 AttributeGetter getter, AttributeSetter setter) {
  Table* metatable = Table::make(thread.heap(), 0, 4);
  Table* table = Table::make(thread.heap(), 0, static_cast<std::uint32_t>(count));
  set_field(thread, metatable, "__name", Value::string(thread.string(name)));
  for (std::size_t index = 0; index < count; ++index) {
    // Metamethods belong to the metatable, all else is found through it.
    const bool is_metamethod = std::string_view(methods[index].name).starts_with("__");
    add_functions(thread, is_metamethod ? metatable : table, methods + index, 1);
  }
  if (!getter) {
    set_field(thread, metatable, "__index", Value::table(table));
  } else {
    NativeFunction* index = NativeFunction::make(thread.heap(), kIndexOfAttributes, get_attribute, 2);
    index->slots()[0].store(Value::table(table));
    index->slots()[1].store(thread.integer(reinterpret_cast<std::intptr_t>(getter)));
    set_field(thread, metatable, "__index", Value::native(index));
  }
  if (setter) {
    NativeFunction* index = NativeFunction::make(thread.heap(), "__newindex", set_attribute, 1);
    index->slots()[0].store(thread.integer(reinterpret_cast<std::intptr_t>(setter)));
    set_field(thread, metatable, "__newindex", Value::native(index));
  }
  return metatable;
}

Keywords::Keywords(NativeCall& call, const char* function, unsigned first,
                   std::initializer_list<const char*> names)
    : call_(call), first_(first) {
  GILVM_ASSERT(names.size() <= names_.size());
  std::copy(names.begin(), names.end(), names_.begin());
  const Value value = call[first];
  if (!value.is_table() || value.as_table()->metatable() || call.count() > first + 1) return;
  table_ = value.as_table();
  Value key, ignored;
  while (table_->next(key, &key, &ignored) && !key.is_nil()) {
    bool known = false;
    for (const char* name : names) known = known || (key.is_string() && key.as_string()->view() == name);
    if (known) continue;
    Value text;
    ok_ = false;
    if (!to_text(call.thread(), key, &text)) return;
    raise_exception(call, "TypeError",
                    std::string(function) + "() got an unexpected keyword argument '" +
                        std::string(text.as_string()->view()) + "'");
    return;
  }
}

Value Keywords::operator[](unsigned place) const {
  if (!table_) return call_[first_ + place];
  return table_->get_short(call_.thread().string(names_[place]));
}

bool deadline_after(NativeCall& call, Value seconds, std::optional<Instant>* deadline) {
  deadline->reset();
  if (seconds.is_nil()) return true;
  if (!seconds.is_number()) {
    raise_exception(call, "TypeError",
                    std::string("a number of seconds expected, got ") + type_name(seconds));
    return false;
  }
  const double count = seconds.is_integer() ? static_cast<double>(seconds.as_integer()) : seconds.as_double();
  if (!(count >= 0)) return true;
  constexpr double kLongest = 1e9;  // thirty years: as good as none
  if (count >= kLongest) return true;
  *deadline = call.vm().scheduler().now() +
              std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(count));
  return true;
}

bool lock_deadline(NativeCall& call, Value seconds, std::optional<Instant>* deadline, bool* has_timeout) {
  *has_timeout = false;
  if (!deadline_after(call, seconds, deadline)) return false;
  if (seconds.is_nil()) return true;
  const double count = seconds.is_integer() ? static_cast<double>(seconds.as_integer()) : seconds.as_double();
  if (count == -1) return true;
  *has_timeout = true;
  if (count >= 0 && count <= kLongestTimeout) return true;
  if (count != count) {
    raise_exception(call, "ValueError", "Invalid value NaN (not a number)");
  } else if (count < 0) {
    raise_exception(call, "ValueError", "timeout value must be a non-negative number");
  } else {
    raise_exception(call, "OverflowError", "timeout value is too large");
  }
  return false;
}

void add_module(VmThread& thread, const char* name, NativeCode open) {
  const Value preload = thread.vm().registry->get_short(thread.string("_PRELOAD"));
  set_field(thread, preload.as_table(), name, Value::native(NativeFunction::make(thread.heap(), name, open)));
}

bool call_reporting(VmThread& thread, Value function, const std::vector<Value>& arguments,
                    std::string* failure, Value* result) {
  std::vector<Value> results;
  if (!call_protected(thread, "_XPCALL", function, arguments, failure, &results)) return false;
  if (result) *result = results.empty() ? Value::nil() : results.front();
  return true;
}

bool call_interruptibly(VmThread& thread, Value function, const std::vector<Value>& arguments,
                        std::string* failure, std::vector<Value>* results) {
  return call_protected(thread, "_INTERRUPTIBLE", function, arguments, failure, results);
}

namespace {

bool call_catching(VmThread& thread, const char* how, Value function, const std::vector<Value>& arguments,
                   CaughtError* caught) {
  ScriptCall call(thread, thread.vm().registry->get_short(thread.string(how)));
  call.push(function);
  call.push(Value::native(NativeFunction::make(thread.heap(), "traceback", error_in_parts)));
  for (Value argument : arguments) call.push(argument);
  *caught = {};
  if (!call.run()) return false;
  if (call.result(0).as_boolean()) return true;
  caught->error = call.result(1);
  if (caught->error.is_table()) {
    Table* parts = caught->error.as_table();
    caught->error = parts->get_integer(1);
    caught->text = parts->get_integer(2).as_string()->view();
    caught->traceback = parts->get_integer(3).as_string()->view();
  } else {
    // The message handler had no room to run, or failed.
    caught->text = caught->error.is_string() ? std::string(caught->error.as_string()->view()) : "error";
  }
  return false;
}

}  // namespace

bool call_catching(VmThread& thread, Value function, const std::vector<Value>& arguments,
                   CaughtError* caught) {
  return call_catching(thread, "_XPCALL", function, arguments, caught);
}

bool call_catching_interruptibly(VmThread& thread, Value function, CaughtError* caught) {
  return call_catching(thread, "_INTERRUPTIBLE", function, {}, caught);
}

void open_libraries(VmThread& thread) {
  open_base(thread);
  open_package(thread);
  open_coroutine(thread);
  open_string(thread);
  open_table(thread);
  open_math(thread);
  open_utf8(thread);
  open_os(thread);
  open_io(thread);
  open_debug(thread);
  add_threading(thread);
  add_copied_values(thread);
  add_multiprocessing(thread);
  add_time(thread);
  add_sys(thread);
  add_gil(thread);
  add_queue(thread);
  add_interpreters(thread);
  add_event_loop(thread);
  add_socket(thread);
  add_sqlite(thread);
  add_embedded_modules(thread);
}

int refuse_under_schedule(NativeCall& call, const char* function) {
  return call.error(
      std::string(function) +
      " is not possible under a deterministic schedule: who is at the other end goes their own way");
}

}  // namespace gilvm
