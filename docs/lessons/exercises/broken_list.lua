-- Exercise of the lesson broken_list.
-- Run: gilvm run docs/lessons/exercises/broken_list.lua
--
-- add(word) puts a word into the list unless it is there already. Every single step is safe under the GIL, and still
-- there are words that are in the list twice. Change it so that each word is in it once, also with --no-gil.
-- Change add() only. You are done when the script prints "solved".
local threading = require "threading"
require("sys").setswitchinterval(0.0001)  -- the GIL changes hands often, so that a mistake shows

local list, known = {}, {}
local lock = threading.Lock()

-- Some work that every new word needs.
local function checksum(word)
  local sum = word
  for i = 1, 30 do sum = (sum * 31 + i) % 65521 end
  return sum
end

local function add(word)
  if not known[word] then
    local entry = {word = word, checksum = checksum(word)}
    known[word] = true
    table.insert(list, entry)
  end
end

-- The check: three threads add the same words, several times.
local N = 20000
for round = 1, 20 do
  list, known = {}, {}
  local threads = {}
  for i = 1, 3 do
    threads[i] = threading.Thread{target = function()
      for word = 1, N do add(word) end
    end}
  end
  for _, thread in ipairs(threads) do thread:start() end
  for _, thread in ipairs(threads) do thread:join() end
  local count, seen = 0, {}
  for _, entry in pairs(list) do
    count = count + 1
    assert(not seen[entry.word], "round " .. round .. ": " .. entry.word .. " is in the list twice")
    seen[entry.word] = true
  end
  assert(count == N, "round " .. round .. ": " .. count .. " words are in the list, and there are " .. N)
end
print "solved"
