// What the tests of `asyncio` share: scripts that begin with the module, and ways to write down what happens.
#pragma once

#include "tests/lib/sync_scripts.h"

namespace gilvm {

// In line 1, so that the script itself begins in line 2.
//   say(x), said()   adds x to a list; the list as one text
//   show(f, ...)     what pcall says of f(...), as one text
//   turn(n)          lets what is ready run, n times or once
//   without_names(x) tostring(x) without what differs from run to run
inline const char* const kAsyncioPrelude =
    "local asyncio, builtins = require 'asyncio', require 'builtins' "
    "local await, coro, sleep, create_task, gather = asyncio.await, asyncio.coro, asyncio.sleep, "
    "asyncio.create_task, asyncio.gather "
    "local list = {} "
    "local function say(x) list[#list + 1] = tostring(x) end "
    "local function said() return table.concat(list, ' ') end "
    "local function show(f, ...) local r = table.pack(pcall(f, ...)) "
    "for i = 1, r.n do r[i] = tostring(r[i]) end return table.concat(r, ' ') end "
    "local function turn(n) for _ = 1, n or 1 do await(sleep(0)) end end "
    "local function without_names(x) return (tostring(x):gsub(\"name='Task%-%d+' \", \"\")) end ";

inline std::string asyncio_prelude() {
  std::string prelude = kSyncPrelude;
  prelude.pop_back();  // the end of line 1
  return prelude + " " + kAsyncioPrelude + "\n";
}

// The script's own result, which must be the same in every lock regime.
inline std::string run_asyncio(const std::string& source) {
  return run_in_each_regime(asyncio_prelude() + source);
}

// What the script returns where it is the body of a task.
inline std::string run_in_task(const std::string& source) {
  return run_asyncio("return asyncio.run(function() " + source + "\nend)");
}

}  // namespace gilvm
