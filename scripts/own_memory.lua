-- Three tasks work beside each other, and one of them comes to a bad end. What becomes of the others, and of the list?
--
--   gilvm run scripts/own_memory.lua process touch   nobody comes to harm: what does a process see of another's list?
--   gilvm run scripts/own_memory.lua process error   the second task raises an error
--   gilvm run scripts/own_memory.lua process crash   the second task crashes, as a program in C with a bad mistake does
--   gilvm run scripts/own_memory.lua thread touch | error | crash   the same with threads
local time = require "time"

local kind, harm = arg[1] or "process", arg[2] or "touch"
local Task
if kind == "process" then
  Task = require("multiprocessing").Process
elseif kind == "thread" then
  Task = require("threading").Thread
else
  error("process or thread, not " .. kind, 0)
end

io.stdout:setvbuf("line")

local list = {"set up by the parent"}

local function place() return tostring(list):match("0x0*(%x+)") end

local harms = {
  touch = function() end,
  error = function() error("I cannot go on", 0) end,
  -- Python: os.abort(). With this signal a program in C ends itself when it finds its own data broken.
  crash = function()
    os.execute("kill -s ABRT " .. os.getpid())
    time.sleep(1)  -- is never over
  end,
}
local do_harm = harms[harm] or error("touch, error or crash, not " .. harm, 0)

local function work(number)
  time.sleep(0.1 * number)
  if number == 2 then do_harm() end
  table.insert(list, "task " .. number)
  print("task " .. number .. ", list at " .. place() .. ": " .. table.concat(list, ", "))
end

local tasks = {}
for number = 1, 3 do
  tasks[number] = Task{target = work, args = {number}, name = "task " .. number}
  tasks[number]:start()
end
for number, task in ipairs(tasks) do
  task:join()
  if kind == "process" then print("task " .. number .. " ended with exit code " .. task.exitcode) end
end
print("parent, list at " .. place() .. ": " .. table.concat(list, ", "))
