-- Exercise of the lesson simple_assignment.
-- Run: gilvm run docs/lessons/exercises/simple_assignment.lua
--
-- Here you are CPython: assign(name, new) stores an object in a variable and keeps the counts. As it stands it counts the
-- old object down first, and an object is freed when its count comes to 0. Put the steps in the right order, and
-- make them one step for other threads.
-- Change assign() only. You are done when the script prints "solved".
local threading = require "threading"
require("sys").setswitchinterval(0.0001)  -- the GIL changes hands often, so that a mistake shows

local lock = threading.Lock()
local variables = {}

local function object(name) return {name = name, count = 0} end

local function free(old) old.freed = true end

local function assign(name, new)
  local old = variables[name]
  if old then
    old.count = old.count - 1
    if old.count == 0 then free(old) end
  end
  if new then new.count = new.count + 1 end
  variables[name] = new
end

-- The check: first one thread, then two at once.
local only = object("only")
assign("x", only)
assign("x", only)
assert(not only.freed, "x = x: the object is freed, and x still refers to it")
assert(only.count == 1, "x = x: the count is " .. only.count .. ", and there is 1 reference")
assign("x", nil)
assert(only.freed, "x = nil: the last reference is gone, and the object is not freed")

for round = 1, 5 do
  local kept = object("kept")
  assign("kept", kept)
  local function work() for _ = 1, 200000 do assign("shared", kept) end end
  local first, second = threading.Thread{target = work}, threading.Thread{target = work}
  first:start()
  second:start()
  first:join()
  second:join()
  assert(not kept.freed, "round " .. round .. ": the object was freed in use")
  assert(kept.count == 2, "round " .. round .. ": the count is " .. kept.count .. ", and there are 2 references")
  assign("shared", nil)
  assign("kept", nil)
  assert(kept.freed, "round " .. round .. ": the object is never freed")
end
print "solved"
