// Runs source text and returns all of its results, for tests of the interpreter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vm/interp/call.h"
#include "vm/lib/library.h"
#include "vm/lib/load.h"
#include "vm/runtime/vm.h"
#include "vm/sched/os_scheduler.h"

namespace gilvm {

class SourceRunner {
 public:
  explicit SourceRunner(const LockSettings& lock = {})
      : vm(settings_with(lock), scheduler), thread(vm.add_thread("main")) {
    open_libraries(*thread);
  }
  ~SourceRunner() { vm.remove_thread(thread); }

  // The function that the text is; null with the message in *error.
  Closure* load(std::string_view source, std::string* error) {
    return load_source(*thread, source, "=script", Value::table(vm.globals), error);
  }

  // The results as tostring() has them, with a space between; or "error: " and the message.
  std::string run(std::string_view source, const std::vector<Value>& arguments = {}) {
    std::string error;
    Closure* function = load(source, &error);
    return function ? call(Value::closure(function), arguments) : "error: " + error;
  }

  OsScheduler scheduler;
  Vm vm;
  VmThread* const thread;

 private:
  static VmSettings settings_with(const LockSettings& lock) {
    set_up_interpreter();
    VmSettings settings;
    settings.lock = lock;
    return settings;
  }

  std::string call(Value function, const std::vector<Value>& arguments) {
    ScriptCall call(*thread, function);
    for (const Value argument : arguments) call.push(argument);
    if (!call.run()) {
      const Value error = thread->error;
      thread->error = Value::nil();
      thread->error_is_handled = false;
      thread->erring_native = nullptr;
      return "error: " + text_of(error);
    }
    std::string result;
    for (unsigned index = 0; index < call.result_count(); ++index) {
      result += (index > 0 ? " " : "") + text_of(call.result(index));
    }
    return result;
  }

  std::string text_of(Value value) {
    Value text;
    return to_text(*thread, value, &text) ? std::string(text.as_string()->view()) : "no text";
  }
};

}  // namespace gilvm
