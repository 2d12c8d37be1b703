// What the tests of `concurrent.futures` share: scripts as in sync_scripts.h, and futures in every state.
#pragma once

#include "tests/lib/sync_scripts.h"

namespace gilvm {

// In line 1 too.
//   future_in(state)   a future that nobody works on, in a state of Python's, or "FAILED" (with the error
//   "broken") blocker(pool)      submits a call and waits until it runs; returns its future, and what lets it
//   return "let go" show(f, ...)       what pcall says of f(...), as one text
inline const char* const kFuturesPrelude =
    "local futures, builtins = require 'concurrent.futures', require 'builtins' "
    "local function future_in(state) local f = futures.Future() "
    "if state == 'CANCELLED' or state == 'CANCELLED_AND_NOTIFIED' then f:cancel() end "
    "if state == 'RUNNING' or state == 'CANCELLED_AND_NOTIFIED' then f:set_running_or_notify_cancel() end "
    "if state == 'FINISHED' then f:set_result(42) end "
    "if state == 'FAILED' then f:set_exception('broken') end "
    "return f end "
    "local function blocker(pool) local began, go_on = threading.Event(), threading.Event() "
    "local f = pool:submit(function() began:set() go_on:wait() return 'let go' end) began:wait() "
    "return f, function() go_on:set() end end "
    "local function show(f, ...) local r = table.pack(pcall(f, ...)) "
    "for i = 1, r.n do r[i] = tostring(r[i]) end return table.concat(r, ' ') end ";

inline std::string futures_prelude() {
  std::string prelude = kSyncPrelude;
  prelude.pop_back();  // the end of line 1
  return prelude + " " + kFuturesPrelude + "\n";
}

inline std::string run_futures(const std::string& source) {
  return run_in_each_regime(futures_prelude() + source);
}

}  // namespace gilvm
