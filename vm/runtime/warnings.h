// Warnings: messages for whoever runs the program, that no script can catch (Lua manual §6.1, `warn`).
//
// They are off to begin with, as in lua5.4; the messages "@on" and "@off" switch them.
//
// Threads: any.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

namespace gilvm {

class Warnings {
 public:
  // A message of one part that begins with '@' is for this class: "@on", "@off", or one that says nothing to
  // it. Returns whether it was one.
  bool control(std::string_view message) {
    if (!message.starts_with('@')) return false;
    if (message == "@on") on_.store(true, std::memory_order_relaxed);
    if (message == "@off") on_.store(false, std::memory_order_relaxed);
    return true;
  }
  bool on() const { return on_.load(std::memory_order_relaxed); }
  // Writes "Lua warning: ..." on standard error, if warnings are on. May block.
  void emit(const std::string& message) const;

 private:
  std::atomic<bool> on_{false};
};

}  // namespace gilvm
