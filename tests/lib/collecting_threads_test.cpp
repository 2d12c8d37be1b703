// Threads that collect what all of them have made: whoever waits for a collection helps with it.
#include "tests/lib/sync_scripts.h"

namespace gilvm {

// Each thread has a tree of its own, a list that others reach too, large tables of small ones, and entries of
// a weak table, of an ephemeron table and of a finalized kind; a value that was lost, or kept, is an error.
TEST_CASE("what several threads reach is kept, and the rest is not, whoever marks", "[collecting_threads]") {
  CHECK(run_sync(R"lua(
    local kThreads, kRounds = 4, 12
    local finalized, shared = {}, {}
    for i = 1, kThreads do finalized[i], shared[i] = 0, {} end
    local function tree(depth) return depth == 0 and {} or {tree(depth - 1), tree(depth - 1)} end
    local function size(node) return node[1] and 1 + size(node[1]) + size(node[2]) or 1 end
    local wrong = {}
    for i = 1, kThreads do wrong[i] = false end
    start(kThreads, function(i)
      local weak = setmetatable({}, {__mode = "v"})
      local ephemerons = setmetatable({}, {__mode = "k"})
      local keys, list = {}, nil
      local array, fields = {}, {}
      for k = 1, 3000 do
        array[k] = {k}
        fields["field " .. k] = {k}
      end
      for round = 1, kRounds do
        local own = tree(9)
        for k = 1, 200 do
          local key = {}
          keys[k] = key
          ephemerons[key] = {key, {round}}
          weak[k] = key
          weak[k + 200] = {}
          list = {list, "text " .. i .. " " .. round .. " " .. k}
        end
        setmetatable({}, {__gc = function() finalized[i] = finalized[i] + 1 end})
        shared[i] = {list, own, shared[i % kThreads + 1]}
        if round % 3 == i % 3 then collectgarbage() end
        if size(own) ~= 1023 then wrong[i] = "tree" end
        for k = 1, 200 do
          if weak[k] ~= keys[k] then wrong[i] = "weak value" end
          local held = ephemerons[keys[k]]
          if held[1] ~= keys[k] or held[2][1] ~= round then wrong[i] = "ephemeron" end
        end
        for k = 1, 3000 do
          if array[k][1] ~= k then wrong[i] = "array" end
          if fields["field " .. k][1] ~= k then wrong[i] = "field" end
        end
        local count, node = 0, list
        while node do
          count = count + 1
          if not node[2]:find("^text " .. i .. " %d+ %d+$") then wrong[i] = "text" end
          node = node[1]
        end
        if count ~= 200 * round then wrong[i] = "list" end
      end
      keys = nil
      collectgarbage()
      for k = 201, 400 do if weak[k] then wrong[i] = "weak value is kept" end end
      if next(ephemerons) then wrong[i] = "ephemeron is kept" end
    end)()
    shared = nil
    collectgarbage()
    collectgarbage()
    local all = 0
    for i = 1, kThreads do all = all + finalized[i] end
    local said = {}
    for i = 1, kThreads do said[i] = tostring(wrong[i]) end
    return table.concat(said, " ") .. " " .. all
  )lua") == "false false false false 48");
}

}  // namespace gilvm
