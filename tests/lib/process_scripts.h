// What the tests of multiprocessing share.
#pragma once

#include <string>

#include "tests/lib/script_vm.h"

namespace gilvm {

// In line 1, so that the script itself begins in line 2.
//   problem(f, ...)   the error of f(...) as a text, or "none"
//   start(n, f)       starts f(1) ... f(n) in n processes; the list of them
//   join(processes)   waits for them; their exit codes as a text
inline const char* const kProcessPrelude =
    "local mp, time, threading = require 'multiprocessing', require 'time', require 'threading' "
    "local function problem(f, ...) local ok, e = pcall(f, ...) return ok and 'none' or tostring(e) end "
    "local function start(n, f) local ps = {} "
    "for i = 1, n do ps[i] = mp.Process{target = f, args = {i}} ps[i]:start() end return ps end "
    "local function join(ps) local codes = {} "
    "for i, p in ipairs(ps) do p:join() codes[i] = p.exitcode end return table.concat(codes, ' ') end\n";

// What the script returns, which must be the same in every lock regime.
inline std::string run_processes(const std::string& source) {
  return run_in_each_regime(kProcessPrelude + source);
}

}  // namespace gilvm
