// gilvm in a C++ program: scripts call C++, C++ calls scripts, and a function runs in four threads, with the
// GIL and without it.
#include <cstdint>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "vm/gilvm.h"

namespace {

using gilvm::ScriptError;
using gilvm::ScriptResult;
using gilvm::ScriptValue;

// add(a, b) for scripts: integers only.
gilvm::CallbackResult add(const std::vector<ScriptValue>& arguments) {
  if (arguments.size() != 2) return ScriptError{"add takes two integers", ""};
  const auto* left = std::get_if<std::int64_t>(&arguments[0]);
  const auto* right = std::get_if<std::int64_t>(&arguments[1]);
  if (!left || !right) return ScriptError{"add takes two integers", ""};
  return *left + *right;
}

std::string text_of(const ScriptValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  return "nil";
}

void show(const std::string& what, const ScriptResult& result) {
  std::cout << what << ": ";
  if (result.ok()) {
    std::cout << text_of(result.value) << '\n';
  } else {
    std::cout << result.error->message << '\n' << result.error->traceback << '\n';
  }
}

constexpr const char* kCounting = R"lua(
  counter = 0
  function count(number, threads)
    for _ = 1, 100000 do counter = counter + 1 end
  end
)lua";

// Four threads add 1 to the same global, a hundred thousand times each. What is in it at the end.
std::int64_t counted_in_four_threads(const gilvm::LockSettings& lock) {
  gilvm::Interpreter interpreter(lock);
  interpreter.run(kCounting);
  const ScriptResult result = interpreter.call_in_threads("count", 4);
  if (!result.ok()) show("threads", result);
  return std::get<std::int64_t>(interpreter.global("counter").value());
}

}  // namespace

int main() {
  gilvm::Interpreter interpreter;

  interpreter.set_global("name", std::string("C++"));
  show("a script", interpreter.run("return 'hello, ' .. name"));

  interpreter.register_function("add", add);
  show("C++ from a script", interpreter.run("return add(40, 2)"));

  interpreter.run("function twice(x) return 2 * x end");
  show("a script from C++", interpreter.call("twice", {2.5}));

  // Errors are values.
  show("an error",
       interpreter.run("local function f() return add(1) end\nlocal sum = f()\nreturn sum", {}, "wrong"));

  // Switch points at loops only, as CPython has them since 3.10: an addition is never torn apart.
  const std::int64_t locked =
      counted_in_four_threads({gilvm::LockRegime::kGil, {}, gilvm::SwitchPoints::kLoops});
  std::cout << "with the GIL: " << locked << " of 400000\n";
  // Without the lock it is another number each time, so only what is certain is printed.
  const std::int64_t unlocked =
      counted_in_four_threads({gilvm::LockRegime::kNone, {}, gilvm::SwitchPoints::kEvery});
  std::cout << "without it: " << (unlocked <= 400000 ? "400000 at the most\n" : "more than 400000\n");
}
