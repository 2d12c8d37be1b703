-- Keep what you start, in a list: to ask for its state, to wait for it, to stop it.
--
--   gilvm run scripts/keep_your_tasks.lua tasks      three threads and a process, from birth to end
--   gilvm run scripts/keep_your_tasks.lua forgotten  a thread that nobody kept, and who finds it again
--   gilvm run scripts/keep_your_tasks.lua daemon     the same thread as a daemon
local threading = require "threading"
local multiprocessing = require "multiprocessing"
local time = require "time"

io.stdout:setvbuf("line")

local Thread, Process = threading.Thread, multiprocessing.Process

local function work(seconds)
  time.sleep(seconds)
end

local function show(moment, tasks)
  print(moment)
  for _, task in ipairs(tasks) do
    local number = task.ident or task.pid  -- a thread's or a process's, from its start on
    print(string.format("  %-8s alive: %-5s  number: %s", task.name, task:is_alive(), number and "yes" or "none"))
  end
end

local ways = {}

function ways.tasks()
  local tasks = {
    Thread{target = work, args = {0.1}, name = "short"},
    Thread{target = work, args = {0.5}, name = "long"},
    Thread{target = error, args = {"I cannot", 0}, name = "failing"},
    Process{target = work, args = {60}, name = "endless"},
  }
  show("before start", tasks)
  for _, task in ipairs(tasks) do task:start() end
  time.sleep(0.05)
  show("a moment later", tasks)

  local names = {}
  for i, thread in ipairs(threading.enumerate()) do names[i] = thread.name end
  print("threads that are alive: " .. table.concat(names, ", "))

  tasks[2]:join(0.2)  -- waits no longer than that, and does not say which of the two it was
  show("after 0.2 seconds of waiting for long", tasks)

  tasks[4]:terminate()  -- a process can be stopped from outside, a thread cannot
  for _, task in ipairs(tasks) do task:join() end
  show("after the end", tasks)
  print("exit code of endless: " .. tasks[4].exitcode)
end

local function count_down()
  for left = 3, 1, -1 do
    time.sleep(0.1)
    print("the thread: " .. left)
  end
  print "the thread: finished"
end

function ways.forgotten()
  Thread{target = count_down}:start()
  print("threads that are alive: " .. threading.active_count())
  for _, thread in ipairs(threading.enumerate()) do
    if thread ~= threading.current_thread() then print("found again: " .. thread.name) end
  end
  print "end of the script"
end

function ways.daemon()
  Thread{target = count_down, daemon = true}:start()
  time.sleep(0.15)
  print "end of the script"
end

local way = ways[arg[1] or "tasks"]
if not way then error("tasks, forgotten or daemon, not " .. arg[1], 0) end
way()
