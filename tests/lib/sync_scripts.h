// What the tests of threading and queue share: scripts that begin with the modules and a way to start
// threads.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <string>

#include "tests/lib/script_vm.h"

namespace gilvm {

// In line 1, so that the script itself begins in line 2.
//   start(n, f)     starts f(1) ... f(n) in n threads; the function that it returns joins them
//   wait_until(f)   waits until f() is true; an error after 5 minutes
inline const char* const kSyncPrelude =
    "local threading, time, queue = require 'threading', require 'time', require 'queue' "
    "local function start(n, f) local ts = {} "
    "for i = 1, n do ts[i] = threading.Thread{target = f, args = {i}} ts[i]:start() end "
    "return function() for i = 1, n do ts[i]:join() end end end "
    "local function wait_until(f) local last = time.monotonic() + 300 "
    "while not f() do if time.monotonic() > last then error('waited for too long') end time.sleep(0.001) end "
    "end\n";

// What the script returns, which must be the same in every lock regime.
inline std::string run_sync(const std::string& source) { return run_in_each_regime(kSyncPrelude + source); }

// What two scripts return that run one after the other in a VM: as in a program that embeds it, threads are
// waited for in between.
inline std::string run_one_after_the_other(const std::string& prelude, const std::string& first,
                                           const std::string& second) {
  std::string results;
  for (const LockSettings& lock : lock_regimes()) {
    ScriptVm vm(lock);
    std::string result = vm.run(prelude + first);
    result += vm.run(prelude + second);
    if (results.empty()) results = result;
    CHECK(result == results);
  }
  return results;
}

// What is written to standard error as long as this exists.
class StderrCapture {
 public:
  StderrCapture() : file_(std::tmpfile()), saved_(dup(STDERR_FILENO)) {
    std::fflush(stderr);
    dup2(fileno(file_), STDERR_FILENO);
  }
  ~StderrCapture() { restore(); }

  std::string text() {
    restore();
    std::rewind(file_);
    std::string text;
    for (int character; (character = std::fgetc(file_)) != EOF;) text += static_cast<char>(character);
    return text;
  }

 private:
  void restore() {
    if (saved_ < 0) return;
    std::fflush(stderr);
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    saved_ = -1;
  }

  std::FILE* const file_;
  int saved_;
};

}  // namespace gilvm
