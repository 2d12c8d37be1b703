-- N tasks append their number to the same list. How long is the list before they are joined, and after?
--
--   gilvm run scripts/my_list.lua thread [N]     threads share the list
--   gilvm run scripts/my_list.lua process [N]    each process appends to a copy of its own
--
-- A thread and a process are made, started and joined alike: the constructor is the only difference.
local time = require "time"

local kind = arg[1] or "thread"
local N = tonumber(arg[2]) or 5

local Task
if kind == "thread" then
  Task = require("threading").Thread
elseif kind == "process" then
  Task = require("multiprocessing").Process
else
  error("thread or process, not " .. kind, 0)
end

io.stdout:setvbuf("line")  -- a process writes what it prints at once, also into a file

local my_list = {}

local function append(number)
  time.sleep(0.2)  -- a task that takes a while, so that the main thread prints its first length before
  table.insert(my_list, number)
  print("task " .. number .. " sees a list of length " .. #my_list)
end

-- Keep every task: who has no reference to it can neither ask for its state nor wait for it.
local tasks = {}
for i = 1, N do
  tasks[i] = Task{target = append, args = {i}}
  tasks[i]:start()
end

print("before join: " .. #my_list)
for _, task in ipairs(tasks) do task:join() end
print("after join:  " .. #my_list)
