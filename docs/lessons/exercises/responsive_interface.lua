-- Exercise of the lesson responsive_interface.
-- Run: gilvm run docs/lessons/exercises/responsive_interface.lua
--
-- The interface is to show how many books there are. Another program is writing to the database, and ends its
-- transaction when the interface has drawn ten frames. The search waits for that, but in the interface's own thread: no
-- frame is drawn while it waits, so it waits in vain.
-- Change search() and run_interface(), so that frames are drawn while the search waits. What the interface shows is to
-- be set by the interface's own thread. You are done when the script prints "solved".
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

local database = sqlite3.connect(path, {timeout = 3})
local function search()
  return database:execute("SELECT count(*) FROM book"):fetchone()[1]
end

local function run_interface()
  show(search())
  while shown == nil do draw() end
end

-- The check.
run_interface()
writer:close()
os.remove(path)
assert(shown == 2, "there are two books, and it shows " .. tostring(shown))
assert(frames >= 10, "only " .. frames .. " frames were drawn")
assert(setter == threading.get_ident(), "another thread has set what the interface shows")
print "solved"
