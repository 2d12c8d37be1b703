// What library functions return after a call of the operating system (Lua manual §6.8, luaL_fileresult).
//
// Threads: the caller's. No safepoint.
#pragma once

#include <sys/wait.h>

#include <optional>
#include <string>
#include <system_error>

#include "vm/runtime/native_call.h"

namespace gilvm {

// nil, "name: what went wrong", errno.
inline int failed_file_result(NativeCall& call, int error, const std::optional<std::string>& name = {}) {
  const std::string reason = std::generic_category().message(error);
  const Value message = Value::string(call.thread().string(name ? *name + ": " + reason : reason));
  if (!call.reserve_results(3)) return kNativeError;
  call.set_result(0, Value::nil());
  call.set_result(1, message);
  call.set_result(2, Value::inline_integer(error));
  return 3;
}

// true, or as above when `error` is not 0.
inline int file_result(NativeCall& call, int error, const std::optional<std::string>& name = {}) {
  return error == 0 ? call.one(Value::boolean(true)) : failed_file_result(call, error, name);
}

// How a child process ended, from what wait() said: true or nil, "exit" or "signal", the code.
inline int process_result(NativeCall& call, int status) {
  const bool signalled = WIFSIGNALED(status);
  int code = status;
  if (WIFEXITED(status)) code = WEXITSTATUS(status);
  if (signalled) code = WTERMSIG(status);
  const Value what = Value::string(call.thread().string(signalled ? "signal" : "exit"));
  if (!call.reserve_results(3)) return kNativeError;
  call.set_result(0, !signalled && code == 0 ? Value::boolean(true) : Value::nil());
  call.set_result(1, what);
  call.set_result(2, Value::inline_integer(code));
  return 3;
}

// The index of argument `index` in `options`, as luaL_checkoption; `absent` (null: none) stands for no
// argument. False with the error raised.
template <std::size_t count>
[[nodiscard]] bool option(NativeCall& call, unsigned index, const char* absent,
                          const char* const (&options)[count], std::size_t* result) {
  std::string_view name;
  if (absent && call.is_none_or_nil(index)) {
    name = absent;
  } else {
    String* text;
    if (!call.text(index, &text)) return false;
    name = text->view();
  }
  for (*result = 0; *result < count; ++*result) {
    if (name == options[*result]) return true;
  }
  return call.argument_error(index, "invalid option '" + std::string(name) + "'") == 0;
}

}  // namespace gilvm
