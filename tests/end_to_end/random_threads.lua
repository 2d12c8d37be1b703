-- Writes a random program of several threads: random_threads.lua SEED. The same seed writes the same program. It
-- uses what a deterministic schedule decides over: shared data, locks, queues, sleeping, time, random numbers,
-- addresses, the order of tables, coroutines and collections.
math.randomseed(tonumber(arg[1]))
local random = math.random

local lines = {}
local function add(...) lines[#lines + 1] = string.format(...) end

local THREADS, VARIABLES = random(2, 4), random(1, 3)

local statements = {
  function() add("x%d = x%d + %d", random(VARIABLES), random(VARIABLES), random(9)) end,
  function() add("shared[%d] = (shared[%d] or 0) + me", random(4), random(4)) end,
  function() add("shared[#shared + 1] = me") end,
  function() add("captured = captured * 3 + me") end,
  function() add("do local held <close> = lock:hold() guarded = guarded + 1 end") end,
  function() add("queue:put(me * %d)", random(5)) end,
  function() add("say('took', select(2, pcall(queue.get, queue, false)))") end,
  function() add("time.sleep(%g)", random(0, 20) / 1000) end,
  function() add("say(math.random(1000))") end,
  function() add("say({}, time.monotonic() > 0)") end,
  function() add("say(x1)") end,
  function() add("objects[{}] = me for _, value in pairs(objects) do say(value) end") end,
  function() add("say(coroutine.wrap(function() coroutine.yield(captured) end)())") end,
  function() add("collectgarbage()") end,
  function() add("for k = 1, %d do x1 = x1 + 1 end", random(20)) end,
  function() add("if x1 %% 2 == 0 then say('even') else table.insert(shared, 1, me) end") end,
}

add [[
local threading, queues, time = require "threading", require "queue", require "time"
local lock, queue, captured, shared, objects, output = threading.Lock(), queues.Queue(), 1, {}, {}, {}
guarded = 0
local function say(...)
  local words = table.pack(...)
  for index = 1, words.n do words[index] = tostring(words[index]) end
  output[#output + 1] = table.concat(words, " ")
end]]
for variable = 1, VARIABLES do add("x%d = 0", variable) end
add("local threads = {}")
for thread = 1, THREADS do
  add("threads[%d] = threading.Thread{target = function() local me = %d", thread, thread)
  add("for round = 1, %d do", random(1, 6))
  for _ = 1, random(2, 8) do statements[random(#statements)]() end
  add("end end}")
end
add("for _, thread in ipairs(threads) do thread:start() end")
add("for _, thread in ipairs(threads) do thread:join() end")
add("print(table.concat(output, ' '))")
add("print(x1, captured, guarded, #shared, queue:qsize(), time.monotonic(), collectgarbage('count'))")
print(table.concat(lines, "\n"))
