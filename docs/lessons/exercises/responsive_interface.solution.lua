-- Solution of the exercise of the lesson responsive_interface.
-- Run: gilvm run docs/lessons/exercises/responsive_interface.solution.lua
--
-- The search has a thread of its own, and a connection of its own. What it finds comes through a queue, which the
-- interface looks into after each frame, without waiting.
local queue = require "queue"
local sqlite3 = require "sqlite3"
local threading = require "threading"
local time = require "time"

-- The other program.
local path = os.tmpname()
local writer = sqlite3.connect(path)
writer:executescript("CREATE TABLE book (title); INSERT INTO book VALUES ('Momo'), ('Emil'); BEGIN EXCLUSIVE")

-- The interface.
local frames, shown, setter = 0, nil, nil
local function draw()
  frames = frames + 1
  if frames == 10 then writer:commit() end
  time.sleep(0.01)
end
local function show(number) shown, setter = number, threading.get_ident() end

-- A connection belongs to the thread that opens it.
local function search()
  local database <const> = sqlite3.connect(path, {timeout = 60})
  local number = database:execute("SELECT count(*) FROM book"):fetchone()[1]
  database:close()
  return number
end

local function run_interface()
  local results = queue.Queue()
  threading.Thread{target = function() results:put(search()) end}:start()
  while shown == nil do
    draw()
    local found, number = pcall(results.get_nowait, results)
    if found then show(number) end
  end
end

-- The check.
run_interface()
writer:close()
os.remove(path)
assert(shown == 2, "there are two books, and it shows " .. tostring(shown))
assert(frames >= 10, "only " .. frames .. " frames were drawn")
assert(setter == threading.get_ident(), "another thread has set what the interface shows")
print "solved"
