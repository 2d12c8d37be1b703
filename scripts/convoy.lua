-- A thread that hardly computes at all answers another process; beside it, a thread computes. How long does an answer take?
--
--   gilvm run scripts/convoy.lua [SECONDS]   the first one alone, then beside the other one under several intervals
--
-- The client is a process of its own, with a GIL of its own: what it measures is what a user of the server would see. Each
-- measurement takes SECONDS.
local multiprocessing = require "multiprocessing"
local sys = require "sys"
local threading = require "threading"
local time = require "time"

local SECONDS = tonumber(arg[1]) or 1

-- Asks, thinks for a millisecond, and asks again until the time is over; then sends how long the answers took, in
-- milliseconds.
local function ask(connection, seconds)
  local times = {}
  local finish = time.perf_counter() + seconds
  while time.perf_counter() < finish do
    local start = time.perf_counter()
    connection:send("question")
    connection:recv()
    times[#times + 1] = (time.perf_counter() - start) * 1000
    time.sleep(0.001)
  end
  table.sort(times)
  connection:send({#times, times[(#times + 1) // 2], times[math.ceil(#times * 0.95)]})
  connection:close()
end

local function measure(name, computes)
  local here, there = multiprocessing.Pipe()
  local client = multiprocessing.Process{target = ask, args = {there, SECONDS}}
  client:start()  -- before there is another thread: a fork copies one
  there:close()

  local done, rounds = false, 0
  local figures
  local function answer()
    while true do
      local question = here:recv()  -- gives the GIL up to wait, and needs it again afterwards
      if type(question) == "table" then
        figures = question
        done = true
        return
      end
      here:send("answer")
    end
  end
  local function compute()
    local sum = 0
    while not done do
      for k = 1, 1000 do sum = (sum + k) % 9973 end
      rounds = rounds + 1000
    end
  end

  local threads = {threading.Thread{target = answer}}
  if computes then threads[2] = threading.Thread{target = compute} end
  for _, thread in ipairs(threads) do thread:start() end
  for _, thread in ipairs(threads) do thread:join() end
  client:join()
  print(string.format("%-10s %14.0f %12.2f %12.2f %18s", name, figures[1] / SECONDS, figures[2], figures[3],
                      computes and string.format("%.1f", rounds / SECONDS / 1e6) or "-"))
end

print(string.format("%-10s %14s %12s %12s %18s", "interval", "answers/s", "median ms", "p95 ms", "million rounds/s"))
measure("alone", false)
for _, milliseconds in ipairs{20, 5, 1, 0.2} do
  sys.setswitchinterval(milliseconds / 1000)
  measure(milliseconds .. " ms", true)
end
