-- How long a thread that answers waits for the GIL beside one that computes, and what the latter loses by it.
--
--   gilvm run convoy.lua SECONDS [answers] [computes]   with a thread that answers, with one that computes
--
-- Prints the answers a second, the median and the 99th percentile of the waits in microseconds, and the rounds a second of
-- the thread that computes. A wait goes from the moment before a process sends the question, by a clock that all processes
-- share, to the moment when the thread has it: the way through the pipe is in it.
local multiprocessing = require "multiprocessing"
local threading = require "threading"
local time = require "time"

local SECONDS = tonumber(arg[1])
local answers, computes = false, false
for i = 2, #arg do
  if arg[i] == "answers" then answers = true end
  if arg[i] == "computes" then computes = true end
end

local done = false

-- Asks, thinks for a millisecond, and asks again until the time is over.
local function ask(connection)
  local finish = time.monotonic() + SECONDS
  while time.monotonic() < finish do
    connection:send(time.monotonic())
    connection:recv()
    time.sleep(0.001)
  end
  connection:send("done")
end

local waits = {}
local function answer(connection)
  while true do
    local sent = connection:recv()
    if sent == "done" then break end
    waits[#waits + 1] = (time.monotonic() - sent) * 1e6
    connection:send("answer")
  end
  done = true
end

local rounds = 0
local function compute()
  local sum = 0
  while not done do
    for k = 1, 1000 do sum = (sum + k) % 9973 end
    rounds = rounds + 1000
  end
end

local client
local threads = {}
if answers then
  local here, there = multiprocessing.Pipe()
  client = multiprocessing.Process{target = ask, args = {there}}
  client:start()  -- before there is another thread: a fork copies one
  there:close()
  threads[#threads + 1] = threading.Thread{target = answer, args = {here}}
end
if computes then threads[#threads + 1] = threading.Thread{target = compute} end
local start = time.monotonic()
for _, thread in ipairs(threads) do thread:start() end
if not answers then
  time.sleep(SECONDS)
  done = true
end
for _, thread in ipairs(threads) do thread:join() end
local seconds = time.monotonic() - start
if client then client:join() end

table.sort(waits)
local function percentile(share) return waits[math.max(1, math.ceil(#waits * share))] or 0 end
print(string.format("%.0f %.1f %.1f %.0f", #waits / seconds, percentile(0.5), percentile(0.99), rounds / seconds))
