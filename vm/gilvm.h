// gilvm in a C++ program: an interpreter with its own heap, globals and lock, and scripts that run in it.
//
//   gilvm::Interpreter interpreter;
//   interpreter.set_global("limit", std::int64_t{10});
//   gilvm::ScriptResult result = interpreter.run("return limit * 2");
//   if (!result.ok()) std::cerr << result.error->message << '\n' << result.error->traceback << '\n';
//
// See examples/embed.cpp. Link with gilvm_main.
//
// Threads: an Interpreter belongs to the thread that made it; stop() alone is for any thread. A program may
// have many Interpreters, each with a lock of its own. Scripts may start threads, and call_in_threads() does:
// these are the interpreter's, and the only ones besides the owner's that call registered functions.
// Invariants:
//  (1) Between calls the owner's thread does not hold the GIL.
//  (2) No call throws for what a script does: errors are values.
//  (3) What crosses the border is copied. No pointer into the heap gets out, so nothing has to be kept alive.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vm/base/settings.h"

namespace gilvm {

// nil, a boolean, an integer, a float, a string.
using ScriptValue = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

struct ScriptError {
  std::string message;    // with the position: "script.lua:3: attempt to ..."
  std::string traceback;  // "stack traceback:" and its lines; empty where there is none
};

struct ScriptResult {
  ScriptValue value;  // the first result; one of another type as tostring() has it
  std::optional<ScriptError> error;

  bool ok() const { return !error; }
};

// What a registered function returns: a value, or an error, which it raises in the script.
using CallbackResult = std::variant<ScriptValue, ScriptError>;
using Callback = std::function<CallbackResult(const std::vector<ScriptValue>& arguments)>;

// Does a registered function hold the GIL while it runs, as Python's C functions do, or let other threads
// run, as those that block do?
enum class CallbackLock { kHolds, kReleases };

class Interpreter {
 public:
  explicit Interpreter(const LockSettings& lock = {});
  // Calls the finalizers that are left, and ends the threads and daemon processes.
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // Runs source text, or a file, with the arguments as `...`. Returns when the text has returned and the
  // threads and processes that it started, but daemons, have ended. `name` is what messages call it.
  ScriptResult run(std::string_view source, const std::vector<ScriptValue>& arguments = {},
                   const std::string& name = "script");
  ScriptResult run_file(const std::string& path, const std::vector<ScriptValue>& arguments = {});

  // Calls a global function. Waits as run() does.
  ScriptResult call(const std::string& function, const std::vector<ScriptValue>& arguments = {});
  // Calls a global function in `threads` new threads at once, each with its number, from 1, and with their
  // count, and waits for all of them. The error is that of the first thread, by number, that has one; the
  // value is nil.
  ScriptResult call_in_threads(const std::string& function, unsigned threads);

  void set_global(const std::string& name, const ScriptValue& value);
  // Nothing when it is of another type, such as a table.
  std::optional<ScriptValue> global(const std::string& name);

  // Makes `callback` a global function. It is called by any of the interpreter's threads, with the lock off
  // by several at once, and must not use the Interpreter. Arguments of other types are errors; so is an
  // exception that it throws.
  void register_function(const std::string& name, Callback callback,
                         CallbackLock lock = CallbackLock::kHolds);

  // Makes every thread leave its script: what runs ends with the error "interrupted", and so does all that is
  // run later. Any thread; not for a signal handler.
  void stop();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace gilvm
