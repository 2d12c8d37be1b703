#include "tests/lib/sync_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("what a thread stores in a local is seen by that thread alone", "[threading]") {
  CHECK(run_sync(R"(
    local data, seen = threading["local"](), {0, 0, 0, 0}
    data.x = "main"
    local before
    start(4, function(i)
      if data.x ~= nil then before = data.x end
      for _ = 1, 50 do data.x = (data.x or 0) + i end
      seen[i] = data.x
    end)()
    return string.format("%s %s %s", before, data.x, table.concat(seen, " ")))") ==
        "nil main 50 100 150 200");
}

TEST_CASE("two locals keep their values apart", "[threading]") {
  CHECK(run_sync("local a, b = threading.local_(), threading.local_() a.x, b.x = 1, 2 return a.x .. b.x") ==
        "12");
}

TEST_CASE("pairs of a local goes through the thread's own values", "[threading]") {
  CHECK(run_sync(R"(
    local data, count = threading.local_(), 0
    data.a, data.b = 1, 2
    local sum = 0
    for _, value in pairs(data) do sum = sum + value end
    start(1, function() for _ in pairs(data) do count = count + 1 end end)()
    return sum .. count)") == "30");
}

TEST_CASE("the values of a local go with their thread, and with the local", "[threading]") {
  CHECK(run_sync(R"(
    local alive = setmetatable({}, {__mode = "v"})
    local data = threading.local_()
    start(1, function() local object = {} alive[1] = object data.object = object end)()
    do
      local other = threading.local_()
      other.object = {}
      alive[2] = other.object
    end
    collectgarbage() collectgarbage()
    return tostring(alive[1]) .. tostring(alive[2]))") == "nilnil");
}

TEST_CASE("the values of a local are kept as long as their thread runs", "[threading]") {
  CHECK(run_sync(R"(
    local data, ready, go, kept = threading.local_(), threading.Event(), threading.Event()
    local join = start(1, function()
      data.object = {"kept"}
      ready:set() go:wait()
      kept = data.object[1]
    end)
    ready:wait()
    collectgarbage()
    go:set()
    join()
    return kept)") == "kept");
}

}  // namespace
}  // namespace gilvm
