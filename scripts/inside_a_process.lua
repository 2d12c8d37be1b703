-- What does a process consist of? It asks itself: which process am I, which threads run in me, and what does each of
-- them see of code, data and context?
--
--   gilvm run scripts/inside_a_process.lua
local os, threading = require "os", require "threading"

-- How many threads has this process, as the operating system counts them?
local function count_threads()
  for line in io.lines("/proc/self/status") do
    local number = line:match("^Threads:%s*(%d+)")
    if number then return number end
  end
end

local function print_row(...) print(string.format("%-10s %8s %8s  %-16s %-16s %5s", ...)) end

local shared = {}                    -- data: one table
local lock = threading.Lock()
local all_here = threading.Barrier(3)

local function work(steps)           -- code: one function
  local done = 0                     -- context: a variable of the call, one for each thread
  for _ = 1, steps do done = done + 1 end
  local function short(value) return tostring(value):match("0x0*(%x+)") end
  do
    local held <close> = lock:hold()
    local me = threading.current_thread()
    print_row(me.name, os.getpid(), me.native_id, short(work), short(shared), done)
    table.insert(shared, me.name)
  end
  all_here:wait()                    -- nobody ends before all have told
end

print("process " .. os.getpid() .. ", started by process " .. os.getppid())
print("threads in it: " .. count_threads() .. "; it is " .. threading.current_thread().name)

print_row("thread", "process", "number", "code", "data", "done")
local threads = {}
for i, name in ipairs{"A", "B"} do
  threads[i] = threading.Thread{target = work, args = {i * 10}, name = name}
  threads[i]:start()
end
print("threads in it: " .. count_threads())
work(30)
for _, thread in ipairs(threads) do thread:join() end

print("threads in it: " .. count_threads())
print("in the table: " .. table.concat(shared, ", "))
