-- Solution of the exercise of the lesson async_files_and_database.
-- Run: gilvm run docs/lessons/exercises/async_files_and_database.solution.lua
--
-- A program shows the ages of five people, which are in a slow database, and a clock that ticks. While it searches, the
-- clock stands still. Let the clock tick during every search. show() belongs to the thread of the loop, a connection of
-- sqlite3 belongs to the thread that has opened it, and the database may be opened only once.
-- Change show_ages() only. You are done when the script prints "solved".
local asyncio = require "asyncio"
local ThreadPoolExecutor = require("concurrent.futures").ThreadPoolExecutor
local sqlite3 = require "sqlite3"
local threading = require "threading"
local time = require "time"
local await = asyncio.await

local opened, searching, ticks_meanwhile = 0, false, 0

local function open_database()
  opened = opened + 1
  local database = sqlite3.connect(":memory:")
  database:execute("CREATE TABLE person (name, age)")
  database:executemany("INSERT INTO person VALUES (?, ?)",
                       {{"Ana", 30}, {"Bia", 41}, {"Caio", 25}, {"Davi", 52}, {"Eva", 19}})
  return database
end

local function search(database, name)
  searching, ticks_meanwhile = true, 0
  time.sleep(0.2)
  local row = database:execute("SELECT age FROM person WHERE name = ?", {name}):fetchone()
  searching = false
  return row.age
end

local shown = {}
local function show(name, age)
  assert(threading.current_thread() == threading.main_thread(), "show() was called in a thread that is not the loop's")
  assert(ticks_meanwhile > 0, "the clock did not tick while the age of " .. name .. " was searched for")
  table.insert(shown, name .. " " .. age)
end

-- Runs as a task in the loop.
local function show_ages(names)
  -- One thread for the database: it opens it, and does all that is done with it.
  local loop, executor <const> = asyncio.get_running_loop(), ThreadPoolExecutor(1)
  local database = await(loop:run_in_executor(executor, open_database))
  for _, name in ipairs(names) do
    local age = await(loop:run_in_executor(executor, search, database, name))
    show(name, age)
  end
  await(loop:run_in_executor(executor, database.close, database))
  executor:shutdown()
end

-- The check
local function clock()
  while true do
    await(asyncio.sleep(0.01))
    if searching then ticks_meanwhile = ticks_meanwhile + 1 end
  end
end

asyncio.run(function()
  asyncio.create_task(clock)
  await(asyncio.sleep(0))  -- lets the clock begin
  show_ages{"Davi", "Ana", "Eva", "Bia", "Caio"}
end)
local all = table.concat(shown, ", ")
assert(all == "Davi 52, Ana 30, Eva 19, Bia 41, Caio 25", "what was shown is '" .. all .. "'")
assert(opened == 1, "the database was opened " .. opened .. " times")
print "solved"
