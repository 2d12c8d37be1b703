-- A job does 24 steps of work and writes its letter after each. First A alone, then A and B at the same time, as two
-- processes. What does a job notice of the other one?
--
--   gilvm run --cores=1 scripts/concurrency_on_one_core.lua [N]   both share one core
--   gilvm run scripts/concurrency_on_one_core.lua [N]             a core for each, if there are two
--
-- N is how many rounds of computing a step has.
local time = require "time"
local Process = require("multiprocessing").Process

local STEPS = 24
local N = tonumber(arg[1]) or 2000000

io.stdout:setvbuf("no")  -- each letter at once

local function job(letter, report)
  local start, used = time.perf_counter(), time.process_time()
  for _ = 1, STEPS do
    local sum = 0
    for k = 1, N do sum = (sum + k) % 9973 end
    io.write(letter)
  end
  -- A process has its own memory. What it wants to tell goes through something outside: here it is a file.
  local file <close> = assert(io.open(report, "w"))
  file:write(string.format("%s: %4.0f ms by the clock, %4.0f ms of computing", letter,
                           (time.perf_counter() - start) * 1000, (time.process_time() - used) * 1000))
end

local function run(title, letters)
  io.write(title, ": ")
  local processes, reports = {}, {}
  for i, letter in ipairs(letters) do
    reports[i] = os.tmpname()
    processes[i] = Process{target = job, args = {letter, reports[i]}}
    processes[i]:start()
  end
  for _, process in ipairs(processes) do process:join() end
  print()
  for _, report in ipairs(reports) do
    for line in io.lines(report) do print("  " .. line) end
    os.remove(report)
  end
end

run("alone   ", {"A"})
run("together", {"A", "B"})
