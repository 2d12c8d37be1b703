-- Solution of the exercise of the lesson io_overlap.
-- Run: gilvm run docs/lessons/exercises/io_overlap.solution.lua
--
-- fetch_all(numbers) asks the server about each number and returns a table of the answers, by number. It asks one after
-- the other. The server is slow, but it can answer three requests at a time, and no more: who comes as the fourth gets
-- an error. Let it have three requests at a time, until all are answered.
-- Change fetch_all() only. You are done when the script prints "solved".
local threading = require "threading"
local time = require "time"

-- The server: another process, which answers through a pipe.
local gate, inside, most = threading.Lock(), 0, 0
local function fetch(number)
  do
    local held <close> = gate:hold()
    inside = inside + 1
    most = math.max(most, inside)
    if inside > 3 then error("the server is too busy", 0) end
  end
  local server <close> = assert(io.popen("sleep 0.2; echo " .. number * number))
  local answer = server:read("n")
  local held <close> = gate:hold()
  inside = inside - 1
  return answer
end

local function fetch_all(numbers)
  local answers = {}
  local permits, lock, threads = threading.Semaphore(3), threading.Lock(), {}
  for i, number in ipairs(numbers) do
    threads[i] = threading.Thread{target = function()
      local answer
      do
        local permit <close> = permits:hold()
        answer = fetch(number)
      end
      local held <close> = lock:hold()
      answers[number] = answer
    end}
    threads[i]:start()
  end
  for _, thread in ipairs(threads) do thread:join() end
  return answers
end

-- Three threads that take the numbers from a queue do as well, and there need not be one for each request.

-- The check.
local numbers = {}
for i = 1, 12 do numbers[i] = i end
local start = time.monotonic()
local answers = fetch_all(numbers)
local seconds = time.monotonic() - start
for i = 1, 12 do assert(answers[i] == i * i, "the answer about " .. i .. " is " .. tostring(answers[i])) end
assert(most > 1, "the server had one request at a time")
assert(most == 3, "the server had " .. most .. " requests at a time")
assert(seconds < 2, string.format("that took %.1f seconds", seconds))
print "solved"
