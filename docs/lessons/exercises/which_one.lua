-- Exercise of the lesson which_one.
-- Run: gilvm run docs/lessons/exercises/which_one.lua
--
-- Three functions do three kinds of work, each one job after the other. Choose for each: let the requests wait all at the
-- same time, in this process, whose answers are then at hand; let the computations use two cores, under the GIL; and leave
-- in this thread what is not worth any effort.
-- Change answer_all(), compute_all() and square_all() only, where they need it. You are done when the script prints "solved".
local futures = require "concurrent.futures"
local threading = require "threading"
local time = require "time"

local lock, waiting, most_waiting = threading.Lock(), 0, 0

local function change_waiting(change)
  local held <close> = lock:hold()
  waiting = waiting + change
  most_waiting = math.max(most_waiting, waiting)
end

-- A server answers after three tenths of a second.
local function request(number)
  change_waiting(1)
  time.sleep(0.3)
  change_waiting(-1)
  return "answer " .. number
end

local function compute(number)
  local sum = number
  for k = 1, 2000000 do sum = (sum * 31 + k) % 65521 end
  return {sum = sum, process = os.getpid()}
end

local elsewhere = 0
local function square(number)
  if threading.current_thread() ~= threading.main_thread() then elsewhere = elsewhere + 1 end
  return number * number
end

-- Each gets a list of numbers, and returns a list of what the function has returned for each.
local function answer_all(numbers)
  local answers = {}
  for i, number in ipairs(numbers) do answers[i] = request(number) end
  return answers
end

local function compute_all(numbers)
  local results = {}
  for i, number in ipairs(numbers) do results[i] = compute(number) end
  return results
end

local function square_all(numbers)
  local squares = {}
  for i, number in ipairs(numbers) do squares[i] = square(number) end
  return squares
end

-- The check
local answers = answer_all{1, 2, 3, 4, 5, 6, 7, 8}
for i = 1, 8 do assert(answers[i] == "answer " .. i, "answer " .. i .. " is " .. tostring(answers[i])) end
assert(most_waiting == 8, "there were 8 requests, and at most " .. most_waiting .. " waited at a time in this process")

local results, processes, count = compute_all{1, 2, 3, 4, 5, 6, 7, 8}, {}, 0
for i = 1, 8 do
  local result = results[i] or {}
  assert(result.sum == compute(i).sum, "computation " .. i .. " came to " .. tostring(result.sum))
  if not processes[result.process] then count = count + 1 end
  processes[result.process] = true
end
assert(count > 1, "all was computed in one process: under the GIL that is one core")

local squares = square_all{1, 2, 3}
assert(table.concat(squares, " ") == "1 4 9", "the squares are " .. table.concat(squares, " "))
assert(elsewhere == 0, "a square is not worth a thread")
print "solved"
