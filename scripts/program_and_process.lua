-- A program is a file that does nothing. Run it, and there is a process, with a number, data and a moment of its own.
--
--   gilvm run scripts/program_and_process.lua [NAME]
local time = require "time"

local name = arg[1] or "a process"
io.stdout:setvbuf("line")

-- The program: the bytes of this file. They are the same for every process, and no process changes them.
local function program()
  local file <close> = assert(io.open(arg[0], "rb"))
  local bytes = file:read("a")
  local sum = 0
  for i = 1, #bytes do sum = (sum * 31 + bytes:byte(i)) % 1000003 end
  return #bytes .. " bytes, checksum " .. sum
end

print(name .. ": the program has " .. program())
print(name .. ": I am process " .. os.getpid() .. ", started by " .. os.getppid())

local steps = {}  -- the data of this process
for step = 1, 3 do
  time.sleep(0.1)
  table.insert(steps, name .. "/" .. step)
  print(name .. ": at step " .. step .. ", my data: " .. table.concat(steps, " "))
end
print(name .. ": the program still has " .. program())
