#include "vm/gilvm.h"

#include <cstring>
#include <deque>
#include <exception>

#include "vm/interp/finalizers.h"
#include "vm/lib/library.h"
#include "vm/lib/load.h"
#include "vm/lib/threads.h"
#include "vm/lib/vm_group.h"
#include "vm/sched/os_scheduler.h"

namespace gilvm {
namespace {

struct RegisteredFunction {
  std::string name;
  Callback callback;
  CallbackLock lock;
};

VmSettings settings_for(const LockSettings& lock) {
  static const bool ready = (set_up_interpreter(), true);
  VmSettings settings;
  if (ready) settings.lock = lock;
  return settings;
}

Value value_of(VmThread& thread, const ScriptValue& value) {
  if (const bool* boolean = std::get_if<bool>(&value)) return Value::boolean(*boolean);
  if (const std::int64_t* integer = std::get_if<std::int64_t>(&value)) return thread.integer(*integer);
  if (const double* number = std::get_if<double>(&value)) return Value::number(*number);
  if (const std::string* text = std::get_if<std::string>(&value)) return Value::string(thread.string(*text));
  return Value::nil();
}

std::optional<ScriptValue> script_value(Value value) {
  if (value.is_nil()) return ScriptValue();
  if (value.is_boolean()) return value.as_boolean();
  if (value.is_integer()) return value.as_integer();
  if (value.is_double()) return value.as_double();
  if (value.is_string()) return std::string(value.as_string()->view());
  return std::nullopt;
}

// A report of call_reporting(), which has the traceback behind the message.
ScriptError script_error(const std::string& report) {
  if (report.empty()) return {"interrupted", ""};
  const std::size_t traceback = report.find("\nstack traceback:");
  if (traceback == std::string::npos) return {report, ""};
  return {report.substr(0, traceback), report.substr(traceback + 1)};
}

CallbackResult call_guarded(const RegisteredFunction& function, const std::vector<ScriptValue>& arguments) {
  try {
    return function.callback(arguments);
  } catch (const std::exception& exception) {
    return ScriptError{exception.what(), ""};
  } catch (...) {
    return ScriptError{"unknown exception", ""};
  }
}

int call_registered(NativeCall& call) {
  const auto& function =
      *reinterpret_cast<const RegisteredFunction*>(call.function()->slots()[0].load().as_integer());
  std::vector<ScriptValue> arguments;
  for (unsigned index = 0; index < call.count(); ++index) {
    std::optional<ScriptValue> value = script_value(call[index]);
    if (!value) return call.type_error(index, "nil, boolean, number or string");
    arguments.push_back(std::move(*value));
  }
  CallbackResult result;
  if (function.lock == CallbackLock::kReleases) {
    Blocking blocking(call.thread());
    result = call_guarded(function, arguments);
  } else {
    result = call_guarded(function, arguments);
  }
  if (const ScriptError* error = std::get_if<ScriptError>(&result)) return call.error(error->message);
  return call.one(value_of(call.thread(), std::get<ScriptValue>(result)));
}

}  // namespace

class Interpreter::Implementation {
 public:
  explicit Implementation(const LockSettings& lock)
      : vm_(settings_for(lock), scheduler_), thread_(vm_.add_thread("main")) {
    open_libraries(*thread_);
    thread_->detach();
  }
  ~Implementation() {
    thread_->attach();
    VmGroup::of(vm_).close_guests(*thread_);
    close_state(*thread_);
    vm_.interrupt(Interruption::kExit);
    join_all_processes(*thread_);
    vm_.remove_thread(thread_);
    // What is left sees the interruption, and ends.
    scheduler_.join_all();
  }

  Vm& vm() { return vm_; }
  VmThread& thread() { return *thread_; }

  ScriptResult run(std::string_view source, const std::vector<ScriptValue>& arguments,
                   const std::string& chunk_name) {
    const Attached attached(*thread_);
    std::string error;
    Closure* main =
        load_source(*thread_, without_shebang(source), chunk_name, Value::table(vm_.globals), &error);
    if (!main) return {{}, ScriptError{error, ""}};
    return call(Value::closure(main), arguments);
  }
  ScriptResult call_global(const std::string& name, const std::vector<ScriptValue>& arguments) {
    const Attached attached(*thread_);
    return call(get(name), arguments);
  }
  ScriptResult call_in_threads(const std::string& name, unsigned threads);

  void set_global(const std::string& name, const ScriptValue& value) {
    const Attached attached(*thread_);
    set(name, value_of(*thread_, value));
  }
  std::optional<ScriptValue> global(const std::string& name) {
    const Attached attached(*thread_);
    return script_value(get(name));
  }
  void register_function(const std::string& name, Callback callback, CallbackLock lock) {
    const Attached attached(*thread_);
    // Never taken out: a thread may be calling it, and a script may have kept it under another name.
    functions_.push_back({name, std::move(callback), lock});
    NativeFunction* function =
        NativeFunction::make(thread_->heap(), functions_.back().name.c_str(), call_registered, 1);
    function->slots()[0].store(thread_->integer(reinterpret_cast<std::intptr_t>(&functions_.back())));
    set(name, Value::native(function));
  }

 private:
  // Attached for a scope, which is all of a call.
  class Attached {
   public:
    explicit Attached(VmThread& thread) : thread_(thread) { thread_.attach(); }
    ~Attached() { thread_.detach(); }
    Attached(const Attached&) = delete;

   private:
    VmThread& thread_;
  };

  Value get(const std::string& name) { return vm_.globals->get(Value::string(thread_->string(name))); }
  void set(const std::string& name, Value value) {
    (void)vm_.globals->set(thread_->heap(), Value::string(thread_->string(name)), value);
  }
  ScriptResult call(Value function, const std::vector<ScriptValue>& arguments) {
    std::vector<Value> values;
    for (const ScriptValue& argument : arguments) values.push_back(value_of(*thread_, argument));
    ScriptResult result;
    std::string report;
    Value value;
    if (!call_reporting(*thread_, function, values, &report, &value)) {
      result.error = script_error(report);
    } else if (std::optional<ScriptValue> simple = script_value(value)) {
      result.value = std::move(*simple);
    } else if (Value text; to_text(*thread_, value, &text)) {
      result.value = std::string(text.as_string()->view());
    }
    join_all_threads(*thread_);
    join_all_processes(*thread_);
    return result;
  }

  OsScheduler scheduler_;
  Vm vm_;
  VmThread* const thread_;
  std::deque<RegisteredFunction> functions_;
};

ScriptResult Interpreter::Implementation::call_in_threads(const std::string& name, unsigned threads) {
  const Attached attached(*thread_);
  ScriptResult result;
  std::vector<std::shared_ptr<ThreadControl>> controls;
  // None begins before all of them are there.
  vm_.stop_the_world(*thread_);
  for (unsigned number = 1; number <= threads; ++number) {
    auto control = std::make_shared<ThreadControl>(name + " " + std::to_string(number));
    ThreadStart start;
    start.function = get(name);
    start.arguments = {Value::inline_integer(number), Value::inline_integer(threads)};
    start.worker = number;
    start.reports_errors = false;
    if (const int reason = start_thread(*thread_, control, std::move(start))) {
      result.error = ScriptError{std::string("can't start a thread: ") + std::strerror(reason), ""};
      break;
    }
    controls.push_back(std::move(control));
  }
  vm_.resume_the_world(*thread_);
  for (auto& control : controls) {
    control->join(*thread_, std::nullopt);
    const std::string report = control->failure_so_far();
    if (!result.error && !report.empty()) result.error = script_error(report);
  }
  join_all_threads(*thread_);
  join_all_processes(*thread_);
  return result;
}

Interpreter::Interpreter(const LockSettings& lock)
    : implementation_(std::make_unique<Implementation>(lock)) {}
Interpreter::~Interpreter() = default;

ScriptResult Interpreter::run(std::string_view source, const std::vector<ScriptValue>& arguments,
                              const std::string& name) {
  return implementation_->run(source, arguments, "=" + name);
}

ScriptResult Interpreter::run_file(const std::string& path, const std::vector<ScriptValue>& arguments) {
  std::string source, error;
  if (!read_file(path, &source, &error)) return {{}, ScriptError{error, ""}};
  return implementation_->run(source, arguments, "@" + path);
}

ScriptResult Interpreter::call(const std::string& function, const std::vector<ScriptValue>& arguments) {
  return implementation_->call_global(function, arguments);
}

ScriptResult Interpreter::call_in_threads(const std::string& function, unsigned threads) {
  return implementation_->call_in_threads(function, threads);
}

void Interpreter::set_global(const std::string& name, const ScriptValue& value) {
  implementation_->set_global(name, value);
}

std::optional<ScriptValue> Interpreter::global(const std::string& name) {
  return implementation_->global(name);
}

void Interpreter::register_function(const std::string& name, Callback callback, CallbackLock lock) {
  implementation_->register_function(name, std::move(callback), lock);
}

void Interpreter::stop() { implementation_->vm().interrupt(Interruption::kSignal); }

}  // namespace gilvm
