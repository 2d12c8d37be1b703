-- Exercise of the lesson free_threading.
-- Run: gilvm run docs/lessons/exercises/free_threading.lua
--
-- Four threads count how often each word stands in four texts. Each single access to a table is safe, and still the
-- totals are wrong. Make them right, also with --like=cpython3.14t and --no-gil. A lock for every word would be right,
-- and slower than one thread alone: lock:hold() may be called 100 times at most, and there are 160,000 words.
-- Change count_words() only. You are done when the script prints "solved".
local threading = require "threading"
require("sys").setswitchinterval(0.0001)  -- the GIL changes hands often, so that a mistake shows

local real_lock, uses = threading.Lock(), 0
local lock = {hold = function()
  local held = real_lock:hold()
  uses = uses + 1
  return held
end}

-- The words of a text, one after the other. Who counts them is noted for the check.
local counted_by = {}
local function words(text)
  counted_by[threading.current_thread()] = true
  local k = 0
  return function()
    k = k + 1
    return text[k]
  end
end

-- texts: a list of texts. Returns a table: how often each word stands in all of them together.
local function count_words(texts)
  local totals, threads = {}, {}
  for number, text in ipairs(texts) do
    threads[number] = threading.Thread{target = function()
      for word in words(text) do
        totals[word] = (totals[word] or 0) + 1
      end
    end}
  end
  for _, thread in ipairs(threads) do thread:start() end
  for _, thread in ipairs(threads) do thread:join() end
  return totals
end

-- The check: each of 20,000 words stands twice in each text, in another order.
local WORDS <const>, TEXTS <const> = 20000, 4
local texts = {}
for number = 1, TEXTS do
  local text = {}
  for k = 1, 2 * WORDS do text[k] = "word " .. (k * (2 * number + 5)) % WORDS end
  texts[number] = text
end

for round = 1, 10 do
  counted_by, uses = {}, 0
  local totals = count_words(texts)
  local sum, threads = 0, 0
  for _, count in pairs(totals) do sum = sum + count end
  for _ in pairs(counted_by) do threads = threads + 1 end
  assert(sum == 2 * WORDS * TEXTS, "round " .. round .. ": there are " .. 2 * WORDS * TEXTS .. " words, and " .. sum ..
         " were counted")
  for k = 0, WORDS - 1 do
    local count = totals["word " .. k]
    assert(count == 2 * TEXTS, "round " .. round .. ": 'word " .. k .. "' stands there " .. 2 * TEXTS ..
           " times, and was counted " .. tostring(count) .. " times")
  end
  assert(threads == TEXTS, "the words were counted by " .. threads .. " threads, and not by " .. TEXTS)
  assert(uses <= 100, "the lock was taken " .. uses .. " times")
end
print "solved"
