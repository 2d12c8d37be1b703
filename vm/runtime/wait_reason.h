// What a thread waits for without a deadline: for the report of a deadlock.
//
// Threads: set by the waiting thread before it parks; read by another one while all of them wait.
#pragma once

#include <cstdint>
#include <string>

#include "vm/runtime/vm_thread.h"

namespace gilvm {

struct WaitDescription {
  enum class Kind : std::uint8_t { kThread, kObject } kind;
  std::string what;           // the thread's name, or the object's type
  std::uint64_t holder = 0;   // the number of the thread that has the object; 0: none, or not known
  std::string taken_at = {};  // "file:line" where it took it; empty: not known
};

// On the stack of the thread that waits, for as long as it does.
class WaitReason {
 public:
  explicit WaitReason(VmThread& thread) : thread_(thread), before_(thread.waits_for) {
    thread.waits_for = this;
  }
  WaitReason(const WaitReason&) = delete;

  virtual WaitDescription describe() const = 0;

 protected:
  ~WaitReason() { thread_.waits_for = before_; }

 private:
  VmThread& thread_;
  const WaitReason* const before_;
};

}  // namespace gilvm
