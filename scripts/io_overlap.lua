-- N requests to a slow server: one after the other, and in N threads. Then N computations in the same two ways.
--
--   gilvm run scripts/io_overlap.lua [N]   8 unless given
--
-- The server is another process, which answers after a quarter of a second. Its answer comes through a pipe, and who
-- reads from the pipe before it is there waits in the operating system, as one does for a network or a disk.
local gil = require "gil"
local time = require "time"
local Thread = require("threading").Thread

local N = tonumber(arg[1]) or 8

local function request(number)
  local server = assert(io.popen("sleep 0.25; echo answer " .. number))
  local answer = server:read("l")
  server:close()
  assert(answer == "answer " .. number)
end

local function compute()
  local sum = 0
  for k = 1, 4000000 do sum = (sum + k) % 9973 end
end

local function one_after_the_other(job)
  for number = 1, N do job(number) end
end

local function in_threads(job)
  local threads = {}
  for number = 1, N do
    threads[number] = Thread{target = job, args = {number}}
    threads[number]:start()
  end
  for _, thread in ipairs(threads) do thread:join() end
end

local function seconds_held()
  time.sleep(0)  -- gives the GIL up, so that this thread's own stretch is counted too
  local sum = 0
  for _, thread in ipairs(gil.stats()) do sum = sum + thread.held end
  return sum
end

print(string.format("%-9s  %-19s  %7s  %8s  %10s  %11s", "job", "way", "seconds", "speed-up", "computed s",
                    "GIL held s"))
for _, job in ipairs{{"requests", request}, {"computing", compute}} do
  local name, run = table.unpack(job)
  local first
  for _, way in ipairs{{"one after the other", one_after_the_other}, {N .. " threads", in_threads}} do
    local held, used, start = seconds_held(), time.process_time(), time.perf_counter()
    way[2](run)
    local seconds = time.perf_counter() - start
    first = first or seconds
    print(string.format("%-9s  %-19s  %7.2f  %7.1fx  %10.3f  %11.3f", name, way[1], seconds, first / seconds,
                        time.process_time() - used, seconds_held() - held))
  end
end
