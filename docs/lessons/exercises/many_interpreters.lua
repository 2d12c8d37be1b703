-- Exercise of the lesson many_interpreters.
-- Run: gilvm run docs/lessons/exercises/many_interpreters.lua
--
-- Four interpreters count words, each in a text of its own. They put them into the table `counts`, and yet it is empty
-- afterwards: each has counted in a copy of it.
-- Change count_all(), so that the counts come back and are added up here. The words are still to be counted in four
-- interpreters at once, and none of these may be left at the end. You are done when the script prints "solved".
local interpreters = require "interpreters"

local texts <const> = {
  "the cat and the dog", "the dog and the bird", "a bird in the hand", "the hand that feeds the dog",
}

local function count_all()
  local counts, threads = {}, {}
  for _, text in ipairs(texts) do
    local interpreter = interpreters.create()
    threads[#threads + 1] = interpreter:call_in_thread(function()
      count(text, counts)
    end)
  end
  for _, thread in ipairs(threads) do thread:join() end
  return counts
end

-- The check.
local counters = interpreters.create_queue()

-- Every interpreter has this as a global.
function count(text, counts)
  counters:put(interpreters.get_current().id)
  for word in text:gmatch "%a+" do counts[word] = (counts[word] or 0) + 1 end
end

local create = interpreters.create
function interpreters.create()
  local interpreter = create()
  interpreter:prepare_main{count = count}
  return interpreter
end

local counts = count_all()
local who, different = {}, 0
while not counters:empty() do
  local id = counters:get()
  assert(id ~= 0, "the main interpreter has counted")
  if not who[id] then who[id], different = true, different + 1 end
end
assert(different == 4, different .. " interpreters have counted, not 4")
for word, expected in pairs{the = 7, dog = 3, bird = 2, hand = 2, ["and"] = 2, cat = 1, feeds = 1} do
  assert(counts[word] == expected, "'" .. word .. "' is there " .. expected .. " times; counted: " .. tostring(counts[word]))
end
assert(#interpreters.list_all() == 1, #interpreters.list_all() - 1 .. " interpreters are left")
print "solved"
