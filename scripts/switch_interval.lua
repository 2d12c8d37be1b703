-- Two threads compute, and a third one wants to answer quickly: it sleeps for a moment, wakes up, and wants the GIL.
-- How late does it get it, and how much do the others get done?
--
--   gilvm run scripts/switch_interval.lua                           four intervals, one after the other
--   gilvm run --switch-interval=100i scripts/switch_interval.lua now [N]   the interval that is given
--
-- N is how many rounds each of the two computes.
local gil = require "gil"
local sys = require "sys"
local threading = require "threading"
local time = require "time"

local N = tonumber(arg[2]) or 20000000

local function count_switches()
  local switches = 0
  for _, thread in ipairs(gil.stats()) do switches = switches + thread.switches end
  return switches
end

local function compute()
  local sum = 0
  for k = 1, N do sum = (sum + k) % 9973 end
end

local function measure(name)
  local switches = count_switches()
  local start = time.perf_counter()
  local workers = {threading.Thread{target = compute}, threading.Thread{target = compute}}
  for _, worker in ipairs(workers) do worker:start() end

  -- The main thread is the one that wants to answer.
  local late, most, answers = 0, 0, 0
  while workers[1]:is_alive() and workers[2]:is_alive() do
    local before = time.perf_counter()
    time.sleep(0.005)  -- gives the GIL up, and needs it again afterwards
    local lateness = time.perf_counter() - before - 0.005
    late, most, answers = late + lateness, math.max(most, lateness), answers + 1
  end
  for _, worker in ipairs(workers) do worker:join() end
  local seconds = time.perf_counter() - start
  print(string.format("%-10s %18.1f %10d %14.2f %12.2f", name, 2 * N / seconds / 1e6,
                      count_switches() - switches, late / answers * 1000, most * 1000))
end

print(string.format("%-10s %18s %10s %14s %12s", "interval", "million rounds/s", "switches", "mean late ms",
                    "latest ms"))
if arg[1] == "now" then
  local seconds, instructions = sys.getswitchinterval()
  measure(seconds and string.format("%g ms", seconds * 1000) or instructions .. "i")
else
  for _, milliseconds in ipairs{50, 5, 0.5, 0.05} do
    sys.setswitchinterval(milliseconds / 1000)
    measure(milliseconds .. " ms")
  end
end
