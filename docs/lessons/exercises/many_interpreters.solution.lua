-- Solution of the exercise of the lesson many_interpreters.
-- Run: gilvm run docs/lessons/exercises/many_interpreters.solution.lua
--
-- Each interpreter counts in a table of its own and puts it into a queue, which is one thing for all of them. What comes
-- out at this end is a copy. An interpreter is closed when its thread has ended.
local interpreters = require "interpreters"

local texts <const> = {
  "the cat and the dog", "the dog and the bird", "a bird in the hand", "the hand that feeds the dog",
}

local function count_all()
  local answers = interpreters.create_queue()
  local running, counts = {}, {}
  for _, text in ipairs(texts) do
    local interpreter = interpreters.create()
    local thread = interpreter:call_in_thread(function()
      local counts = {}
      count(text, counts)
      answers:put(counts)
    end)
    running[#running + 1] = {interpreter = interpreter, thread = thread}
  end
  for _ = 1, #texts do
    for word, number in pairs(answers:get()) do counts[word] = (counts[word] or 0) + number end
  end
  for _, each in ipairs(running) do
    each.thread:join()
    each.interpreter:close()
  end
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
